"""Who acts: Person, Group, Organization, Application, Service.

Owns the Actor Struct, its keys as plain data and its profile lines. Never decides whether a
key belongs to an actor: `signatures` does. An embedded actor without inbox is only its id.
Called through `vocab.read` and `vocab.write`.
Spec: AP §4, FEP-521a (keys), FEP-2c59 (webfinger), FEP-5feb (indexable).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from msgspec import Struct, field

from federation.errors import FederationError
from federation.vocab import limits, parts
from federation.vocab.base import Document, Thing, id_of, reads, writes
from federation.vocab.fields import write_source
from federation.vocab.parts import Emoji, Media, PropertyValue, Source, Tag
from federation.vocab.values import (
    as_list,
    flag,
    integer,
    language_map,
    media_type,
    one,
    page_url,
    ref,
    refs,
    same_host,
    stamp,
    text,
    url,
    when,
)

ACTOR_TYPES: Final = ("Person", "Group", "Organization", "Application", "Service")


class ActorKey(Struct, frozen=True, kw_only=True):
    """One public key as the actor document lists it: PEM (`publicKey`) or Multikey, never both."""

    id: str
    owner: str
    pem: str | None = None
    multibase: str | None = None


class Actor(Thing, frozen=True, kw_only=True):
    """An account, group or service. `id` is always there; every collection is on its host."""

    id: str
    type: str = "Person"
    preferred_username: str
    inbox: str
    webfinger: str | None = None
    name: str | None = None
    summary: str | None = None
    summary_map: dict[str, str] = field(default_factory=dict)
    source: Source | None = None
    url: str | None = None
    published: datetime | None = None
    updated: datetime | None = None
    shared_inbox: str | None = None
    outbox: str | None = None
    followers: str | None = None
    following: str | None = None
    featured: str | None = None
    featured_tags: str | None = None
    keys: tuple[ActorKey, ...] = ()
    icon: Media | None = None
    image: Media | None = None
    fields: tuple[PropertyValue, ...] = ()
    tags: tuple[Tag, ...] = ()
    also_known_as: tuple[str, ...] = ()
    moved_to: str | None = None
    manually_approves: bool = False
    discoverable: bool = False
    indexable: bool = False
    memorial: bool = False
    suspended: bool = False
    sensitive: bool = False
    attribution_domains: tuple[str, ...] = ()
    # groups
    attributed_to: tuple[str, ...] = ()
    moderators: str | None = None
    members: str | None = None
    events: str | None = None
    posts: str | None = None
    discussions: str | None = None
    resources: str | None = None
    openness: str | None = None
    member_count: int | None = None
    members_only: bool = False
    posting_restricted_to_mods: bool = False
    join_question: str | None = None
    group_rules: tuple[str, ...] = ()

    @property
    def emojis(self) -> tuple[Emoji, ...]:
        """The small pictures used in the name, the description and the profile lines."""
        return tuple(tag for tag in self.tags if isinstance(tag, Emoji))

    @property
    def is_bot(self) -> bool:
        """Whether a program speaks here."""
        return self.type in ("Application", "Service")


def read_keys(document: Document) -> tuple[ActorKey, ...]:
    """The keys an actor document (or a bare key document) lists, at most `limits.KEYS` of each form."""
    found: list[ActorKey] = []
    for item in as_list(document.get("publicKey"))[: limits.KEYS]:
        if type(item) is not dict:
            continue
        identity, owner = url(item.get("id") or item.get("@id")), ref(item.get("owner"))
        pem = item.get("publicKeyPem")
        if identity and owner and type(pem) is str and len(pem) <= limits.KEY_CHARS:
            found.append(ActorKey(id=identity, owner=owner, pem=pem))
    for item in as_list(document.get("assertionMethod"))[: limits.KEYS]:
        if type(item) is not dict:
            continue
        identity, owner = url(item.get("id")), ref(item.get("controller"))
        encoded = item.get("publicKeyMultibase")
        if identity and owner and type(encoded) is str and len(encoded) <= limits.KEY_CHARS:
            found.append(ActorKey(id=identity, owner=owner, multibase=encoded))
    return tuple(found)


@reads("actor", *ACTOR_TYPES)
def _read_actor(document: Document, name: str, depth: int) -> Thing:
    get = document.get
    identity = id_of(document)
    inbox = ref(get("inbox"))
    username = text(get("preferredUsername"), limits.USERNAME_CHARS) or _username_of(get("webfinger"))
    if identity is None:
        raise FederationError("bad_id", "actor without id")
    # An inbox elsewhere would point our deliveries at a stranger's server.
    if inbox is None or not same_host(identity, inbox):
        raise FederationError("bad_actor", "no inbox on its own host")
    if username is None:
        raise FederationError("bad_actor", "no name")
    endpoints = one(get("endpoints"))
    endpoints = endpoints if type(endpoints) is dict else {}
    return Actor(
        id=identity,
        type=name,
        raw=document,
        preferred_username=username,
        inbox=inbox,
        shared_inbox=_on_host(identity, endpoints.get("sharedInbox") or get("sharedInbox")),
        keys=read_keys(document),
        **_profile(document, identity),
        **_collections(document, endpoints, identity),
    )


def _username_of(webfinger: Any) -> str | None:
    handle = text(webfinger, limits.USERNAME_CHARS)
    return None if handle is None else handle.removeprefix("acct:").lstrip("@").partition("@")[0] or None


def _on_host(identity: str, value: Any) -> str | None:
    found = ref(value)
    return found if same_host(identity, found) else None


def _profile(document: Document, identity: str) -> Document:
    get = document.get
    summaries = language_map(get("summaryMap"), limits.SUMMARY_CHARS)
    source = get("source")
    source = source if type(source) is dict else {}
    written = text(source.get("content"), limits.SUMMARY_CHARS)
    lines = [item for item in as_list(get("attachment"))[: limits.ACTOR_FIELDS] if type(item) is dict]
    return {
        "webfinger": text(get("webfinger"), limits.USERNAME_CHARS),
        "name": text(get("name"), limits.NAME_CHARS),
        "summary": text(get("summary"), limits.SUMMARY_CHARS) or next(iter(summaries.values()), None),
        "summary_map": summaries,
        "source": None
        if written is None
        else Source(content=written, media_type=media_type(source.get("mediaType"))),
        "url": page_url(get("url"), identity),
        "published": when(get("published")),
        "updated": when(get("updated")),
        "icon": parts.read_media(get("icon")),
        "image": parts.read_media(get("image")),
        "fields": tuple(
            item
            for item in parts.read_attachments(lines, limits.ACTOR_FIELDS)
            if isinstance(item, PropertyValue)
        ),
        "tags": parts.read_tags(get("tag")),
        "also_known_as": refs(get("alsoKnownAs"), limits.ALIASES),
        "moved_to": ref(get("movedTo")),
        "manually_approves": flag(get("manuallyApprovesFollowers")),
        "discoverable": flag(get("discoverable")),
        "indexable": flag(get("indexable")),
        "memorial": flag(get("memorial")),
        "suspended": flag(get("suspended")),
        "sensitive": flag(get("sensitive")),
        "attribution_domains": tuple(
            domain[:253]
            for domain in as_list(get("attributionDomains"))[: limits.ALIASES]
            if type(domain) is str
        ),
    }


def _collections(document: Document, endpoints: Document, identity: str) -> Document:
    """Collections count only on the actor's own host: `followers` decides who may read a post."""
    get = document.get

    def place(term: str) -> str | None:
        return _on_host(identity, get(term))

    def group_place(term: str) -> str | None:
        return _on_host(identity, endpoints.get(term)) or place(term)

    return {
        "outbox": place("outbox"),
        "followers": place("followers"),
        "following": place("following"),
        "featured": place("featured"),
        "featured_tags": place("featuredTags"),
        "attributed_to": refs(get("attributedTo"), limits.AUTHORS),
        "moderators": place("moderators"),
        "members": group_place("members"),
        "events": group_place("events"),
        "posts": group_place("posts"),
        "discussions": group_place("discussions"),
        "resources": group_place("resources"),
        "openness": text(get("openness"), 50),
        "member_count": integer(get("memberCount")),
        "members_only": flag(get("membersOnly")),
        "posting_restricted_to_mods": flag(get("postingRestrictedToMods")),
        "join_question": text(get("joinQuestion"), limits.NAME_CHARS),
        "group_rules": tuple(
            rule[: limits.NAME_CHARS]
            for rule in as_list(get("groupRules"))[: limits.ACTOR_FIELDS]
            if type(rule) is str
        ),
    }


_GROUP_ENDPOINTS: Final = ("members", "events", "posts", "discussions", "resources")


def _write_identity(actor: Actor) -> Document:
    return parts.trimmed(
        {
            "id": actor.id,
            "type": actor.type,
            "preferredUsername": actor.preferred_username,
            "webfinger": actor.webfinger,
            "name": actor.name,
            "url": actor.url,
            "published": stamp(actor.published),
            "updated": stamp(actor.updated),
            "inbox": actor.inbox,
            "outbox": actor.outbox,
            "followers": actor.followers,
            "following": actor.following,
            "featured": actor.featured,
            "featuredTags": actor.featured_tags,
            "movedTo": actor.moved_to,
            "alsoKnownAs": list(actor.also_known_as) or None,
            "attributionDomains": list(actor.attribution_domains) or None,
            "icon": parts.write_picture(actor.icon),
            "image": parts.write_picture(actor.image),
            "memorial": actor.memorial or None,
            "suspended": actor.suspended or None,
        }
    )


@writes(Actor)
def write_actor(actor: Actor) -> Document:
    """An actor as every peer reads it: Pixelfed needs `summary` and the boolean, Lemmy one key."""
    document = _write_identity(actor)
    if actor.source is not None:
        document["source"] = write_source(actor.source)
    document |= {
        "summary": actor.summary or "",
        "manuallyApprovesFollowers": actor.manually_approves,
        "discoverable": actor.discoverable,
        "indexable": actor.indexable,
    }
    document["attachment"] = [parts.write_attachment(item) for item in actor.fields]
    document["tag"] = [parts.write_tag(tag) for tag in actor.tags]
    if actor.type == "Group":
        document |= _write_group(actor)
    # Lemmy refuses `endpoints` without a shared inbox.
    if actor.shared_inbox is not None:
        group_places = {term: document[term] for term in _GROUP_ENDPOINTS if term in document}
        document["endpoints"] = {"sharedInbox": actor.shared_inbox} | group_places
    return document | _write_keys(actor.keys)


def _write_group(actor: Actor) -> Document:
    return parts.trimmed(
        {
            "attributedTo": actor.moderators or next(iter(actor.attributed_to), None),
            "moderators": actor.moderators,
            "members": actor.members,
            "events": actor.events,
            "posts": actor.posts,
            "discussions": actor.discussions,
            "resources": actor.resources,
            "openness": actor.openness,
            "memberCount": actor.member_count,
            "membersOnly": True if actor.members_only else None,
            "postingRestrictedToMods": actor.posting_restricted_to_mods,
            "sensitive": actor.sensitive,
            "joinQuestion": actor.join_question,
            "groupRules": list(actor.group_rules) or None,
        }
    )


def _write_keys(keys: tuple[ActorKey, ...]) -> Document:
    document: Document = {}
    for key in keys:
        if key.pem is not None:
            # One object: Mobilizon, Gancio and Lemmy cannot read a list here.
            document.setdefault("publicKey", {"id": key.id, "owner": key.owner, "publicKeyPem": key.pem})
        elif key.multibase is not None:
            multikey = {"id": key.id, "type": "Multikey", "controller": key.owner}
            document.setdefault("assertionMethod", []).append(
                multikey | {"publicKeyMultibase": key.multibase}
            )
    return document

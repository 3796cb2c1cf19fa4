"""What a handler needs, fetched before any transaction, and nothing believed unproven.

Owns the trust rules for embedded things: after `gather` whatever is still embedded in the
activity may be believed, everything else has become an id or was fetched from its own host.
The one exception are answers (Accept, Reject, Undo …): they quote what they answer, and only
its id, actor and object may be used, to find our own row. Never writes, never holds a lock;
the host application gives the network and its memory as a `Resolver`. Spec: FEP-fe34.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol

import msgspec

from federation.budget import FetchBudget
from federation.errors import FederationError
from federation.uris import same_origin
from federation.vocab import Activity, Actor, Announce, Collection, Object, Thing, Tombstone
from federation.vocab.values import PUBLIC, as_list

NEEDS: Final = ("actor", "object", "target", "instrument", "in_reply_to", "mentions", "quote")
MAX_MENTIONS: Final = 20
"""Unknown people fetched for one post; the others are met when they write themselves (RES-07)."""

ANSWERS: Final = frozenset({"Accept", "TentativeAccept", "Reject", "TentativeReject", "Ignore", "Undo"})
_BESIDE: Final = ("target", "origin", "result", "instrument")
_OWNED: Final = frozenset({"Create", "Update"})


class Resolver(Protocol):
    """What the host application knows and can fetch."""

    async def known(self, uri: str) -> bool:
        """Whether we hold this actor or object already, so that nothing need be fetched."""
        ...

    async def activity(self, uri: str) -> Activity | None:
        """The stored activity of this id, ours or received; None when there is none."""
        ...

    async def fetch(self, uri: str, budget: FetchBudget) -> Thing:
        """The document from its own host, its id checked. Raises: FederationError."""
        ...


class Missing(msgspec.Struct, frozen=True):
    """Something that could not be had and that the handler can do without."""

    need: str
    uri: str
    code: str


class Gathered(msgspec.Struct, frozen=True, kw_only=True):
    """The activity with only trusted things embedded, and what was fetched, by id.

    `on_behalf_of` is the group an object is attributed to while its `actor` wrote it: the
    handler must check that this actor may speak for it.
    """

    activity: Activity
    things: dict[str, Thing] = msgspec.field(default_factory=dict)
    missing: tuple[Missing, ...] = ()
    on_behalf_of: str | None = None

    def actor(self, uri: str | None = None) -> Actor | None:
        """A fetched actor, by default the one who acts; None means we knew it already."""
        found = self.things.get(uri or self.activity.actor)
        return found if isinstance(found, Actor) else None

    def thing(self, uri: str | None) -> Thing | None:
        """Whatever was fetched under an id."""
        return None if uri is None else self.things.get(uri)


async def with_known_object(activity: Activity, resolver: Resolver) -> Activity:
    """An answer with the activity it answers put in its place, so that its pair can be looked up.

    `Accept` of a bare id becomes ("Accept", "Follow"). Call before `dispatch.lookup`.
    """
    uri = activity.object_id
    if activity.type not in ANSWERS or uri is None:
        return activity
    stored = await resolver.activity(uri)
    if stored is None:
        return activity
    # The stored one is the truth: an embedded copy may say something else.
    return msgspec.structs.replace(activity, object=stored)


def is_trusted(activity: Activity, thing: Thing) -> bool:
    """Whether an embedded thing may be believed because the activity's actor was proved.

    Its id must be on the actor's origin (or it has none and belongs to the activity), and the
    actor must be its one and only author. Collections never are: they carry others' things.
    """
    if isinstance(thing, Collection):
        return False
    if thing.id is not None and not same_origin(thing.id, activity.actor):
        return False
    if isinstance(thing, Actor):
        return thing.id == activity.actor
    if isinstance(thing, Activity):
        return thing.actor == activity.actor
    if isinstance(thing, Tombstone):
        return True
    if not isinstance(thing, Object):
        return False
    authors = set(thing.attributed_to_all)
    if thing.id is None:
        return authors <= {activity.actor}
    return authors == {activity.actor} or _group_of(activity, thing) is not None


def _group_of(activity: Activity, thing: Object) -> str | None:
    """The group of an object whose `actor` wrote it for a group of the same origin (Mobilizon)."""
    if thing.actor != activity.actor or thing.attributed_to in (None, activity.actor):
        return None
    group = thing.attributed_to
    one_author = thing.attributed_to_all == (group,)
    return group if one_author and same_origin(group or "", activity.actor) else None


def _is_channel_video(activity: Activity, thing: Object) -> bool:
    """PeerTube's authors: the person and the Group of the channel, all on one origin."""
    authors = as_list(thing.raw.get("attributedTo"))
    has_group = any(type(item) is dict and item.get("type") == "Group" for item in authors)
    at_home = all(same_origin(uri, activity.actor) for uri in thing.attributed_to_all)
    return has_group and at_home and activity.actor in thing.attributed_to_all


async def gather(
    activity: Activity, needs: Iterable[str], resolver: Resolver, budget: FetchBudget
) -> Gathered:
    """Fetches what a handler named in `needs` and strips what may not be believed.

    Without the actor, the object or the target the activity fails; a parent, a quoted post or
    a mentioned person that cannot be had is noted in `missing`.
    Raises: `not_owner` (403) for a Create or Update of somebody else's thing; `bad_actor`,
    `bad_object`; and whatever `Resolver.fetch` raises.
    """
    work = _Work(resolver, budget)
    wanted = set(needs)
    if "actor" in wanted:
        await work.require(activity.actor, Actor)
    activity = await _settle_object(activity, wanted, work)
    distrusted = {name: found.id for name in _BESIDE if (found := _foreign(activity, name)) is not None}
    if distrusted:
        activity = msgspec.structs.replace(activity, **distrusted)
    if "target" in wanted and activity.target_id is not None:
        if activity.type == "Move" and activity.object_id == activity.actor:
            # The copy we know may be older than its `alsoKnownAs` (ORG-21).
            await _fetch_new_home(activity.target_id, work)
        elif activity.type == "Move":
            pass  # a folder or a thread goes elsewhere (Mobilizon, NodeBB): nobody's account
        elif isinstance(activity.target, str):
            await work.require(activity.target, Thing)
    if "instrument" in wanted and isinstance(activity.instrument, str):
        await work.want("instrument", activity.instrument, Object)
    thing = activity.object
    group = _group_of(activity, thing) if isinstance(thing, Object) else None
    if isinstance(thing, Object):
        await _context_of(thing, wanted, work)
    return Gathered(activity=activity, things=work.things, missing=tuple(work.missing), on_behalf_of=group)


async def _fetch_new_home(uri: str, work: _Work) -> None:
    """Where somebody moved to, anew. One of the host application's own is never fetched: it knows best."""
    try:
        await work.fetch(uri, Actor)
    except FederationError as error:
        if error.code != "own_origin":
            raise


class _Work:
    """One gathering: what was fetched so far."""

    def __init__(self, resolver: Resolver, budget: FetchBudget) -> None:
        self.resolver = resolver
        self.budget = budget
        self.things: dict[str, Thing] = {}
        self.missing: list[Missing] = []

    async def fetch(self, uri: str, kind: type[Thing]) -> Thing:
        """Fetches anew. Raises: `bad_actor` or `bad_object` for something else than asked."""
        thing = await self.resolver.fetch(uri, self.budget)
        if not isinstance(thing, kind) or thing.id is None:
            raise FederationError("bad_actor" if kind is Actor else "bad_object", "other kind of thing")
        self.things[uri] = self.things[thing.id] = thing
        return thing

    async def require(self, uri: str, kind: type[Thing]) -> None:
        if uri != PUBLIC and uri not in self.things and not await self.resolver.known(uri):
            await self.fetch(uri, kind)

    async def want(self, need: str, uri: str, kind: type[Thing]) -> None:
        try:
            await self.require(uri, kind)
        except FederationError as error:
            self.missing.append(Missing(need, uri, error.code))


def _foreign(activity: Activity, name: str) -> Thing | None:
    """What stands there and may not be believed: its id alone counts."""
    value: Thing | str | None = getattr(activity, name)
    return value if isinstance(value, Thing) and not is_trusted(activity, value) else None


async def _settle_object(activity: Activity, wanted: set[str], work: _Work) -> Activity:
    """Embedded and trusted stays, or is fetched, or becomes an id."""
    thing = activity.object
    if activity.type in _OWNED and isinstance(thing, Thing):
        return await _settle_owned(activity, thing, work)
    if isinstance(thing, Thing):
        if activity.type in ANSWERS or is_trusted(activity, thing):
            return activity
        if thing.id is None:
            raise FederationError("bad_object", "embedded without id")
        activity = msgspec.structs.replace(activity, object=thing.id)
        thing = thing.id
    if "object" not in wanted or thing is None or activity.type == "Delete":
        return activity
    if activity.type in _OWNED and not same_origin(thing, activity.actor):
        raise FederationError("not_owner", status=403)
    await work.require(thing, Thing)
    fetched = work.things.get(thing)
    if isinstance(fetched, Announce) and activity.type == "Announce":
        await _settle_passed_on(thing, fetched, work)
    if activity.type in _OWNED and fetched is not None:
        _check_owner(activity, fetched)
        return msgspec.structs.replace(activity, object=fetched)
    return activity


async def _settle_passed_on(uri: str, boost: Announce, work: _Work) -> None:
    """What is passed on is somebody's passing on: the post itself is meant, and wanted."""
    if boost.object_id and same_origin(uri, boost.actor):
        await work.want("object", boost.object_id, Thing)


async def _settle_owned(activity: Activity, thing: Thing, work: _Work) -> Activity:
    """A Create or Update: of the actor's own things only."""
    if isinstance(thing, Collection):
        raise FederationError("bad_object", "a collection is nobody's post")
    if isinstance(thing, Actor):
        # A group's own moderators may edit it; what is fetched is then the group's host's word.
        if thing.id != activity.actor and not (
            thing.type == "Group" and same_origin(thing.id, activity.actor)
        ):
            raise FederationError("not_owner", status=403)
        # Keys come only from the actor's own host, never from what somebody signed (SIG-20).
        return msgspec.structs.replace(activity, object=await work.fetch(thing.id, Actor))
    if is_trusted(activity, thing) or thing.type == "Member":
        return activity  # a membership is a claim of who belongs where: the handler asks the group
    if isinstance(thing, Object) and thing.id is not None and _is_channel_video(activity, thing):
        return msgspec.structs.replace(activity, object=await work.fetch(thing.id, Object))
    raise FederationError("not_owner", status=403)


def _check_owner(activity: Activity, thing: Thing) -> None:
    if not is_trusted(activity, thing):
        raise FederationError("not_owner", status=403)


async def _context_of(thing: Object, wanted: set[str], work: _Work) -> None:
    if "in_reply_to" in wanted and thing.in_reply_to:
        await work.want("in_reply_to", thing.in_reply_to, Thing)
    if "quote" in wanted and thing.quote:
        await work.want("quote", thing.quote, Thing)
        if thing.quote_authorization:
            await work.want("quote", thing.quote_authorization, Object)
    if "mentions" in wanted:
        for uri in thing.mentions[:MAX_MENTIONS]:
            await work.want("mentions", uri, Actor)

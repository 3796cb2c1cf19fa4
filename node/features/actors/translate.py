"""Actors between rows and the vocabulary, both ways, pure.

What a remote actor says of itself is cleaned here, once, before it is stored.
"""

from datetime import datetime
from typing import Any

from federation import vocab
from node import text
from node.features.actors.store.reads import Actor
from node.runtime import Node

MAX_NAME_CHARS = 200
MAX_SUMMARY_CHARS = 20_000
MAX_FIELDS_READ = 20
MAX_FIELD_CHARS = 500


def new_local(node: Node, actor_id: int, uri: str, *, kind: str, username: str, display_name: str) -> Actor:
    """A fresh row of ours with all its addresses; keys and times are the caller's to add."""
    moment = node.clock.now()
    return Actor(
        id=actor_id, uri=uri, local=True, host=node.handle_host, kind=kind, username=username,
        display_name=display_name, summary_html="", summary_source="",
        url=node.uri("/about" if kind == "Application" else f"/@{username}"),
        inbox_uri=f"{uri}/inbox", shared_inbox_uri=node.uri("/inbox"), outbox_uri=f"{uri}/outbox",
        followers_uri=f"{uri}/followers", following_uri=f"{uri}/following", featured_uri=f"{uri}/featured",
        avatar_url="", avatar_alt="", header_url="", header_alt="", fields=[],
        locked=kind == "Application", discoverable=False, indexable=False, also_known_as=[], moved_to_uri="",
        public_key_id=f"{uri}#main-key", public_key_pem="", ed25519_key_id=f"{uri}#ed25519-key",
        ed25519_multibase="", followers_count=0, following_count=0, posts_count=0, last_post_at=None,
        created_at=moment, updated_at=moment, fetched_at=None, suspended_at=None, deleted_at=None,
        handle_host=node.handle_host,
    )  # fmt: skip


def field_of(name: str, source: str) -> dict[str, Any]:
    """A profile line as it is stored: plain label, value as typed and as clean HTML."""
    html = text.compose(text.one_line(source, MAX_FIELD_CHARS)).html
    return {
        "name": name.strip()[:255],
        "source": source,
        "value": html.removeprefix("<p>").removesuffix("</p>"),
    }


def _media(node: Node, url: str, alt: str) -> vocab.Media | None:
    if not url:
        return None
    address = node.uri(url) if url.startswith("/") else url
    suffix = address.rsplit(".", 1)[-1].lower()
    kinds = {
        "png": "image/png",
        "jpg": "image/jpeg",
        "jpeg": "image/jpeg",
        "gif": "image/gif",
        "webp": "image/webp",
    }
    return vocab.Media(url=address, type="Image", media_type=kinds.get(suffix), summary=alt or None)


def keys_of(actor: Actor) -> tuple[vocab.ActorKey, ...]:
    """Both public keys as the actor document lists them."""
    return (
        vocab.ActorKey(id=actor.public_key_id, owner=actor.uri, pem=actor.public_key_pem),
        vocab.ActorKey(id=actor.ed25519_key_id, owner=actor.uri, multibase=actor.ed25519_multibase),
    )


def to_vocab(node: Node, actor: Actor) -> vocab.Actor:
    """One of our actors as the document we serve and send. Spec: AP §4.1, FEP-2c59, FEP-521a."""
    return vocab.Actor(
        id=actor.uri,
        type=actor.kind,
        preferred_username=actor.username,
        webfinger=None if actor.kind == "Application" else f"{actor.username}@{actor.host}",
        name=actor.name,
        summary=actor.summary_html or None,
        url=actor.url,
        published=actor.created_at.replace(hour=0, minute=0, second=0, microsecond=0),
        updated=actor.updated_at,
        inbox=actor.inbox_uri,
        shared_inbox=actor.shared_inbox_uri,
        outbox=actor.outbox_uri,
        followers=actor.followers_uri,
        following=actor.following_uri,
        featured=None if actor.kind == "Application" else actor.featured_uri,
        keys=keys_of(actor),
        icon=_media(node, actor.avatar_url, actor.avatar_alt),
        image=_media(node, actor.header_url, actor.header_alt),
        fields=tuple(vocab.PropertyValue(name=f["name"], value=f["value"]) for f in actor.fields),
        also_known_as=tuple(actor.also_known_as),
        moved_to=actor.moved_to_uri or None,
        manually_approves=actor.locked,
        discoverable=actor.discoverable,
        indexable=actor.indexable,
    )


def _first_key(document: vocab.Actor, *, multibase: bool) -> tuple[str, str]:
    for key in document.keys:
        value = key.multibase if multibase else key.pem
        if value and key.owner == document.id:
            return key.id, value
    return "", ""


def from_vocab(document: vocab.Actor, actor_id: int, host: str, now: datetime) -> Actor:
    """A remote actor as the row we keep, all HTML cleaned and all lengths bounded."""
    rsa_id, rsa_pem = _first_key(document, multibase=False)
    ed_id, ed_multibase = _first_key(document, multibase=True)
    icon, image = document.icon, document.image
    return Actor(
        id=actor_id,
        uri=document.id,
        local=False,
        host=host,
        kind=document.type,
        username=document.preferred_username,
        display_name=text.plain_text(document.name or "")[:MAX_NAME_CHARS],
        summary_html=text.clean_html((document.summary or "")[:MAX_SUMMARY_CHARS]),
        summary_source="",
        url=document.url or document.id,
        inbox_uri=document.inbox,
        shared_inbox_uri=document.shared_inbox or "",
        outbox_uri=document.outbox or "",
        followers_uri=document.followers or "",
        following_uri=document.following or "",
        featured_uri=document.featured or "",
        avatar_url=icon.url if icon else "",
        avatar_alt=(icon.alt or "")[:1500] if icon else "",
        header_url=image.url if image else "",
        header_alt=(image.alt or "")[:1500] if image else "",
        fields=[
            {"name": text.plain_text(f.name)[:255], "source": "", "value": text.clean_html(f.value[:2047])}
            for f in document.fields[:MAX_FIELDS_READ]
        ],
        locked=document.manually_approves,
        discoverable=document.discoverable,
        indexable=document.indexable,
        also_known_as=list(document.also_known_as[:10]),
        moved_to_uri=document.moved_to or "",
        public_key_id=rsa_id,
        public_key_pem=rsa_pem,
        ed25519_key_id=ed_id,
        ed25519_multibase=ed_multibase,
        followers_count=0,
        following_count=0,
        posts_count=0,
        last_post_at=None,
        created_at=min(document.published or now, now),
        updated_at=min(document.updated or now, now),
        fetched_at=now,
        suspended_at=None,
        deleted_at=None,
        handle_host=host,
    )

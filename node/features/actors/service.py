"""What may be done with actors: make ours, change them, remember others', bury the deleted.

The actor's own node owns its truth: a remote actor is only ever what its origin served. Called by
accounts (new people), profile pages, and the wire's hooks.
"""

import asyncio
import re
from datetime import datetime

import msgspec

from federation import keys, uris, vocab
from federation.errors import FederationError
from node import text
from node.db.database import Tx
from node.errors import NodeError
from node.features.actors import handles, translate
from node.features.actors.store import names, reads, secrets, writes
from node.features.actors.store.reads import Actor
from node.runtime import Node
from node.wire.publish import Destinations, publish

_NAME = re.compile(r"[A-Za-z0-9_]+(?:[.-]+[A-Za-z0-9_]+)*")
MAX_FIELDS = 8
INSTANCE_PATH = "/actor"


class Field(msgspec.Struct, frozen=True):
    """One labelled line of a profile, as typed."""

    name: str
    source: str


class ProfileChange(msgspec.Struct, frozen=True, kw_only=True):
    """What to change of a profile; None leaves it as it is."""

    display_name: str | None = None
    summary_source: str | None = None
    fields: tuple[Field, ...] | None = None
    avatar_url: str | None = None
    avatar_alt: str | None = None
    header_url: str | None = None
    header_alt: str | None = None
    locked: bool | None = None
    discoverable: bool | None = None
    indexable: bool | None = None
    also_known_as: tuple[str, ...] | None = None


async def create_local(tx: Tx, node: Node, *, kind: str, username: str, display_name: str) -> Actor:
    """Make one of our own actors with fresh keys. Raises: NodeError `conflict` for a taken name."""
    rsa, ed25519 = await asyncio.to_thread(lambda: (keys.generate_rsa(), keys.generate_ed25519()))
    actor_id = tx.new_id()
    is_instance = kind == "Application"
    folder = "groups" if kind == "Group" else "users"
    uri = node.uri(INSTANCE_PATH if is_instance else f"/ap/{folder}/{actor_id}")
    if await names.find_handle_holder(tx, username, node.handle_host, uri) is not None:
        raise NodeError("conflict", field="username")
    actor = translate.new_local(node, actor_id, uri, kind=kind, username=username, display_name=display_name)
    actor = msgspec.structs.replace(
        actor,
        created_at=tx.now,
        updated_at=tx.now,
        public_key_pem=keys.public_pem(rsa),
        ed25519_multibase=keys.multikey(ed25519),
    )
    stored = await writes.put_actor(tx, actor)
    assert stored is not None
    secret = node.keyring.key("sealing")
    sealed = (keys.seal(keys.private_pem(rsa), secret), keys.seal(keys.private_pem(ed25519), secret))
    await secrets.put_secrets(tx, actor_id, *sealed)
    return stored


async def ensure_instance_actor(tx: Tx, node: Node) -> Actor:
    """The actor that stands for the node itself (signs GETs, FEP-d556); made at the first start."""
    found = await reads.find_by_uri(tx, node.uri(INSTANCE_PATH))
    if found is None:
        await writes.lock_founding(tx)  # several processes may start at once
        found = await reads.find_by_uri(tx, node.uri(INSTANCE_PATH))
    if found is None:
        name = node.handle_host
        found = await create_local(
            tx, node, kind="Application", username=name, display_name=node.config.node.name
        )
    return found


async def update_profile(tx: Tx, node: Node, actor_id: int, change: ProfileChange) -> Actor:
    """Change one of our profiles and tell everybody who follows or is followed."""
    actor = await reads.get_actor(tx, actor_id)
    wanted = {
        name: value
        for name in ("display_name", "avatar_url", "avatar_alt", "header_url", "header_alt", "locked",
                     "discoverable", "indexable")
        if (value := getattr(change, name)) is not None
    }  # fmt: skip
    if change.summary_source is not None:
        composed = text.compose(change.summary_source, tag_url=node.tag_url)
        wanted |= {"summary_source": change.summary_source, "summary_html": composed.html}
    if change.fields is not None:
        wanted["fields"] = [translate.field_of(f.name, f.source) for f in change.fields[:MAX_FIELDS]]
    if change.also_known_as is not None:
        wanted["also_known_as"] = list(change.also_known_as)
    updated = await writes.put_actor(tx, msgspec.structs.replace(actor, **wanted, updated_at=tx.now))
    if updated is None:
        raise NodeError("gone")
    await publish_update(tx, node, updated)
    return updated


async def publish_update(tx: Tx, node: Node, actor: Actor) -> None:
    """Tell others that one of our actors changed; whoever asks next is shown it so."""
    tx.tell_changed(actor.id)
    document = await describe(tx, node, actor)
    update = vocab.Update(
        id=f"{actor.uri}#updates/{tx.new_id()}",
        actor=actor.uri,
        object=document,
        to=(vocab.PUBLIC,),
        published=tx.now,
    )
    inboxes = await reads.list_inboxes_knowing(tx, actor.id)
    await publish(tx, actor.id, update, Destinations(inboxes=tuple(inboxes)))


async def describe(tx: Tx, node: Node, actor: Actor) -> vocab.Actor:
    """One of our actors as the document we serve and send; groups say more of themselves."""
    document = translate.to_vocab(node, actor)
    return await node.hooks.groups.describe(tx, document) if actor.kind == "Group" else document


async def upsert_remote(tx: Tx, node: Node, document: vocab.Actor) -> Actor:
    """Remember a remote actor as its origin served it.

    Raises: FederationError `bad_handle` for a name that could pass for another (WFG-03),
    `own_origin`, `gone`.
    """
    if node.is_ours(document.id):
        raise FederationError("own_origin", status=403)
    name = document.preferred_username
    if len(name) > 64 or not (_NAME.fullmatch(name) or document.type in ("Application", "Service")):
        raise FederationError("bad_handle", "preferredUsername")
    host = uris.host_of(document.id)
    known = await reads.find_by_uri(tx, document.id)
    holder = await names.find_handle_holder(tx, name, host, document.id)
    if holder is not None:
        # One host, one name, a new id: the host built itself anew (DEL-05).
        await names.put_displaced(tx, holder)
    actor = translate.from_vocab(document, known.id if known else tx.new_id(), host, tx.now)
    stored = await writes.put_actor(tx, actor)
    if stored is None:
        raise FederationError("gone", status=404)
    if known is None and stored.kind != "Application":
        await handles.wonder(tx, stored, document)
    return stored


async def is_stale(actor: Actor, now: datetime) -> bool:
    """Whether a remote actor was last fetched more than a day ago."""
    return not actor.local and (actor.fetched_at is None or (now - actor.fetched_at).total_seconds() > 86_400)

"""Find anybody anywhere: a handle or an address to an actor, over the network when needed.

Never inside a transaction. A handle is only believed after the round trip (WFG-01).
"""

import msgspec

from federation import uris, vocab
from federation.budget import FetchBudget
from federation.discovery.webfinger import WebFinger, parse_handle
from federation.errors import FederationError
from node.errors import NodeError
from node.features.actors.store import names, reads
from node.features.actors.store.reads import Actor
from node.runtime import Node


async def find_known(node: Node, handle: str, viewer_id: int | None = None) -> Actor | None:
    """The actor of this handle, if this node knows it and the viewer may; no network."""
    name, _, host = handle.strip().lstrip("@").partition("@")
    async with node.db.read() as tx:
        found = await reads.find_by_handle(tx, name, (host or node.handle_host).lower())
        return found if found and await reads.is_reachable(tx, found, viewer_id) else None


async def resolve_handle(node: Node, handle: str, viewer_id: int | None = None) -> Actor:
    """The actor `name@host`, asked at its host when unknown here or closed to the viewer.

    Raises: NodeError `handle_unknown`, `peer_unreachable`.
    """
    known = await find_known(node, handle, viewer_id)
    if known is not None:
        return known
    try:
        wanted = parse_handle(handle)
        if wanted.host in (node.handle_host, node.host):
            raise NodeError("handle_unknown", detail="local")
        found = await WebFinger(node.fetcher).find(handle, budget=FetchBudget(8, 20.0))
        return await _remember(node, vocab.read(found.actor.document), found.handle.host)
    except FederationError as error:
        raise _as_node_error(error) from None


async def resolve_uri(node: Node, uri: str, *, budget: FetchBudget | None = None) -> Actor:
    """The actor with this ActivityPub id. Raises: as `resolve_handle`."""
    async with node.db.read() as tx:
        known = await reads.find_by_uri(tx, uri)
    if known is not None:
        return known
    try:
        fetched = await node.fetcher.fetch(uri, budget=budget or FetchBudget(4, 15.0))
        return await _remember(node, vocab.read(fetched.document))
    except FederationError as error:
        raise _as_node_error(error) from None


async def refresh(node: Node, actor: Actor) -> Actor:
    """A remote actor fetched anew; the old one when its host does not answer."""
    if actor.local or not uris.is_http_uri(actor.uri):
        return actor
    try:
        fetched = await node.fetcher.fetch(actor.uri, budget=FetchBudget(3, 10.0))
        return await _remember(node, vocab.read(fetched.document))
    except FederationError:
        return actor


async def _remember(node: Node, thing: vocab.Thing, handle_host: str = "") -> Actor:
    if not isinstance(thing, vocab.Actor):
        raise FederationError("bad_actor", "something else")
    async with node.db.tx() as tx:
        actor: Actor = await node.hooks.remember_actor(tx, node, thing)
        if handle_host and handle_host != actor.handle_host:
            await names.put_handle_host(tx, actor.id, handle_host)
            actor = msgspec.structs.replace(actor, handle_host=handle_host)
        return actor


def _as_node_error(error: FederationError) -> NodeError:
    code = "handle_unknown" if error.permanent else "peer_unreachable"
    return NodeError(code, detail=error.code)

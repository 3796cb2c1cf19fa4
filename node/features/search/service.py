"""Find what somebody typed: a handle, an address, a name, a topic.

A handle or address that is unknown here is looked up at its own node when `resolve` is set. Network
first, outside any transaction.
"""

import msgspec

from federation import vocab
from federation.budget import FetchBudget
from federation.errors import FederationError
from federation.uris import is_http_uri
from node import text
from node.db.database import Tx
from node.errors import NodeError
from node.features.actors import lookup
from node.features.actors.store import reads as actor_store
from node.features.actors.store.reads import Actor
from node.features.posts import fetched, views
from node.features.posts.views import PostView
from node.features.search import store
from node.runtime import Node


class Found(msgspec.Struct, frozen=True):
    """What a search brought; `tags` as people wrote them."""

    actors: list[Actor] = []
    posts: list[PostView] = []
    tags: list[str] = []


async def find(node: Node, viewer_id: int | None, query: str, *, resolve: bool, limit: int = 20) -> Found:
    """Everything that fits `query` and that the viewer may see. Raises: nothing for "nothing found"."""
    query = query.strip()[:500]
    if not query:
        return Found()
    if is_http_uri(query):
        return await _by_address(node, viewer_id, query, resolve=resolve)
    if _is_handle(query):
        try:
            look = lookup.resolve_handle if resolve else lookup.find_known
            found = await look(node, query, viewer_id)
        except NodeError:
            found = None
        if found is not None and await _is_shown(node, found, viewer_id):
            return Found(actors=[found])
        if query.lstrip("@").count("@"):
            return Found()
    async with node.db.read() as tx:
        people = await actor_store.list_matching(tx, query.lstrip("@#"), limit, viewer_id)
        tags = await store.list_tags(tx, text.normalise_hashtag(query), limit)
    return Found(actors=people, tags=tags)


async def _is_shown(node: Node, actor: Actor, viewer_id: int | None) -> bool:
    async with node.db.read() as tx:
        return await actor_store.is_shown(tx, actor, viewer_id)


def _is_handle(query: str) -> bool:
    return query.startswith("@") or ("@" in query and " " not in query)


async def _by_address(node: Node, viewer_id: int | None, address: str, *, resolve: bool) -> Found:
    async with node.db.read() as tx:
        known = await _known_address(tx, viewer_id, address)
    if known is not None or not resolve or viewer_id is None or node.is_ours(address):
        return known or Found()
    try:
        document = await node.fetcher.fetch(address, budget=FetchBudget(6, 15.0))
        thing = vocab.read(document.document)
        if isinstance(thing, vocab.Actor):
            async with node.db.tx() as tx:
                actor = await node.hooks.remember_actor(tx, node, thing)
                shown = await actor_store.is_shown(tx, actor, viewer_id)
                return Found(actors=[actor] if shown else [])
        if isinstance(thing, vocab.Object):
            post_id = await fetched.take_fetched(node, thing)
            async with node.db.read() as tx:
                return Found(posts=await views.list_posts(tx, [post_id] if post_id else [], viewer_id))
    except (FederationError, NodeError):
        return Found()
    return Found()


async def _known_address(tx: Tx, viewer_id: int | None, address: str) -> Found | None:
    actor = await actor_store.find_by_uri(tx, address) or await store.find_actor_by_url(tx, address)
    if actor is not None:
        shown = actor.deleted_at is None and await actor_store.is_shown(tx, actor, viewer_id)
        return Found(actors=[actor] if shown else [])
    post_id = await store.find_post_by_address(tx, address)
    if post_id is not None:
        return Found(posts=await views.list_posts(tx, [post_id], viewer_id))
    return None

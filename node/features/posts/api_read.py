"""The client API of posts, reading: several, what stands around, versions, who liked it.

One alone (`GET /api/v1/statuses/:id`) is answered by reading, where boosts are known.

Spec: Mastodon 4.3 client API, methods "statuses".
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp import web

from node.appkeys import NODE
from node.db.database import Tx
from node.db.rows import Window
from node.errors import NodeError
from node.features.actors.store import reads as actors
from node.features.posts import views
from node.features.posts.entities import Context, StatusEdit, Statuses, StatusSource
from node.features.posts.fetched import look_for_more
from node.features.posts.status import Status
from node.features.posts.store import reads, writes
from node.ids import MAX_ID
from node.web import api
from node.web.api_params import path_id, read_params

MOST_IDS: Final = 40
Lister = Callable[[Tx, int, int, int], Awaitable[list[Any]]]


async def find_post_id(tx: Tx, request: web.Request) -> int:
    """The post the path names: by its own id, or by the id of somebody's boost of it.

    Raises: NodeError `not_found`.
    """
    found = await writes.find_post_of(tx, path_id(request))
    if found is None:
        raise NodeError("not_found", detail="no post or boost has this id")
    return found


async def list_statuses(request: web.Request) -> list[Status]:
    """GET /api/v1/statuses?id[]="""
    node, viewer_id = request.app[NODE], api.viewer_id(request)
    wanted = (await read_params(request)).ids("id", MOST_IDS)
    async with node.db.read() as tx:
        posts = await views.list_posts(tx, wanted, viewer_id)
    maker = Statuses(node, viewer_id)
    return [maker.status(post) for post in posts]


async def show_context(request: web.Request) -> Context:
    """GET /api/v1/statuses/:id/context; visitors see less of a very long thread, and nothing is fetched for them."""
    node, viewer_id = request.app[NODE], api.viewer_id(request)
    limit = 60 if viewer_id is None else 400
    async with node.db.read() as tx:
        thread = await views.list_thread(tx, await find_post_id(tx, request), viewer_id, limit=limit)
    if viewer_id is not None:
        await look_for_more(node, thread)
    return Statuses(node, viewer_id).context(thread)


async def list_history(request: web.Request) -> list[StatusEdit]:
    """GET /api/v1/statuses/:id/history"""
    node, viewer_id = request.app[NODE], api.viewer_id(request)
    async with node.db.read() as tx:
        post, revisions = await views.list_revisions(tx, await find_post_id(tx, request), viewer_id)
    return Statuses(node, viewer_id).edits(post, revisions)


async def show_source(request: web.Request) -> StatusSource:
    """GET /api/v1/statuses/:id/source, for the author alone."""
    viewer = api.viewer(request)
    async with request.app[NODE].db.read() as tx:
        post = await views.get_post(tx, await find_post_id(tx, request), viewer.actor_id)
    if post.author.id != viewer.actor_id:
        raise NodeError("not_found", detail="source of somebody else's post")
    return StatusSource(str(post.id), post.source, post.warning)


async def list_favourited_by(request: web.Request) -> api.Page:
    """GET /api/v1/statuses/:id/favourited_by"""
    return await _people(request, reads.list_likers)


async def list_reblogged_by(request: web.Request) -> api.Page:
    """GET /api/v1/statuses/:id/reblogged_by"""
    return await _people(request, reads.list_boosters)


async def _people(request: web.Request, listed: Lister) -> api.Page:
    node, viewer_id = request.app[NODE], api.viewer_id(request)
    window: Window = (await read_params(request)).window(40, 80)
    async with node.db.read() as tx:
        post = await views.get_post(tx, await find_post_id(tx, request), viewer_id)
        rows = await listed(tx, post.id, min(window.upper, MAX_ID), window.limit)
        people = await actors.list_actors(tx, [row["actor_id"] for row in rows])
    shown = [one for one in people if one.deleted_at is None and one.suspended_at is None]
    return api.page(Statuses(node, viewer_id).accounts(shown), [row["id"] for row in rows], window)


_STATUS: Final = "/api/v1/statuses/{id:[0-9]+}"

ROUTES = (
    api.route("GET", "/api/v1/statuses", list_statuses, access="maybe_token", scope="read:statuses"),
    api.route("GET", f"{_STATUS}/context", show_context, access="maybe_token", scope="read:statuses"),
    api.route("GET", f"{_STATUS}/history", list_history, access="maybe_token", scope="read:statuses"),
    api.route("GET", f"{_STATUS}/source", show_source, scope="read:statuses"),
    api.route(
        "GET", f"{_STATUS}/favourited_by", list_favourited_by, access="maybe_token", scope="read:accounts"
    ),
    api.route(
        "GET", f"{_STATUS}/reblogged_by", list_reblogged_by, access="maybe_token", scope="read:accounts"
    ),
)

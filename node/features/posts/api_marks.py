"""The client API of posts, marks: favourite, boost, bookmark, pin, and taking them back.

Each is one order to the posts service and answers with the Status as it stands afterwards. Boosting
answers with the boost's Status. What is not visible to the asking person is 404, never 403.

Spec: Mastodon 4.3 client API, methods "statuses".
"""

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from node.appkeys import NODE
from node.db.database import Tx
from node.features.actors.store import reads as actors
from node.features.posts import reactions, views
from node.features.posts.api_read import find_post_id
from node.features.posts.entities import Boosted, Statuses
from node.features.posts.status import Status
from node.runtime import Node
from node.web import api
from node.web.api_params import read_params

Order = Callable[[Tx, Node, int, int], Awaitable[None]]


def _marking(order: Order) -> api.ApiHandler:
    """A handler that gives one order about a visible post and answers with its Status."""

    async def handler(request: web.Request) -> Status:
        node, viewer = request.app[NODE], api.viewer(request)
        async with node.db.tx() as tx:
            seen = await views.get_post(tx, await find_post_id(tx, request), viewer.actor_id)
            await order(tx, node, viewer.actor_id, seen.id)
            post = await views.get_post(tx, seen.id, viewer.actor_id)
        return Statuses(node, viewer.actor_id).status(post)

    handler.__name__ = order.__name__
    return handler


async def boost(request: web.Request) -> Status:
    """POST /api/v1/statuses/:id/reblog"""
    node, viewer = request.app[NODE], api.viewer(request)
    wanted = (await read_params(request)).text("visibility", "public")
    if wanted not in _BOOST_AUDIENCE:
        raise api.invalid("visibility", "ERR_INCLUSION", "is not included in the list")
    async with node.db.tx() as tx:
        seen = await views.get_post(tx, await find_post_id(tx, request), viewer.actor_id)
        audience = _BOOST_AUDIENCE[wanted]
        boost_id = await reactions.boost(tx, node, viewer.actor_id, seen.id, audience=audience)
        post = await views.get_post(tx, seen.id, viewer.actor_id)
        booster = await actors.get_actor(tx, viewer.actor_id)
        at = tx.now
    boosted = Boosted(boost_id, booster, at, node.uri(f"/ap/announces/{boost_id}"), audience)
    return Statuses(node, viewer.actor_id).boost(post, boosted)


async def _bookmark(tx: Tx, node: Node, actor_id: int, post_id: int) -> None:
    await reactions.bookmark(tx, actor_id, post_id)


async def _unbookmark(tx: Tx, node: Node, actor_id: int, post_id: int) -> None:
    await reactions.unbookmark(tx, actor_id, post_id)


async def _pin(tx: Tx, node: Node, actor_id: int, post_id: int) -> None:
    post = await views.get_post(tx, post_id, actor_id)
    if post.author.id != actor_id:
        raise api.ApiRefusal(422, "Validation failed: Someone else's post cannot be pinned")
    await reactions.pin(tx, node, actor_id, post_id)


_BOOST_AUDIENCE: Final = {"public": "public", "unlisted": "unlisted", "private": "followers"}
_STATUS: Final = "/api/v1/statuses/{id:[0-9]+}"

ROUTES = (
    api.route("POST", f"{_STATUS}/favourite", _marking(reactions.like), scope="write:favourites"),
    api.route("POST", f"{_STATUS}/unfavourite", _marking(reactions.unlike), scope="write:favourites"),
    api.route("POST", f"{_STATUS}/reblog", boost, scope="write:statuses"),
    api.route("POST", f"{_STATUS}/unreblog", _marking(reactions.unboost), scope="write:statuses"),
    api.route("POST", f"{_STATUS}/bookmark", _marking(_bookmark), scope="write:bookmarks"),
    api.route("POST", f"{_STATUS}/unbookmark", _marking(_unbookmark), scope="write:bookmarks"),
    api.route("POST", f"{_STATUS}/pin", _marking(_pin), scope="write:accounts"),
    api.route("POST", f"{_STATUS}/unpin", _marking(reactions.unpin), scope="write:accounts"),
)

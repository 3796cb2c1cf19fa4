"""The client API of quotes: who quotes a post, taking leave back, who may quote.

Spec: Mastodon 4.5 client API, methods "statuses" (`quotes`, `revoke`, `interaction_policy`).
"""

from typing import Final

from aiohttp import web

from node.appkeys import NODE
from node.db.rows import Window
from node.features.posts import quoting, views
from node.features.posts.api_read import find_post_id
from node.features.posts.entities import Statuses
from node.features.posts.status import Status
from node.features.posts.store import quotes
from node.features.quotes import service
from node.ids import MAX_ID
from node.web import api
from node.web.api_params import as_id, read_params


async def list_quotes(request: web.Request) -> api.Page:
    """GET /api/v1/statuses/:id/quotes"""
    node, viewer = request.app[NODE], api.viewer(request)
    window: Window = (await read_params(request)).window(20, 40)
    async with node.db.read() as tx:
        post = await views.get_post(tx, await find_post_id(tx, request), viewer.actor_id)
        ids = await quotes.list_quoting_ids(tx, post.id, min(window.upper, MAX_ID), window.limit)
        found = await views.list_posts(tx, ids, viewer.actor_id)
    maker = Statuses(node, viewer.actor_id)
    return api.page([maker.status(one) for one in found], ids, window)


async def revoke(request: web.Request) -> Status:
    """POST /api/v1/statuses/:id/quotes/:quoting_status_id/revoke; answers with the quoting post."""
    node, viewer = request.app[NODE], api.viewer(request)
    quoting_id = as_id(request.match_info["quoting_id"])
    async with node.db.tx() as tx:
        quoted_id = await find_post_id(tx, request)
        await service.take_back(tx, node, viewer.actor_id, quoted_id, quoting_id)
        post = await views.get_post(tx, quoting_id, viewer.actor_id)
    return Statuses(node, viewer.actor_id).status(post)


async def put_policy(request: web.Request) -> Status:
    """PUT /api/v1/statuses/:id/interaction_policy with `quote_approval_policy`"""
    node, viewer = request.app[NODE], api.viewer(request)
    wanted = (await read_params(request)).text("quote_approval_policy")
    if wanted not in quoting.POLICIES:
        raise api.invalid("quote_approval_policy", "ERR_INCLUSION", "is not included in the list")
    async with node.db.tx() as tx:
        post_id = await find_post_id(tx, request)
        await service.set_policy(tx, node, viewer.actor_id, post_id, wanted)
        post = await views.get_post(tx, post_id, viewer.actor_id)
    return Statuses(node, viewer.actor_id).status(post)


_STATUS: Final = "/api/v1/statuses/{id:[0-9]+}"

ROUTES = (
    api.route("GET", f"{_STATUS}/quotes", list_quotes, scope="read:statuses"),
    api.route("POST", f"{_STATUS}/quotes/{{quoting_id:[0-9]+}}/revoke", revoke, scope="write:statuses"),
    api.route("PUT", f"{_STATUS}/interaction_policy", put_policy, scope="write:statuses"),
)

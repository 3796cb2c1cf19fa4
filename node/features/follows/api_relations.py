"""The client API of relations: follow, block, mute, requests, and the lists of them.

Every change answers with the Relationship as it stands afterwards, read in the same transaction.

Spec: Mastodon 4.3 client API, methods "accounts", "follow_requests", "blocks", "mutes".
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import msgspec
from aiohttp import web

from node.appkeys import NODE, Viewer
from node.db.database import Tx
from node.features.actors.entities import account, stamp_or_none
from node.features.actors.store import reads as actors
from node.features.follows import service, store
from node.features.follows.api_accounts import Lister, get_shown, people_page
from node.features.follows.entities import Relationship, relationship
from node.features.media.entities import addresses_of
from node.runtime import Node
from node.web import api
from node.web.api_params import Params, path_id, read_params

_MOST_IDS: Final = 100
_LONGEST_MUTE_S: Final = 10 * 365 * 24 * 3600
Change = Callable[[Tx, Node, Viewer, int, Params], Awaitable[None]]


async def list_relationships(request: web.Request) -> list[Relationship]:
    """GET /api/v1/accounts/relationships?id[]="""
    wanted = (await read_params(request)).ids("id", _MOST_IDS)
    async with request.app[NODE].db.read() as tx:
        rows = await store.list_relationships(tx, api.viewer(request).actor_id, wanted)
    return [relationship(row) for row in rows]


def _changing(change: Change) -> api.ApiHandler:
    """A handler that makes one change and answers with the Relationship."""

    async def handler(request: web.Request) -> Relationship:
        node, viewer, target_id = request.app[NODE], api.viewer(request), path_id(request)
        params = await read_params(request)
        async with node.db.tx() as tx:
            await get_shown(tx, target_id, viewer.actor_id)
            if target_id == viewer.actor_id:
                raise api.ApiRefusal(403, "This action is not allowed")
            await change(tx, node, viewer, target_id, params)
            rows = await store.list_relationships(tx, viewer.actor_id, [target_id])
        return relationship(rows[0])

    handler.__name__, handler.__doc__ = change.__name__, change.__doc__
    return handler


async def _follow(tx: Tx, node: Node, viewer: Viewer, target_id: int, params: Params) -> None:
    """POST /api/v1/accounts/:id/follow; also changes what a standing follow shows."""
    if await store.find_block_between(tx, viewer.actor_id, target_id):
        raise api.ApiRefusal(403, "This action is not allowed")
    await service.follow(tx, node, viewer.actor_id, target_id)
    boosts, posts = params.find_flag("reblogs"), params.find_flag("notify")
    if boosts is not None or posts is not None:
        follow = await store.find_follow(tx, viewer.actor_id, target_id)
        if follow is not None:
            await store.put_follow_wishes(tx, follow.id, boosts, posts)


async def _unfollow(tx: Tx, node: Node, viewer: Viewer, target_id: int, params: Params) -> None:
    """POST /api/v1/accounts/:id/unfollow; takes back a request too."""
    await service.unfollow(tx, node, viewer.actor_id, target_id)


async def _remove_follower(tx: Tx, node: Node, viewer: Viewer, target_id: int, params: Params) -> None:
    """POST /api/v1/accounts/:id/remove_from_followers"""
    await service.remove_follower(tx, node, viewer.actor_id, target_id)


async def _block(tx: Tx, node: Node, viewer: Viewer, target_id: int, params: Params) -> None:
    """POST /api/v1/accounts/:id/block"""
    await service.block(tx, node, viewer.actor_id, target_id)


async def _unblock(tx: Tx, node: Node, viewer: Viewer, target_id: int, params: Params) -> None:
    """POST /api/v1/accounts/:id/unblock"""
    await service.unblock(tx, node, viewer.actor_id, target_id)


async def _mute(tx: Tx, node: Node, viewer: Viewer, target_id: int, params: Params) -> None:
    """POST /api/v1/accounts/:id/mute; `duration` in seconds, 0 for as long as it stands."""
    seconds = params.number("duration", 0, most=_LONGEST_MUTE_S)
    until = tx.now + timedelta(seconds=seconds) if seconds else None
    hush = params.flag("notifications", default=True)
    await service.mute(tx, viewer.actor_id, target_id, notifications=hush, expires_at=until)


async def _unmute(tx: Tx, node: Node, viewer: Viewer, target_id: int, params: Params) -> None:
    """POST /api/v1/accounts/:id/unmute"""
    await service.unmute(tx, viewer.actor_id, target_id)


async def _authorize(tx: Tx, node: Node, viewer: Viewer, target_id: int, params: Params) -> None:
    """POST /api/v1/follow_requests/:id/authorize"""
    await service.answer_request(tx, node, viewer.actor_id, target_id, accept=True)


async def _reject(tx: Tx, node: Node, viewer: Viewer, target_id: int, params: Params) -> None:
    """POST /api/v1/follow_requests/:id/reject"""
    await service.answer_request(tx, node, viewer.actor_id, target_id, accept=False)


async def list_requests(request: web.Request) -> api.Page:
    """GET /api/v1/follow_requests"""
    return await _own_list(request, store.list_requests)


async def list_blocks(request: web.Request) -> api.Page:
    """GET /api/v1/blocks"""
    return await _own_list(request, store.list_blocks)


async def list_mutes(request: web.Request) -> api.Page:
    """GET /api/v1/mutes; each Account says until when (`mute_expires_at`)."""
    node, viewer = request.app[NODE], api.viewer(request)
    window = (await read_params(request)).window(40, 80)
    async with node.db.read() as tx:
        rows = await store.list_mutes(tx, viewer.actor_id, window)
        ids = [row.actor_id for row in rows]
        people = await actors.list_actors(tx, ids)
        standing = {one.id: one for one in await store.list_relationships(tx, viewer.actor_id, ids)}
    addresses = addresses_of(node)
    shown = [
        msgspec.structs.replace(
            account(one, addresses),
            mute_expires_at=stamp_or_none(standing[one.id].muting_expires_at) if one.id in standing else None,
        )
        for one in people
    ]
    return api.page(shown, [row.id for row in rows], window)


async def _own_list(request: web.Request, listed: Lister) -> api.Page:
    node = request.app[NODE]
    window = (await read_params(request)).window(40, 80)
    async with node.db.read() as tx:
        rows = await listed(tx, api.viewer(request).actor_id, window)
        people = await actors.list_actors(tx, [row.actor_id for row in rows])
    return people_page(request, rows, people, window)


_PERSON: Final = "/api/v1/accounts/{id:[0-9]+}"
_REQUEST: Final = "/api/v1/follow_requests/{id:[0-9]+}"

ROUTES = (
    api.route("GET", "/api/v1/accounts/relationships", list_relationships, scope="read:follows"),
    api.route("POST", f"{_PERSON}/follow", _changing(_follow), scope="write:follows"),
    api.route("POST", f"{_PERSON}/unfollow", _changing(_unfollow), scope="write:follows"),
    api.route("POST", f"{_PERSON}/remove_from_followers", _changing(_remove_follower), scope="write:follows"),
    api.route("POST", f"{_PERSON}/block", _changing(_block), scope="write:blocks"),
    api.route("POST", f"{_PERSON}/unblock", _changing(_unblock), scope="write:blocks"),
    api.route("POST", f"{_PERSON}/mute", _changing(_mute), scope="write:mutes"),
    api.route("POST", f"{_PERSON}/unmute", _changing(_unmute), scope="write:mutes"),
    api.route("GET", "/api/v1/follow_requests", list_requests, scope="read:follows"),
    api.route("POST", f"{_REQUEST}/authorize", _changing(_authorize), scope="write:follows"),
    api.route("POST", f"{_REQUEST}/reject", _changing(_reject), scope="write:follows"),
    api.route("GET", "/api/v1/blocks", list_blocks, scope="read:blocks"),
    api.route("GET", "/api/v1/mutes", list_mutes, scope="read:mutes"),
)

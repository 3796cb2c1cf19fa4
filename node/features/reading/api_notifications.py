"""The client API of notifications.

`account_id` leaves rows out after they were read, so such a page can be short while the list goes
on.

Spec: Mastodon 4.3 client API, methods "notifications".
"""

from typing import Final

from aiohttp import web

from node.appkeys import NODE
from node.db.database import Tx
from node.db.rows import Window
from node.errors import NodeError
from node.features.posts.entities import Statuses
from node.features.reading import store, views
from node.features.reading.entities import Notification, notification
from node.web import api
from node.web.api_params import path_id, read_params

_MOST_COUNTED: Final = 100


async def list_notifications(request: web.Request) -> api.Page:
    """GET /api/v1/notifications"""
    node, viewer = request.app[NODE], api.viewer(request)
    params = await read_params(request)
    window, only_id = params.window(40, 80), params.find_id("account_id")
    kinds = params.texts("types") or None
    async with node.db.read() as tx:
        rows = await store.list_notifications(
            tx, viewer.actor_id, window, kinds=kinds, not_kinds=params.texts("exclude_types")
        )
        wanted = [row for row in rows if only_id is None or row.actor_id == only_id]
        shown = await views.list_notifications(tx, wanted, viewer.actor_id)
    maker = Statuses(node, viewer.actor_id)
    return api.page([notification(maker, one) for one in shown], [row.id for row in rows], window)


async def _find(tx: Tx, owner_id: int, notification_id: int) -> store.Notification:
    """One notification of the owner's. Raises: NodeError `not_found`."""
    just_it = Window(max_id=notification_id + 1, since_id=notification_id - 1, limit=1)
    rows = await store.list_notifications(tx, owner_id, just_it)
    if not rows:
        raise NodeError("not_found", detail="notification")
    return rows[0]


async def show_notification(request: web.Request) -> Notification:
    """GET /api/v1/notifications/:id"""
    node, viewer = request.app[NODE], api.viewer(request)
    async with node.db.read() as tx:
        row = await _find(tx, viewer.actor_id, path_id(request))
        shown = await views.list_notifications(tx, [row], viewer.actor_id)
    if not shown:
        raise NodeError("not_found", detail="notification about a hidden post")
    return notification(Statuses(node, viewer.actor_id), shown[0])


async def dismiss(request: web.Request) -> dict[str, object]:
    """POST /api/v1/notifications/:id/dismiss"""
    async with request.app[NODE].db.tx() as tx:
        owner_id = api.viewer(request).actor_id
        row = await _find(tx, owner_id, path_id(request))
        await store.delete_notifications(tx, owner_id, row.id)
    return {}


async def clear(request: web.Request) -> dict[str, object]:
    """POST /api/v1/notifications/clear"""
    async with request.app[NODE].db.tx() as tx:
        await store.delete_notifications(tx, api.viewer(request).actor_id, None)
    return {}


async def count_unread(request: web.Request) -> dict[str, int]:
    """GET /api/v1/notifications/unread_count, counted to `limit`."""
    limit = (await read_params(request)).number("limit", _MOST_COUNTED, least=1, most=_MOST_COUNTED)
    async with request.app[NODE].db.read() as tx:
        return {"count": min(limit, await store.count_unread(tx, api.viewer(request).actor_id))}


_ONE: Final = "/api/v1/notifications/{id:[0-9]+}"

ROUTES = (
    api.route("GET", "/api/v1/notifications", list_notifications, scope="read:notifications"),
    api.route("GET", "/api/v1/notifications/unread_count", count_unread, scope="read:notifications"),
    api.route("POST", "/api/v1/notifications/clear", clear, scope="write:notifications"),
    api.route("GET", _ONE, show_notification, scope="read:notifications"),
    api.route("POST", f"{_ONE}/dismiss", dismiss, scope="write:notifications"),
)

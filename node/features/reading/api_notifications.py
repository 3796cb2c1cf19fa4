"""The client API of notifications.
How far somebody has read is kept as markers; the one of notifications also counts for the pages.

Spec: Mastodon 4.3 client API, methods "notifications", "markers".
"""

from typing import Final

from aiohttp import web

from node.appkeys import NODE
from node.db.database import Tx
from node.db.rows import Window
from node.errors import NodeError
from node.features.posts.entities import Statuses
from node.features.reading import store, views
from node.features.reading.entities import Marker, Notification, kind_of, marker, notification
from node.web import api
from node.web.api_params import Params, path_id, read_params

_MOST_COUNTED: Final = 100
# Programs do not know these kinds; people find them on the page of their news.
_PAGES_ONLY: Final = ("report.closed", "admin.report")


async def read_wanted(tx: Tx, owner_id: int, params: Params, window: Window) -> list[store.Notification]:
    """The owner's notifications, narrowed by `types`, `exclude_types` and `account_id`."""
    return await store.list_notifications(
        tx,
        owner_id,
        window,
        kinds=[kind_of(one) for one in params.texts("types")] or None,
        not_kinds=[*(kind_of(one) for one in params.texts("exclude_types")), *_PAGES_ONLY],
        actor_id=params.find_id("account_id"),
    )


async def list_notifications(request: web.Request) -> api.Page:
    """GET /api/v1/notifications"""
    node, viewer = request.app[NODE], api.viewer(request)
    params = await read_params(request)
    window = params.window(40, 80)
    async with node.db.read() as tx:
        rows = await read_wanted(tx, viewer.actor_id, params, window)
        shown = await views.list_notifications(tx, rows, viewer.actor_id)
    maker = Statuses(node, viewer.actor_id)
    return api.page([notification(maker, one) for one in shown], [row.id for row in rows], window)


async def find_notification(tx: Tx, owner_id: int, notification_id: int) -> store.Notification:
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
        row = await find_notification(tx, viewer.actor_id, path_id(request))
        shown = await views.list_notifications(tx, [row], viewer.actor_id)
    if not shown:
        raise NodeError("not_found", detail="notification about a hidden post")
    return notification(Statuses(node, viewer.actor_id), shown[0])


async def dismiss(request: web.Request) -> dict[str, object]:
    """POST /api/v1/notifications/:id/dismiss"""
    async with request.app[NODE].db.tx() as tx:
        owner_id = api.viewer(request).actor_id
        row = await find_notification(tx, owner_id, path_id(request))
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


async def list_markers(request: web.Request) -> dict[str, Marker]:
    """GET /api/v1/markers?timeline[]="""
    wanted = (await read_params(request)).texts("timeline")
    async with request.app[NODE].db.read() as tx:
        rows = await store.list_markers(tx, api.viewer(request).actor_id)
    return {row.timeline: marker(row) for row in rows if row.timeline in wanted}


async def put_markers(request: web.Request) -> dict[str, Marker]:
    """POST /api/v1/markers with `home[last_read_id]` and `notifications[last_read_id]`."""
    params, owner_id = await read_params(request), api.viewer(request).actor_id
    found = {}
    async with request.app[NODE].db.tx() as tx:
        for timeline in _TIMELINES:
            last_id = params.inner(timeline).find_id("last_read_id")
            if last_id is None:
                continue
            found[timeline] = marker(await store.put_marker(tx, owner_id, timeline, last_id))
            if timeline == "notifications":
                await store.put_read(tx, owner_id, last_id)
    return found


_TIMELINES: Final = ("home", "notifications")
_ONE: Final = "/api/v1/notifications/{id:[0-9]+}"

ROUTES = (
    api.route("GET", "/api/v1/notifications", list_notifications, scope="read:notifications"),
    api.route("GET", "/api/v1/notifications/unread_count", count_unread, scope="read:notifications"),
    api.route("POST", "/api/v1/notifications/clear", clear, scope="write:notifications"),
    api.route("GET", _ONE, show_notification, scope="read:notifications"),
    api.route("GET", "/api/v1/markers", list_markers, scope="read:statuses"),
    api.route("POST", "/api/v1/markers", put_markers, scope="write:statuses"),
    api.route("POST", f"{_ONE}/dismiss", dismiss, scope="write:notifications"),
)

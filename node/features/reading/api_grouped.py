"""The client API of notifications, version 2: groups, each of one here, with people and posts apart.

Mastodon lets a server decide what it groups; this one groups nothing yet, so every key is
`ungrouped-<id>` and every group holds one notification. Programs written for 4.3 ask here first.

Spec: Mastodon 4.3 client API, methods "grouped_notifications".
"""

from typing import Final

import msgspec
from aiohttp import web
from msgspec import UNSET, UnsetType

from node.appkeys import NODE
from node.db.database import Tx
from node.features.actors.entities import Account, stamp
from node.features.posts.entities import Statuses
from node.features.posts.status import Status
from node.features.reading import store, views
from node.features.reading.api_notifications import count_unread, find_notification, read_wanted
from node.features.reading.entities import type_of
from node.web import api
from node.web.api_params import as_id, read_params

_PREFIX: Final = "ungrouped-"


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Mastodon's NotificationGroup; the `page_` fields are left out where one group is shown alone."""

    group_key: str
    notifications_count: int
    type: str
    most_recent_notification_id: int
    page_min_id: str | UnsetType = UNSET
    page_max_id: str | UnsetType = UNSET
    latest_page_notification_at: str | UnsetType = UNSET
    sample_account_ids: list[str]
    status_id: str | UnsetType = UNSET


class Grouped(msgspec.Struct, frozen=True):
    """Mastodon's GroupedNotificationsResults: people and posts once each, groups that name them."""

    accounts: list[Account]
    statuses: list[Status]
    notification_groups: list[Group]


def _group(shown: views.NotificationView, *, on_page: bool) -> Group:
    mark = str(shown.id) if on_page else UNSET
    return Group(
        group_key=f"{_PREFIX}{shown.id}",
        notifications_count=1,
        type=type_of(shown.kind),
        most_recent_notification_id=shown.id,
        page_min_id=mark,
        page_max_id=mark,
        latest_page_notification_at=stamp(shown.created_at) if on_page else UNSET,
        sample_account_ids=[str(shown.actor.id)],
        status_id=UNSET if shown.post is None else str(shown.post.id),
    )


def _grouped(maker: Statuses, shown: list[views.NotificationView], *, on_page: bool) -> Grouped:
    people = {one.actor.id: maker.account(one.actor) for one in shown}
    posts = {one.post.id: maker.status(one.post) for one in shown if one.post is not None}
    return Grouped(
        list(people.values()), list(posts.values()), [_group(one, on_page=on_page) for one in shown]
    )


async def list_groups(request: web.Request) -> web.Response:
    """GET /api/v2/notifications"""
    node, viewer = request.app[NODE], api.viewer(request)
    params = await read_params(request)
    window = params.window(40, 80)
    async with node.db.read() as tx:
        rows = await read_wanted(tx, viewer.actor_id, params, window)
        shown = await views.list_notifications(tx, rows, viewer.actor_id)
    found = _grouped(Statuses(node, viewer.actor_id), shown, on_page=True)
    return api.answer_page(request, found, api.page([], [row.id for row in rows], window))


async def _one(tx: Tx, request: web.Request, owner_id: int) -> store.Notification:
    """The notification a group's key names. Raises: NodeError or ApiRefusal `not_found`."""
    key = request.match_info["key"]
    if not key.startswith(_PREFIX):
        raise api.ApiRefusal(404, "Record not found")
    return await find_notification(tx, owner_id, as_id(key.removeprefix(_PREFIX)))


async def _shown(request: web.Request) -> tuple[Statuses, views.NotificationView]:
    node, viewer = request.app[NODE], api.viewer(request)
    async with node.db.read() as tx:
        row = await _one(tx, request, viewer.actor_id)
        shown = await views.list_notifications(tx, [row], viewer.actor_id)
    if not shown:
        raise api.ApiRefusal(404, "Record not found")
    return Statuses(node, viewer.actor_id), shown[0]


async def show_group(request: web.Request) -> Grouped:
    """GET /api/v2/notifications/:group_key"""
    maker, shown = await _shown(request)
    return _grouped(maker, [shown], on_page=False)


async def list_people_of_group(request: web.Request) -> list[Account]:
    """GET /api/v2/notifications/:group_key/accounts"""
    maker, shown = await _shown(request)
    return [maker.account(shown.actor)]


async def dismiss_group(request: web.Request) -> dict[str, object]:
    """POST /api/v2/notifications/:group_key/dismiss"""
    owner_id = api.viewer(request).actor_id
    async with request.app[NODE].db.tx() as tx:
        row = await _one(tx, request, owner_id)
        await store.delete_notifications(tx, owner_id, row.id)
    return {}


_ONE: Final = "/api/v2/notifications/{key}"

ROUTES = (
    api.route("GET", "/api/v2/notifications", list_groups, scope="read:notifications"),
    api.route("GET", "/api/v2/notifications/unread_count", count_unread, scope="read:notifications"),
    api.route("GET", _ONE, show_group, scope="read:notifications"),
    api.route("GET", f"{_ONE}/accounts", list_people_of_group, scope="read:notifications"),
    api.route("POST", f"{_ONE}/dismiss", dismiss_group, scope="write:notifications"),
)

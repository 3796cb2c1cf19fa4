"""The client API of timelines and lists of posts: home, public, tags, somebody's, kept, liked.

`only_media` leaves rows out after they were read, so such a page can be short while the list goes
on; `Link` always turns by what was read.

Spec: Mastodon 4.3 client API, methods "timelines", "accounts/:id/statuses", "bookmarks",
"favourites".
"""

from collections.abc import Sequence

from aiohttp import web

from node import text
from node.appkeys import NODE
from node.db.database import Tx
from node.db.rows import Window
from node.features.follows.api_accounts import get_shown
from node.features.posts.entities import Statuses
from node.features.reading import store, views
from node.features.reading.entities import entry
from node.features.reading.store import AuthorList, Entry
from node.web import api
from node.web.api_params import Params, path_id, read_params


async def _page(
    request: web.Request, tx: Tx, entries: Sequence[Entry], window: Window, *, only_media: bool = False
) -> api.Page:
    viewer_id = api.viewer_id(request)
    shown = await views.list_entries(tx, entries, viewer_id)
    maker = Statuses(request.app[NODE], viewer_id)
    items = [entry(maker, one) for one in shown if one.post.media or not only_media]
    return api.page(items, [one.id for one in entries], window)


async def show_home(request: web.Request) -> api.Page:
    """GET /api/v1/timelines/home"""
    window = (await read_params(request)).window(20, 40)
    async with request.app[NODE].db.read() as tx:
        entries = await store.list_home(tx, api.viewer(request).actor_id, window)
        return await _page(request, tx, entries, window)


async def show_public(request: web.Request) -> api.Page:
    """GET /api/v1/timelines/public; `local` and `remote` narrow it."""
    params = await read_params(request)
    window, viewer_id = params.window(20, 40), api.viewer_id(request)
    local, remote = params.flag("local"), params.flag("remote")
    async with request.app[NODE].db.read() as tx:
        entries = await store.list_public(tx, viewer_id, window, local=local, remote=remote and not local)
        return await _page(request, tx, entries, window, only_media=params.flag("only_media"))


async def show_tag(request: web.Request) -> api.Page:
    """GET /api/v1/timelines/tag/:hashtag"""
    params = await read_params(request)
    window, viewer_id = params.window(20, 40), api.viewer_id(request)
    tag = text.normalise_hashtag(request.match_info["hashtag"].removeprefix("#"))
    async with request.app[NODE].db.read() as tx:
        entries = await store.list_tag(tx, tag, viewer_id, window, local=params.flag("local"))
        return await _page(request, tx, entries, window, only_media=params.flag("only_media"))


async def show_statuses_of(request: web.Request) -> api.Page:
    """GET /api/v1/accounts/:id/statuses"""
    params = await read_params(request)
    window, viewer_id = params.window(20, 40), api.viewer_id(request)
    async with request.app[NODE].db.read() as tx:
        actor = await get_shown(tx, path_id(request))
        if actor.suspended_at is not None:
            return api.page([], [], window)
        if params.flag("pinned"):
            # All of them at once: there is nothing older to turn to.
            shown = await _page(request, tx, await store.list_pinned(tx, actor.id, viewer_id), window)
            return api.Page(shown.items, (), full=False)
        entries = await store.list_author(tx, actor.id, viewer_id, window, _which(params))
        return await _page(request, tx, entries, window)


def _which(params: Params) -> AuthorList:
    return AuthorList(
        only_media=params.flag("only_media"),
        exclude_replies=params.flag("exclude_replies"),
        exclude_reblogs=params.flag("exclude_reblogs"),
        tag=text.normalise_hashtag(params.text("tagged").removeprefix("#")),
    )


async def list_bookmarks(request: web.Request) -> api.Page:
    """GET /api/v1/bookmarks"""
    window = (await read_params(request)).window(20, 40)
    async with request.app[NODE].db.read() as tx:
        entries = await store.list_bookmarks(tx, api.viewer(request).actor_id, window)
        return await _page(request, tx, entries, window)


async def list_favourites(request: web.Request) -> api.Page:
    """GET /api/v1/favourites"""
    window = (await read_params(request)).window(20, 40)
    async with request.app[NODE].db.read() as tx:
        entries = await store.list_liked(tx, api.viewer(request).actor_id, window)
        return await _page(request, tx, entries, window)


ROUTES = (
    api.route("GET", "/api/v1/timelines/home", show_home, scope="read:statuses"),
    api.route("GET", "/api/v1/timelines/public", show_public, access="maybe_token", scope="read:statuses"),
    api.route(
        "GET", "/api/v1/timelines/tag/{hashtag}", show_tag, access="maybe_token", scope="read:statuses"
    ),
    api.route(
        "GET",
        "/api/v1/accounts/{id:[0-9]+}/statuses",
        show_statuses_of,
        access="maybe_token",
        scope="read:statuses",
    ),
    api.route("GET", "/api/v1/bookmarks", list_bookmarks, scope="read:bookmarks"),
    api.route("GET", "/api/v1/favourites", list_favourites, scope="read:favourites"),
)

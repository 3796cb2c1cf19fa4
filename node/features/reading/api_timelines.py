"""The client API of timelines and lists of posts: home, public, tags, somebody's, kept, liked.

Also GET of one Status, since an id may be that of somebody's boost, which only reading knows.

Spec: Mastodon 4.3 client API, methods "timelines", "accounts/:id/statuses", "bookmarks",
"favourites".
"""

from collections.abc import Sequence

from aiohttp import web

from node import text
from node.appkeys import NODE
from node.db.database import Tx
from node.db.rows import Window
from node.errors import NodeError
from node.features.follows.api_accounts import get_shown
from node.features.posts.entities import Statuses
from node.features.posts.status import Status
from node.features.reading import store, views
from node.features.reading.entities import entry
from node.features.reading.store import AuthorList, Entry, Which
from node.web import api
from node.web.api_params import Params, path_id, path_text, read_params


async def _page(request: web.Request, tx: Tx, entries: Sequence[Entry], window: Window) -> api.Page:
    viewer_id = api.viewer_id(request)
    shown = await views.list_entries(tx, entries, viewer_id)
    maker = Statuses(request.app[NODE], viewer_id)
    return api.page([entry(maker, one) for one in shown], [one.id for one in entries], window)


async def show_status(request: web.Request) -> Status:
    """GET /api/v1/statuses/:id, of a post or of a boost."""
    node, viewer_id = request.app[NODE], api.viewer_id(request)
    async with node.db.read() as tx:
        found = await store.find_entry(tx, path_id(request), viewer_id)
        shown = await views.list_entries(tx, [found], viewer_id) if found else []
    if not shown:
        raise NodeError("not_found", detail="status")
    maker = Statuses(node, viewer_id)
    # A boost that was not for everyone shows no more than the post itself, which may be seen.
    open_to_all = shown[0].boost_audience in ("public", "unlisted")
    return entry(maker, shown[0]) if open_to_all else maker.status(shown[0].post)


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
    async with request.app[NODE].db.read() as tx:
        entries = await store.list_public(tx, viewer_id, window, _wanted(params))
        return await _page(request, tx, entries, window)


def _wanted(params: Params) -> Which:
    return Which(
        local=params.flag("local"), remote=params.flag("remote"), only_media=params.flag("only_media")
    )


async def show_tag(request: web.Request) -> api.Page:
    """GET /api/v1/timelines/tag/:hashtag"""
    params = await read_params(request)
    window, viewer_id = params.window(20, 40), api.viewer_id(request)
    tag = text.normalise_hashtag(path_text(request, "hashtag").removeprefix("#"))
    async with request.app[NODE].db.read() as tx:
        entries = await store.list_tag(tx, tag, viewer_id, window, _wanted(params))
        return await _page(request, tx, entries, window)


async def show_statuses_of(request: web.Request) -> api.Page:
    """GET /api/v1/accounts/:id/statuses"""
    params = await read_params(request)
    window, viewer_id = params.window(20, 40), api.viewer_id(request)
    async with request.app[NODE].db.read() as tx:
        actor = await get_shown(tx, path_id(request), viewer_id)
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
    api.route(
        "GET", "/api/v1/statuses/{id:[0-9]+}", show_status, access="maybe_token", scope="read:statuses"
    ),
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

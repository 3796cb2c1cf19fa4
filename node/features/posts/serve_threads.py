"""What answers a post of ours, and the whole thread it began, as other nodes fetch them: page by page.

Everybody gets what everybody may read; a signer gets what that one may see beside it. Short lists are one
document, longer ones name their pages. Spec: FEP-7888 (the address in `context`), FEP-f228 (posts in the
order they were written).
"""

from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
from aiohttp import web

from federation import vocab
from node.appkeys import NODE
from node.db.database import Tx
from node.errors import NodeError
from node.feature import Route
from node.features.posts import translate, views
from node.features.posts.serve import missing_or_gone
from node.features.posts.store import threads
from node.features.posts.views import PostView
from node.web.asked import path_id
from node.wire import serve

PAGE: Final = 100


class _Asked(msgspec.Struct, frozen=True):
    """The post a list is about, and who asks: None for everybody."""

    post: PostView
    viewer_id: int | None


class _List(msgspec.Struct, frozen=True):
    """How one kind of list is found, counted and called."""

    name: str
    rows: Callable[[Tx, int, int | None, int, int], Awaitable[list[threads.Listed]]]
    count: Callable[[Tx, int, int | None], Awaitable[int]]


_REPLIES: Final = _List("replies", threads.list_answers, threads.count_answers)
_CONTEXT: Final = _List("context", threads.list_thread, threads.count_thread)


async def _asked(request: web.Request, which: _List) -> _Asked | None:
    """Our post of this path as the asker may see it; a thread is listed by its first post alone."""
    node = request.app[NODE]
    signer = await serve.signer_of(request)
    viewer_ids = [signer.id, None] if signer is not None and not signer.suspended else [None]
    async with node.db.read() as tx:
        for viewer_id in viewer_ids:
            try:
                post = await views.get_post(tx, path_id(request), viewer_id)
            except NodeError:
                continue
            began = which is not _CONTEXT or post.context_uri == translate.context_uri(node, post.id)
            return _Asked(post, viewer_id) if post.local and post.audience != "local" and began else None
    return None


async def _show_list(request: web.Request, which: _List) -> web.Response:
    """The list, with all of it where that is little, else with the address of its first page."""
    asked = await _asked(request, which)
    if asked is None:
        return await missing_or_gone(request)
    post, viewer_id = asked.post, asked.viewer_id
    async with request.app[NODE].db.read() as tx:
        listed = await which.rows(tx, post.id, viewer_id, 0, PAGE)
        total = len(listed) if len(listed) < PAGE else await which.count(tx, post.id, viewer_id)
    uri = f"{post.uri}/{which.name}"
    paged = total > len(listed)
    found = vocab.Collection(
        id=uri,
        type="OrderedCollection",
        attributed_to=post.author.uri,
        total_items=total,
        first=serve.page_uri(uri, 0) if paged else None,
        items=() if paged else tuple(one.uri for one in listed),
    )
    return serve.answer(found, public=viewer_id is None)


async def _show_page(request: web.Request, which: _List) -> web.Response:
    """A page of the list: what is younger than the post it names, oldest first."""
    asked = await _asked(request, which)
    if asked is None:
        return await missing_or_gone(request)
    after = int(request.match_info["after"])
    async with request.app[NODE].db.read() as tx:
        listed = await which.rows(tx, asked.post.id, asked.viewer_id, after, PAGE)
    uri = f"{asked.post.uri}/{which.name}"
    last = listed[-1].id if len(listed) == PAGE else None
    page = serve.page_of(uri, after, tuple(one.uri for one in listed), last)
    return serve.answer(page, public=asked.viewer_id is None)


async def show_replies(request: web.Request) -> web.Response:
    """GET /ap/notes/{id}/replies"""
    return await _show_list(request, _REPLIES)


async def show_replies_page(request: web.Request) -> web.Response:
    """GET /ap/notes/{id}/replies/page/{after}"""
    return await _show_page(request, _REPLIES)


async def show_context(request: web.Request) -> web.Response:
    """GET /ap/notes/{id}/context, for a thread whose first post is ours"""
    return await _show_list(request, _CONTEXT)


async def show_context_page(request: web.Request) -> web.Response:
    """GET /ap/notes/{id}/context/page/{after}"""
    return await _show_page(request, _CONTEXT)


_NOTE: Final = "/ap/notes/{id:[0-9]{1,18}}"
_PAGE: Final = "page/{after:[0-9]{1,18}}"

ROUTES: tuple[Route, ...] = (
    Route("GET", f"{_NOTE}/replies", show_replies, "wire"),
    Route("GET", f"{_NOTE}/replies/{_PAGE}", show_replies_page, "wire"),
    Route("GET", f"{_NOTE}/context", show_context, "wire"),
    Route("GET", f"{_NOTE}/context/{_PAGE}", show_context_page, "wire"),
)

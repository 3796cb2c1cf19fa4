"""Pages of posts: a post with what it answers and what answers it, its history, and the small marks.

Marks (thanks, passing on, keeping) are posted forms that lead back to where they were sent from.
Writing, changing and deleting stand in `pages_write`.
"""

from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web
from markupsafe import Markup

from node.appkeys import NODE, VIEWER, Viewer
from node.db.database import Tx
from node.errors import NodeError
from node.feature import Route
from node.features.actors.store.reads import Actor
from node.features.groups.service import rights
from node.features.posts import pages_polls, pages_write, polling, reactions, views
from node.features.posts.fetched import look_for_more
from node.features.posts.pages_write import answer_page
from node.features.posts.present import (
    card,
    file_line_of,
    likes_note,
    list_answered,
    looked_after,
    page_of,
    picture_of,
)
from node.features.posts.translate import note_uri
from node.features.posts.views import PostView, Thread
from node.features.posts.writing import WritePage
from node.runtime import Node
from node.web.asked import path_id, way_back
from node.web.cards import FileLine, Picture, PostCard
from node.web.posted import read_posted
from node.web.render import render
from node.wire.serve import wants_activity
from node.wire.store import arrivals

Mark = Callable[[Tx, Node, Viewer, int], Awaitable[object]]


class ThreadPage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of posts/thread.html. `answer` is the form to answer with, for those who may; `looking`: more may come."""

    above: list[PostCard]
    post: PostCard
    below: list[PostCard]
    title: str
    alternate: str
    elsewhere: str
    answer: WritePage | None
    looking: bool = False


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a post, as it was written."""

    html: Markup
    warning: str
    poll_options: list[str]
    written_at: object
    is_last: bool
    sensitive: bool
    pictures: tuple[Picture, ...]
    files: tuple[FileLine, ...]


class HistoryPage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of posts/history.html, newest version first."""

    post: PostCard
    versions: list[Version]


async def show_thread(request: web.Request) -> web.StreamResponse:
    """GET /@{handle}/{id}"""
    node, viewer, post_id = request.app[NODE], request.get(VIEWER), path_id(request)
    async with node.db.read() as tx:
        thread = await _find_thread(tx, node, post_id, viewer)
        post = thread.post
        if wants_activity(request) and post.local:
            raise web.HTTPFound(post.uri)
        if request.path != page_of(post):
            raise web.HTTPMovedPermanently(page_of(post))
        answered = await list_answered(tx, [*thread.ancestors, post, *thread.descendants])
        note = await likes_note(tx, post)
        answer = await answer_page(tx, node, viewer, post) if viewer else None
        group_id = await _looked_after(tx, viewer, post)
    context = _thread_page(node, viewer, thread, answered, (note, answer, group_id))
    if viewer is not None:
        context = msgspec.structs.replace(context, looking=await look_for_more(node, thread))
        if polling.is_stale(post, node):
            await node.db.wake({f"poll:{post.id}"})  # whoever opens it next sees how it stands by then
    return render(request, "posts/thread.html", context)


async def _find_thread(tx: Tx, node: Node, post_id: int, viewer: Viewer | None) -> Thread:
    """The thread. Raises: NodeError `not_found`, `gone` for a post of ours that was deleted."""
    try:
        return await views.list_thread(tx, post_id, viewer.actor_id if viewer else None)
    except NodeError:
        if await arrivals.list_tombstoned(tx, [note_uri(node, post_id)]):
            raise NodeError("gone", detail="deleted post") from None
        raise


async def _looked_after(tx: Tx, viewer: Viewer | None, post: PostView) -> int | None:
    """The group of the post, where its reader looks after that."""
    if viewer is None or post.placed is None:
        return None
    found = await rights.standing(tx, post.placed.id, viewer.actor_id)
    return post.placed.id if found.may_edit() else None


def _thread_page(
    node: Node,
    viewer: Viewer | None,
    thread: Thread,
    answered: dict[int, Actor],
    more: tuple[str, WritePage | None, int | None],
) -> ThreadPage:
    note, answer, group_id = more
    post = thread.post

    def shown(other: PostView) -> PostCard:
        made = looked_after(card(node, other, viewer, answered), other, group_id)
        made = msgspec.structs.replace(made, audience_differs=other.audience != post.audience)
        if other.in_reply_to_id == post.id:  # right below it, which says enough
            return msgspec.structs.replace(made, reply_to=None)
        return msgspec.structs.replace(made, depth=1)

    focus = msgspec.structs.replace(
        looked_after(card(node, post, viewer, answered), post, group_id),
        likes_note=note,
        is_focus=True,
        audience_differs=True,
    )
    if thread.ancestors:
        focus = msgspec.structs.replace(focus, reply_to=None)
    return ThreadPage(
        above=[msgspec.structs.replace(shown(other), depth=0) for other in thread.ancestors],
        post=focus,
        below=[shown(other) for other in thread.descendants],
        title=post.title or post.warning or _beginning(post),
        alternate=post.uri if post.local and post.audience in ("public", "unlisted") else "",
        elsewhere=post.uri if viewer is None and post.audience in ("public", "unlisted") else "",
        answer=answer,
    )


def _beginning(post: PostView) -> str:
    """The first words, for the window's title."""
    words = Markup(post.html).striptags()
    return words if len(words) <= 60 else words[:57].rsplit(" ", 1)[0] + "…"


async def show_history(request: web.Request) -> web.StreamResponse:
    """GET /posts/{id}/history"""
    node, viewer = request.app[NODE], request.get(VIEWER)
    async with node.db.read() as tx:
        post, revisions = await views.list_revisions(
            tx, path_id(request), viewer.actor_id if viewer else None
        )
        answered = await list_answered(tx, [post])
    last = len(revisions) - 1
    versions = [
        Version(
            html=Markup(revision.html),
            warning=revision.warning,
            poll_options=revision.poll_options,
            written_at=revision.written_at,
            is_last=number == last,
            sensitive=revision.sensitive,
            pictures=tuple(picture_of(node, file) for file in revision.media if file.kind == "image"),
            files=tuple(file_line_of(node, file) for file in revision.media if file.kind != "image"),
        )
        for number, revision in enumerate(revisions)
    ]
    context = HistoryPage(post=card(node, post, viewer, answered), versions=versions[::-1])
    return render(request, "posts/history.html", context)


async def _like(tx: Tx, node: Node, viewer: Viewer, post_id: int) -> None:
    await reactions.like(tx, node, viewer.actor_id, post_id)


async def _unlike(tx: Tx, node: Node, viewer: Viewer, post_id: int) -> None:
    await reactions.unlike(tx, node, viewer.actor_id, post_id)


async def _boost(tx: Tx, node: Node, viewer: Viewer, post_id: int) -> None:
    await reactions.boost(tx, node, viewer.actor_id, post_id)


async def _unboost(tx: Tx, node: Node, viewer: Viewer, post_id: int) -> None:
    await reactions.unboost(tx, node, viewer.actor_id, post_id)


async def _bookmark(tx: Tx, node: Node, viewer: Viewer, post_id: int) -> None:
    await reactions.bookmark(tx, viewer.actor_id, post_id)


async def _unbookmark(tx: Tx, node: Node, viewer: Viewer, post_id: int) -> None:
    await reactions.unbookmark(tx, viewer.actor_id, post_id)


async def _pin(tx: Tx, node: Node, viewer: Viewer, post_id: int) -> None:
    await reactions.pin(tx, node, viewer.actor_id, post_id)


async def _unpin(tx: Tx, node: Node, viewer: Viewer, post_id: int) -> None:
    await reactions.unpin(tx, node, viewer.actor_id, post_id)


_MARKS: dict[str, Mark] = {
    "like": _like,
    "unlike": _unlike,
    "boost": _boost,
    "unboost": _unboost,
    "bookmark": _bookmark,
    "unbookmark": _unbookmark,
    "pin": _pin,
    "unpin": _unpin,
}


async def mark(request: web.Request) -> web.StreamResponse:
    """POST /posts/{id}/{what}"""
    node, viewer, post_id = request.app[NODE], request[VIEWER], path_id(request)
    await read_posted(request)
    async with node.db.tx() as tx:
        await _MARKS[request.match_info["what"]](tx, node, viewer, post_id)
    raise web.HTTPSeeOther(await way_back(request, f"/posts/{post_id}"))


async def find_page(request: web.Request) -> web.StreamResponse:
    """GET /posts/{id}: to the post's own address"""
    viewer = request.get(VIEWER)
    async with request.app[NODE].db.read() as tx:
        post = await views.get_post(tx, path_id(request), viewer.actor_id if viewer else None)
    raise web.HTTPSeeOther(page_of(post))


ROUTES: tuple[Route, ...] = (
    Route("GET", "/@{handle}/{id:[0-9]+}", show_thread, "public"),
    Route("GET", "/posts/{id:[0-9]+}", find_page, "public"),
    Route("GET", "/posts/{id:[0-9]+}/history", show_history, "public"),
    Route("POST", "/posts/{id:[0-9]+}/{what:" + "|".join(_MARKS) + "}", mark, "member", limit="write"),
    *pages_polls.ROUTES,
    *pages_write.ROUTES,
)

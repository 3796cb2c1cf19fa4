"""Taking one's own post out of another's that quotes it: one page that asks, one form that does it."""

import msgspec
from aiohttp import web

from node.appkeys import NODE, VIEWER
from node.db.database import Tx
from node.errors import NodeError
from node.feature import Route
from node.features.posts import views
from node.features.posts.present import card, list_answered, page_of
from node.features.posts.views import PostView
from node.features.quotes import service
from node.web.asked import path_id
from node.web.cards import PostCard
from node.web.posted import read_posted
from node.web.render import render


class UnquotePage(msgspec.Struct, frozen=True):
    """Context of quotes/unquote.html."""

    post: PostCard


async def _quoting(tx: Tx, post_id: int, viewer_id: int) -> PostView:
    """A post that quotes one of the viewer's. Raises: NodeError `not_found`."""
    post = await views.get_post(tx, post_id, viewer_id)
    quoted = post.quote.post if post.quote else None
    if quoted is None or quoted.author.id != viewer_id or post.author.id == viewer_id:
        raise NodeError("not_found", detail="does not quote the viewer")
    return post


async def ask_unquote(request: web.Request) -> web.StreamResponse:
    """GET /posts/{id}/unquote"""
    node, viewer = request.app[NODE], request[VIEWER]
    async with node.db.read() as tx:
        post = await _quoting(tx, path_id(request), viewer.actor_id)
        answered = await list_answered(tx, [post])
    shown = msgspec.structs.replace(card(node, post, viewer, answered), can=frozenset())
    return render(request, "quotes/unquote.html", UnquotePage(post=shown))


async def unquote(request: web.Request) -> web.StreamResponse:
    """POST /posts/{id}/unquote"""
    node, viewer = request.app[NODE], request[VIEWER]
    await read_posted(request)
    async with node.db.tx() as tx:
        post = await _quoting(tx, path_id(request), viewer.actor_id)
        quoted_id = post.quote.post_id if post.quote else None
        await service.take_back(tx, node, viewer.actor_id, quoted_id or 0, post.id)
    raise web.HTTPSeeOther(page_of(post))


ROUTES: tuple[Route, ...] = (
    Route("GET", "/posts/{id:[0-9]+}/unquote", ask_unquote, "member"),
    Route("POST", "/posts/{id:[0-9]+}/unquote", unquote, "member", limit="write"),
)

"""Pages for those who look after a group: what waits to be let through, and what can be done with a post.

They work by plain forms. What is allowed decides the service; a deed over somebody's post needs a
reason, which stands in the group's log. Mounted by the feature.
"""

from typing import Annotated, Literal

import msgspec
from aiohttp import web
from msgspec import Meta

from node.appkeys import NODE, VIEWER
from node.db.database import Tx
from node.errors import N_, NodeError
from node.feature import Route
from node.features.actors.store.reads import get_actor
from node.features.group_posts.service import moderating
from node.features.group_posts.service.moderating import Looked
from node.features.groups.pages.subject import About, about, load_about
from node.features.groups.service import log, rights
from node.features.posts.present import card, list_answered
from node.runtime import Node
from node.web.asked import path_id
from node.web.cards import PostCard
from node.web.forms import Form, read_form
from node.web.render import render
from node.web.sessions import go_to

_SHOWN = 20
_TAKES_REASON = ("remove_post", "refuse")


class Said(msgspec.Struct, kw_only=True):
    """What the forms about one post send."""

    what: Literal["pin", "unpin", "lock", "unlock", "remove_post", "restore_post", "accept", "refuse"] = (
        "accept"
    )
    reason: Annotated[str, Meta(max_length=log.MOST_REASON_CHARS)] = ""


class WaitingPage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of group_posts/waiting.html, oldest first; `at` is the post the form was about."""

    group: About
    cards: list[PostCard]
    form: Form[Said]
    at: int
    done: str


class PostPage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of group_posts/post.html: one post, how it stands in its group, and what can be done."""

    group: About
    post: PostCard
    form: Form[Said]
    state: str
    locked: bool
    pinned: bool
    may_moderate: bool
    done: str


async def _shown(tx: Tx, node: Node, looked: Looked) -> PostCard:
    answered = await list_answered(tx, [looked.post])
    return msgspec.structs.replace(card(node, looked.post, None, answered), group_note="")


def _check(form: Form[Said]) -> bool:
    """Whether the form can be carried out; what decides over somebody says why."""
    if form.ok and form.values.what in _TAKES_REASON and not form.values.reason.strip():
        form.refuse(
            NodeError("invalid", text=N_("Please say why, in a sentence. It stands in the group's log."))
        )
    return form.ok


async def show_waiting(request: web.Request) -> web.StreamResponse:
    """GET /groups/{id}/waiting"""
    return await _waiting_page(request, Form(Said()), 0)


async def _waiting_page(request: web.Request, form: Form[Said], at: int) -> web.Response:
    node, viewer = request.app[NODE], request[VIEWER]
    async with node.db.read() as tx:
        group, _standing = await load_about(tx, request, "moderate")
        ids = await moderating.list_waiting(tx, viewer.actor_id, group.id, _SHOWN)
        cards = [await _shown(tx, node, await moderating.look_at(tx, viewer.actor_id, one)) for one in ids]
    done = request.query.get("done", "")
    context = WaitingPage(group=group, cards=cards, form=form, at=at, done=done)
    return render(request, "group_posts/waiting.html", context, status=422 if form.errors else 200)


async def answer_waiting(request: web.Request) -> web.StreamResponse:
    """POST /groups/{id}/waiting/{post}"""
    node, viewer, post_id = request.app[NODE], request[VIEWER], path_id(request, "post")
    form = await read_form(request, Said)
    if not _check(form):
        return await _waiting_page(request, form, post_id)
    async with node.db.tx() as tx:
        if form.values.what == "accept":
            await moderating.let_through(tx, node, viewer.actor_id, post_id, form.values.reason)
        else:
            await moderating.turn_away(tx, viewer.actor_id, post_id, form.values.reason)
    return go_to(f"/groups/{path_id(request)}/waiting?done={form.values.what}")


async def show_post(request: web.Request) -> web.StreamResponse:
    """GET /posts/{id}/group"""
    return await _post_page(request, Form(Said()))


async def _post_page(request: web.Request, form: Form[Said]) -> web.Response:
    node, viewer = request.app[NODE], request[VIEWER]
    async with node.db.read() as tx:
        looked = await moderating.look_at(tx, viewer.actor_id, path_id(request))
        subject = looked.subject
        standing = await rights.standing(tx, subject.group_id, viewer.actor_id)
        context = PostPage(
            group=about(node, standing, await get_actor(tx, subject.group_id), request.path),
            post=await _shown(tx, node, looked),
            form=form,
            state=subject.state,
            locked=subject.locked,
            pinned=subject.pinned,
            may_moderate=standing.may_moderate(),
            done=request.query.get("done", ""),
        )
    return render(request, "group_posts/post.html", context, status=422 if form.errors else 200)


async def act(request: web.Request) -> web.StreamResponse:
    """POST /posts/{id}/group"""
    node, viewer, post_id = request.app[NODE], request[VIEWER], path_id(request)
    form = await read_form(request, Said)
    if form.ok and form.values.what in ("accept", "refuse"):
        raise NodeError("bad_request")
    if not _check(form):
        return await _post_page(request, form)
    async with node.db.tx() as tx:
        looked = await moderating.look_at(tx, viewer.actor_id, post_id)
        await moderating.act(tx, viewer.actor_id, post_id, form.values.what, form.values.reason)
    hosted = looked.subject.hosted
    return go_to(f"/posts/{post_id}/group?done={'here' if hosted else 'asked'}")


ROUTES: tuple[Route, ...] = (
    Route("GET", "/groups/{id:[0-9]+}/waiting", show_waiting, "member"),
    Route("POST", "/groups/{id:[0-9]+}/waiting/{post:[0-9]+}", answer_waiting, "member", limit="write"),
    Route("GET", "/posts/{id:[0-9]+}/group", show_post, "member"),
    Route("POST", "/posts/{id:[0-9]+}/group", act, "member", limit="write"),
)

"""Getting in and out: the rules, the question, the answer to an invitation, what one wants to hear of."""

from typing import Annotated, Literal

import msgspec
from aiohttp import web
from msgspec import Meta

from node.appkeys import NODE, VIEWER
from node.errors import NodeError
from node.feature import Route
from node.features.actors.store.reads import get_actor
from node.features.follows.present import page_path, person_line
from node.features.groups.pages.subject import About, load, load_about
from node.features.groups.present import explain, level_choices
from node.features.groups.service import joining
from node.features.groups.store import members, topics
from node.web.asked import path_id, read_id
from node.web.cards import Choice, PersonLine
from node.web.forms import Form, read_form
from node.web.posted import read_posted
from node.web.render import render
from node.web.sessions import go_to


class JoinForm(msgspec.Struct, kw_only=True):
    """What the form sends that asks to join."""

    answer: Annotated[str, Meta(max_length=joining.MOST_ANSWER_CHARS)] = ""


class JoinPage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of groups/join.html and groups/invitation.html."""

    group: About
    form: Form[JoinForm]
    meaning: str
    invited_by: PersonLine | None = None


class Wishes(msgspec.Struct, kw_only=True):
    """What a member wants to hear of; no topic at all means every one."""

    level: Literal["everything", "posts", "mentions", "nothing"] = "mentions"
    topic: list[str] = []


class MinePage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of groups/mine.html: I and this group."""

    group: About
    form: Form[Wishes]
    levels: list[Choice]
    topics: list[Choice]
    done: bool


class LeavePage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of groups/leave.html: asks once."""

    group: About


async def _join_page(request: web.Request, form: Form[JoinForm], template: str) -> web.Response:
    node = request.app[NODE]
    async with node.db.read() as tx:
        group, standing = await load_about(tx, request)
        by_id = standing.member.invited_by if standing.member is not None else None
        by = await get_actor(tx, by_id) if by_id is not None and group.state == "invited" else None
    if group.state == "member":
        return go_to(group.path)
    context = JoinPage(
        group=group,
        form=form,
        meaning=explain(standing.group.openness, standing.group.visibility),
        invited_by=person_line(node, by) if by is not None else None,
    )
    return render(request, template, context, status=422 if form.errors else 200)


async def show_join(request: web.Request) -> web.StreamResponse:
    """GET /groups/{id}/join"""
    return await _join_page(request, Form(JoinForm()), "groups/join.html")


async def join(request: web.Request) -> web.StreamResponse:
    """POST /groups/{id}/join"""
    node, viewer, group_id = request.app[NODE], request[VIEWER], path_id(request)
    form = await read_form(request, JoinForm)
    if form.ok:
        try:
            async with node.db.tx() as tx:
                await joining.join(tx, node, viewer.actor_id, group_id, form.values.answer)
                path = page_path(await get_actor(tx, group_id))
            return go_to(path)
        except NodeError as error:
            if error.code not in ("invalid", "not_allowed"):
                raise
            form.refuse(error)
    return await _join_page(request, form, "groups/join.html")


async def show_invitation(request: web.Request) -> web.StreamResponse:
    """GET /groups/{id}/invitation"""
    return await _join_page(request, Form(JoinForm()), "groups/invitation.html")


async def answer_invitation(request: web.Request) -> web.StreamResponse:
    """POST /groups/{id}/invitation/{what}"""
    node, viewer, group_id = request.app[NODE], request[VIEWER], path_id(request)
    await read_posted(request)
    accept = request.match_info["what"] == "accept"
    async with node.db.tx() as tx:
        await joining.answer_invitation(tx, node, viewer.actor_id, group_id, accept=accept)
        path = page_path(await get_actor(tx, group_id))
    return go_to(path if accept else "/groups")


async def show_mine(request: web.Request) -> web.StreamResponse:
    """GET /groups/{id}/mine: what I hear of, and leaving"""
    viewer = request[VIEWER]
    async with request.app[NODE].db.read() as tx:
        group, standing = await load_about(tx, request, "read")
        subjects = await topics.list_topics(tx, group.id)
        chosen = await topics.list_choices(tx, group.id, viewer.actor_id)
    member = standing.member
    assert member is not None
    given = Wishes(level=member.level, topic=[str(one) for one in chosen])  # type: ignore[arg-type]
    context = MinePage(
        group=group,
        form=Form(given),
        levels=level_choices(),
        topics=[Choice(value=str(one.id), label=one.name) for one in subjects],
        done="done" in request.query,
    )
    return render(request, "groups/mine.html", context)


async def save_wishes(request: web.Request) -> web.StreamResponse:
    """POST /groups/{id}/mine"""
    viewer = request[VIEWER]
    form = await read_form(request, Wishes)
    if form.errors:
        raise NodeError("bad_request")
    given = form.values
    async with request.app[NODE].db.tx() as tx:
        standing, _actor = await load(tx, request, "read")
        assert standing.member is not None
        group_id = standing.group.actor_id
        await members.put_wishes(tx, standing.member.id, given.level)
        chosen = [number for number in map(read_id, given.topic) if number]
        await topics.put_choices(tx, group_id, viewer.actor_id, chosen)
    return go_to(f"/groups/{group_id}/mine?done=1")


async def leave(request: web.Request) -> web.StreamResponse:
    """POST /groups/{id}/leave: belong no longer, or take the request back"""
    node, viewer, group_id = request.app[NODE], request[VIEWER], path_id(request)
    await read_posted(request)
    async with node.db.tx() as tx:
        await joining.leave(tx, node, viewer.actor_id, group_id)
    return go_to("/groups")


async def ask_leave(request: web.Request) -> web.StreamResponse:
    """GET /groups/{id}/leave"""
    async with request.app[NODE].db.read() as tx:
        group, _standing = await load_about(tx, request, "read")
    return render(request, "groups/leave.html", LeavePage(group=group))


_GROUP = "/groups/{id:[0-9]+}"
ROUTES: tuple[Route, ...] = (
    Route("GET", f"{_GROUP}/join", show_join, "member"),
    Route("POST", f"{_GROUP}/join", join, "member", limit="write"),
    Route("GET", f"{_GROUP}/invitation", show_invitation, "member"),
    Route("POST", _GROUP + "/invitation/{what:accept|decline}", answer_invitation, "member", limit="write"),
    Route("GET", f"{_GROUP}/mine", show_mine, "member"),
    Route("POST", f"{_GROUP}/mine", save_wishes, "member", limit="write"),
    Route("GET", f"{_GROUP}/leave", ask_leave, "member"),
    Route("POST", f"{_GROUP}/leave", leave, "member", limit="write"),
)

"""Who belongs to a group, and what those who run it may do to one of them: role, hand over, remove, keep out."""

from datetime import timedelta
from typing import Annotated, Literal

import msgspec
from aiohttp import web
from msgspec import Meta

from node.appkeys import NODE, VIEWER
from node.db.database import Tx
from node.errors import N_, NodeError
from node.feature import Route
from node.features.actors.store.reads import list_actors
from node.features.follows.present import person_line
from node.features.groups.pages.subject import About, load_about, member_of
from node.features.groups.present import role_choices, role_word
from node.features.groups.service import roles
from node.features.groups.service.rights import rank
from node.features.groups.store import bans, members
from node.features.groups.store.bans import Ban
from node.features.groups.store.members import Member
from node.i18n import gettext as _
from node.runtime import Node
from node.web.asked import older_than, path_id, window
from node.web.cards import Choice, PersonLine
from node.web.forms import Form, read_form
from node.web.render import render
from node.web.sessions import go_to

_PAGE = 30
_MOST_BANS = 50
_LONGEST = 1000
_TAKES_REASON = ("remove", "ban")


class Banned(msgspec.Struct, frozen=True):
    """Somebody who is kept out, and for how long and why."""

    person: PersonLine
    ban: Ban


class MembersPage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of groups/members.html."""

    group: About
    leading: list[PersonLine]
    people: list[PersonLine]
    invited: list[PersonLine]
    banned: list[Banned]
    older: str
    is_first: bool
    done: str


class Decision(msgspec.Struct, kw_only=True):
    """What any of the forms about one member sends. `days` 0: without an end."""

    what: Literal["role", "transfer", "remove", "ban", "unban"] = "role"
    role: str = "member"
    reason: Annotated[str, Meta(max_length=_LONGEST)] = ""
    days: int = 7


class MemberPage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of groups/member.html: one member, and what can be decided about them."""

    group: About
    person: PersonLine
    form: Form[Decision]
    role: str
    is_member: bool
    is_self: bool
    ban: Ban | None
    roles: list[Choice]
    spans: list[Choice]
    may_decide: bool
    may_give_roles: bool
    may_hand_over: bool


async def show_members(request: web.Request) -> web.StreamResponse:
    """GET /groups/{id}/members"""
    node = request.app[NODE]
    async with node.db.read() as tx:
        group, _standing = await load_about(tx, request, "read")
        rows = await members.list_members(tx, group.id, window(request, _PAGE))
        is_first = "older" not in request.query
        leading = await members.list_leading(tx, group.id) if is_first else []
        invited = await members.list_members(tx, group.id, window(request, _PAGE), state="invited")
        context = MembersPage(
            group=group,
            leading=await _lines(tx, node, leading),
            people=await _lines(tx, node, [one for one in rows[:_PAGE] if one.role == "member"]),
            invited=await _lines(tx, node, invited[:_PAGE]) if group.may_moderate and is_first else [],
            banned=await _list_banned(tx, node, group) if is_first else [],
            older=older_than(request, rows[_PAGE - 1].id if len(rows) > _PAGE else None),
            is_first=is_first,
            done=request.query.get("done", ""),
        )
    return render(request, "groups/members.html", context)


async def _lines(tx: Tx, node: Node, rows: list[Member]) -> list[PersonLine]:
    people = {one.id: one for one in await list_actors(tx, [row.actor_id for row in rows])}
    return [
        person_line(node, people[row.actor_id], role_word(row.role) if row.role != "member" else "")
        for row in rows
        if row.actor_id in people
    ]


async def _list_banned(tx: Tx, node: Node, group: About) -> list[Banned]:
    if not group.may_moderate:
        return []
    rows = await bans.list_bans(tx, group.id, 0, _MOST_BANS)
    people = {one.id: one for one in await list_actors(tx, [row.actor_id for row in rows])}
    return [Banned(person_line(node, people[row.actor_id]), row) for row in rows if row.actor_id in people]


async def _member_page(request: web.Request, form: Form[Decision] | None) -> web.Response:
    node, viewer = request.app[NODE], request[VIEWER]
    async with node.db.read() as tx:
        group, standing = await load_about(tx, request, "moderate")
        actor = await member_of(tx, request)
        member = await members.find_member(tx, group.id, actor.id)
        ban = await bans.find_ban(tx, group.id, actor.id)
    if member is None and ban is None:
        raise NodeError("not_found", detail="nobody of this group")
    belongs = member is not None and member.state == "member"
    role = member.role if member is not None and belongs else ""
    above = standing.may_own() or rank(role) < rank(standing.role)
    is_self = actor.id == viewer.actor_id
    context = MemberPage(
        group=group,
        person=person_line(node, actor, role_word(role)),
        form=form or Form(Decision(role=role or "member")),
        role=role,
        is_member=belongs,
        is_self=is_self,
        ban=ban,
        roles=role_choices(rank(standing.role)),
        spans=_spans(),
        may_decide=above and not is_self,
        may_give_roles=belongs and standing.may_administer() and above,
        may_hand_over=belongs and standing.may_own() and not is_self,
    )
    return render(request, "groups/member.html", context, status=422 if form and form.errors else 200)


def _spans() -> list[Choice]:
    return [
        Choice(value="1", label=_("One day")),
        Choice(value="7", label=_("One week")),
        Choice(value="30", label=_("One month")),
        Choice(value="365", label=_("One year")),
        Choice(value="0", label=_("Without an end")),
    ]


async def show_member(request: web.Request) -> web.StreamResponse:
    """GET /groups/{id}/members/{person}"""
    return await _member_page(request, None)


async def decide(request: web.Request) -> web.StreamResponse:
    """POST /groups/{id}/members/{person}"""
    form = await read_form(request, Decision)
    if form.ok and form.values.what in _TAKES_REASON and not form.values.reason.strip():
        form.refuse(
            NodeError("invalid", text=N_("Please say why, in a sentence. It stands in the group's log."))
        )
    if form.ok:
        try:
            async with request.app[NODE].db.tx() as tx:
                await _carry_out(tx, request, form.values)
            return go_to(f"/groups/{path_id(request)}/members?done={form.values.what}")
        except NodeError as error:
            if error.code not in ("invalid", "not_allowed"):
                raise
            form.refuse(error)
    return await _member_page(request, form)


async def _carry_out(tx: Tx, request: web.Request, given: Decision) -> None:
    node, by_id, group_id = request.app[NODE], request[VIEWER].actor_id, path_id(request)
    person = await member_of(tx, request)
    if given.what == "role":
        await roles.set_role(tx, node, by_id, group_id, person.id, given.role)
    elif given.what == "transfer":
        await roles.transfer(tx, node, by_id, group_id, person.id)
    elif given.what == "remove":
        await roles.remove(tx, node, by_id, group_id, person.id, given.reason)
    elif given.what == "ban":
        until = tx.now + timedelta(days=given.days) if 0 < given.days <= 3650 else None
        await roles.ban(tx, node, by_id, group_id, person.id, given.reason, until)
    else:
        await roles.unban(tx, node, by_id, group_id, person.id, given.reason)


_MEMBERS = "/groups/{id:[0-9]+}/members"
ROUTES: tuple[Route, ...] = (
    Route("GET", _MEMBERS, show_members, "member"),
    Route("GET", _MEMBERS + "/{person:[0-9]+}", show_member, "member"),
    Route("POST", _MEMBERS + "/{person:[0-9]+}", decide, "member", limit="write"),
)

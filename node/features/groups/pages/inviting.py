"""Bringing others in: by handle, by a link, by mail; and the page a link leads to."""

from datetime import timedelta
from typing import Annotated

import msgspec
from aiohttp import web
from markupsafe import Markup
from msgspec import Meta

from node.appkeys import NODE, VIEWER
from node.errors import N_, NodeError
from node.feature import Route
from node.features.actors import lookup
from node.features.actors.store.reads import Actor, get_actor
from node.features.follows.present import page_path
from node.features.groups.pages.subject import About, about, load, load_about
from node.features.groups.present import explain, members_sentence
from node.features.groups.service import inviting, joining, rights
from node.features.groups.service.inviting import MOST_USES, Terms
from node.features.groups.store import invites
from node.features.groups.store.invites import Invite
from node.features.house import service as house
from node.i18n import gettext as _
from node.runtime import Node
from node.web.asked import path_id
from node.web.forms import Form, read_form
from node.web.posted import read_posted
from node.web.render import render
from node.web.sessions import go_to

_MOST_DAYS = 90


class InviteForm(msgspec.Struct, kw_only=True):
    """What any of the three forms of the page sends."""

    way: str = "handle"
    handle: Annotated[str, Meta(max_length=320)] = ""
    email: Annotated[str, Meta(max_length=254)] = ""
    max_uses: Annotated[int, Meta(ge=1, le=MOST_USES)] = 10
    days: Annotated[int, Meta(ge=1, le=_MOST_DAYS)] = 14


class InvitePage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of groups/invite.html; `fresh` is a link just made, shown this once."""

    group: About
    form: Form[InviteForm]
    links: list[Invite]
    fresh: str = ""
    said: str = ""


class DoorPage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of groups/door.html: where a link leads."""

    group: About
    code: str
    summary: Markup
    meaning: str
    members: str
    registration: str


async def _page(
    request: web.Request, form: Form[InviteForm], *, fresh: str = "", said: str = ""
) -> web.Response:
    async with request.app[NODE].db.read() as tx:
        group, _standing = await load_about(tx, request, "invite")
        if not group.may_invite:
            raise NodeError("not_allowed", text=N_("In this group, those who look after it invite."))
        open_links = await invites.list_invites(tx, group.id) if group.here and group.may_moderate else []
    context = InvitePage(group=group, form=form, links=open_links, fresh=fresh, said=said)
    return render(request, "groups/invite.html", context, status=422 if form.errors else 200)


async def show_invite(request: web.Request) -> web.StreamResponse:
    """GET /groups/{id}/invite"""
    return await _page(request, Form(InviteForm()))


async def invite(request: web.Request) -> web.StreamResponse:
    """POST /groups/{id}/invite"""
    form = await read_form(request, InviteForm)
    fresh = said = ""
    if form.ok:
        try:
            if form.values.way == "link":
                fresh = await _make_link(request, form.values)
            elif form.values.way == "mail":
                said = await _by_mail(request, form.values)
            else:
                said = await _by_handle(request, form.values)
        except NodeError as error:
            if error.status >= 500 and error.code != "peer_unreachable":
                raise
            if not error.field and form.values.way in ("handle", "mail"):
                error.field = "handle" if form.values.way == "handle" else "email"
            form.refuse(error)
    return await _page(request, form if form.errors else Form(InviteForm()), fresh=fresh, said=said)


async def _by_handle(request: web.Request, given: InviteForm) -> str:
    node, viewer = request.app[NODE], request[VIEWER]
    if not given.handle.strip("@ "):
        raise NodeError("invalid", field="handle", text=N_("Please fill this in."))
    person = await _find(node, given.handle.strip())
    async with node.db.tx() as tx:
        state = await joining.invite(tx, node, viewer.actor_id, path_id(request), person.id)
    words = {
        "member": _("%(name)s belongs to the group."),
        "asked": _("%(name)s has asked to join already; the answer is still to come."),
    }
    return words.get(state, _("%(name)s is invited.")) % {"name": person.name}


async def _find(node: Node, handle: str) -> Actor:
    name = handle.lstrip("@")
    return await lookup.resolve_handle(node, name if "@" in name else f"{name}@{node.handle_host}")


async def _make_link(request: web.Request, given: InviteForm) -> str:
    node, viewer = request.app[NODE], request[VIEWER]
    async with node.db.tx() as tx:
        terms = Terms(given.max_uses, timedelta(days=given.days))
        code = await inviting.make_link(tx, viewer.actor_id, path_id(request), terms)
    return f"{node.origin}/groups/join/{code}"


async def _by_mail(request: web.Request, given: InviteForm) -> str:
    node, viewer = request.app[NODE], request[VIEWER]
    async with node.db.tx() as tx:
        await inviting.invite_by_mail(tx, node, viewer.actor_id, path_id(request), given.email)
    return _("The letter is on its way.")


async def revoke(request: web.Request) -> web.StreamResponse:
    """POST /groups/{id}/links/{link}/revoke"""
    await read_posted(request)
    async with request.app[NODE].db.tx() as tx:
        await load(tx, request, "invite")
        await inviting.revoke(tx, request[VIEWER].actor_id, path_id(request), path_id(request, "link"))
    return go_to(f"/groups/{path_id(request)}/invite")


async def show_door(request: web.Request) -> web.StreamResponse:
    """GET /groups/join/{code}: what the group is, and how to come in with or without an account"""
    node, viewer = request.app[NODE], request.get(VIEWER)
    code = request.match_info["code"]
    async with node.db.read() as tx:
        group = await inviting.look_up(tx, code)
        actor = await get_actor(tx, group.actor_id)
        standing = await rights.standing_in(tx, group, viewer.actor_id if viewer else None)
        settings = await house.get_settings(tx)
    if standing.role:
        return go_to(page_path(actor))
    context = DoorPage(
        group=about(node, standing, actor),
        code=code,
        summary=Markup(actor.summary_html),
        meaning=explain(group.openness, group.visibility),
        members=members_sentence(group.members_count),
        registration=settings.registration,
    )
    response = render(request, "groups/door.html", context)
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


async def enter(request: web.Request) -> web.StreamResponse:
    """POST /groups/join/{code}"""
    node, viewer = request.app[NODE], request[VIEWER]
    await read_posted(request)
    async with node.db.tx() as tx:
        group_id = await inviting.join_by_link(tx, node, viewer.actor_id, request.match_info["code"])
        path = page_path(await get_actor(tx, group_id))
    return go_to(path)


_GROUP = "/groups/{id:[0-9]+}"
ROUTES: tuple[Route, ...] = (
    Route("GET", f"{_GROUP}/invite", show_invite, "member"),
    Route("POST", f"{_GROUP}/invite", invite, "member", limit="write"),
    Route("POST", _GROUP + "/links/{link:[0-9]+}/revoke", revoke, "member", limit="write"),
    Route("GET", "/groups/join/{code}", show_door, "public"),
    Route("POST", "/groups/join/{code}", enter, "member", limit="write"),
)

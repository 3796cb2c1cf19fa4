"""Looking after the people of the house: who waits, who is here, who was invited.

Moderators answer people who wait and invite; admins also give roles and close accounts. A new
house's first day begins here, with three steps.
"""

from datetime import timedelta

import msgspec
from aiohttp import web

from node.appkeys import NODE, VIEWER
from node.errors import N_, NodeError
from node.feature import Route
from node.features.accounts import manage, service
from node.features.accounts.store import invites, people
from node.features.house import service as house
from node.features.house import store as house_store
from node.web.forms import Form, read_form
from node.web.render import render
from node.web.sessions import go_to

_PAGE = 50


class ManagePage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of accounts/manage.html. The steps are a new house's first day; None once taken."""

    waiting: int
    accounts: int
    steps: tuple[bool, bool, bool] | None
    is_admin: bool


class PeoplePage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of accounts/people.html; `older` is the address of the next page, '' for none."""

    waiting: list[service.Account]
    accounts: list[service.Account]
    question: str
    older: str
    is_admin: bool
    own_id: int
    roles: tuple[str, ...] = manage.ROLES
    done: str = ""
    problem: str = ""


class InvitesPage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of accounts/invites.html; `fresh` is the address of the invitation just made."""

    form: Form["NewInvite"]
    invites: list[invites.Invite]
    now: object
    fresh: str = ""


class NewInvite(msgspec.Struct, kw_only=True):
    """What the form for an invitation sends; `days` 0 means without end."""

    note: str = ""
    max_uses: int = 1
    days: int = 14


class Refusal(msgspec.Struct, kw_only=True):
    """A sentence for somebody who cannot be taken in."""

    message: str = ""


class RoleWish(msgspec.Struct, kw_only=True):
    """The role somebody should have."""

    role: str = ""


async def show_manage(request: web.Request) -> web.StreamResponse:
    """GET /manage"""
    viewer = request[VIEWER]
    async with request.app[NODE].db.read() as tx:
        counts = await people.count_by_state(tx)
        steps = await house_store.find_first_steps(tx)
    context = ManagePage(
        waiting=counts.get("waiting", 0),
        accounts=counts.get("active", 0),
        steps=None if all(steps) else steps,
        is_admin=viewer.is_admin,
    )
    return render(request, "accounts/manage.html", context)


async def _people_page(request: web.Request, problem: str = "", status: int = 200) -> web.Response:
    viewer = request[VIEWER]
    before = request.query.get("before", "")
    before_id = int(before) if before.isdecimal() and len(before) < 19 else 0
    async with request.app[NODE].db.read() as tx:
        waiting = await service.list_accounts(tx, state="waiting")
        listed = await service.list_accounts(tx, before_id=before_id, limit=_PAGE + 1)
        question = (await house.get_settings(tx)).question
    context = PeoplePage(
        waiting=waiting,
        accounts=[account for account in listed[:_PAGE] if account.state != "waiting"],
        question=question,
        older=f"/manage/people?before={listed[_PAGE - 1].actor_id}" if len(listed) > _PAGE else "",
        is_admin=viewer.is_admin,
        own_id=viewer.actor_id,
        done=request.query.get("done", ""),
        problem=problem,
    )
    return render(request, "accounts/people.html", context, status=status)


async def show_people(request: web.Request) -> web.StreamResponse:
    """GET /manage/people"""
    return await _people_page(request)


def _person(request: web.Request) -> int:
    text = request.match_info["id"]
    if not text.isdecimal() or len(text) > 19 or int(text) >= 1 << 63:
        raise NodeError("not_found")
    return int(text)


async def approve(request: web.Request) -> web.StreamResponse:
    """POST /manage/people/{id}/approve"""
    node = request.app[NODE]
    async with node.db.tx() as tx:
        await service.approve(tx, node, _person(request))
    return go_to("/manage/people?done=approved")


async def refuse(request: web.Request) -> web.StreamResponse:
    """POST /manage/people/{id}/refuse"""
    node = request.app[NODE]
    form = await read_form(request, Refusal)
    async with node.db.tx() as tx:
        await service.refuse(tx, node, _person(request), form.values.message)
    return go_to("/manage/people?done=refused")


async def give_role(request: web.Request) -> web.StreamResponse:
    """POST /manage/people/{id}/role"""
    form = await read_form(request, RoleWish)
    try:
        async with request.app[NODE].db.tx() as tx:
            await service.set_role(tx, _person(request), form.values.role)
    except NodeError as error:
        if error.code != "invalid":
            raise
        return await _people_page(request, problem=error.text, status=error.status)
    return go_to("/manage/people?done=role")


async def close(request: web.Request) -> web.StreamResponse:
    """POST /manage/people/{id}/close"""
    return await _set_closed(request, closed=True)


async def reopen(request: web.Request) -> web.StreamResponse:
    """POST /manage/people/{id}/reopen"""
    return await _set_closed(request, closed=False)


async def _set_closed(request: web.Request, *, closed: bool) -> web.StreamResponse:
    try:
        async with request.app[NODE].db.tx() as tx:
            await service.set_closed(tx, _person(request), closed)
    except NodeError as error:
        if error.code != "invalid":
            raise
        return await _people_page(request, problem=error.text, status=error.status)
    return go_to(f"/manage/people?done={'closed' if closed else 'reopened'}")


async def _invites_page(
    request: web.Request, form: Form[NewInvite], *, fresh: str = "", status: int = 200
) -> web.Response:
    async with request.app[NODE].db.read() as tx:
        listed = await invites.list_invites(tx)
    context = InvitesPage(form=form, invites=listed, now=request.app[NODE].clock.now(), fresh=fresh)
    return render(request, "accounts/invites.html", context, status=status)


async def show_invites(request: web.Request) -> web.StreamResponse:
    """GET /manage/invites"""
    return await _invites_page(request, Form(NewInvite()))


async def create_invite(request: web.Request) -> web.StreamResponse:
    """POST /manage/invites: the code is on the answer and nowhere else"""
    node = request.app[NODE]
    form = await read_form(request, NewInvite)
    if form.errors:
        return await _invites_page(request, form, status=422)
    given = form.values
    try:
        async with node.db.tx() as tx:
            if not 0 <= given.days <= 3650:
                raise NodeError(
                    "invalid", field="days", text=N_("Please choose a number between 0 and 3650.")
                )
            wish = service.InviteWish(
                created_by=request[VIEWER].actor_id,
                note=given.note,
                max_uses=given.max_uses,
                expires_at=tx.now + timedelta(days=given.days) if given.days else None,
            )
            code = await service.create_invite(tx, wish)
    except NodeError as error:
        form.refuse(error)
        return await _invites_page(request, form, status=error.status)
    return await _invites_page(request, Form(NewInvite()), fresh=f"{node.origin}/invite/{code}")


async def revoke_invite(request: web.Request) -> web.StreamResponse:
    """POST /manage/invites/{id}/revoke"""
    async with request.app[NODE].db.tx() as tx:
        await service.revoke_invite(tx, _person(request))
    return go_to("/manage/invites")


ROUTES = (
    Route("GET", "/manage", show_manage, "moderator"),
    Route("GET", "/manage/people", show_people, "moderator"),
    Route("POST", "/manage/people/{id}/approve", approve, "moderator"),
    Route("POST", "/manage/people/{id}/refuse", refuse, "moderator"),
    Route("POST", "/manage/people/{id}/role", give_role, "admin"),
    Route("POST", "/manage/people/{id}/close", close, "admin"),
    Route("POST", "/manage/people/{id}/reopen", reopen, "admin"),
    Route("GET", "/manage/invites", show_invites, "moderator"),
    Route("POST", "/manage/invites", create_invite, "moderator"),
    Route("POST", "/manage/invites/{id}/revoke", revoke_invite, "moderator"),
)

"""Joining the house: register, with or without an invitation, confirm the address, wait.

The page after registering is the same whether or not the address had an account already.
"""

import msgspec
from aiohttp import web

from node import i18n
from node.appkeys import NODE, VIEWER
from node.db.database import Tx
from node.errors import N_, NodeError
from node.feature import Route
from node.features.accounts import passwords, service
from node.features.house import service as house
from node.runtime import Node
from node.web.forms import Form, read_form
from node.web.render import render
from node.web.sessions import go_to


class Register(msgspec.Struct, kw_only=True):
    """What the registration form sends."""

    username: str = ""
    email: str = ""
    password: str = ""
    answer: str = ""
    invite_code: str = ""
    agreed: bool = False


class RegisterPage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of accounts/register.html; the door is closed without `is_open`."""

    form: Form[Register]
    is_open: bool
    by_approval: bool
    question: str
    rules: list[str]
    invited: bool
    host: str
    contact_email: str
    shortest: int = passwords.SHORTEST


class SentPage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of accounts/registered.html."""

    email: str


class ConfirmPage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of accounts/confirm.html: what the link would confirm."""

    email: str
    token: str


class StandingPage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of accounts/standing.html: how an account stands that is not in yet, or not any more."""

    state: str
    email: str
    contact_email: str
    sent: bool


async def _register_page(request: web.Request, form: Form[Register], status: int = 200) -> web.Response:
    node, code = request.app[NODE], form.values.invite_code
    async with node.db.read() as tx:
        settings = await house.get_settings(tx)
    is_open = settings.registration in ("open", "approval") or (
        settings.registration == "invite" and bool(code)
    )
    context = RegisterPage(
        form=form,
        is_open=is_open,
        by_approval=settings.registration == "approval" and not code,
        question=settings.question,
        rules=settings.rules,
        invited=bool(code),
        host=node.handle_host,
        contact_email=settings.contact_email,
    )
    return render(request, "accounts/register.html", context, status=status)


async def show_register(request: web.Request) -> web.StreamResponse:
    """GET /register"""
    return await _register_page(request, Form(Register()))


async def show_invited(request: web.Request) -> web.StreamResponse:
    """GET /invite/{code}: registering with an invitation"""
    code = request.match_info["code"]
    async with request.app[NODE].db.read() as tx:
        await service.check_invite(tx, code)
    return await _register_page(request, Form(Register(invite_code=code)))


async def register(request: web.Request) -> web.StreamResponse:
    """POST /register"""
    node = request.app[NODE]
    form = await read_form(request, Register)
    given = form.values
    try:
        passwords.check_strength(given.password, username=given.username, email=given.email)
        await _check_rules(node, given)
        registration = service.Registration(
            username=given.username,
            email=given.email,
            password_hash=await passwords.hash_password(given.password),
            answer=given.answer,
            invite_code=given.invite_code,
            locale=i18n.current(),
        )
        async with node.db.tx() as tx:
            await service.register(tx, node, registration)
    except NodeError as error:
        if not error.field:
            raise
        form.refuse(error)
        return await _register_page(request, form, status=error.status)
    return render(request, "accounts/registered.html", SentPage(email=given.email.strip()))


async def _check_rules(node: Node, given: Register) -> None:
    async with node.db.read() as tx:
        rules = (await house.get_settings(tx)).rules
    if rules and not given.agreed:
        raise NodeError(
            "invalid", field="agreed", text=N_("Please say that you have read the rules and agree.")
        )


async def show_confirm(request: web.Request) -> web.StreamResponse:
    """GET /confirm/{token}: asks first, because mail programs open links on their own"""
    token = request.match_info["token"]
    async with request.app[NODE].db.read() as tx:
        link = await service.find_confirmation(tx, token)
    return render(request, "accounts/confirm.html", ConfirmPage(email=link.email, token=token))


async def confirm(request: web.Request) -> web.StreamResponse:
    """POST /confirm/{token}"""
    node = request.app[NODE]
    async with node.db.tx() as tx:
        account = await service.confirm(tx, node, request.match_info["token"])
    if account.state == "active":
        return go_to("/sign-in?done=confirmed")
    return await _standing_page(request, account, sent=False)


async def show_standing(request: web.Request) -> web.StreamResponse:
    """GET /account"""
    viewer = request[VIEWER]
    if viewer.state == "active":
        return go_to("/settings")
    async with request.app[NODE].db.read() as tx:
        account = await service.get_account(tx, viewer.actor_id)
    return await _standing_page(request, account, sent="sent" in request.query)


async def _standing_page(request: web.Request, account: service.Account, *, sent: bool) -> web.Response:
    async with request.app[NODE].db.read() as tx:
        contact = (await house.get_settings(tx)).contact_email
    context = StandingPage(state=account.state, email=account.email, contact_email=contact, sent=sent)
    return render(request, "accounts/standing.html", context)


async def resend(request: web.Request) -> web.StreamResponse:
    """POST /account/resend"""
    node, viewer = request.app[NODE], request[VIEWER]
    async with node.db.tx() as tx:
        await _resend(tx, node, viewer.actor_id)
    return go_to("/account?sent=1")


async def _resend(tx: Tx, node: Node, actor_id: int) -> None:
    account = await service.get_account(tx, actor_id)
    if account.state == "unconfirmed":
        await service.send_confirmation(tx, node, account)


ROUTES = (
    Route("GET", "/register", show_register, "visitor"),
    Route("POST", "/register", register, "visitor", limit="register"),
    Route("GET", "/invite/{code}", show_invited, "visitor"),
    Route("GET", "/confirm/{token}", show_confirm, "public"),
    Route("POST", "/confirm/{token}", confirm, "public", limit="mail"),
    Route("GET", "/account", show_standing, "member"),
    Route("POST", "/account/resend", resend, "member", limit="mail"),
)

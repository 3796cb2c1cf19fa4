"""Signing in and out, and choosing a new password after forgetting the old one.

Every page answers the same whether an account exists or not. The password is hashed before the
transaction opens; nothing typed into a password field is ever sent back.
"""

import msgspec
from aiohttp import hdrs, web

from node.appkeys import NODE, VIEWER
from node.errors import NodeError
from node.feature import Route
from node.features.accounts import passwords, service
from node.features.house import service as house
from node.web import ratelimit, sessions
from node.web.forms import Form, read_form
from node.web.render import render


class SignIn(msgspec.Struct, kw_only=True):
    """What the sign-in form sends."""

    login: str = ""
    password: str = ""
    next: str = "/"


class Forgot(msgspec.Struct, kw_only=True):
    """What the page about a forgotten password sends."""

    email: str = ""


class NewPassword(msgspec.Struct, kw_only=True):
    """A password chosen anew; shown once, so it is typed once."""

    password: str = ""


class SignInPage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of accounts/sign_in.html."""

    form: Form[SignIn]
    may_register: bool
    done: str = ""


class ForgotPage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of accounts/forgot.html; `sent` once the answer is on its way."""

    form: Form[Forgot]
    sent: bool = False


class ResetPage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of accounts/reset.html."""

    form: Form[NewPassword]
    username: str
    shortest: int = passwords.SHORTEST


async def _sign_in_page(request: web.Request, form: Form[SignIn], status: int = 200) -> web.Response:
    async with request.app[NODE].db.read() as tx:
        registration = (await house.get_settings(tx)).registration
    context = SignInPage(
        form=form, may_register=registration in ("open", "approval"), done=request.query.get("done", "")
    )
    return render(request, "accounts/sign_in.html", context, status=status)


async def show_sign_in(request: web.Request) -> web.StreamResponse:
    """GET /sign-in"""
    return await _sign_in_page(request, Form(SignIn(next=sessions.safe_next(request.query.get("next", "/")))))


async def sign_in(request: web.Request) -> web.StreamResponse:
    """POST /sign-in"""
    node = request.app[NODE]
    form = await read_form(request, SignIn)
    login = form.values.login.strip().lower()
    try:
        # By name as well as by address of the visitor: many machines may guess at one person.
        await ratelimit.check(node, "sign_in_name", login)
        account = await service.check_password(node, login, form.values.password)
    except NodeError as error:
        if error.code != "wrong_password":
            raise
        form.refuse(error)
        return await _sign_in_page(request, form, status=422)
    async with node.db.tx() as tx:
        token = await service.open_session(tx, account.actor_id, request.headers.get(hdrs.USER_AGENT, ""))
    there = sessions.safe_next(form.values.next) if account.state == "active" else "/account"
    response = sessions.go_to(there)
    sessions.put_token(request, response, token)
    return response


async def sign_out(request: web.Request) -> web.StreamResponse:
    """POST /sign-out"""
    viewer = request[VIEWER]
    async with request.app[NODE].db.tx() as tx:
        await service.close_session(tx, viewer.actor_id, viewer.session_id)
    response = sessions.go_to("/")
    sessions.clear_token(request, response)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


async def show_forgot(request: web.Request) -> web.StreamResponse:
    """GET /forgot"""
    return render(request, "accounts/forgot.html", ForgotPage(form=Form(Forgot())))


async def ask_reset(request: web.Request) -> web.StreamResponse:
    """POST /forgot"""
    node = request.app[NODE]
    form = await read_form(request, Forgot)
    try:
        async with node.db.tx() as tx:
            await service.ask_reset(tx, node, form.values.email)
    except NodeError as error:
        form.refuse(error)
        return render(request, "accounts/forgot.html", ForgotPage(form=form), status=error.status)
    return render(request, "accounts/forgot.html", ForgotPage(form=form, sent=True))


async def show_reset(request: web.Request) -> web.StreamResponse:
    """GET /reset/{token}"""
    async with request.app[NODE].db.read() as tx:
        account = await service.find_reset(tx, request.match_info["token"])
    return render(
        request, "accounts/reset.html", ResetPage(form=Form(NewPassword()), username=account.username)
    )


async def reset(request: web.Request) -> web.StreamResponse:
    """POST /reset/{token}"""
    node, secret = request.app[NODE], request.match_info["token"]
    form = await read_form(request, NewPassword)
    async with node.db.read() as tx:
        account = await service.find_reset(tx, secret)
    try:
        passwords.check_strength(form.values.password, username=account.username, email=account.email)
    except NodeError as error:
        form.refuse(error)
        page = ResetPage(form=form, username=account.username)
        return render(request, "accounts/reset.html", page, status=error.status)
    hashed = await passwords.hash_password(form.values.password)
    async with node.db.tx() as tx:
        await service.reset_password(tx, node, secret, hashed)
    response = sessions.go_to("/sign-in?done=password")
    sessions.clear_token(request, response)
    return response


ROUTES = (
    Route("GET", "/sign-in", show_sign_in, "visitor"),
    Route("POST", "/sign-in", sign_in, "visitor", limit="sign_in"),
    Route("POST", "/sign-out", sign_out, "member"),
    Route("GET", "/forgot", show_forgot, "public"),
    Route("POST", "/forgot", ask_reset, "public", limit="mail"),
    Route("GET", "/reset/{token}", show_reset, "public"),
    Route("POST", "/reset/{token}", reset, "public", limit="sign_in"),
)

"""Address, password, language: three small forms on one page, each saved by itself.

Changing the address or the password asks for the password once more, so that an open screen is
not enough. A new password ends every session and every program's access; the person here gets a
new session at once.
"""

import msgspec
from aiohttp import hdrs, web

from node import i18n
from node.appkeys import NODE, VIEWER
from node.errors import N_, NodeError
from node.feature import Route
from node.features.accounts import passwords
from node.features.accounts import service as accounts
from node.features.settings import choices
from node.web import ratelimit, sessions
from node.web.forms import Form, read_form
from node.web.render import render


class EmailForm(msgspec.Struct, kw_only=True):
    """A new address, and the password."""

    email: str = ""
    email_password: str = ""


class PasswordForm(msgspec.Struct, kw_only=True):
    """The old password and the new one."""

    old_password: str = ""
    password: str = ""


class LanguageForm(msgspec.Struct, kw_only=True):
    """In which language and time somebody reads."""

    locale: str = ""
    time_zone: str = ""


class AccountPage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of settings/account.html."""

    email: str
    email_form: Form[EmailForm]
    password_form: Form[PasswordForm]
    language_form: Form[LanguageForm]
    languages: tuple[str, ...]
    zones: tuple[str, ...]
    shortest: int = passwords.SHORTEST
    done: str = ""


async def _page(
    request: web.Request,
    *,
    email: Form[EmailForm] | None = None,
    password: Form[PasswordForm] | None = None,
    language: Form[LanguageForm] | None = None,
    status: int = 200,
) -> web.Response:
    viewer = request[VIEWER]
    async with request.app[NODE].db.read() as tx:
        account = await accounts.get_account(tx, viewer.actor_id)
    context = AccountPage(
        email=account.email,
        email_form=email or Form(EmailForm()),
        password_form=password or Form(PasswordForm()),
        language_form=language or Form(LanguageForm(locale=account.locale, time_zone=account.time_zone)),
        languages=i18n.languages(),
        zones=choices.zones(),
        done=request.query.get("done", "") if status == 200 else "",
    )
    return render(request, "settings/account.html", context, status=status)


async def show_account(request: web.Request) -> web.StreamResponse:
    """GET /settings/account"""
    return await _page(request)


async def confirm_password(request: web.Request, password: str, field: str) -> None:
    """Whether the password is the person's. Raises: NodeError `wrong_password` on `field`."""
    node, viewer = request.app[NODE], request[VIEWER]
    await ratelimit.check(node, "sign_in_name", viewer.username)
    try:
        await accounts.check_password(node, viewer.username, password)
    except NodeError as error:
        error.field = field
        if error.code == "wrong_password":
            error.text = N_("This is not your password.")
        raise


async def change_email(request: web.Request) -> web.StreamResponse:
    """POST /settings/account/email"""
    node, viewer = request.app[NODE], request[VIEWER]
    form = await read_form(request, EmailForm)
    if form.ok:
        try:
            await confirm_password(request, form.values.email_password, "email_password")
            async with node.db.tx() as tx:
                await accounts.ask_email_change(tx, node, viewer.actor_id, form.values.email)
            return sessions.go_to("/settings/account?done=email")
        except NodeError as error:
            if not error.field:
                raise
            form.refuse(error)
    return await _page(request, email=form, status=422)


async def change_password(request: web.Request) -> web.StreamResponse:
    """POST /settings/account/password"""
    node, viewer = request.app[NODE], request[VIEWER]
    form = await read_form(request, PasswordForm)
    if not form.ok:
        return await _page(request, password=form, status=422)
    try:
        await confirm_password(request, form.values.old_password, "old_password")
        passwords.check_strength(form.values.password, username=viewer.username)
    except NodeError as error:
        if not error.field:
            raise
        form.refuse(error)
        return await _page(request, password=form, status=422)
    hashed = await passwords.hash_password(form.values.password)
    async with node.db.tx() as tx:
        await accounts.set_password(tx, node, viewer.actor_id, hashed)
        token = await accounts.open_session(tx, viewer.actor_id, request.headers.get(hdrs.USER_AGENT, ""))
    response = sessions.go_to("/settings/account?done=password")
    sessions.put_token(request, response, token)
    return response


async def change_language(request: web.Request) -> web.StreamResponse:
    """POST /settings/account/language"""
    node, viewer = request.app[NODE], request[VIEWER]
    form = await read_form(request, LanguageForm)
    given = form.values
    if given.time_zone and not choices.known_zone(given.time_zone):
        form.fail("time_zone", N_("Please name a place, such as Africa/Nairobi."))
        return await _page(request, language=form, status=422)
    async with node.db.tx() as tx:
        account = await accounts.get_account(tx, viewer.actor_id)
        chosen = accounts.Preferences(
            locale=given.locale if given.locale in i18n.languages() else "",
            time_zone=given.time_zone,
            default_audience=account.default_audience,
            default_language=account.default_language,
        )
        await accounts.set_preferences(tx, viewer.actor_id, chosen)
    return sessions.go_to("/settings/account?done=language")


ROUTES = (
    Route("GET", "/settings/account", show_account, "member"),
    Route("POST", "/settings/account/email", change_email, "member", limit="mail"),
    Route("POST", "/settings/account/password", change_password, "member", limit="sign_in"),
    Route("POST", "/settings/account/language", change_language, "member"),
)

"""Letting a program in, as a person sees it: the consent, the code to copy, the list of programs.

A faulty request is shown here and never redirected. The consent is a form with the session's
token, so no other site can give it. Called by browsers that a program opened.
"""

from collections.abc import Iterable
from urllib.parse import urlsplit

import msgspec
from aiohttp import web

from node.appkeys import NODE, VIEWER
from node.errors import NodeError
from node.feature import Route
from node.features.oauth import service
from node.features.oauth.service import Asked
from node.features.oauth.store import Grant
from node.web.forms import read_form
from node.web.render import render
from node.web.sessions import go_to


class Consent(msgspec.Struct, kw_only=True):
    """What the consent form sends: the request again, and yes or no."""

    client_id: str = ""
    redirect_uri: str = ""
    response_type: str = ""
    scope: str = ""
    state: str = ""
    code_challenge: str = ""
    code_challenge_method: str = ""
    decision: str = ""


class AuthorizePage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of oauth/authorize.html; `asks` is what the program wants, in kinds."""

    name: str
    website: str
    there: str
    asks: tuple[str, ...]
    hidden: dict[str, str]


class CodePage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of oauth/code.html."""

    name: str
    code: str


class AppsPage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of oauth/apps.html; `kinds` is what each grant allows, by its id."""

    grants: list[Grant]
    kinds: dict[int, tuple[str, ...]]
    done: bool = False


_KINDS = ("read", "write", "follow", "push", "profile", "admin")


def _kinds(scopes: Iterable[str]) -> tuple[str, ...]:
    """The kinds of scopes there are among some, in the order they are told in."""
    return tuple(kind for kind in _KINDS if any(one.split(":")[0] == kind for one in scopes))


async def show_authorize(request: web.Request) -> web.StreamResponse:
    """GET /oauth/authorize"""
    params = {name: request.query.get(name, "") for name in Consent.__struct_fields__ if name != "decision"}
    async with request.app[NODE].db.read() as tx:
        asked = await service.look_at_request(tx, params)
    context = AuthorizePage(
        name=asked.app.name,
        website=asked.app.website,
        there=there(asked),
        asks=_kinds(asked.scopes),
        hidden=params,
    )
    return render(request, "oauth/authorize.html", context, form_action=_policy_source(asked))


async def authorize(request: web.Request) -> web.StreamResponse:
    """POST /oauth/authorize"""
    node, viewer = request.app[NODE], request[VIEWER]
    form = await read_form(request, Consent)
    params = msgspec.structs.asdict(form.values)
    async with node.db.tx() as tx:
        asked = await service.look_at_request(tx, params)
        if form.values.decision != "allow":
            return _go(asked, {"error": "access_denied", "error_description": "The person said no."})
        code = await service.consent(tx, asked, viewer.actor_id)
    if asked.redirect_uri == service.OUT_OF_BAND:
        return render(request, "oauth/code.html", CodePage(name=asked.app.name, code=code))
    return _go(asked, {"code": code})


def _go(asked: Asked, answer: dict[str, str]) -> web.StreamResponse:
    if asked.redirect_uri == service.OUT_OF_BAND:
        return go_to("/")
    # Not HTTPSeeOther: its address would be normalised, and programs compare theirs letter by letter.
    response = web.Response(status=303)
    response.headers["Location"] = service.return_address(asked, answer)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def there(asked: Asked) -> str:
    """Where the person ends up after consenting, as far as it can be shown: a host, or ''."""
    parts = urlsplit(asked.redirect_uri)
    return parts.netloc if parts.scheme in ("http", "https") else ""


def _policy_source(asked: Asked) -> str:
    if asked.redirect_uri == service.OUT_OF_BAND:
        return ""
    parts = urlsplit(asked.redirect_uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") else f"{parts.scheme}:"


async def show_apps(request: web.Request) -> web.StreamResponse:
    """GET /settings/apps"""
    async with request.app[NODE].db.read() as tx:
        grants = await service.list_grants(tx, request[VIEWER].actor_id)
    kinds = {grant.id: _kinds(grant.scopes) for grant in grants}
    return render(
        request, "oauth/apps.html", AppsPage(grants=grants, kinds=kinds, done="done" in request.query)
    )


async def revoke_app(request: web.Request) -> web.StreamResponse:
    """POST /settings/apps/{id}/revoke"""
    text = request.match_info["id"]
    if not text.isdecimal() or int(text) >= 1 << 63:
        raise NodeError("not_found")
    async with request.app[NODE].db.tx() as tx:
        await service.revoke_grant(tx, request[VIEWER].actor_id, int(text))
    return go_to("/settings/apps?done=1")


ROUTES = (
    Route("GET", "/oauth/authorize", show_authorize, "member"),
    Route("GET", "/oauth/authorize/", show_authorize, "member"),  # toot opens it with a slash
    Route("POST", "/oauth/authorize", authorize, "member", limit="authorize"),
    Route("GET", "/settings/apps", show_apps, "member"),
    Route("POST", "/settings/apps/{id}/revoke", revoke_app, "member"),
)

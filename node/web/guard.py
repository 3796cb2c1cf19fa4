"""Who may call a route, decided once, from the route's own declaration.

`wrap(route)` gives the handler that `node.app` mounts: it finds the person (one indexed query for
a browser session or a bearer token, none without either), refuses who may not enter, and sets
`request[VIEWER]`. People who have not confirmed their address, wait for approval or are closed
out reach only `SELF_PATHS`; everywhere else they are visitors. Handlers never check access again,
only whether a thing is theirs.
"""

from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web

from node.appkeys import APP_ID, NODE, VIEWER, Viewer
from node.errors import NodeError
from node.feature import Handler, Route
from node.features.accounts import service as accounts
from node.features.oauth import service as oauth
from node.features.oauth.holders import find_holder
from node.features.oauth.scopes import allows
from node.web import csrf, ratelimit, sessions

# What an account may do in every state: see how it stands, prove its address, take its data,
# end its sessions, leave (threats AUT-12, AUT-16).
SELF_PATHS = frozenset(
    {
        "/account",
        "/account/resend",
        "/sign-out",
        "/settings/sessions",
        "/settings/sessions/{id}/end",
        "/settings/sessions/end-others",
        "/settings/apps",
        "/settings/apps/{id}/revoke",
        "/settings/export",
        "/settings/delete",
    }
)
_STATE_CODES = {
    "unconfirmed": "account_unconfirmed",
    "waiting": "account_waiting",
    "disabled": "account_disabled",
}
_STATE_ANSWERS = {  # Mastodon's exact words, which clients look for
    "unconfirmed": "Your login is missing a confirmed e-mail address",
    "waiting": "Your login is currently pending approval",
    "disabled": "Your login is currently disabled",
}
_Enter = Callable[[web.Request, Route], Awaitable[web.StreamResponse | None]]


def wrap(route: Route) -> Handler:
    """The route's handler behind its door.

    Where nothing is asked at the door, the handler itself is to be had as `straight` (`middleware.express`).
    """
    enter = _DOORS[route.access]

    async def guarded(request: web.Request) -> web.StreamResponse:
        refusal = await enter(request, route)
        if refusal is not None:
            return refusal
        await ratelimit.check_request(request, route.limit)
        return await route.handler(request)

    if route.access == "wire" and not route.limit:
        vars(guarded)["straight"] = route.handler
    return guarded


async def _session_viewer(request: web.Request) -> Viewer | None:
    token = sessions.read_token(request)
    if not token:
        return None
    async with request.app[NODE].db.read() as tx:
        return await accounts.viewer_for_session(tx, token)


async def _admit(request: web.Request, route: Route, viewer: Viewer) -> None:
    """Let the person in; what they send must come from a form of theirs."""
    request[VIEWER] = viewer
    await csrf.check(request, route.max_body_bytes)


async def _public(request: web.Request, route: Route) -> web.StreamResponse | None:
    viewer = await _session_viewer(request)
    if viewer is not None and viewer.state == "active":
        await _admit(request, route, viewer)
    return None


async def _visitor(request: web.Request, route: Route) -> web.StreamResponse | None:
    viewer = await _session_viewer(request)
    if viewer is None:
        return None
    home = sessions.safe_next(request.query.get("next", "/")) if viewer.state == "active" else "/account"
    return sessions.go_to(home)


async def _member(request: web.Request, route: Route) -> web.StreamResponse | None:
    viewer = await _session_viewer(request)
    looking = request.method in (hdrs.METH_GET, hdrs.METH_HEAD)
    if viewer is None:
        if looking:
            return sessions.go_to(sessions.sign_in_address(request))
        raise NodeError("sign_in_needed")
    if viewer.state != "active" and route.path not in SELF_PATHS:
        if looking:
            return sessions.go_to("/account")
        raise NodeError(_STATE_CODES[viewer.state])
    await _admit(request, route, viewer)
    return None


async def _moderator(request: web.Request, route: Route) -> web.StreamResponse | None:
    refusal = await _member(request, route)
    if refusal is None and not request[VIEWER].is_moderator:
        raise NodeError("not_allowed")
    return refusal


async def _admin(request: web.Request, route: Route) -> web.StreamResponse | None:
    refusal = await _member(request, route)
    if refusal is None and not request[VIEWER].is_admin:
        raise NodeError("not_allowed")
    return refusal


async def _wire(request: web.Request, route: Route) -> web.StreamResponse | None:
    return None


def bearer_token(request: web.Request) -> str:
    """The token of the Authorization header, or ''."""
    kind, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def refusal_for_token(status: int, words: str) -> web.Response:
    """An error as Mastodon's clients expect it."""
    headers = {hdrs.CACHE_CONTROL: "private, no-store"}
    if status == 401:
        headers[hdrs.WWW_AUTHENTICATE] = 'Bearer realm="Allmende", error="invalid_token"'
    return web.json_response({"error": words}, status=status, headers=headers)


async def _token_holder(request: web.Request, route: Route) -> Viewer | oauth.AppViewer | web.Response:
    token = bearer_token(request)
    found = None
    if token:
        only_reading = request.method in csrf.SAFE_METHODS
        found = await find_holder(request.app[NODE], token, only_reading=only_reading)
    if found is None:
        return refusal_for_token(401, "The access token is invalid")
    if isinstance(found, Viewer) and found.state != "active":
        return refusal_for_token(403, _STATE_ANSWERS[found.state])
    if route.scope and not allows(found.scopes, route.scope):
        return refusal_for_token(403, "This action is outside the authorized scopes")
    return found


async def _token(request: web.Request, route: Route) -> web.StreamResponse | None:
    found = await _token_holder(request, route)
    if isinstance(found, oauth.AppViewer):
        return refusal_for_token(422, "This method requires an authenticated user")
    if not isinstance(found, Viewer):
        return found
    request[VIEWER] = found
    return None


async def _app_token(request: web.Request, route: Route) -> web.StreamResponse | None:
    found = await _token_holder(request, route)
    if isinstance(found, web.Response):
        return found
    if isinstance(found, Viewer):
        request[VIEWER] = found
        if found.app_id is not None:
            request[APP_ID] = found.app_id
    else:
        request[APP_ID] = found.app_id
    return None


async def _maybe_token(request: web.Request, route: Route) -> web.StreamResponse | None:
    return await _app_token(request, route) if bearer_token(request) else None


_DOORS: dict[str, _Enter] = {
    "public": _public,
    "visitor": _visitor,
    "member": _member,
    "moderator": _moderator,
    "admin": _admin,
    "token": _token,
    "maybe_token": _maybe_token,
    "app_token": _app_token,
    "wire": _wire,
}

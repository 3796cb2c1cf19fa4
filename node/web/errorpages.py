"""Errors as answers: what happened in plain words, what was typed, and three ways on.

Programs get JSON: Mastodon's `{"error": …}` under `/api/`, a code for other nodes. Pages never show
an exception's own text. Called by the middleware only.
"""

from typing import Final

import msgspec
from aiohttp import hdrs, web

from node import i18n
from node.appkeys import REQUEST_ID, VIEWER
from node.errors import N_, NodeError
from node.web import api
from node.web.cards import Way
from node.web.csrf import FIELD
from node.web.posted import POSTED
from node.web.render import render

_LONG_ENOUGH_TO_KEEP: Final = 20
_JSON_PATHS: Final = ("/api/", "/oauth/token", "/oauth/revoke", "/oauth/userinfo")
_OF_STATUS: Final = {
    400: "bad_request", 401: "sign_in_needed", 403: "not_allowed", 404: "not_found", 405: "bad_request",
    410: "gone", 413: "too_large", 415: "bad_request", 422: "invalid", 429: "too_many_requests", 503: "unavailable",
}  # fmt: skip
_OF_THE_BODY: Final = (hdrs.CONTENT_TYPE, hdrs.CONTENT_LENGTH)
_OTHER_HEADING: Final = N_("That did not work yet")
_HEADINGS: Final = {
    "not_found": N_("This page is not here"),
    "gone": N_("This is no longer here"),
    "sign_in_needed": N_("Please sign in"),
    "not_allowed": N_("This is not open to you"),
    "form_expired": N_("Please send it once more"),
    "too_many_requests": N_("A short break, please"),
    "too_large": N_("That is too large"),
    "internal": N_("Something broke on our side"),
    "unavailable": N_("We will be right back"),
}


class ErrorPage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of errors/error.html. `kept` is what somebody had written, so that nothing is lost."""

    heading: str
    text: str
    status: int
    ways: tuple[Way, ...]
    kept: tuple[str, ...] = ()
    request_id: str = ""


def answer(request: web.Request, error: NodeError) -> web.Response:
    """The answer for something that cannot be done."""
    if request.path.startswith(_JSON_PATHS):
        return api.refuse(request, error)
    if wants_json(request):
        response = web.json_response({"error": error.code}, status=error.status)
    else:
        text = i18n.gettext(error.text)
        text = text % error.values if error.values else text
        heading = i18n.gettext(_HEADINGS.get(error.code, _OTHER_HEADING))
        page = ErrorPage(
            heading=heading,
            text=text,
            status=error.status,
            ways=_ways(request, error),
            kept=_kept(request),
            request_id=request.get(REQUEST_ID, "") if error.status >= 500 else "",
        )
        response = render(request, "errors/error.html", page, status=error.status)
        response.headers[hdrs.CACHE_CONTROL] = "no-store"
    if error.retry_after_s:
        response.headers[hdrs.RETRY_AFTER] = str(error.retry_after_s)
    return response


def of_http(request: web.Request, error: web.HTTPException) -> web.StreamResponse:
    """The answer for aiohttp's own exceptions: redirects as they are, errors in our words."""
    if error.status < 400:
        return plain(error)
    code = _OF_STATUS.get(error.status, "internal" if error.status >= 500 else "bad_request")
    answered = answer(request, NodeError(code, detail=error.reason or ""))
    answered.set_status(error.status)
    for name in (hdrs.ALLOW, hdrs.RETRY_AFTER):
        if name in error.headers:
            answered.headers[name] = error.headers[name]
    return answered


def plain(found: web.StreamResponse) -> web.StreamResponse:
    """A redirect made as an exception, as the ordinary answer aiohttp wants to get back."""
    if not isinstance(found, web.HTTPException):
        return found
    headers = {name: found.headers[name] for name in found.headers if name not in _OF_THE_BODY}
    response = web.Response(status=found.status, headers=headers)
    response.cookies.update(found.cookies)
    return response


def wants_json(request: web.Request) -> bool:
    """Whether another node asks, or its address is one that only machines use."""
    accept = request.headers.get(hdrs.ACCEPT, "")
    return "text/html" not in accept and (
        "json" in accept
        or request.path.startswith(("/ap/", "/inbox", "/actor", "/.well-known/", "/nodeinfo/"))
    )


def _ways(request: web.Request, error: NodeError) -> tuple[Way, ...]:
    """Three ways on, the likeliest first."""
    viewer = request.get(VIEWER)
    ways = []
    if viewer is None and error.status in (401, 403, 404):
        ways.append(Way(i18n.gettext("Sign in"), "/sign-in"))
    elif request.method == hdrs.METH_GET and error.status in (429, 500, 503):
        ways.append(Way(i18n.gettext("Try again"), request.path_qs))
    ways.append(Way(i18n.gettext("To the start page"), "/"))
    ways.append(Way(i18n.gettext("Search"), "/search"))
    ways.append(Way(i18n.gettext("Who looks after this house"), "/about"))
    return tuple(ways[:3])


def _kept(request: web.Request) -> tuple[str, ...]:
    """What was written into the form that failed, long texts only and never a password."""
    posted = request.get(POSTED)
    if posted is None:
        return ()
    return tuple(
        value
        for name, values in posted.texts.items()
        for value in values
        if len(value) >= _LONG_ENOUGH_TO_KEEP
        and name != FIELD
        and "password" not in name
        and "token" not in name
    )[:5]

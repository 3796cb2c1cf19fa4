"""What happens around every request, outermost first.

`trace` numbers the request and writes one log line (path, status, time; never a query string, a
body or a secret). `own_host` refuses requests for another host (EML-04). `secure` sets the security
headers. `answer_errors` turns exceptions into pages, API errors or plain JSON. `frame` learns the
house and the language. `same_origin` stops forms of other sites. Who may call what is the guard's
matter. What other nodes ask for (access `wire`) takes the short way of `express`, which does the same
in one step. `node.app` mounts `MIDDLEWARES`.
"""

import contextlib
import logging
import re
import time
from collections.abc import Awaitable, Callable
from functools import partial
from random import getrandbits
from typing import Final

from aiohttp import hdrs, web

from federation.errors import FederationError
from node import i18n, logs
from node.appkeys import NODE, REQUEST_ID, VIEWER
from node.db.away import is_away
from node.errors import NodeError
from node.features.accounts import service as accounts
from node.features.house import service as house
from node.runtime import Node
from node.web import api, csrf, errorpages, sessions
from node.web.posted import POSTED, read_posted
from node.web.render import HOUSE, House, content_policy, locale_for

log = logging.getLogger("node.web")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_HOUSE_SECONDS: Final = 5.0
_COME_BACK_S: Final = 30  # what peers are told while the database is being started or the disk is full
_OWN_ID: Final = re.compile(r"[A-Za-z0-9_-]{8,64}")
# Requests of machines: they never see a page, so the house is not asked for, and forms of browsers
# cannot reach them with a cookie that means anything.
_MACHINE_PATHS: Final = (
    "/api/", "/inbox", "/actor", "/ap/", "/static/", "/media/", "/.well-known/", "/nodeinfo/", "/health",
    "/oauth/token", "/oauth/revoke", "/oauth/userinfo",
)  # fmt: skip
_SECURITY_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": content_policy(),
}


@web.middleware
async def trace(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Number the request and write its line in the log."""
    given = request.headers.get("X-Request-Id", "")
    request_id = given if given and _OWN_ID.fullmatch(given) else f"{getrandbits(64):016x}"
    request[REQUEST_ID] = request_id
    token = logs.REQUEST_ID.set(request_id)
    started = time.perf_counter()
    status = 500
    try:
        response = await handler(request)
        status = response.status
        if not response.prepared:
            response.headers["X-Request-Id"] = request_id
        return response
    except web.HTTPException as error:
        status = error.status
        raise
    finally:
        posted = request.get(POSTED)
        if posted is not None:
            posted.close()
        _note(request, status, time.perf_counter() - started)
        logs.REQUEST_ID.reset(token)


def _note(request: web.Request, status: int, seconds: float) -> None:
    """The line in the log. Machines ask often: what went well with them is for who looks closer."""
    path = request.path
    quiet = status < 400 and (path.startswith(_MACHINE_PATHS) or path.endswith("/inbox"))
    level = logging.DEBUG if quiet else logging.INFO
    if log.isEnabledFor(level):
        extra = {
            "method": request.method,
            "path": path[:300],
            "status": status,
            "took_ms": round(seconds * 1000, 1),
        }
        log.log(level, "answered", extra=extra)


@web.middleware
async def express(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The short way for other nodes, who ask most: no page, no session and no form is theirs.

    A fault takes the long way to its answer.
    """
    straight: Handler | None = getattr(request.match_info.handler, "straight", None)
    if straight is None or not _is_for_us(request):
        return await handler(request)
    i18n.want(lambda: locale_for(request, None), formal=False)
    try:
        return _secured(request, await straight(request))
    except Exception as error:
        failure = error

    async def failed(_: web.Request) -> web.StreamResponse:
        raise failure

    for one in reversed((secure, frame, answer_errors)):
        failed = partial(one, handler=failed)
    return await failed(request)


def _is_for_us(request: web.Request) -> bool:
    node = request.app[NODE]
    asked = request.headers.get(hdrs.HOST, "").lower().rstrip(".")
    return asked in (node.host, node.handle_host)


@web.middleware
async def own_host(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer for our own host alone; whatever else stands in Host must never reach a link or mail."""
    if _is_for_us(request) or request.path.startswith("/health/"):
        return await handler(request)
    return web.Response(status=421, text="This address is not served here.\n")


@web.middleware
async def secure(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Headers that tell browsers what never to do with our answers."""
    return _secured(request, await handler(request))


def _secured(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    if not response.prepared:
        headers = response.headers
        for name, value in _SECURITY_HEADERS.items():
            headers.setdefault(name, value)
        if request.app[NODE].origin.startswith("https://"):
            headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        headers[hdrs.SERVER] = "Allmende"
    return response


@web.middleware
async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give every failure an answer in the asker's own form: a page, API JSON or plain JSON."""
    try:
        response = await handler(request)
    except NodeError as error:
        level = logging.WARNING if error.status >= 500 else logging.INFO
        log.log(level, "refused", extra={"code": error.code, "detail": error.detail[:500]})
        if error.code == "sign_in_needed" and request.method == hdrs.METH_POST:
            await _keep_what_was_written(request)
        return errorpages.answer(request, error)
    except FederationError as error:
        log.info("refused", extra={"code": error.code, "detail": str(error)[:500]})
        return web.json_response({"error": error.code}, status=error.status)
    except web.HTTPException as error:
        if error.status >= 400:
            await _know_viewer(request)
        return errorpages.of_http(request, error)
    except Exception as error:
        if is_away(error):
            log.warning("not now", extra={"path": request.path[:300], "reason": type(error).__name__})
            return errorpages.answer(request, NodeError("unavailable", retry_after_s=_COME_BACK_S))
        log.exception("failed", extra={"path": request.path[:300]})
        return errorpages.answer(request, NodeError("internal"))
    return errorpages.plain(response)


async def _keep_what_was_written(request: web.Request) -> None:
    """A session that ended while somebody wrote must not cost them the text: the page shows it again."""
    if is_of_machines(request.path):
        return
    with contextlib.suppress(NodeError):
        await read_posted(request)


async def _know_viewer(request: web.Request) -> None:
    """Learn who asks where no route was found: members keep their frame on error pages too."""
    token = sessions.read_token(request)
    if not token or VIEWER in request or is_of_machines(request.path):
        return
    async with request.app[NODE].db.read() as tx:
        viewer = await accounts.viewer_for_session(tx, token)
    if viewer is not None and viewer.state == "active":
        request[VIEWER] = viewer


@web.middleware
async def frame(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Learn whose house this is and in which language to answer."""
    if not is_of_machines(request.path):
        request[HOUSE] = await house_of(request.app[NODE])
    formal = request[HOUSE].formal if HOUSE in request else False
    i18n.want(lambda: locale_for(request, request.get(VIEWER)), formal=formal)
    return await handler(request)


@web.middleware
async def same_origin(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Stop forms that a page of another site sends with our cookie."""
    if not is_of_machines(request.path) and not request.path.endswith("/inbox"):
        csrf.check_origin(request)
    return await handler(request)


def is_of_machines(path: str) -> bool:
    """Whether a path is for programs and other nodes only."""
    return path.startswith(_MACHINE_PATHS)


async def house_of(node: Node) -> House:
    """The house's name, colour and the like, asked of the database every few seconds at most."""
    known: tuple[float, House] | None = node.caches.get("house_frame")
    now = time.monotonic()
    if known is not None and now - known[0] < _HOUSE_SECONDS:
        return known[1]
    async with node.db.read() as tx:
        settings = await house.get_settings(tx)
    found = House(
        name=settings.name,
        description=settings.description,
        contact_email=settings.contact_email,
        hue=settings.hue,
        formal=settings.formal,
        languages=tuple(settings.languages or node.config.node.languages),
        time_zone=settings.time_zone,
        registration=settings.registration,
        has_rules=bool(settings.rules),
        has_imprint=bool(settings.imprint),
        has_privacy=bool(settings.privacy),
    )
    node.caches["house_frame"] = (now, found)
    return found


MIDDLEWARES: Final = (trace, express, own_host, secure, api.cors, frame, answer_errors, same_origin)

"""The door for programs: routes of the client API, its answers, errors, paging and CORS.

A feature's `api.py` declares its routes with `route(...)`; the handler returns entities (Structs,
lists, dicts) or a `Page`, and whatever it raises becomes Mastodon's `{"error": …}` with Mastodon's
words and status. Parameters are read by `node.web.api_params`; who may call is the guard's matter.
Nothing here knows a feature.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from aiohttp import hdrs, web

from federation.errors import FederationError
from node import i18n
from node.appkeys import NODE, VIEWER, Viewer
from node.db.rows import Window
from node.errors import NodeError
from node.feature import Access, Route

log = logging.getLogger("node.api")

# Temporary files of an upload; closed when the call is answered.
OPEN_FILES = web.RequestKey("open_files", list)
ApiHandler = Callable[[web.Request], Awaitable[object]]

_JSON: Final = msgspec.json.Encoder()
_PAGING: Final = frozenset({"max_id", "since_id", "min_id", "offset"})
# Mastodon's words for what we say otherwise to people; clients and their tests look for them.
_WORDS: Final = {
    "not_found": (404, "Record not found"),
    "gone": (404, "Record not found"),
    "handle_unknown": (404, "Record not found"),
    "sign_in_needed": (401, "This method requires an authenticated user"),
    "not_allowed": (403, "This action is not allowed"),
    "too_many_requests": (429, "Too many requests"),
    "too_large": (422, "Validation failed: File is too large"),
    "unavailable": (503, "There was a temporary problem serving your request, please try again"),
    "peer_unreachable": (503, "Remote data could not be fetched"),
}
_CORS_PREFIXES: Final = (
    "/api/",
    "/oauth/token",
    "/oauth/revoke",
    "/oauth/userinfo",
    "/.well-known/",
    "/nodeinfo/",
)
_CORS_EXPOSED: Final = (
    "Link, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-Request-Id, Mastodon-Async-Refresh"
)


class ApiRefusal(Exception):
    """A "no" in the API's own words, where Mastodon's clients expect exactly those.

    `details` is the validation shape: field to a list of {"error", "description"}.
    """

    def __init__(
        self, status: int, words: str, details: dict[str, list[dict[str, str]]] | None = None
    ) -> None:
        super().__init__(words)
        self.code = "api_refusal"
        self.status = status
        self.words = words
        self.details = details


def invalid(field: str, code: str, description: str) -> ApiRefusal:
    """A 422 for one field, e.g. `invalid("text", "ERR_BLANK", "can't be blank")`."""
    label = field.replace("_", " ").capitalize()
    return ApiRefusal(
        422,
        f"Validation failed: {label} {description}",
        {field: [{"error": code, "description": description}]},
    )


class Page(msgspec.Struct, frozen=True):
    """A page of a list and how to turn it: `ids` are the paging ids of its rows, newest first.

    `full`: the store gave as many rows as were asked for, so there may be older ones.
    """

    items: Sequence[object]
    ids: Sequence[int]
    full: bool


def page(items: Sequence[object], ids: Sequence[int], window: Window) -> Page:
    """A `Page` of what was read with `window`; `ids` of all rows read, shown or not."""
    return Page(items, ids, len(ids) >= window.limit)


def viewer(request: web.Request) -> Viewer:
    """The person behind the token; the guard made sure of it for access `token`."""
    found: Viewer | None = request.get(VIEWER)
    if found is None:
        raise ApiRefusal(422, "This method requires an authenticated user")
    return found


def viewer_id(request: web.Request) -> int | None:
    """Who asks, or None for anybody and for apps alone."""
    found = request.get(VIEWER)
    return None if found is None else found.actor_id


def route(
    method: str,
    path: str,
    handler: ApiHandler,
    *,
    access: Access = "token",
    scope: str = "",
    limit: str = "",
) -> Route:
    """A route of the client API. Writing ones share the rate limit `api_write`, others `api`."""
    limit = limit or ("api" if method == hdrs.METH_GET else "api_write")
    return Route(method, path, _answering(handler), access, scope, limit)


def _answering(handler: ApiHandler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answered(request: web.Request) -> web.StreamResponse:
        try:
            found = await handler(request)
        except (ApiRefusal, NodeError, FederationError, web.HTTPError) as error:
            return refuse(request, error)
        finally:
            for file in request.get(OPEN_FILES, ()):
                file.close()
        if isinstance(found, web.StreamResponse):
            return found
        if isinstance(found, Page):
            return answer_page(request, found.items, found)
        return answer(request, found)

    answered.__name__ = getattr(handler, "__name__", "answered")
    answered.__doc__ = handler.__doc__
    return answered


def answer(request: web.Request, entity: object, status: int = 200) -> web.Response:
    """An entity as JSON; what depends on the person asking is never kept by a cache between."""
    private = hdrs.AUTHORIZATION in request.headers
    return web.Response(
        body=_JSON.encode(entity),
        status=status,
        content_type="application/json",
        charset="utf-8",
        headers={
            hdrs.CACHE_CONTROL: "private, no-store" if private else "no-cache",
            hdrs.VARY: "Authorization, Origin",
        },
    )


def answer_page(request: web.Request, entity: object, turned: Page) -> web.Response:
    """An entity as JSON with the `Link` header of a page; for answers that are more than a list."""
    response = answer(request, entity)
    link = _link_header(request, turned)
    if link:
        response.headers[hdrs.LINK] = link
    return response


def refuse(request: web.Request, error: Exception) -> web.Response:
    """What a program is told when something cannot be done."""
    body: dict[str, Any]
    headers: dict[str, str] = {}
    if isinstance(error, ApiRefusal):
        status, body = error.status, {"error": error.words}
        if error.details:
            body["details"] = error.details
    elif isinstance(error, NodeError):
        status, body = _of_node_error(error)
        if error.retry_after_s:
            headers[hdrs.RETRY_AFTER] = str(error.retry_after_s)
    elif isinstance(error, web.HTTPError):
        status, body = error.status, {"error": error.reason}
    else:  # a peer's answer made no sense, or none came
        status, body = 503, {"error": "Remote data could not be fetched"}
    code = getattr(error, "code", "")
    log.info("refused", extra={"code": code, "status": status, "path": request.path})
    response = answer(request, body, status)
    response.headers.update(headers)
    return response


def _of_node_error(error: NodeError) -> tuple[int, dict[str, Any]]:
    if error.code in _WORDS:
        status, words = _WORDS[error.code]
        return status, {"error": words}
    words = i18n.gettext(error.text)
    words = words % error.values if error.values else words
    if error.field:
        details = {error.field: [{"error": "ERR_INVALID", "description": words}]}
        return error.status, {"error": f"Validation failed: {words}", "details": details}
    return error.status, {"error": words}


def _link_header(request: web.Request, found: Page) -> str:
    """`Link` with next (older) and prev (newer) pages. Spec: RFC 8288, Mastodon "Pagination"."""
    if not found.ids:
        return ""
    kept = [(name, value) for name, value in request.query.items() if name not in _PAGING]
    here = f"{request.app[NODE].origin}{request.path}"
    links = []
    if found.full:
        older = urlencode([*kept, ("max_id", str(min(found.ids)))])
        links.append(f'<{here}?{older}>; rel="next"')
    newer = urlencode([*kept, ("min_id", str(max(found.ids)))])
    links.append(f'<{here}?{newer}>; rel="prev"')
    return ", ".join(links)


@web.middleware
async def cors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Let web clients on other origins call the API with their token, and never with our cookies.

    No `Access-Control-Allow-Credentials` is ever sent (threat AUT-14).
    """
    if not request.path.startswith(_CORS_PREFIXES):
        return await handler(request)
    if request.method == hdrs.METH_OPTIONS and hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers:
        return web.Response(status=204, headers=_cors_headers(preflight=True))
    try:
        response = await handler(request)
    except web.HTTPException as error:
        error.headers.update(_cors_headers(preflight=False))
        raise
    if not response.prepared:
        response.headers.update(_cors_headers(preflight=False))
    return response


def _cors_headers(*, preflight: bool) -> dict[str, str]:
    headers: dict[str, str] = {
        hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: "*",
        hdrs.ACCESS_CONTROL_EXPOSE_HEADERS: _CORS_EXPOSED,
    }
    if preflight:
        headers[hdrs.ACCESS_CONTROL_ALLOW_METHODS] = "GET, POST, PUT, PATCH, DELETE, OPTIONS"
        headers[hdrs.ACCESS_CONTROL_ALLOW_HEADERS] = "Authorization, Content-Type, Idempotency-Key"
        headers[hdrs.ACCESS_CONTROL_MAX_AGE] = "7200"
    return headers

"""The one cookie a browser gets, and where it may be sent after signing in.

Owns the cookie's name and flags and the rule for `next` addresses. It knows no SQL: what the
cookie's value opens is asked of `node.features.accounts` by the guard.
"""

from urllib.parse import quote, unquote, urlsplit

from aiohttp import web

from node.appkeys import NODE
from node.runtime import Node

_MAX_AGE_S = 60 * 24 * 3600
_LONGEST_NEXT = 2000


def cookie_name(node: Node) -> str:
    """`__Host-allmende` on https; plain `allmende` in the lab, where browsers refuse the prefix."""
    return "__Host-allmende" if node.origin.startswith("https://") else "allmende"


def read_token(request: web.Request) -> str:
    """The session cookie's value, or ''."""
    value = request.cookies.get(cookie_name(request.app[NODE]), "")
    return value if len(value) <= 128 else ""


def put_token(request: web.Request, response: web.StreamResponse, token: str) -> None:
    """Hand the browser its session."""
    node = request.app[NODE]
    response.set_cookie(
        cookie_name(node),
        token,
        max_age=_MAX_AGE_S,
        path="/",
        httponly=True,
        secure=node.origin.startswith("https://"),
        samesite="Lax",
    )


def clear_token(request: web.Request, response: web.StreamResponse) -> None:
    """Take the session from the browser."""
    node = request.app[NODE]
    response.del_cookie(
        cookie_name(node), path="/", httponly=True, secure=node.origin.startswith("https://"), samesite="Lax"
    )


def safe_next(address: str, default: str = "/") -> str:
    """`address` if it is a plain path on this node, else `default`.

    Whatever a browser or a proxy might read as another host is refused: `//host`, `/\\host`,
    `/%2Fhost`, a scheme, control characters. Stops open redirects after signing in.
    """
    if not address.startswith("/") or len(address) > _LONGEST_NEXT:
        return default
    path = address.partition("?")[0].partition("#")[0]
    for shown in (path, unquote(path), unquote(unquote(path))):
        if "//" in shown or "\\" in shown:
            return default
    if "\\" in address or any(
        ord(letter) < 0x21 or ord(letter) == 0x7F for letter in address + unquote(path)
    ):
        return default
    parts = urlsplit(address)
    return default if parts.scheme or parts.netloc else address


def go_to(address: str) -> web.Response:
    """A redirect after a form was taken (303), never kept by browsers or proxies."""
    return web.Response(status=303, headers={"Location": address, "Cache-Control": "no-store"})


def sign_in_address(request: web.Request) -> str:
    """Where a visitor is sent who needs to sign in first, and comes back from."""
    return "/sign-in?next=" + quote(safe_next(request.path_qs), safe="/")

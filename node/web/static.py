"""Routes that ask nobody anything: static files, the browser's icon, the choice of language.

Files are kept by browsers for a year, since their names change with their content. The language is
a visitor's choice in the footer, remembered in a cookie that holds nothing else; members have a
setting of their own, which counts first. Mounted by `node.app`.
"""

from typing import Final

from aiohttp import hdrs, web

from node import i18n
from node.appkeys import NODE
from node.errors import NodeError
from node.web import assets
from node.web.render import LANGUAGE_COOKIE
from node.web.sessions import safe_next

_YEAR: Final = "public, max-age=31536000, immutable"
_COOKIE_AGE_S: Final = 365 * 24 * 3600


def mount(app: web.Application) -> None:
    """Give the application these routes; they are open to everybody."""
    app.router.add_get("/static/{name}", serve_static)
    app.router.add_get("/favicon.ico", serve_icon)
    app.router.add_get("/language", choose_language)


async def serve_static(request: web.Request) -> web.StreamResponse:
    """A static file under its present address; anything else is not found."""
    found = assets.find_asset(request.path)
    if found is None:
        raise NodeError("not_found")
    charset = "; charset=utf-8" if found.packed else ""
    headers = {hdrs.CACHE_CONTROL: _YEAR, hdrs.CONTENT_TYPE: found.mime + charset}
    body = found.body
    if found.packed:
        headers[hdrs.VARY] = hdrs.ACCEPT_ENCODING
        if "gzip" in request.headers.get(hdrs.ACCEPT_ENCODING, ""):
            headers[hdrs.CONTENT_ENCODING] = "gzip"
            body = found.packed
    return web.Response(body=body, headers=headers)


async def serve_icon(request: web.Request) -> web.StreamResponse:
    """What browsers ask for on their own."""
    return web.Response(status=302, headers={hdrs.LOCATION: assets.asset("icon.svg")})


async def choose_language(request: web.Request) -> web.StreamResponse:
    """GET /language?to=de&next=/here: remember the language and go back."""
    wanted = request.query.get("to", "")
    response = web.Response(status=303, headers={hdrs.LOCATION: safe_next(request.query.get("next", "/"))})
    if wanted in i18n.languages():
        response.set_cookie(
            LANGUAGE_COOKIE,
            wanted,
            max_age=_COOKIE_AGE_S,
            httponly=True,
            secure=request.app[NODE].origin.startswith("https://"),
            samesite="Lax",
        )
    return response

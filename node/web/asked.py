"""Small things pages read from a request's address: ids, how far back, and where to go afterwards.

Used by every feature's `pages.py`. What does not fit is a `not_found` or the default, never a 500.
"""

from typing import Final
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from node.appkeys import NODE
from node.db.rows import Window
from node.errors import NodeError
from node.web.posted import read_posted
from node.web.sessions import safe_next

_BEYOND_IDS: Final = 1 << 63
PAGE: Final = 7  # few enough that a page stays below 60 things to press


def read_id(text: str) -> int | None:
    """An id from an address or a form, or None when it cannot be one."""
    if not (text.isascii() and text.isdecimal()) or len(text) > 19:
        return None
    number = int(text)
    return number if 0 < number < _BEYOND_IDS else None


def path_id(request: web.Request, name: str = "id") -> int:
    """The id in the path. Raises: NodeError `not_found`."""
    found = read_id(request.match_info[name])
    if found is None:
        raise NodeError("not_found", detail=f"path {name}")
    return found


def window(request: web.Request, limit: int = PAGE) -> Window:
    """The part of a list that `?older=<id>` asks for, with one row more to see whether there is more."""
    return Window(max_id=read_id(request.query.get("older", "")), limit=limit + 1)


def older_than(request: web.Request, last_id: int | None) -> str:
    """The address of the next page of this list, '' when there is none."""
    if last_id is None:
        return ""
    kept = [(name, value) for name, value in request.query.items() if name != "older"]
    return str(request.rel_url.with_query([*kept, ("older", str(last_id))]))


async def way_back(request: web.Request, default: str) -> str:
    """Where to send somebody after a form: its `next` field, else the page they came from.

    Only ever a path of this node (ORD-01).
    """
    given = (await read_posted(request)).text("next")
    if given:
        return safe_next(given, default)
    referer = request.headers.get(hdrs.REFERER, "")
    if not request.app[NODE].is_ours(referer):
        return default
    parts = urlsplit(referer)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return safe_next(path, default)

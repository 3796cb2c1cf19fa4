"""Proof that a form was sent from a page of ours by the person whose cookie came along.

Two stops, each enough alone: the browser's own word about where the request came from, and a token
tied to the session. The token is masked anew in every page, so that compressed pages do not give
it away. `check_origin` is called for every unsafe request by the middleware, `check` by the guard
for those that came with a session cookie (threat AUT-10).
"""

import base64
import binascii
import hmac
import secrets
from typing import Final

from aiohttp import hdrs, web

from node.appkeys import NODE, VIEWER, Viewer
from node.errors import NodeError
from node.web.posted import read_posted

FIELD: Final = "csrf"
HEADER: Final = "X-CSRF-Token"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def token(viewer: Viewer | None) -> str:
    """The token for a form of this person; '' for visitors, whose forms rest on the origin."""
    if viewer is None or not viewer.csrf:
        return ""
    mask = secrets.token_bytes(len(viewer.csrf))
    return base64.urlsafe_b64encode(mask + _xor(mask, viewer.csrf)).decode()


def is_token_of(viewer: Viewer, text: str) -> bool:
    """Whether a form carried this person's token."""
    try:
        both = base64.urlsafe_b64decode(text.encode("ascii"))
    except (ValueError, binascii.Error):
        return False
    half = len(viewer.csrf)
    if not half or len(both) != 2 * half:
        return False
    return hmac.compare_digest(_xor(both[:half], both[half:]), viewer.csrf)


def check_origin(request: web.Request) -> None:
    """Refuse what a browser says came from another site.

    Requests of programs say nothing of where they come from and carry no cookie of a person;
    theirs is decided by `check` and by tokens. Raises: NodeError `form_expired`.
    """
    if request.method in SAFE_METHODS:
        return
    site = request.headers.get("Sec-Fetch-Site", "")
    if site not in ("", "same-origin", "none"):
        raise NodeError("form_expired", detail=f"Sec-Fetch-Site: {site[:20]}")
    origin = request.headers.get(hdrs.ORIGIN, "")
    if origin and origin != request.app[NODE].origin:
        raise NodeError("form_expired", detail=f"Origin: {origin[:200]}")


async def check(request: web.Request, max_bytes: int = 0) -> None:
    """Refuse an unsafe request of `request[VIEWER]` unless its form carried the session's token.

    Called by the guard for people who came with a session cookie. A script may send the token in
    the header `X-CSRF-Token` instead. `max_bytes` caps the form's body, which is read here.
    Raises: NodeError `form_expired`, `too_large`, `bad_request`.
    """
    if request.method in SAFE_METHODS:
        return
    check_origin(request)
    viewer = request[VIEWER]
    sent = request.headers.get(HEADER, "") or (await read_posted(request, max_bytes)).text(FIELD)
    if not is_token_of(viewer, sent):
        raise NodeError("form_expired", detail="token missing or of another session")


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(left ^ right for left, right in zip(one, other, strict=True))

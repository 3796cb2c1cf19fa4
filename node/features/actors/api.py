"""The two pictures clients show where somebody has none: a plain avatar and a plain banner.

Entities must name a picture, so these addresses are Mastodon's own. The bytes are made once, here.
"""

import struct
import zlib
from functools import cache

from aiohttp import hdrs, web

from node.feature import Route
from node.features.actors.entities import MISSING_AVATAR, MISSING_HEADER

_GREY = 0xB4
_PAPER = 0xEC


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def _png(width: int, height: int, rows: bytes) -> bytes:
    """A grey-scale PNG of `rows`, one byte a pixel. Spec: PNG (Third Edition) §5, §11."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    lines = b"".join(b"\0" + rows[at : at + width] for at in range(0, len(rows), width))
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", head)
        + _chunk(b"IDAT", zlib.compress(lines, 9))
        + _chunk(b"IEND", b"")
    )


@cache
def _avatar() -> bytes:
    """Head and shoulders on paper, 128 pixels square."""
    side = 128

    def dark(across: int, down: int) -> bool:
        head = (across - 64) ** 2 + (down - 50) ** 2 < 24**2
        shoulders = ((across - 64) / 44) ** 2 + ((down - 128) / 46) ** 2 < 1
        return head or shoulders

    return _png(side, side, bytes(_GREY if dark(x, y) else _PAPER for y in range(side) for x in range(side)))


@cache
def _header() -> bytes:
    return _png(600, 200, bytes([_PAPER]) * (600 * 200))


async def show_avatar(request: web.Request) -> web.Response:
    """The plain avatar."""
    return _answer(_avatar())


async def show_header(request: web.Request) -> web.Response:
    """The plain banner."""
    return _answer(_header())


def _answer(picture: bytes) -> web.Response:
    headers = {hdrs.CACHE_CONTROL: "public, max-age=1209600", hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: "*"}
    return web.Response(body=picture, content_type="image/png", headers=headers)


ROUTES = (
    Route("GET", MISSING_AVATAR, show_avatar, "public"),
    Route("GET", MISSING_HEADER, show_header, "public"),
)

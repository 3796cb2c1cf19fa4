"""Public answers about our people, ready to send: their documents and their WebFinger.

Peers ask for the same few again and again. An answer is kept as long as nothing about its actor changes
(`node.copies`), written out head and all, and sent by `before` ahead of everything else of the web application:
an answer that is the same for whoever asks needs no session, language or right. What is not public is never kept;
whatever is unusual about a request leaves it to the application. Made by `actors.serve`, mounted by `node.app`.
"""

import hashlib
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from email.utils import formatdate
from functools import lru_cache
from typing import Final

import msgspec
from aiohttp import HttpVersion11, hdrs, web
from aiohttp.abc import AbstractStreamWriter

from node.copies import copies_of
from node.runtime import Node

Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
log = logging.getLogger("node.web")
_LONGEST: Final = 600  # characters of an address worth keeping
# Whoever sends one of these is answered by the application, which knows what to make of it.
_UNUSUAL: Final = (
    hdrs.CONTENT_LENGTH, hdrs.TRANSFER_ENCODING, hdrs.EXPECT, hdrs.UPGRADE, hdrs.IF_NONE_MATCH, "X-Request-Id",
)  # fmt: skip
# What differs from answer to answer, and what must never be sent twice.
_ANEW: Final = frozenset({"date", "x-request-id", "connection"})
_COPY: Final = web.RequestKey("served_copy", object)


class Copy(msgspec.Struct):
    """One answer's body, entity tag and headers; `head` as it went over the wire the last time.

    `for_people`: a browser that asks for HTML is answered otherwise.
    """

    actor_id: int
    body: bytes
    etag: str
    headers: dict[str, str]
    for_people: bool = False
    head: bytes = b""


def find(node: Node, address: str) -> Copy | None:
    """The answer to a GET of this path and query, if there is one that still holds."""
    copies = copies_of(node)
    found = copies.find(address) if copies is not None else None
    return found if isinstance(found, Copy) else None


def turn_of(node: Node) -> int:
    """Where changes stand now; asked before anything is read for an answer."""
    copies = copies_of(node)
    return copies.turn if copies is not None else 0


def keep(node: Node, address: str, copy: Copy, turn: int) -> None:
    """Keep an answer that was read when `turn` stood so."""
    copies = copies_of(node)
    if copies is not None and len(address) <= _LONGEST:
        copies.keep(address, copy.actor_id, copy, turn)


def copy_of(actor_id: int, body: bytes, headers: Mapping[str, str], *, for_people: bool = False) -> Copy:
    """An answer to keep."""
    etag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    return Copy(actor_id, body, etag, {**headers, hdrs.ETAG: etag}, for_people)


def answer(request: web.Request, copy: Copy) -> web.Response:
    """The answer, or 304 to who has it already. Spec: RFC 9110 §13.1.2."""
    wanted = request.headers.get(hdrs.IF_NONE_MATCH, "")
    if wanted and (wanted == "*" or copy.etag in wanted.replace("W/", "").replace(" ", "").split(",")):
        return web.Response(status=304, headers=copy.headers)
    request[_COPY] = copy
    return web.Response(body=copy.body, headers=copy.headers)


class _Ready(web.StreamResponse):
    """An answer that is sent as it stands."""

    def __init__(self, whole: bytes) -> None:
        super().__init__()
        self._whole = whole

    @property
    def keep_alive(self) -> bool | None:
        """Only requests that keep their connection are answered like this."""
        return True

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send everything at once."""
        await request.writer.write(self._whole)
        await request.writer.write_eof()
        return request.writer

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing is left to send."""


async def remember_head(request: web.Request, response: web.StreamResponse) -> None:
    """Note how the whole application answered, once every header of it is known."""
    copy = request.get(_COPY)
    if not isinstance(copy, Copy) or copy.head or request.method != hdrs.METH_GET or response.status != 200:
        return
    if not response.cookies:
        kept = [(name, text) for name, text in response.headers.items() if name.lower() not in _ANEW]
        copy.head = "".join(["HTTP/1.1 200 OK\r\n", *(f"{name}: {text}\r\n" for name, text in kept)]).encode()


def before(node: Node, otherwise: Answer) -> Answer:
    """Answers what was answered just so before; everything else goes to the application, `otherwise`."""
    hosts = {node.host, node.handle_host}

    async def answered(request: web.BaseRequest) -> web.StreamResponse:
        if request.method != hdrs.METH_GET or request.version != HttpVersion11:
            return await otherwise(request)
        copy = find(node, request.raw_path)
        if copy is None or not copy.head or not _is_plain(request, copy, hosts):
            return await otherwise(request)
        return _Ready(
            b"%bDate: %b\r\nX-Request-Id: %b\r\n\r\n%b"
            % (copy.head, _now(int(time.time())), secrets.token_hex(8).encode(), copy.body)
        )

    return answered


def _is_plain(request: web.BaseRequest, copy: Copy, hosts: set[str]) -> bool:
    """Whether nothing in the request could change the answer, or ask for more than it."""
    headers = request.headers
    if headers.get(hdrs.HOST, "").lower() not in hosts or any(name in headers for name in _UNUSUAL):
        return False
    if headers.get(hdrs.CONNECTION, "keep-alive").lower() != "keep-alive":
        return False
    if copy.for_people and "text/html" in headers.get(hdrs.ACCEPT, "").lower():
        return False
    return not log.isEnabledFor(logging.DEBUG)  # who looks closer gets a line for each


@lru_cache(maxsize=2)
def _now(second: int) -> bytes:
    return formatdate(second, usegmt=True).encode()

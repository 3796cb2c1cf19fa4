"""POSTs over kept connections, at a fraction of the cost of a general HTTP client.

Owns the connections of deliveries: dialling only addresses the policy admits, TLS, keeping a line
open for the next delivery to the same host, and reading an answer of which only status and
headers count. `client.Client.post` is its one caller. Knows no redirects, cookies, proxies or
encodings: a delivery has none.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final

import httptools
from aiohttp.abc import AbstractResolver
from multidict import CIMultiDict

from federation.errors import FederationError
from federation.reach import ClientPolicy
from federation.uris import Parts

CONNECT_S: Final = 5.0
IDLE_S: Final = 30.0
MAX_IDLE: Final = 512  # some 40 KiB each; another handshake costs twice an RSA signature
MAX_ANSWER_BYTES: Final = 64 * 1024
_LINGER_S: Final = 1.0  # how long the body of an answer may take before the line is given up
_NAMES_S: Final = 60.0
_MAX_NAMES: Final = 4096
_ADDRESSES_TRIED: Final = 3

Key = tuple[str, str, int]


class Answer:
    """Status and headers of an answer."""

    __slots__ = ("headers", "status")

    def __init__(self, status: int, headers: CIMultiDict[str]) -> None:
        self.status = status
        self.headers = headers


class LineClosed(OSError):
    """The peer hung up before it answered."""


class _Line(asyncio.Protocol):
    """One connection; carries one request at a time."""

    def __init__(self) -> None:
        self.transport: Any = None
        self.idle_since = 0.0
        self.heard = False  # any byte of the answer that is awaited
        self._parser: Any = None
        self._headers: CIMultiDict[str] = CIMultiDict()
        self._left = 0
        self._status = 0
        self._keep = False
        self._waiter: asyncio.Future[Answer] | None = None
        self._linger: asyncio.TimerHandle | None = None

    @property
    def usable(self) -> bool:
        """Whether another request may go over this line."""
        return self._keep and not self.transport.is_closing()

    async def ask(self, request: bytes) -> Answer:
        """Send a request and wait for its answer. Raises: LineClosed."""
        if self.transport.is_closing():
            raise LineClosed("closed while idle")
        self._parser = httptools.HttpResponseParser(self)
        self._headers, self._left, self._status = CIMultiDict(), MAX_ANSWER_BYTES, 0
        self._keep = self.heard = False
        self._waiter = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        try:
            return await self._waiter
        finally:
            self._waiter = None
            if self._linger is not None:
                self._linger.cancel()
                self._linger = None
            if not self._keep:
                self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Part of asyncio.Protocol."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Part of asyncio.Protocol."""
        if self._waiter is None or self._waiter.done():
            self._keep = False  # nobody asked: whatever this is, it is no answer
            self.transport.abort()
            return
        self.heard = True
        self._left -= len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._end("not HTTP")
            return
        if self._left < 0:
            self._end("too long")

    def connection_lost(self, exc: Exception | None) -> None:
        """Part of asyncio.Protocol."""
        self._keep = False
        self._end("hung up")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Part of httptools' callbacks."""
        self._headers.add(name.decode("latin-1"), value.decode("latin-1"))

    def on_headers_complete(self) -> None:
        """Part of httptools' callbacks."""
        status = self._parser.get_status_code()
        if status < 200:  # "go on" and its like: the answer is still to come
            self._headers.clear()
            return
        self._status = status
        self._linger = asyncio.get_running_loop().call_later(_LINGER_S, self._end, "dawdles")

    def on_message_complete(self) -> None:
        """Part of httptools' callbacks."""
        if self._status and self._waiter is not None and not self._waiter.done():
            self._keep = bool(self._parser.should_keep_alive())
            self._waiter.set_result(Answer(self._status, self._headers))

    def _end(self, why: str) -> None:
        """No more will come: a status is an answer, whatever follows it; none is none."""
        if self._waiter is None or self._waiter.done():
            return
        if self._status:
            self._waiter.set_result(Answer(self._status, self._headers))
        else:
            self._waiter.set_exception(LineClosed(why))


class Courier:
    """Kept connections to many hosts; one per process, closed by `close()`."""

    def __init__(
        self, policy: ClientPolicy, resolver: AbstractResolver, tls: ssl.SSLContext | None = None
    ) -> None:
        self._policy = policy
        self._resolver = resolver
        self._tls = tls
        self._idle: OrderedDict[_Line, Key] = OrderedDict()
        self._by_host: dict[Key, list[_Line]] = {}
        self._names: OrderedDict[tuple[str, int], tuple[float, list[str]]] = OrderedDict()
        self._tidying: asyncio.TimerHandle | None = None

    async def post(self, parts: Parts, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send one POST; the caller sets its deadline.

        A kept line that the peer has hung up meanwhile is replaced once: nothing was answered, and
        receivers know a delivery by its id.

        Raises: `address_refused`; OSError for everything on the way.
        """
        request = _request(parts, body, headers)
        key = (parts.scheme, parts.host, parts.port)
        line = self._take(key)
        if line is not None:
            try:
                return self._keep(key, line, await line.ask(request))
            except LineClosed:
                if line.heard:
                    raise
        line = await self._dial(parts)
        return self._keep(key, line, await line.ask(request))

    def _take(self, key: Key) -> _Line | None:
        lines = self._by_host.get(key, [])
        while lines:
            line = lines.pop()
            self._idle.pop(line, None)
            if not lines:
                self._by_host.pop(key, None)
            if line.usable:
                return line
        return None

    def _keep(self, key: Key, line: _Line, answer: Answer) -> Answer:
        if line.usable:
            line.idle_since = time.monotonic()
            self._idle[line] = key
            self._by_host.setdefault(key, []).append(line)
            if len(self._idle) > MAX_IDLE:
                self._drop(next(iter(self._idle)))
            if self._tidying is None:
                self._tidying = asyncio.get_running_loop().call_later(IDLE_S, self._tidy)
        return answer

    def _tidy(self) -> None:
        """Close what has been idle for long; look again while anything is open."""
        before = time.monotonic() - IDLE_S / 2
        for line in [line for line in self._idle if line.idle_since < before or not line.usable]:
            self._drop(line)
        self._tidying = asyncio.get_running_loop().call_later(IDLE_S / 2, self._tidy) if self._idle else None

    def _drop(self, line: _Line) -> None:
        key = self._idle.pop(line)
        lines = self._by_host[key]
        lines.remove(line)
        if not lines:
            del self._by_host[key]
        line.transport.close()

    async def _dial(self, parts: Parts) -> _Line:
        """A new line to the first address that answers, of those the policy admits."""
        loop = asyncio.get_running_loop()
        failure: OSError | FederationError = OSError("no address")
        secure: dict[str, Any] = {}
        if parts.scheme == "https":
            secure = {"ssl": self._context(), "server_hostname": parts.host.strip("[]")}
        addresses = await self._addresses(parts.host, parts.port)
        for address in addresses[:_ADDRESSES_TRIED]:
            # Judged by the very address that is dialled; names and other spellings end here (SSRF-02).
            if not self._policy.admits(address, parts.port):
                failure = FederationError("address_refused", address)
                continue
            try:
                async with asyncio.timeout(CONNECT_S):
                    _, line = await loop.create_connection(_Line, address, parts.port, **secure)
            except TimeoutError:
                failure = OSError("connecting took too long")
            except OSError as error:
                failure = error
            else:
                addresses.remove(address)
                addresses.insert(0, address)  # what answered is asked first next time
                return line
        raise failure

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
            self._tls.set_alpn_protocols(["http/1.1"])
        return self._tls

    async def _addresses(self, host: str, port: int) -> list[str]:
        """Numeric addresses of a host, remembered for a minute."""
        bare = host.strip("[]")
        try:
            return [str(ipaddress.ip_address(bare))]
        except ValueError:
            pass
        known = self._names.get((host, port))
        if known is not None and time.monotonic() - known[0] < _NAMES_S:
            return known[1]
        found = await self._resolver.resolve(host, port, socket.AF_UNSPEC)
        addresses = _mixed([entry["host"] for entry in found])
        self._names[(host, port)] = (time.monotonic(), addresses)
        while len(self._names) > _MAX_NAMES:
            self._names.popitem(last=False)
        return addresses

    async def close(self) -> None:
        """Closes all idle lines."""
        if self._tidying is not None:
            self._tidying.cancel()
        while self._idle:
            self._drop(next(iter(self._idle)))


def _mixed(addresses: list[str]) -> list[str]:
    """Both kinds of addresses in turn, so that a broken one of them costs one try."""
    found = list(dict.fromkeys(addresses))
    other = next((one for one in found if (":" in one) != (":" in found[0])), None)
    if other is not None:
        found.remove(other)
        found.insert(1, other)
    return found


def _request(parts: Parts, body: bytes, headers: Mapping[str, str]) -> bytes:
    lines = [f"POST {parts.target} HTTP/1.1"]
    for name, value in headers.items():
        if "\r" in value or "\n" in value:
            raise ValueError("a header of two lines")
        lines.append(f"{name}: {value}")
    if "Host" not in headers:
        lines.insert(1, f"Host: {parts.authority}")
    lines.append(f"Content-Length: {len(body)}\r\n\r\n")
    return "\r\n".join(lines).encode("latin-1") + body

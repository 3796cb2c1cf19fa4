"""The only outgoing HTTP of the whole node.

Owns the guard on every dialled address, the limits on bytes, time and redirects, and the
connection pool. Follows redirects by hand, so that each hop is judged and signed anew (the
HTTP library would forward our signature to a stranger). Never reads what it fetched: `fetch`,
`discovery` and `delivery` do.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import zlib
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote, urljoin

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from federation import uris
from federation.budget import FetchBudget, NetworkForbidden, check_network_allowed, forbid_network
from federation.courier import CONNECT_S, Courier
from federation.errors import FederationError
from federation.reach import ClientPolicy
from federation.signatures.desk import SigningDesk

__all__ = [
    "AddressRefused", "Ask", "Client", "ClientPolicy", "FetchBudget", "Limits", "NetworkForbidden", "Reply",
    "forbid_network", "wire_url",
]  # fmt: skip

MAX_BODY_BYTES: Final = 1024 * 1024
MAX_REDIRECTS: Final = 3
LOOKUP_S: Final = 10.0
DELIVERY_S: Final = 30.0
DNS_S: Final = 4.0
_CHUNK_BYTES: Final = 64 * 1024
_REDIRECTS: Final = frozenset((301, 302, 303, 307, 308))
_URL_SAFE: Final = "".join(chr(code) for code in range(0x21, 0x7F))

Sign = Callable[[str], Mapping[str, str]]
Admit = Callable[[str], Awaitable[None]]
_refused_addresses: ContextVar[list[str] | None] = ContextVar("federation_refused_addresses", default=None)


class Limits(msgspec.Struct, frozen=True):
    """How much one request may take: decompressed bytes, seconds in all, redirects."""

    max_bytes: int = MAX_BODY_BYTES
    seconds: float = LOOKUP_S
    redirects: int = MAX_REDIRECTS


class Reply(msgspec.Struct, frozen=True):
    """A complete answer; `url` is where it came from in the end."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def media_type(self) -> str:
        """Content-Type as sent, empty where absent."""
        return self.headers.get("Content-Type", "")


class Ask(msgspec.Struct, frozen=True):
    """A GET: what to accept, how to sign each hop, and whom to ask before each hop."""

    url: str
    accept: str
    sign: Sign | None = None
    admit: Admit | None = None
    budget: FetchBudget | None = None
    limits: Limits = Limits()


class AddressRefused(OSError):
    """The guard refused the address about to be dialled."""


class _Resolver(AbstractResolver):
    """The system resolver in threads of its own, with a deadline: slow DNS must not starve others."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=16, thread_name_prefix="dns")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(DNS_S):
                found = await loop.run_in_executor(
                    self._threads, lambda: socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
                )
        except TimeoutError:
            raise OSError("DNS deadline") from None
        return [
            ResolveResult(
                hostname=host,
                host=str(sockaddr[0]),
                port=port,
                family=kind,
                proto=proto,
                flags=socket.AI_NUMERICHOST,
            )
            for kind, _, proto, _, sockaddr in found[:8]
        ]

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


@lru_cache(maxsize=1024)
def wire_url(uri: str) -> str:
    """The URL as it goes on the request line: canonical host, no fragment, ASCII only."""
    parts = uris.parse(uri)
    return parts.origin + quote(parts.target, safe=_URL_SAFE)


class Client:
    """Outgoing requests under one policy; one per process, closed by `close()`.

    `origin` is our own public origin, named in the User-Agent so that peers know who calls.
    """

    def __init__(
        self,
        policy: ClientPolicy,
        *,
        origin: str,
        version: str = "0",
        resolver: AbstractResolver | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.policy = policy
        self.user_agent = f"Allmende/{version} (+{origin})"
        self._resolver = resolver or _Resolver()
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None
        self._courier = Courier(policy, self._resolver, tls)
        self.desk = SigningDesk()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            connector = aiohttp.TCPConnector(
                resolver=self._resolver,
                socket_factory=self._socket,
                ssl=self._tls or True,
                limit=256,
                limit_per_host=8,
                ttl_dns_cache=60,
                keepalive_timeout=30,
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S),
                auto_decompress=False,
                trust_env=False,
                headers={"User-Agent": self.user_agent, "Accept-Encoding": "gzip"},
            )
        return self._session

    def _socket(self, info: Any) -> socket.socket:
        family, kind, proto, _, address = info
        ip, port = str(address[0]), int(address[1])
        if not self.policy.admits(ip, port):
            refused = _refused_addresses.get()
            if refused is not None:
                refused.append(ip)
            raise AddressRefused(f"{ip} is not a public address")
        return socket.socket(family, kind, proto)

    async def get(self, ask: Ask) -> Reply:
        """Fetches a URL, redirects and all.

        Raises: `scheme_refused`, `port_refused`, `address_refused`, `redirect_refused`,
        `too_large`, `bad_encoding`, `bad_uri`; not permanent: `timed_out`, `unreachable`,
        `budget_spent`. Also whatever `ask.admit` raises.
        """
        url, seen = wire_url(ask.url), set[str]()
        seconds = ask.limits.seconds
        if ask.budget is not None:
            seconds = max(0.0, min(seconds, ask.budget.remaining_s))
        try:
            async with asyncio.timeout(seconds):
                while True:
                    if url in seen or len(seen) > ask.limits.redirects:
                        raise FederationError("redirect_refused", "loop" if url in seen else "too many")
                    seen.add(url)
                    reply = await self._hop(url, ask)
                    if reply.status not in _REDIRECTS:
                        return reply
                    url = self._next_url(reply)
        except TimeoutError:
            raise FederationError("timed_out", permanent=False, status=503) from None

    async def _hop(self, url: str, ask: Ask) -> Reply:
        if ask.budget is not None:
            ask.budget.spend()
        self.policy.check_url(uris.parse(url))
        if ask.admit is not None:
            await ask.admit(uris.host_of(url))
        headers = {"Accept": ask.accept, **(ask.sign(url) if ask.sign else {})}
        return await self._exchange("GET", url, headers, ask.limits.max_bytes)

    def _next_url(self, reply: Reply) -> str:
        location = reply.headers.get("Location", "")
        try:
            target = wire_url(urljoin(reply.url, location))
        except (FederationError, ValueError):
            raise FederationError("redirect_refused", "target") from None
        if reply.url.startswith("https:") and not target.startswith("https:"):
            raise FederationError("redirect_refused", "downgrade")
        return target

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, seconds: float = DELIVERY_S
    ) -> Reply:
        """Posts a body; redirects are not followed and the answer's body is thrown away.

        Raises: as `get`.
        """
        check_network_allowed()
        url = wire_url(url)
        parts = uris.parse(url)
        self.policy.check_url(parts)
        try:
            async with asyncio.timeout(seconds):
                answer = await self._courier.post(parts, body, {"User-Agent": self.user_agent, **headers})
        except TimeoutError:
            raise FederationError("timed_out", permanent=False, status=503) from None
        except (OSError, ValueError) as error:
            raise FederationError("unreachable", type(error).__name__, permanent=False, status=503) from None
        return Reply(url, answer.status, answer.headers, b"")

    async def _exchange(self, method: str, url: str, headers: Mapping[str, str], max_bytes: int) -> Reply:
        check_network_allowed()
        refused: list[str] = []
        token = _refused_addresses.set(refused)
        try:
            async with self._open().request(
                method, URL(url, encoded=True), headers=headers, allow_redirects=False
            ) as response:
                content = b""
                if response.status not in _REDIRECTS:
                    content = await _read(response, max_bytes)
                return Reply(url, response.status, response.headers, content)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            if isinstance(error, TimeoutError) and not isinstance(error, aiohttp.ClientError):
                raise
            if refused:
                raise FederationError("address_refused", refused[0]) from None
            raise FederationError("unreachable", type(error).__name__, permanent=False, status=503) from None
        finally:
            _refused_addresses.reset(token)

    async def close(self) -> None:
        """Closes the pool."""
        self.desk.close()
        await self._courier.close()
        if self._session is not None:
            await self._session.close()
        await self._resolver.close()


async def _read(response: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    """The body, decompressed here so that the cap counts what it becomes (M8, RES-01, RES-02)."""
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip", "deflate", ""):
        raise FederationError("bad_encoding", encoding[:40])
    # 32 more bits than the window: zlib reads the gzip or zlib header, whichever is there.
    inflate = zlib.decompressobj(wbits=47) if encoding not in ("identity", "") else None
    if response.content_length is not None and response.content_length > max_bytes:
        response.close()
        raise FederationError("too_large", "announced")
    found = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
        try:
            found += inflate.decompress(chunk, max_bytes + 1 - len(found)) if inflate else chunk
        except zlib.error:
            raise FederationError("bad_encoding", "broken") from None
        if len(found) > max_bytes:
            response.close()
            raise FederationError("too_large", "streamed")
        if inflate is not None and inflate.unused_data:
            # A second gzip member: nobody honest sends one, and a million empty ones cost us.
            raise FederationError("bad_encoding", "trailing data")
    if inflate is not None and not inflate.eof and found:
        raise FederationError("bad_encoding", "cut short")
    return bytes(found)

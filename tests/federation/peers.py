"""Fake peers for the tests of `federation`: real aiohttp servers on loopback, real keys.

Peers are reached through an explicit list of (address, port) pairs; the guard of the client is
never switched off. `Rig` joins a client, a directory in memory and a fetcher.
"""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any

import orjson
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from federation import keys
from federation.client import Client, ClientPolicy
from federation.fetch import Fetcher
from federation.keys import AnyPrivateKey, PublicKey, Signer
from federation.signatures import cavage, rfc9421
from federation.signatures.message import Outgoing, SignedRequest

NOW = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)
ORIGIN = "https://local.test"
AP = "application/activity+json"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@cache
def key(name: str) -> AnyPrivateKey:
    """One key per name for the whole run: making RSA keys is slow."""
    return keys.generate_ed25519() if name.startswith("ed") else keys.generate_rsa()


class MemoryDirectory:
    """A `Directory` in memory that counts what it was asked."""

    def __init__(self) -> None:
        self.keys: dict[str, PublicKey] = {}
        self.refused: set[str] = set()
        self.actors: set[str] = set()
        self.refreshed: dict[str, datetime] = {}

    async def find_key(self, key_id: str) -> PublicKey | None:
        return self.keys.get(key_id)

    async def put_key(self, key: PublicKey) -> None:
        self.keys[key.id] = key

    async def forget_key(self, key_id: str) -> None:
        self.keys.pop(key_id, None)

    async def is_host_refused(self, host: str) -> bool:
        return host.partition(":")[0] in self.refused

    async def is_actor_known(self, uri: str) -> bool:
        return uri in self.actors

    async def note_refresh(self, key_id: str, now: datetime) -> bool:
        last = self.refreshed.get(key_id)
        if last is not None and (now - last).total_seconds() < 300:
            return False
        self.refreshed[key_id] = now
        return True


class Names(AbstractResolver):
    """Names for the tests: each given address, everything else the loopback."""

    def __init__(self, table: dict[str, str]) -> None:
        self.table = table
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        self.asked.append(host)
        address = self.table.get(host, "127.0.0.1")
        kind = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [ResolveResult(hostname=host, host=address, port=port, family=kind, proto=0, flags=0)]

    async def close(self) -> None:
        return None


class Peer:
    """A server of a stranger. `documents` maps a path to JSON; `handlers` a path to anything."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.port = 0
        self.documents: dict[str, Any] = {}
        self.handlers: dict[str, Handler] = {}
        self.requests: list[tuple[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self._runner: web.AppRunner | None = None

    @property
    def origin(self) -> str:
        return f"http://{self.name}:{self.port}"

    def uri(self, path: str) -> str:
        return self.origin + path

    async def start(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        assert self._runner.addresses
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.method, request.raw_path))
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        if request.path in self.handlers:
            return await self.handlers[request.path](request)
        if request.path in self.documents:
            return web.Response(body=orjson.dumps(self.documents[request.path]), content_type=AP)
        return web.Response(status=404)

    def person(self, path: str, private: AnyPrivateKey, **more: Any) -> str:
        """Puts up an actor with one RSA key at `#main-key`; returns its id."""
        uri = self.uri(path)
        self.documents[path] = {
            "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"],
            "id": uri,
            "type": "Person",
            "preferredUsername": path.rpartition("/")[2],
            "inbox": f"{uri}/inbox",
            "publicKey": {"id": f"{uri}#main-key", "owner": uri, "publicKeyPem": keys.public_pem(private)},
            **more,
        }
        return uri


class Rig:
    """One node's outgoing side, and the peers it may reach."""

    def __init__(self) -> None:
        self.directory = MemoryDirectory()
        self.names = Names({})
        self.peers: dict[str, Peer] = {}
        self.client: Client
        self.fetcher: Fetcher

    async def start(self, *names: str) -> None:
        for name in names:
            peer = self.peers[name] = Peer(name)
            await peer.start()
        allowed = tuple(("127.0.0.1", peer.port) for peer in self.peers.values())
        policy = ClientPolicy(allow_http=True, allowed_addresses=allowed)
        self.client = Client(policy, origin=ORIGIN, resolver=self.names)
        signer = Signer(f"{ORIGIN}/actor#main-key", key("house"))
        self.fetcher = Fetcher(self.client, self.directory, signer, clock=lambda: NOW)

    async def stop(self) -> None:
        await self.client.close()
        for peer in self.peers.values():
            await peer.stop()

    @property
    def requests(self) -> int:
        """How many requests all peers together have seen."""
        return sum(len(peer.requests) for peer in self.peers.values())


def signed(
    document: dict[str, Any] | bytes,
    signer: Signer,
    *,
    scheme: str = "cavage",
    target: str = "/inbox",
    now: datetime = NOW,
    origin: str = ORIGIN,
) -> SignedRequest:
    """A delivery to us, signed as our own sending code signs."""
    body = document if isinstance(document, bytes) else orjson.dumps(document)
    message = Outgoing("POST", origin + target, body)
    headers = cavage.sign(message, signer, now) if scheme == "cavage" else rfc9421.sign(message, signer, now)
    return SignedRequest("POST", target, tuple(headers.items()), body)


def replaced(request: SignedRequest, name: str, value: str | None) -> SignedRequest:
    """The same request with one header changed, or taken out with None."""
    headers = [(key_, old if key_.lower() != name.lower() else value) for key_, old in request.headers]
    kept = tuple((key_, value_) for key_, value_ in headers if value_ is not None)
    return SignedRequest(request.method, request.target, kept, request.body)

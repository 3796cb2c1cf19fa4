"""A node as far as serving media needs one: real client, real disk, real HTTP, no database."""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from federation.client import Client
from federation.reach import ClientPolicy
from node.appkeys import NODE
from node.config import Config
from node.errors import NodeError
from node.features.media import FEATURE
from node.keyring import Keyring
from tests.node.features.media import samples

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Peer:
    """A strange host: what it answers by path, and which paths it was asked for."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[str, bytes]] = {
            "/photo.jpg": ("image/jpeg", samples.telling_jpeg()),
            "/film.mp4": ("video/mp4", samples.telling_mp4()),
            "/page.png": ("image/png", samples.HTML),
            "/drawing.svg": ("image/svg+xml", samples.SVG),
            "/actor.json": ("application/activity+json", samples.ACTOR),
            "/large.png": ("image/png", b"\x89PNG\r\n\x1a\n" + bytes(9 * 1024 * 1024)),
            "/lying.png": ("text/html", samples.file_of(samples.noise(20, 20), "PNG")),
        }
        self.asked: list[str] = []
        self.redirects: dict[str, str] = {}
        self.url = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        if request.path in self.redirects:
            return web.Response(status=302, headers={"Location": self.redirects[request.path]})
        if request.path not in self.files:
            return web.Response(status=404)
        mime, content = self.files[request.path]
        return web.Response(body=content, headers={"Content-Type": mime})


class Directory:
    """Knows only which hosts are refused."""

    def __init__(self) -> None:
        self.refused: set[str] = set()

    async def is_host_refused(self, host: str) -> bool:
        return host in self.refused


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    found = Peer()
    app = web.Application()
    app.router.add_get("/{path:.*}", found.answer)
    async with TestServer(app, host="127.0.0.1") as server:
        found.url = f"http://127.0.0.1:{server.port}"
        yield found


@pytest.fixture
async def node(tmp_path: Path, peer: Peer) -> AsyncIterator[Any]:
    port = int(peer.url.rpartition(":")[2])
    policy = ClientPolicy(allow_http=True, allowed_addresses=(("127.0.0.1", port),))
    client = Client(policy, origin="https://house.example")
    yield SimpleNamespace(
        origin="https://house.example",
        config=Config.for_data_dir(tmp_path),
        keyring=Keyring(bytes(32)),
        client=client,
        directory=Directory(),
        caches={},
    )
    await client.close()


@web.middleware
async def _errors(request: web.Request, handler: Answer) -> web.StreamResponse:
    try:
        return await handler(request)
    except NodeError as error:
        return web.Response(status=error.status, text=error.code)


@pytest.fixture
async def browser(node: Any) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    app = web.Application(middlewares=[_errors])
    app[NODE] = node
    for route in FEATURE.routes:
        app.router.add_route(route.method, route.path, route.handler)
    async with TestClient(TestServer(app, host="127.0.0.1")) as client:
        yield client


@pytest.fixture
def closed_port() -> int:
    """A port on which nobody listens but a counter."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

"""A node behind nginx or Caddy as deploy/ describes them: the real files, on loopback ports.

The programs are started from a temporary folder and ended with the test; where one is not installed, its
tests say so and are left out.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from node.app import build_app, close_node, open_node
from node.config import Config, DatabaseConfig, NodeConfig, ValkeyConfig, WebConfig
from node.features.accounts import passwords, registration
from node.features.actors.store.reads import Actor, get_actor
from node.runtime import Node
from node.services import Postgres, Valkey
from node.web import ratelimit
from tests.deploy import certificates
from tests.house.tree import ROOT
from tests.rig.databases import Databases

DEPLOY = ROOT / "deploy"
START_S = 20.0


def find_program(name: str) -> str:
    """Where a program is; the test is left out, saying so, when it is nowhere."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed on this machine")
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def probe(request: web.Request) -> web.Response:
    """What arrived of a request, and whom the node takes its sender for."""
    return web.json_response(
        {
            "host": request.headers["Host"],
            "forwarded_for": request.headers.getall("X-Forwarded-For", []),
            "proto": request.headers.getall("X-Forwarded-Proto", []),
            "visitor": ratelimit.visitor_address(request),
        }
    )


class Behind:
    """A node whose public address is that of a proxy in front of it."""

    def __init__(self, node: Node, listen: int, public: int, plain: int) -> None:
        self.node = node
        self.origin = node.origin
        self.listen = listen
        self.public = public
        self.plain = plain
        self.trust = ssl.create_default_context()

    async def person(self, username: str) -> Actor:
        hashed = await passwords.hash_password("correct horse battery")
        async with self.node.db.tx() as tx:
            account = await registration.create_account(
                tx, self.node, username, f"{username}@example.org", hashed
            )
            return await get_actor(tx, account.actor_id)

    def session(self) -> aiohttp.ClientSession:
        """A client that trusts the proxy's certificate and nobody else's."""
        return aiohttp.ClientSession(self.origin, connector=aiohttp.TCPConnector(ssl=self.trust))


@pytest.fixture
async def behind(
    databases: Databases, services: tuple[Postgres, Valkey], tmp_path: Path
) -> AsyncIterator[Behind]:
    """The node alone; `nginx` and `caddy` put themselves in front of it."""
    listen, public, plain = free_port(), free_port(), free_port()
    (tmp_path / "data").mkdir()
    config = Config(
        data_dir=tmp_path / "data",
        node=NodeConfig(origin=f"https://localhost:{public}", name="Lindenhof", lab=True),
        web=WebConfig(listen=f"127.0.0.1:{listen}"),
        database=DatabaseConfig(url=await databases.fresh(), pool_size=4),
        valkey=ValkeyConfig(url=services[1].url(60)),
    )
    node = await open_node(config)
    await node.valkey.flushdb()
    app = await build_app(config, node=node)
    app.router.add_get("/probe", probe)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", listen).start()
    yield Behind(node, listen, public, plain)
    await runner.cleanup()
    await close_node(node)


async def _until(ready: Callable[[], Awaitable[bool]], child: asyncio.subprocess.Process, log: Path) -> None:
    deadline = asyncio.get_running_loop().time() + START_S
    while not await ready():
        if child.returncode is not None or asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"it did not start:\n{log.read_text(errors='replace')[-3000:]}")
        await asyncio.sleep(0.05)


async def _accepts(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def _end(child: asyncio.subprocess.Process) -> None:
    if child.returncode is None:
        child.terminate()
    await child.wait()


def adapted(text: str, changes: dict[str, str]) -> str:
    """The real file with ports and places of this test; every change must find what it changes."""
    for old, new in changes.items():
        assert old in text, f"deploy/nginx.conf has no {old!r} any more; mend this test"
        text = text.replace(old, new)
    return text


def nginx_conf(behind: Behind, folder: Path, certificate: Path) -> str:
    """deploy/nginx.conf inside the `http { }` a distribution puts around it."""
    text = (DEPLOY / "nginx.conf").read_text("utf-8")
    changes = {
        "    listen [::]:80;\n": "",
        "    listen [::]:443 ssl http2;\n": "",
        "listen 80;": f"listen 127.0.0.1:{behind.plain};",
        "listen 443 ssl http2;": f"listen 127.0.0.1:{behind.public} ssl http2;",
        "server 127.0.0.1:8080;": f"server 127.0.0.1:{behind.listen};",
        "server_name example.org;": "server_name localhost;",
        "/var/cache/nginx/allmende": f"{folder}/cache",
        "/etc/letsencrypt/live/example.org/fullchain.pem": str(certificate),
        "/etc/letsencrypt/live/example.org/privkey.pem": str(certificate),
    }
    user = "user root;\n" if os.geteuid() == 0 else ""
    places = "".join(
        f"    {name}_temp_path {folder}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return (
        f"{user}daemon off;\nworker_processes 1;\npid {folder}/nginx.pid;\nerror_log {folder}/nginx.log notice;\n"
        f"events {{ worker_connections 256; }}\nhttp {{\n    access_log off;\n{places}"
        f"{adapted(text, changes)}\n}}\n"
    )


@pytest.fixture
async def nginx(behind: Behind, tmp_path: Path) -> AsyncIterator[Behind]:
    """The node behind nginx with deploy/nginx.conf."""
    program = find_program("nginx")
    folder = tmp_path / "nginx"
    folder.mkdir()
    certificate = certificates.write(folder / "localhost.pem")
    conf = folder / "nginx.conf"
    conf.write_text(nginx_conf(behind, folder, certificate))
    log = folder / "nginx.log"
    log.touch()
    child = await asyncio.create_subprocess_exec(
        program, "-p", str(folder), "-c", str(conf), "-e", str(log), stderr=asyncio.subprocess.DEVNULL
    )
    try:
        await _until(lambda: _accepts(behind.public), child, log)
        behind.trust = ssl.create_default_context(cafile=str(certificate))
        yield behind
    finally:
        await _end(child)


@pytest.fixture
async def caddy(behind: Behind, tmp_path: Path) -> AsyncIterator[Behind]:
    """The node behind Caddy with deploy/Caddyfile and certificates of Caddy's own making."""
    program = find_program("caddy")
    folder = tmp_path / "caddy"
    folder.mkdir()
    log = folder / "caddy.log"
    conf = folder / "Caddyfile"
    conf.write_text(
        "{\n\tadmin off\n\tlocal_certs\n\tskip_install_trust\n\tauto_https disable_redirects\n"
        f'\tdefault_bind 127.0.0.1\n\tstorage file_system "{folder}/storage"\n}}\nimport "{DEPLOY}/Caddyfile"\n'
    )
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(folder),
        "ALLMENDE_HOST": behind.origin,
        "ALLMENDE_UPSTREAM": f"127.0.0.1:{behind.listen}",
    }
    with log.open("wb") as out:
        child = await asyncio.create_subprocess_exec(
            program,
            "run",
            "--config",
            str(conf),
            "--adapter",
            "caddyfile",
            env=environment,
            stdout=out,
            stderr=out,
        )
    root = folder / "storage" / "pki" / "authorities" / "local" / "root.crt"

    async def ready() -> bool:
        if not root.exists() or not await _accepts(behind.public):
            return False
        behind.trust = ssl.create_default_context(cafile=str(root))
        try:
            async with behind.session() as client, client.get("/probe") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    try:
        await _until(ready, child, log)
        yield behind
    finally:
        await _end(child)


@pytest.fixture(params=["nginx", "caddy"])
def proxied(request: pytest.FixtureRequest) -> Behind:
    """The node behind each of them in turn."""
    made: Behind = request.getfixturevalue(request.param)
    return made

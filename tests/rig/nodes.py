"""The rig's nodes: real applications on loopback ports, jobs run on demand."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from aiohttp import web

from node.app import build_app, close_node, open_node, open_runner
from node.clock import SettableClock
from node.config import Config, DatabaseConfig, NodeConfig, ValkeyConfig, WebConfig
from node.features.accounts import passwords, registration
from node.features.actors.store.reads import Actor, get_actor
from node.features.house import service as house
from node.jobs import job_table, run_job, sweep
from node.runtime import Node
from node.services import Valkey
from tests.rig.databases import Databases

START = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)


class RigNode:
    """One running node and shortcuts to make people on it."""

    def __init__(self, node: Node, runner: web.AppRunner, woken: set[str]) -> None:
        self.node = node
        self.db = node.db
        self.origin = node.origin
        self.host = node.host
        self._runner = runner
        self._woken = woken

    async def person(
        self, username: str, *, role: str = "member", password: str = "correct horse battery"
    ) -> Actor:
        """An active account."""
        hashed = await passwords.hash_password(password)
        async with self.db.tx() as tx:
            account = await registration.create_account(
                tx, self.node, username, f"{username}@example.org", hashed, role=role
            )
            return await get_actor(tx, account.actor_id)

    async def run_jobs(self) -> bool:
        """Run every job that was woken once; False when there was none."""
        names, self._woken = sorted(self._woken), set()
        self.db.wake = collector(self._woken)
        table = job_table(self.node)
        for name in names:
            await run_job(self.node, table, name)
        return bool(names)

    async def sweep(self) -> None:
        """What a worker does every half minute."""
        await sweep(self.node)

    async def stop(self) -> None:
        """Stop listening and give everything back."""
        await self._runner.cleanup()
        await close_node(self.node)


def collector(woken: set[str]):  # type: ignore[no-untyped-def]
    """A wake that remembers names instead of enqueuing them."""

    async def wake(names: set[str]) -> None:
        woken.update(names)

    return wake


class Rig:
    """All nodes of one test."""

    def __init__(self, databases: Databases, valkey: Valkey, folder: Path) -> None:
        self.clock = SettableClock(START)
        self.nodes: dict[str, RigNode] = {}
        self._databases = databases
        self._valkey = valkey
        self._folder = folder

    async def node_of(self, name: str) -> RigNode:
        """The node of this name, started when first asked for."""
        if name not in self.nodes:
            self.nodes[name] = await self._start(name)
        return self.nodes[name]

    async def _start(self, name: str) -> RigNode:
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        data_dir = self._folder / name
        data_dir.mkdir()
        config = Config(
            data_dir=data_dir,
            node=NodeConfig(origin=f"http://localhost:{port}", name=name.title(), lab=True),
            web=WebConfig(listen=f"127.0.0.1:{port}", rate_limits=False),
            database=DatabaseConfig(url=await self._databases.fresh(), pool_size=8),
            valkey=ValkeyConfig(url=self._valkey.url(len(self.nodes))),
        )
        node = await open_node(config, clock=self.clock)
        await node.valkey.flushdb()
        woken: set[str] = set()
        node.db.wake = collector(woken)
        async with node.db.tx() as tx:
            await house.change_settings(tx, name=name.title(), registration="open")
        runner = await open_runner(await build_app(config, node=node))
        await web.SockSite(runner, listener).start()
        return RigNode(node, runner, woken)

    async def settle(self, *, rounds: int = 60) -> None:
        """Run woken jobs on all nodes until nothing is woken any more.

        Raises: AssertionError when the nodes keep waking each other.
        """
        for _ in range(rounds):
            busy = [await node.run_jobs() for node in list(self.nodes.values())]
            if not any(busy):
                return
        raise AssertionError("the nodes do not come to rest")

    async def stop(self) -> None:
        """Stop every node."""
        for node in self.nodes.values():
            await node.stop()


def replaced(config: Config, **changes: object) -> Config:
    """A config with some sections exchanged."""
    return msgspec.structs.replace(config, **changes)

"""A real node with processes of its own, a peer who writes to it, and the ledger of what was sent.

What the peer got a 202 for is expected in the database exactly once, whatever was killed meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import aiohttp
import asyncpg

from node.configfile import load
from node.services import database_url
from node.supervisor import ask_status
from tests.federation.peers import Peer
from tests.lab import LabNode
from tests.node.wire.strangers import PUBLIC, Inboxes, Stranger, wrong_counters

SETTINGS = {
    "WEB__RATE_LIMITS": "false",
    "WORKER__SWEEP_S": "1",
    "WORKER__JOB_TIMEOUT_S": "5",
    "LOG__LEVEL": "warning",
}


class House:
    """The node of `alice`, and `vera` elsewhere, who follows her."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.lab = LabNode(folder / "node", settings=SETTINGS | settings)
        self.origin = self.lab.origin
        self.peer = Peer("localhost")
        self.sent: list[str] = []
        self.written: list[str] = []
        self.refused: list[int] = []

    async def __aenter__(self) -> Self:
        await self.lab.start()
        await self.peer.start()
        self.session = aiohttp.ClientSession(headers={"Authorization": f"Bearer {await self.lab.token()}"})
        self.vera = Stranger(self.peer, "vera")
        self.door = Inboxes(self.peer, "/u/vera/inbox")
        async with self.session.get(f"{self.origin}/api/v1/accounts/verify_credentials") as answer:
            self.alice = (await answer.json())["uri"]
        assert await self.say(self.vera.does("Follow", self.alice)) == 202
        await self.until(lambda: bool(self.door.of_type("Accept")), "the follow was not accepted")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.session.close()
        await self.lab.stop()
        await self.peer.stop()

    async def say(self, activity: dict[str, Any]) -> int:
        """Vera delivers something to the shared inbox; 0 when nobody answered."""
        try:
            return await self.vera.send(self, activity, now=datetime.now(UTC))  # type: ignore[arg-type]
        except (aiohttp.ClientError, ConnectionError):
            return 0

    async def mention(self) -> None:
        """Vera writes to Alice, once; what was not taken in is not expected."""
        note = self.vera.note(to=[self.alice, PUBLIC], tag=[{"type": "Mention", "href": self.alice}])
        status = await self.say(self.vera.does("Create", note))
        if status == 202:
            self.sent.append(note["id"])
        else:
            self.refused.append(status)

    async def write(self, text: str) -> int:
        """Alice posts by the API; what was answered with 200 is expected at Vera's."""
        try:
            async with self.session.post(
                f"{self.origin}/api/v1/statuses", json={"status": text, "visibility": "public"}
            ) as answer:
                if answer.status == 200:
                    self.written.append((await answer.json())["uri"])
                return answer.status
        except (aiohttp.ClientError, ConnectionError):
            return 0

    async def until_written(self, text: str) -> None:
        """Alice tries until her post is taken. Raises: AssertionError."""

        async def taken() -> bool:
            return await self.write(text) == 200

        await self.until(taken, "posts are not taken any more")

    def pid(self, name: str) -> int:
        """The process of this name, 0 while there is none."""
        status = ask_status(load(self.lab.data_dir)) or {"processes": []}
        return next((p["pid"] or 0 for p in status["processes"] if p["name"] == name), 0)

    def kill(self, name: str, how: signal.Signals = signal.SIGKILL) -> int:
        """End one of the node's processes; returns its number."""
        number = self.pid(name)
        assert number > 1, name
        os.kill(number, how)
        return number

    async def until(self, what: Any, complaint: str, seconds: float = 35.0) -> None:
        """Wait for something to be so. Raises: AssertionError."""
        end = time.monotonic() + seconds
        while True:
            found = what()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return
            assert time.monotonic() < end, f"{complaint}\n{self.lab.last_words()}"
            await asyncio.sleep(0.2)

    async def until_back(self, name: str, was: int) -> None:
        """Wait until another process has taken its place, and pages are served again."""
        await self.until(lambda: self.pid(name) not in (0, was), f"{name} did not come back")
        await self.until(self.serves, "no pages are served")

    def doors(self) -> int:
        """How many processes listen at the node's port."""
        lines = Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]
        found = [line.split() for line in lines]
        return sum(at[1].endswith(f":{self.lab.port:04X}") and at[3] == "0A" for at in found)

    async def serves(self) -> bool:
        """Whether the node says that it is ready."""
        try:
            async with self.session.get(f"{self.origin}/health/ready") as answer:
                return answer.status == 200
        except (aiohttp.ClientError, ConnectionError):
            return False

    async def ask(self, query: str, *values: Any) -> list[asyncpg.Record]:
        """Rows of the node's own database."""
        config = load(self.lab.data_dir)
        connection = await asyncpg.connect(database_url(config), timeout=5)
        try:
            return await connection.fetch(query, *values)
        finally:
            await connection.close()

    def limit_files(self, name: str, most_bytes: int | None) -> None:
        """Let a process and its children write no file longer than this: a full disk, as they see it. None: room again."""
        soft = "unlimited" if most_bytes is None else str(most_bytes)
        for number in family(self.pid(name)):
            with contextlib.suppress(FileNotFoundError):
                owner = Path(f"/proc/{number}").stat()  # under root the database belongs to somebody else
                who = (
                    {}
                    if owner.st_uid == os.getuid()
                    else {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}
                )
                argv = ["prlimit", "--pid", str(number), f"--fsize={soft}:"]
                subprocess.run(argv, check=False, capture_output=True, cwd="/", **who)

    async def is_quiet(self) -> bool:
        """Whether nothing waits to be handled or sent."""
        rows = await self.ask(
            """SELECT (SELECT count(*) FROM inbox_items WHERE state = 'new')
                    + (SELECT count(*) FROM deliveries WHERE state = 'due') AS waiting"""
        )
        return bool(rows[0]["waiting"] == 0)

    async def check_ledger(self, seconds: float = 45.0) -> None:
        """Everything that was taken in or written is there once, and came through."""
        await self.until(self.is_quiet, "work is left over", seconds=seconds)
        stored = [row["uri"] for row in await self.ask("SELECT uri FROM posts WHERE NOT local")]
        assert set(self.sent) <= set(stored) and len(stored) == len(set(stored))
        told = await self.ask(
            """SELECT p.uri, count(*) AS times FROM notifications n JOIN posts p ON p.id = n.post_id
               WHERE n.kind = 'mention' GROUP BY p.uri"""
        )
        assert {row["uri"]: row["times"] for row in told} == dict.fromkeys(stored, 1)
        came = {document["object"]["id"] for document in self.door.of_type("Create")}
        assert came == {row["uri"] for row in await self.ask("SELECT uri FROM posts WHERE local")}
        assert came >= set(self.written)
        bad = await self.ask(
            """SELECT type, state, code FROM inbox_items WHERE state NOT IN ('done', 'ignored')
               UNION ALL SELECT 'delivery', state, code FROM deliveries WHERE state <> 'delivered'"""
        )
        assert [tuple(row) for row in bad] == []
        connection = await asyncpg.connect(database_url(load(self.lab.data_dir)))
        try:
            assert await wrong_counters(connection) == []  # type: ignore[arg-type]
        finally:
            await connection.close()


def family(number: int) -> list[int]:
    """A process and all below it."""
    found = [number]
    for parent in found:
        for thread in Path(f"/proc/{parent}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                found += [int(child) for child in thread.read_text().split()]
    return found

"""What every scene plays on: one real node with its peers, and hands to reach and to measure it."""

import asyncio
import json
import os
import statistics
import time
import urllib.parse
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from node import configfile
from node.services import database_url
from tests.bench import http
from tests.bench.meter import Meter, Usage, parts_of
from tests.bench.peers import Fakes
from tests.lab import LabNode

Figures = dict[str, Any]
PASSWORD = "a quiet house on loopback"
# Rates are not what is measured; statements are counted by PostgreSQL itself.
SETTINGS = {"WEB__RATE_LIMITS": "false"}
_POSTGRES = "shared_preload_libraries = 'pg_stat_statements'\n"


class Stage(msgspec.Struct):
    """A running node as scenes see it. `cookie` is alice's browser, `token` her program."""

    node: LabNode
    host: str
    token: str
    cookie: str
    owner_id: int
    fakes: Fakes
    meter: Meter
    database: asyncpg.Connection
    dsn: str

    @property
    def port(self) -> int:
        """Where the node listens."""
        return self.node.port

    async def api(self, method: str, path: str, fields: dict[str, str] | None = None) -> Any:
        """One call of the client API as alice. Raises: ValueError."""
        request = _form_request(method, path, self.host, fields or {}, Authorization=f"Bearer {self.token}")
        status, answer = await http.ask(self.port, request)
        if status != 200:
            raise ValueError(f"{method} {path}: {status} {answer[:300]!r}")
        return json.loads(answer)

    async def waiting(self) -> int:
        """Activities taken in and not worked off yet."""
        found = await self.database.fetchval("SELECT count(*) FROM inbox_items WHERE state = 'new'")
        return int(found)

    async def drained(self, seconds: float = 120.0) -> bool:
        """Wait until nothing waits; looks seldom and cheaply, so as not to be measured itself."""
        ends = time.monotonic() + seconds
        while await self.waiting():
            if time.monotonic() > ends:
                return False
            await asyncio.sleep(0.05)
        return True

    @asynccontextmanager
    async def apart(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection for heavy work, closed afterwards: what it grew to must not count as the node's."""
        connection = await asyncpg.connect(self.dsn)
        try:
            yield connection
        finally:
            await connection.close()

    def memory(self) -> Figures:
        """PSS of every part, in MiB."""
        now: dict[str, Usage] = self.meter.read()
        parts = {part: round(one.pss_mib, 1) for part, one in now.items()}
        return {**parts, "all": round(sum(one.pss_mib for one in now.values()), 1)}


def _form_request(method: str, path: str, host: str, fields: dict[str, str], **headers: str) -> bytes:
    body = urllib.parse.urlencode(fields).encode()
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}"]
    lines += ["Content-Type: application/x-www-form-urlencoded"]
    lines += [f"{name}: {text}" for name, text in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


async def _sign_in(node: LabNode, host: str) -> str:
    """Alice's session cookie, by the form."""
    fields = {"login": "alice@house.example", "password": PASSWORD}
    reader, writer = await asyncio.open_connection("127.0.0.1", node.port)
    writer.write(_form_request("POST", "/sign-in", host, fields, Origin=node.origin))
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    writer.close()
    for line in head.split("\r\n"):
        if line.lower().startswith("set-cookie: allmende="):
            return line.split(": ", 1)[1].partition(";")[0]
    raise ValueError(f"alice could not sign in: {head[:200]}")


def prepare(folder: Path) -> LabNode:
    """A node that is not started yet, in `folder`."""
    node = LabNode(folder, settings=SETTINGS)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "postgres.conf").write_text(_POSTGRES)
    return node


@asynccontextmanager
async def running(node: LabNode, fakes: Fakes) -> AsyncIterator[Stage]:
    """The node runs inside the block; `fakes` were made for its origin and may outlive it."""
    async with node:
        config = configfile.load(node.data_dir, None, {**os.environ})
        host = node.origin.removeprefix("http://")
        dsn = database_url(config)
        database = await asyncpg.connect(dsn)
        try:
            await database.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
            owner_id = await database.fetchval("SELECT id FROM actors WHERE local AND username = 'alice'")
            yield Stage(
                node=node,
                host=host,
                token=await node.token(),
                cookie=await _sign_in(node, host),
                owner_id=owner_id,
                fakes=fakes,
                meter=Meter(parts_of(await node.status())),
                database=database,
                dsn=dsn,
            )
        finally:
            await database.close()


def per(total: dict[str, float], count: int) -> dict[str, float]:
    """CPU seconds of each part as milliseconds for one of `count`."""
    each = {part: round(seconds * 1000 / count, 3) for part, seconds in total.items()}
    return {**each, "all": round(sum(total.values()) * 1000 / count, 3)}


def spread(values: Sequence[float]) -> dict[str, float]:
    """Least, middle and most of some rounds: how far a figure can be trusted."""
    return {
        "min": round(min(values), 3),
        "median": round(statistics.median(values), 3),
        "max": round(max(values), 3),
    }

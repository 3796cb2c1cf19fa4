"""The pool and the transaction every service works in.

`async with db.tx() as tx` opens a transaction in which the network is forbidden
(`federation.client.forbid_network`), holds the moment it started (`tx.now`) and collects wakes,
which are sent to the job queue only after the commit. Doors (pages, api, jobs, cli, wire) open
transactions; services receive them.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy

from federation.client import forbid_network
from node.clock import Clock
from node.ids import IdMint

log = logging.getLogger("node.db")

Connection = asyncpg.Connection | PoolConnectionProxy
Wake = Callable[[set[str]], Awaitable[None]]
Prove = Callable[["Tx", int, dict[str, Any]], Awaitable[dict[str, Any]]]
Forget = Callable[[set[int]], None]


async def _no_wake(names: set[str]) -> None:
    """Nobody listens: the sweep finds the work."""


def _nothing_kept(actor_ids: set[int]) -> None:
    """This process keeps no answers."""


async def _no_proof(tx: "Tx", actor_id: int, document: dict[str, Any]) -> dict[str, Any]:
    """Nobody signs: documents leave as they are."""
    return document


async def _prepare_connection(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        format="text",
        encoder=lambda value: msgspec.json.encode(value).decode(),
        decoder=lambda text: msgspec.json.decode(text),
    )


async def _keep_session(_: asyncpg.Connection) -> None:
    """Nothing here changes a session, so giving a connection back costs no round trip.

    asyncpg still rolls back what was left open before it asks us.
    """


# Our statements are written so that one plan is right for every value. Left to itself PostgreSQL plans
# those with a LIMIT anew each time, which costs more than running them; compiling (jit) costs more still.
_SESSION = {"plan_cache_mode": "force_generic_plan", "jit": "off"}

# Each connection is a process of PostgreSQL of some 5 MiB. A crowd opens them all at once and needs few of them
# a moment later; the pool lends out the one used last, so those not needed fall idle.
_IDLE_S = 30.0


class Tx:
    """One open transaction: asyncpg's query methods, the moment, new ids, wakes after commit.

    `caches` lives as long as the process and belongs to this database alone; what a store keeps there
    it must be able to prove fresh (`actors.store.reads`). It is never the truth.
    """

    def __init__(
        self, connection: Connection, now: datetime, mint: IdMint, prove: Prove, caches: dict[str, Any]
    ) -> None:
        self._connection = connection
        self._mint = mint
        self._prove = prove
        self.now = now
        self.caches = caches
        self.wakes: set[str] = set()
        self.changed: set[int] = set()
        self.execute = connection.execute
        self.executemany = connection.executemany
        self.fetch = connection.fetch
        self.fetchrow = connection.fetchrow
        self.fetchval = connection.fetchval
        self.savepoint = connection.transaction

    def new_id(self, moment: datetime | None = None) -> int:
        """A fresh id that sorts at `moment`, a time a peer told, by default now."""
        return self._mint.at(self.now) if moment is None else self._mint.at(moment, spread=True)

    async def prove(self, actor_id: int, document: dict[str, Any]) -> dict[str, Any]:
        """The document with a proof that this actor of ours wrote it, whoever hands it on."""
        return await self._prove(self, actor_id, document)

    def wake(self, name: str) -> None:
        """Tell the job `name` after the commit that there is work."""
        self.wakes.add(name)

    def tell_changed(self, actor_id: int) -> None:
        """Have this process forget, right after the commit, what it keeps about one of our actors.

        Other processes hear of it from the database itself, a moment later (`node.db.changes`).
        """
        self.changed.add(actor_id)


class Database:
    """A pool of connections to this node's database."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock, mint: IdMint) -> None:
        self.pool = pool
        self.clock = clock
        self.mint = mint
        self.wake: Wake = _no_wake
        self.prove: Prove = _no_proof
        self.forget: Forget = _nothing_kept
        self._caches: dict[str, Any] = {}

    @classmethod
    async def open(cls, dsn: str, *, clock: Clock, pool_size: int) -> "Database":
        """Connect; the schema must be there already (`node.db.migrate`)."""
        pool = await asyncpg.create_pool(
            dsn,
            min_size=1,
            max_size=pool_size,
            init=_prepare_connection,
            reset=_keep_session,
            command_timeout=30,
            max_inactive_connection_lifetime=_IDLE_S,
            server_settings=_SESSION,
        )
        number = await pool.fetchval("SELECT nextval('process_numbers')")
        return cls(pool, clock, IdMint(number))

    async def close(self) -> None:
        """Give the connections back."""
        await self.pool.close()

    @asynccontextmanager
    async def tx(self) -> AsyncIterator[Tx]:
        """A transaction; commits at the end or rolls back, then forgets what changed and sends the wakes."""
        async with self.pool.acquire() as connection:
            tx = Tx(connection, self.clock.now(), self.mint, self.prove, self._caches)
            with forbid_network():
                async with connection.transaction():
                    yield tx
        if tx.changed:
            self.forget(tx.changed)
        if tx.wakes:
            await self.wake(tx.wakes)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Tx]:
        """A connection for reading, without a transaction block: each statement sees the latest state."""
        async with self.pool.acquire() as connection:
            with forbid_network():
                yield Tx(connection, self.clock.now(), self.mint, self.prove, self._caches)

    @asynccontextmanager
    async def single(self) -> AsyncIterator[Tx]:
        """A connection for exactly one writing statement, which is a transaction of its own.

        Saves the two round trips around it; wakes are the caller's to send.
        """
        async with self.read() as tx:
            yield tx

    async def ready(self) -> bool:
        """Whether the database answers within two seconds, the wait for a free connection included."""
        try:
            async with asyncio.timeout(2):
                return bool(await self.pool.fetchval("SELECT 1") == 1)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
            return False


def describe(error: BaseException) -> dict[str, Any]:
    """What a log line may say of a database error: its SQLSTATE and constraint, never row values."""
    return {
        "sqlstate": getattr(error, "sqlstate", ""),
        "constraint": getattr(error, "constraint_name", "") or "",
    }

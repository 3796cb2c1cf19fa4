"""What status and doctor ask the database: counts and ages of queues, versions. Reads only."""

from __future__ import annotations

import asyncpg
import msgspec

from node.db.rows import one


class Queues(msgspec.Struct, frozen=True):
    """How much waits, and how long the oldest has been due (seconds)."""

    inbox_waiting: int
    inbox_oldest_s: float
    inbox_failed: int
    deliveries_due: int
    deliveries_waiting: int
    deliveries_oldest_s: float
    mails_due: int
    mails_failed: int
    hosts_resting: int
    hosts_gone: int


_QUEUES = """
SELECT
    (SELECT count(*) FROM inbox_items WHERE state = 'new') AS inbox_waiting,
    (SELECT coalesce(extract(epoch FROM now() - min(next_attempt_at)), 0)
        FROM inbox_items WHERE state = 'new' AND next_attempt_at <= now())::float8 AS inbox_oldest_s,
    (SELECT count(*) FROM inbox_items WHERE state = 'failed') AS inbox_failed,
    (SELECT count(*) FROM deliveries WHERE state = 'due' AND next_attempt_at <= now()) AS deliveries_due,
    (SELECT count(*) FROM deliveries WHERE state = 'due') AS deliveries_waiting,
    (SELECT coalesce(extract(epoch FROM now() - min(next_attempt_at)), 0)
        FROM deliveries WHERE state = 'due' AND next_attempt_at <= now())::float8 AS deliveries_oldest_s,
    (SELECT count(*) FROM mails WHERE state = 'due') AS mails_due,
    (SELECT count(*) FROM mails WHERE state = 'failed') AS mails_failed,
    (SELECT count(*) FROM hosts WHERE next_attempt_at > now() AND gone_at IS NULL) AS hosts_resting,
    (SELECT count(*) FROM hosts WHERE gone_at IS NOT NULL) AS hosts_gone
"""
_TWICE = """
SELECT coalesce(sum(number - 1), 0)::bigint FROM (
    SELECT count(*) AS number FROM actors GROUP BY uri HAVING count(*) > 1
    UNION ALL
    SELECT count(*) FROM actors GROUP BY lower(username), host HAVING count(*) > 1
    UNION ALL
    SELECT count(*) FROM posts GROUP BY uri HAVING count(*) > 1) AS doubled
"""


async def get_queues(connection: asyncpg.Connection) -> Queues:
    """Lengths and ages of what waits."""
    return one(Queues, await connection.fetchrow(_QUEUES))


async def get_server_version(connection: asyncpg.Connection) -> str:
    """Such as `18.6`."""
    version: str = await connection.fetchval("SHOW server_version")
    return version.split(" ")[0]


async def find_schema_step(connection: asyncpg.Connection) -> int:
    """The number of the newest applied migration; 0 for an empty database."""
    if await connection.fetchval("SELECT to_regclass('schema_migrations')") is None:
        return 0
    return int(await connection.fetchval("SELECT coalesce(max(number), 0) FROM schema_migrations"))


async def count_tables(connection: asyncpg.Connection) -> int:
    """How many tables of ours there are."""
    return int(await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"))


async def count_doubled(connection: asyncpg.Connection) -> int:
    """Rows that stand beside another of the same address: what a damaged index let in.

    Reads the tables themselves; an index that is damaged would hide them.
    """
    async with connection.transaction():
        for way in ("enable_indexscan", "enable_indexonlyscan", "enable_bitmapscan"):
            await connection.execute(f"SET LOCAL {way} = off")
        return int(await connection.fetchval(_TWICE))


async def find_other_collation(connection: asyncpg.Connection) -> tuple[str, str] | None:
    """The version the indexes were sorted by and the one that sorts now, when they differ."""
    row = await connection.fetchrow(
        """SELECT datcollversion AS made, pg_database_collation_actual_version(oid) AS now
           FROM pg_database WHERE datname = current_database()
           AND datcollversion <> pg_database_collation_actual_version(oid)"""
    )
    return (row["made"], row["now"]) if row else None


async def count_handles_elsewhere(connection: asyncpg.Connection, host: str) -> int:
    """Accounts whose actor was made under another host than `host`: the origin was changed."""
    found = await connection.fetchval(
        "SELECT count(*) FROM accounts JOIN actors ON actors.id = accounts.actor_id WHERE actors.host <> $1",
        host,
    )
    return int(found)


async def find_recent_host(connection: asyncpg.Connection) -> str | None:
    """A host we exchanged something with lately."""
    found: str | None = await connection.fetchval(
        "SELECT host FROM inbox_items WHERE state = 'done' ORDER BY id DESC LIMIT 1"
    )
    return found

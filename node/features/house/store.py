"""SQL of the house: its settings, and what the wire did, as admins list it.

The wire's own queues are only read here, and put back to work when an admin asks for it.
"""

from datetime import datetime
from typing import Any

import msgspec

from node.db.database import Tx
from node.db.rows import many, one


class Item(msgspec.Struct, frozen=True):
    """One activity that arrived, or one delivery that went out, as an admin sees it."""

    id: int
    type: str
    host: str
    subject: str  # who sent it, or which address it went to
    state: str
    code: str
    attempts: int
    at: datetime  # arrived, or due next


class StateCount(msgspec.Struct, frozen=True):
    """How many rows of a queue are in a state; of those that ended well, about how many."""

    state: str
    number: int


async def find_setting(tx: Tx, key: str) -> Any:
    """The stored value of a setting, or None."""
    return await tx.fetchval("SELECT value FROM settings WHERE key = $1", key)


async def put_setting(tx: Tx, key: str, value: Any) -> None:
    """Store a setting."""
    await tx.execute(
        """
        INSERT INTO settings (key, value, updated_at) VALUES ($1, $2, $3)
        ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at
        """,
        key,
        value,
        tx.now,
    )


async def lock_setting(tx: Tx, key: str) -> Any:
    """The stored value, locked against a change at the same moment."""
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended('setting:' || $1, 0))", key)
    return await find_setting(tx, key)


# What ended well in a table that is not small: its rows, by its size and how full its pages last were as the
# planner guesses, without those of other states, which are counted. Nobody waits for all that ever came.
_REST = """
    SELECT '{state}', CASE
        WHEN pg_relation_size(c.oid) < 16777216 OR c.relpages = 0
        THEN (SELECT count(*) FROM {table} WHERE state = '{state}')
        ELSE GREATEST(
            round(c.reltuples / c.relpages * pg_relation_size(c.oid) / current_setting('block_size')::integer)::bigint
            - COALESCE((SELECT sum(number) FROM counted), 0), 0)::bigint END
    FROM pg_class c WHERE c.oid = '{table}'::regclass"""


async def count_inbox(tx: Tx) -> list[StateCount]:
    """How many arrived activities are in each state: few by their indexes, those done by what the planner knows."""
    return many(
        StateCount,
        await tx.fetch(
            f"""WITH counted AS (
                    SELECT 'new' AS state, count(*) AS number FROM inbox_items WHERE state = 'new'
                    UNION ALL SELECT state, count(*) FROM inbox_items WHERE state NOT IN ('new', 'done') GROUP BY state)
                SELECT state, number FROM counted UNION ALL {_REST.format(state="done", table="inbox_items")}"""
        ),
    )


async def count_deliveries(tx: Tx) -> list[StateCount]:
    """How many deliveries are in each state, in the same way."""
    return many(
        StateCount,
        await tx.fetch(
            f"""WITH counted AS (
                    SELECT 'due' AS state, count(*) AS number FROM deliveries WHERE state = 'due'
                    UNION ALL SELECT state, count(*) FROM deliveries WHERE state NOT IN ('due', 'delivered')
                    GROUP BY state)
                SELECT state, number FROM counted UNION ALL {_REST.format(state="delivered", table="deliveries")}"""
        ),
    )


async def list_inbox(tx: Tx, state: str, before_id: int, limit: int) -> list[Item]:
    """Arrived activities of one state, newest first, older than `before_id` (0: from the newest)."""
    # Said in so many words, so that the index of what did not go as it should is known to fit.
    rare = "" if state in ("new", "done") else "AND state NOT IN ('new', 'done')"
    rows = await tx.fetch(
        f"""
        SELECT id, type, host, actor_uri AS subject, state, code, attempts, received_at AS at
        FROM inbox_items WHERE state = $1 {rare} AND ($2::bigint = 0 OR id < $2) ORDER BY id DESC LIMIT $3
        """,
        state,
        before_id,
        limit,
    )
    return many(Item, rows)


async def list_deliveries(tx: Tx, state: str, before_id: int, limit: int) -> list[Item]:
    """Deliveries of one state, newest first, older than `before_id` (0: from the newest)."""
    rare = "" if state in ("due", "delivered") else "AND d.state NOT IN ('due', 'delivered')"
    rows = await tx.fetch(
        f"""
        SELECT d.id, a.type, d.host, d.inbox_uri AS subject, d.state, d.code, d.attempts,
               coalesce(d.ended_at, d.next_attempt_at) AS at
        FROM deliveries d JOIN activities a ON a.id = d.activity_id
        WHERE d.state = $1 {rare} AND ($2::bigint = 0 OR d.id < $2) ORDER BY d.id DESC LIMIT $3
        """,
        state,
        before_id,
        limit,
    )
    return many(Item, rows)


async def put_inbox_due(tx: Tx, item_id: int) -> str:
    """Let an ended activity be worked on again; gives its former state, '' when none ended badly."""
    former = await tx.fetchval(
        """
        WITH old AS (SELECT id, state FROM inbox_items WHERE id = $1 FOR UPDATE)
        UPDATE inbox_items i SET state = 'new', code = '', attempts = 0, next_attempt_at = $2,
               ended_at = NULL
        FROM old WHERE i.id = old.id AND old.state IN ('ignored', 'refused', 'failed') RETURNING old.state
        """,
        item_id,
        tx.now,
    )
    return str(former or "")


async def put_delivery_due(tx: Tx, delivery_id: int) -> str:
    """Let an ended delivery be tried again; gives its former state, '' when none ended badly."""
    former = await tx.fetchval(
        """
        WITH old AS (SELECT id, state FROM deliveries WHERE id = $1 FOR UPDATE)
        UPDATE deliveries d SET state = 'due', code = '', attempts = 0, next_attempt_at = $2, ended_at = NULL
        FROM old WHERE d.id = old.id AND old.state IN ('refused', 'gone', 'failed') RETURNING old.state
        """,
        delivery_id,
        tx.now,
    )
    return str(former or "")


async def find_first_steps(tx: Tx) -> tuple[bool, bool, bool]:
    """Whether the house was named, somebody wrote, and somebody was invited or joined."""
    row = await tx.fetchrow(
        """
        SELECT EXISTS (SELECT 1 FROM settings WHERE key = 'house') AS named,
               EXISTS (SELECT 1 FROM posts WHERE local) AS wrote,
               EXISTS (SELECT 1 FROM invites) OR (SELECT count(*) FROM (SELECT 1 FROM accounts LIMIT 2) x) > 1
               AS invited
        """
    )
    return (row["named"], row["wrote"], row["invited"]) if row else (False, False, False)


class Usage(msgspec.Struct, frozen=True):
    """How much was written here, and how many other hosts this node has spoken with."""

    posts: int
    hosts: int


async def count_usage(tx: Tx) -> Usage:
    """What NodeInfo and the client API tell of this house's size."""
    return one(
        Usage,
        await tx.fetchrow(
            """
            SELECT coalesce((SELECT sum(posts_count) FROM actors WHERE local), 0)::bigint AS posts,
                   (SELECT count(*) FROM hosts WHERE refused_at IS NULL) AS hosts
            """
        ),
    )

"""The ledger: what must be true of a node whatever happened to it."""

from __future__ import annotations

from node.db.database import Database
from tests.node.wire.strangers import wrong_counters


async def assert_counts_equal_rows(db: Database) -> None:
    """Every number the node keeps beside rows is the number of those rows. Raises: AssertionError."""
    async with db.read() as tx:
        assert await wrong_counters(tx) == []


async def assert_every_end_is_named(db: Database) -> None:
    """Nothing that arrived or leaves is in a state nobody can explain. Raises: AssertionError."""
    async with db.read() as tx:
        rows = await tx.fetch(
            """SELECT 'in' AS way, state, code FROM inbox_items
               UNION ALL SELECT 'out', state, code FROM deliveries"""
        )
    odd = {
        tuple(row)
        for row in rows
        if (row["state"] in ("refused", "ignored", "failed") and not row["code"])
        or row["code"] != row["code"].lower()
    }
    assert odd == set()

"""Deleting what is past its time, a bounded number of rows in each transaction.

Nobody waits long for the locks of one, and however much came in an hour, an hour's upkeep gets through
more. Called by what features do for retention.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from node.db.database import Database, Tx

ROWS: Final = 5_000
_ROUNDS: Final = 2_000

Delete = Callable[[Tx, int], Awaitable[int]]


async def in_batches(db: Database, delete: Delete, *, rows: int = ROWS) -> int:
    """Call `delete(tx, rows)`, which returns how many it deleted, until it finds fewer; how many in all."""
    total = 0
    for _ in range(_ROUNDS):
        async with db.tx() as tx:
            found = await delete(tx, rows)
        total += found
        if found < rows:
            break
    return total


def count_of(status: str) -> int:
    """How many rows a statement changed, by what the database said of it."""
    return int(status.rpartition(" ")[2])

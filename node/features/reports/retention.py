"""Closed reports are forgotten in the end, with the copies they hold of what people wrote; runs every hour."""

from datetime import timedelta

from node.db.batches import in_batches
from node.db.database import Tx
from node.features.reports import store
from node.runtime import Node

_ROWS = 200


async def forget(node: Node) -> None:
    """Delete reports closed longer ago than the settings say; open ones stay, however old."""
    before = node.clock.now() - timedelta(days=node.config.retention.reports_days)

    async def delete(tx: Tx, rows: int) -> int:
        return await store.delete_closed(tx, before, rows)

    await in_batches(node.db, delete, rows=_ROWS)

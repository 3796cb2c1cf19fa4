"""What happened long ago is forgotten, a few rows at a time; runs every hour."""

from datetime import timedelta

from node.db.batches import in_batches
from node.db.database import Tx
from node.features.notifications import store
from node.runtime import Node


async def forget(node: Node) -> None:
    """Delete notifications past the days of the settings."""
    before = node.clock.now() - timedelta(days=node.config.retention.notifications_days)

    async def delete(tx: Tx, rows: int) -> int:
        return await store.delete_before(tx, before, rows)

    await in_batches(node.db, delete)

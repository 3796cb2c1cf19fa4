"""The far end of home timelines: each keeps its newest places, and older ones go, a few at a time.

Posts stay where they are; only their places in somebody's home go. Runs every hour.
"""

import logging
from typing import Final

from node.db.batches import in_batches
from node.db.database import Tx
from node.features.timelines import store
from node.runtime import Node

log = logging.getLogger("node.timelines")

_OWNERS: Final = 200


async def trim_homes(node: Node) -> None:
    """Let every home end after as many places as the settings say."""
    most, after, total = node.config.retention.home_posts, 0, 0
    while True:
        async with node.db.read() as tx:
            owners = await store.list_owners(tx, after, _OWNERS)
            ends = await store.list_ends(tx, owners, most)
        for end in ends:

            async def delete(tx: Tx, rows: int, end: store.End = end) -> int:
                return await store.delete_from(tx, end, rows)

            total += await in_batches(node.db, delete)
        if len(owners) < _OWNERS:
            break
        after = owners[-1]
    if total:
        log.info("old places in homes removed", extra={"count": total})

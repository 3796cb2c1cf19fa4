"""Once a night the counts of followers are compared with the rows, and mended where they differ.

The database keeps them with every change of a follow (migration 0024), so there is nothing to mend unless
somebody changed rows past it: that is worth a line in the log.
"""

import logging
from typing import Final

from node.features.follows.counts import store
from node.runtime import Node

log = logging.getLogger("node.follows")

HOUR: Final = 3
_AT_ONCE: Final = 100


async def mend_at_night(node: Node) -> None:
    """Called every hour; looks between three and four o'clock (UTC)."""
    if node.clock.now().hour == HOUR:
        await mend(node)


async def mend(node: Node) -> int:
    """Count anew for those whose counts are wrong, a hundred at most; how many were."""
    async with node.db.read() as tx:
        suspected = await store.list_miscounted(tx, _AT_ONCE)
    if not suspected:
        return 0
    async with node.db.tx() as tx:
        mended = await store.put_counts(tx, suspected)
    if mended:
        log.warning("counts of followers were wrong and are mended", extra={"count": mended})
    return mended

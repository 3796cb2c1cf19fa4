"""Removing all somebody wrote and did when they are no more, however much it was (REL-16).

What they did, and their newest posts, go with the news itself; older posts go some at a time, in transactions
of their own, so that one account of fifty thousand posts neither holds up what others send nor outlasts a job.
Nothing is counted or fetched here in Python. Called by whoever hears of the end, and by the job `burial`.
"""

import time
from datetime import timedelta
from typing import Final

from node.db.database import Tx
from node.features.actors.store import writes as store
from node.runtime import Node
from node.wire import wants
from node.wire.store import arrivals
from node.wire.wants import Want

AT_ONCE: Final = 1000
"""Posts for each transaction: each of them lies under a dozen references that are looked at."""

_SHARE: Final = 0.5  # of the longest time for a job; the next goes on with the rest


async def bury(tx: Tx, actor_id: int, uri: str, kind: str) -> None:
    """Delete an actor's doings and empty its row; a tombstone stays."""
    await store.delete_everything_of(tx, actor_id)
    await store.put_deleted(tx, actor_id)
    tx.tell_changed(actor_id)
    await arrivals.put_tombstone(tx, uri, kind, uri)
    if await store.delete_posts_of(tx, actor_id, AT_ONCE) == AT_ONCE:
        await wants.ask(tx, "burial", actor_id, cooldown=timedelta(0))


async def run(node: Node, argument: str) -> None:
    """The job `burial:<actor id>`."""
    await wants.work(node, "burial", argument, _bury_rest)


async def _bury_rest(node: Node, want: Want) -> bool:
    """Delete older posts until none is left or the job has had its time; True when some may be left."""
    until = time.monotonic() + node.config.worker.job_timeout_s * _SHARE
    while True:
        async with node.db.tx() as tx:
            if await store.delete_posts_of(tx, want.subject_id, AT_ONCE) < AT_ONCE:
                return False
        if time.monotonic() > until:
            return True

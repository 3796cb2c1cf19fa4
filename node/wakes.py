"""Tell the workers that there is work, through Valkey; the rows in PostgreSQL are the truth.

A wake is a name such as `inbound` or `deliver`. One waiting job per name is enough: the flag
is taken down when the job starts, so a wake that comes while it runs makes another. Without
Valkey nothing is lost, only later: the sweep finds it.
"""

import logging

from arq import ArqRedis
from redis.exceptions import RedisError

log = logging.getLogger("node.wakes")

FLAG_S = 30
JOB = "run"


class Wakes:
    """Sends wakes after commits."""

    def __init__(self, queue: ArqRedis) -> None:
        self._queue = queue

    async def __call__(self, names: set[str]) -> None:
        """Enqueue one job per name that has none waiting."""
        for name in sorted(names):
            try:
                if await self._queue.set(f"wake:{name}", 1, nx=True, ex=FLAG_S):
                    await self._queue.enqueue_job(JOB, name)
            except (RedisError, OSError, TimeoutError) as error:
                log.warning(
                    "the work queue does not answer (%s); the sweep will find the work", type(error).__name__
                )
                return

    async def started(self, name: str) -> None:
        """The job runs: the next wake makes a new one."""
        await self._queue.delete(f"wake:{name}")

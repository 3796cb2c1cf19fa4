"""Tell the workers that there is work, through Valkey; the rows in PostgreSQL are the truth.

A wake is a name such as `inbound` or `deliver`. One waiting job per name is enough: the flag
is taken down when the job starts, so a wake that comes while it runs makes another. Without
Valkey nothing is lost, only later: the sweep finds it. A Valkey that hangs holds up nobody for
longer than `PATIENCE_S`, and nobody at all for a while after that. Wakes that follow each other
closely go out as one: a busy inbox would ask Valkey more often than it stores.
"""

import asyncio
import logging

from arq import ArqRedis
from redis.exceptions import RedisError

log = logging.getLogger("node.wakes")

FLAG_S = 30
JOB = "run"
PATIENCE_S = 1.0
PAUSE_S = 10.0
TOGETHER_S = 0.02


class Wakes:
    """Sends wakes after commits."""

    def __init__(self, queue: ArqRedis) -> None:
        self._queue = queue
        self._silent_until = 0.0
        self._held: set[str] = set()
        self._holding: asyncio.Task[None] | None = None

    async def __call__(self, names: set[str]) -> None:
        """Enqueue one job per name that has none waiting; at once, or with others a moment later."""
        if self._holding is not None and not self._holding.done():
            self._held |= names
            return
        await self._send(names)
        self._holding = asyncio.create_task(self._hold())

    async def _hold(self) -> None:
        await asyncio.sleep(TOGETHER_S)
        while self._held:
            names, self._held = self._held, set()
            await self._send(names)
            await asyncio.sleep(TOGETHER_S)

    async def close(self) -> None:
        """Send what is still held."""
        if self._holding is not None:
            await self._holding

    async def _send(self, names: set[str]) -> None:
        loop = asyncio.get_running_loop()
        if loop.time() < self._silent_until:
            return
        try:
            async with asyncio.timeout(PATIENCE_S):
                for name in sorted(names):
                    if await self._queue.set(f"wake:{name}", 1, nx=True, ex=FLAG_S):
                        await self._queue.enqueue_job(JOB, name)
        except (RedisError, OSError, TimeoutError) as error:
            if isinstance(error, TimeoutError):
                self._silent_until = loop.time() + PAUSE_S
            log.warning(
                "the work queue does not answer (%s); the sweep will find the work", type(error).__name__
            )

    async def started(self, name: str) -> None:
        """The job runs: the next wake makes a new one."""
        await self._queue.delete(f"wake:{name}")

"""One fetch at a time for one thing, few in all, and no fetch soon after a failure.

A page with many pictures of one slow host must neither ask it twice nor keep everybody else
waiting. Knows nothing of what is fetched; called by `proxy`.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

_REST_S = 300.0
_MOST_REMEMBERED = 10_000


class Flights:
    """Shares the running work for each name; at most `at_once` run together."""

    def __init__(self, at_once: int) -> None:
        self._turns = asyncio.Semaphore(at_once)
        self._running: dict[str, asyncio.Task[Path | None]] = {}
        self._failed: dict[str, float] = {}

    async def get(self, name: str, fetch: Callable[[], Awaitable[Path | None]]) -> Path | None:
        """What `fetch` gives, shared by all who ask meanwhile; None also while a failure is fresh."""
        if self._failed.get(name, 0.0) > time.monotonic():
            return None
        task = self._running.get(name)
        if task is None:
            task = asyncio.create_task(self._run(name, fetch))
            self._running[name] = task
        # Shielded: the one who asked first may leave, others still wait.
        return await asyncio.shield(task)

    async def _run(self, name: str, fetch: Callable[[], Awaitable[Path | None]]) -> Path | None:
        try:
            async with self._turns:
                found = await fetch()
        finally:
            del self._running[name]
        if found is None:
            if len(self._failed) >= _MOST_REMEMBERED:
                self._failed.clear()
            self._failed[name] = time.monotonic() + _REST_S
        return found

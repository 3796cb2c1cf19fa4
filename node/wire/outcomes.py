"""What became of deliveries, written down for many hosts in one transaction.

Rounds that end within a few milliseconds of each other share it; each learns what is due next for
its host. Called by `rounds`; owns no decision.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import timedelta

import asyncpg

from node.runtime import Node
from node.wire.store import queue as store
from node.wire.store.queue import Due, Page

GATHER_S = 0.025  # how long the first of a batch waits for company
AT_ONCE = 128
PER_HOST = 50
_TRIES = 3

Waiting = tuple[Page, asyncio.Future[list[Due]]]


class Outcomes:
    """Writes pages of one process; `goes_on` tells whether hosts with more due are come back to here."""

    def __init__(self, node: Node, lease: timedelta, goes_on: Callable[[], bool]) -> None:
        self._node = node
        self._lease = lease
        self._goes_on = goes_on
        self._waiting: list[Waiting] = []
        self._writer: asyncio.Task[None] | None = None

    async def put(self, page: Page) -> list[Due]:
        """Return, once it is durable, what is due next for the host under the same lease.

        Raises: whatever the database raises; then the lease runs out by itself.
        """
        done: asyncio.Future[list[Due]] = asyncio.get_running_loop().create_future()
        self._waiting.append((page, done))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        return await done

    async def _write(self) -> None:
        await asyncio.sleep(GATHER_S)
        while self._waiting:
            batch, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
            try:
                due = await self._store([page for page, _ in batch])
            except Exception as error:  # every waiting round must learn of it
                for _, done in batch:
                    if not done.done():
                        done.set_exception(error)
                continue
            for page, done in batch:
                if not done.done():
                    done.set_result(due[page.host])

    async def _store(self, pages: Sequence[Page]) -> dict[str, list[Due]]:
        for attempt in range(1, _TRIES + 1):
            try:
                return await self._store_once(pages)
            except asyncpg.DeadlockDetectedError:  # somebody withdraws the same deliveries just now
                if attempt == _TRIES:
                    raise
        raise AssertionError("unreachable")

    async def _store_once(self, pages: Sequence[Page]) -> dict[str, list[Due]]:
        found: dict[str, list[Due]] = defaultdict(list)
        async with self._node.db.tx() as tx:
            await store.go_by_index(tx)
            more = await store.put_pages(tx, pages, self._lease)
            kept = [host for host, keeps in more.items() if keeps]
            if len(kept) < len(more) and not self._goes_on():
                tx.wake("deliver")
            if kept:
                for row in await store.list_due(tx, kept, PER_HOST):
                    found[row.host].append(row)
        return found

"""Hear from PostgreSQL, right after the commit, that rows changed which a process keeps copies of.

Owns one connection that listens. Triggers of the schema say which rows (`actor_changed`). Whoever keeps
copies asks `Changes.hears` before trusting them: while nobody listens, no copy counts. Opened by
`node.app` for processes that serve; knows no table.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable

import asyncpg

log = logging.getLogger("node.db")

_AGAIN_S = 5.0


class Changes:
    """Listens for one channel and tells `changed` the payload; `lost` when words may have been missed."""

    def __init__(
        self, dsn: str, channel: str, changed: Callable[[str], None], lost: Callable[[], None]
    ) -> None:
        self._dsn = dsn
        self._channel = channel
        self._changed = changed
        self._lost = lost
        self._task: asyncio.Task[None] | None = None
        self.hears = False

    async def open(self) -> None:
        """Begin to listen; goes on trying by itself when that fails."""
        heard = asyncio.Event()
        self._task = asyncio.create_task(self._listen(heard))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_AGAIN_S):
                await heard.wait()

    async def close(self) -> None:
        """Listen no more."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _listen(self, heard: asyncio.Event) -> None:
        while True:
            try:
                await self._until_ended(heard)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("cannot hear of changes; asking each time: %s", type(error).__name__)
            await asyncio.sleep(_AGAIN_S)

    async def _until_ended(self, heard: asyncio.Event) -> None:
        ended = asyncio.Event()
        connection = await asyncpg.connect(self._dsn)
        try:
            connection.add_termination_listener(lambda _: self._deaf(ended))
            await connection.add_listener(self._channel, lambda *said: self._changed(str(said[3])))
            self._lost()
            self.hears = True
            heard.set()
            await ended.wait()
        finally:
            self._deaf(ended)
            connection.terminate()

    def _deaf(self, ended: asyncio.Event) -> None:
        self.hears = False
        self._lost()
        ended.set()

"""Signing off the event loop: what is asked for in one turn of the loop is signed in a few threads together.

Owns the threads. An RSA signature frees the GIL while it is made, so the loop sends meanwhile; handing
over one message at a time would cost half as much again as the signature. Called by `delivery`.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

Headers = dict[str, str]
Work = Callable[[], Headers]
_THREADS: Final = min(4, os.cpu_count() or 1)
_AT_MOST: Final = 16  # messages for a thread at once: the first of them must not wait long for the last


class SigningDesk:
    """Signs for one process; closed by `close()`."""

    def __init__(self) -> None:
        self._threads: ThreadPoolExecutor | None = None
        self._waiting: list[tuple[Work, asyncio.Future[Headers]]] = []
        self.backlog = 0  # messages that are not signed yet

    async def sign(self, work: Work) -> Headers:
        """What `work` returns or raises, done in a thread together with others'."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Headers] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._hand_over, loop)
        self._waiting.append((work, done))
        self.backlog += 1
        try:
            return await done
        finally:
            self.backlog -= 1

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="signing")
        waiting, self._waiting = self._waiting, []
        share = min(_AT_MOST, -(-len(waiting) // _THREADS))
        for start in range(0, len(waiting), share):
            self._threads.submit(_sign_all, loop, waiting[start : start + share])

    def close(self) -> None:
        """Lets the threads go; what waits is given up."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)


def _sign_all(loop: asyncio.AbstractEventLoop, batch: list[tuple[Work, asyncio.Future[Headers]]]) -> None:
    made: list[tuple[asyncio.Future[Headers], Headers | Exception]] = []
    for work, done in batch:
        try:
            made.append((done, work()))
        except Exception as error:  # it belongs to whoever asked
            made.append((done, error))
    if not loop.is_closed():
        loop.call_soon_threadsafe(_give_back, made)


def _give_back(made: list[tuple[asyncio.Future[Headers], Headers | Exception]]) -> None:
    for done, what in made:
        if done.done():
            continue  # whoever asked has gone
        if isinstance(what, Exception):
            done.set_exception(what)
        else:
            done.set_result(what)

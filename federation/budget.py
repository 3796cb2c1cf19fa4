"""Limits on going out: a budget for a job's fetches, and a lock against any fetch at all.

Owns `FetchBudget`, spent by every request and every redirect hop, and `forbid_network()`,
entered by the host application around its database transactions: a request made there would
hold row locks for as long as a stranger likes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from federation.errors import FederationError

_forbidden: ContextVar[bool] = ContextVar("federation_network_forbidden", default=False)


class NetworkForbidden(RuntimeError):
    """A request was made inside `forbid_network()`: a fault in our own code, never a peer's."""


@contextmanager
def forbid_network() -> Iterator[None]:
    """Within this block any outgoing request raises `NetworkForbidden`."""
    token = _forbidden.set(True)
    try:
        yield
    finally:
        _forbidden.reset(token)


def check_network_allowed() -> None:
    """Raises: `NetworkForbidden` inside `forbid_network()`."""
    if _forbidden.get():
        raise NetworkForbidden("outgoing request inside a transaction")


class FetchBudget:
    """How many requests and how many seconds one piece of work may spend on the network.

    The seconds run from the first request on (RES-07, SSRF-17).
    """

    def __init__(self, count: int, seconds: float) -> None:
        self.left = count
        self._seconds = seconds
        self._ends_at: float | None = None

    def spend(self) -> None:
        """Takes one request off. Raises: `budget_spent`."""
        if self._ends_at is None:
            self._ends_at = time.monotonic() + self._seconds
        if self.left <= 0 or self.remaining_s <= 0:
            raise FederationError("budget_spent", permanent=False, status=503)
        self.left -= 1

    @property
    def remaining_s(self) -> float:
        """Seconds left, all of them before the first request."""
        if self._ends_at is None:
            return self._seconds
        return self._ends_at - time.monotonic()

"""Which handler an incoming activity goes to: one table, one lookup.

Owns the registry of (activity type, object type) pairs. A handler takes one activity (`on`), or all
of a batch that may be handled side by side (`together`), which makes the usual ones cheap. Never runs
a handler and never looks into a database: the host application does, after `gather` found what the
handler needs.
Features register at import; a second handler for a pair is a fault found at start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, Generic, TypeVar, cast

from msgspec import Struct

from federation.gather import NEEDS
from federation.vocab import Activity

ANY: Final = "*"
F = TypeVar("F", bound=Callable[..., Any])
Several = TypeVar("Several", bound=Callable[..., Any])


class DuplicateHandler(RuntimeError):
    """Two handlers claim one pair: a fault of ours, found at start."""


class Handler(Struct, Generic[F], frozen=True):
    """A registered function, the pair it was registered for, and what must be gathered for it.

    `together`: the function takes a sequence of activities and answers for each of them.
    """

    function: F
    activity_type: str
    object_type: str
    needs: tuple[str, ...]
    together: bool = False


def pair_of(activity: Activity) -> tuple[str, str]:
    """The key of an activity: its type and its object's, `*` when only an id came."""
    return activity.type, activity.object_type or ANY


def _known_needs(needs: Iterable[str]) -> tuple[str, ...]:
    wanted = tuple(needs)
    unknown = [need for need in wanted if need not in NEEDS]
    if unknown:
        raise ValueError(f"nobody gathers {', '.join(unknown)}")
    return wanted


class Inbound(Generic[F]):
    """The table from pairs to handlers. Exact pair first, then (type, `*`), else nobody's."""

    def __init__(self) -> None:
        self._handlers: dict[tuple[str, str], Handler[F]] = {}

    def on(self, activity_type: str, object_type: str, *, needs: Iterable[str] = ()) -> Callable[[F], F]:
        """Registers a handler; stack it for several pairs. `needs` are names of `gather.NEEDS`.

        Raises: `DuplicateHandler`; ValueError for a need nobody can gather.
        """
        wanted = _known_needs(needs)

        def register(function: F) -> F:
            self._put(Handler(function, activity_type, object_type, wanted))
            return function

        return register

    def together(
        self, activity_type: str, object_type: str, *, needs: Iterable[str] = ()
    ) -> Callable[[Several], Several]:
        """As `on`, for a function that handles any number of activities of the pair at once.

        Raises: as `on`.
        """
        wanted = _known_needs(needs)

        def register(function: Several) -> Several:
            self._put(Handler(cast(F, function), activity_type, object_type, wanted, together=True))
            return function

        return register

    def include(self, other: Inbound[F]) -> None:
        """Takes over all handlers of a feature. Raises: `DuplicateHandler`."""
        for handler in other._handlers.values():
            self._put(handler)

    def lookup(self, activity_type: str, object_type: str | None) -> Handler[F] | None:
        """The handler of a pair; None means the activity ends as ignored."""
        found = self._handlers.get((activity_type, object_type or ANY))
        return found or self._handlers.get((activity_type, ANY))

    def pairs(self) -> list[tuple[str, str]]:
        """All registered pairs, sorted: for documentation and its test."""
        return sorted(self._handlers)

    def _put(self, handler: Handler[F]) -> None:
        key = (handler.activity_type, handler.object_type)
        if key in self._handlers:
            raise DuplicateHandler(f"{key[0]} of {key[1]}")
        self._handlers[key] = handler

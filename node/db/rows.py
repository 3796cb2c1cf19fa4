"""Database records to frozen Structs, and keyset pages.

Stores name their columns; the names must equal the Struct's fields. Nothing here builds SQL.
"""

from collections.abc import Iterable
from typing import Any, TypeVar

import asyncpg
import msgspec

from node.errors import NodeError

T = TypeVar("T", bound=msgspec.Struct)


def one(struct: type[T], record: asyncpg.Record | None) -> T:
    """The record as `struct`. Raises: NodeError `not_found` when there is none."""
    if record is None:
        raise NodeError("not_found", detail=struct.__name__)
    return struct(**record)


def maybe(struct: type[T], record: asyncpg.Record | None) -> T | None:
    """The record as `struct`, or None."""
    return None if record is None else struct(**record)


def many(struct: type[T], records: Iterable[asyncpg.Record]) -> list[T]:
    """Every record as `struct`, in order."""
    return [struct(**record) for record in records]


class Window(msgspec.Struct, frozen=True):
    """Which part of a list sorted by descending id is wanted (Mastodon's paging words).

    `max_id`: strictly older than; `since_id`: strictly newer than, newest first; `min_id`:
    strictly newer than, nearest first. `limit` is a number of rows.
    """

    max_id: int | None = None
    since_id: int | None = None
    min_id: int | None = None
    limit: int = 20

    @property
    def upper(self) -> int:
        """Exclusive upper bound for ids."""
        return self.max_id if self.max_id is not None else (1 << 63) - 1

    @property
    def lower(self) -> int:
        """Exclusive lower bound for ids."""
        return max(self.min_id or 0, self.since_id or 0)

    @property
    def ascending(self) -> bool:
        """Whether the rows nearest to the lower bound are wanted."""
        return self.min_id is not None

    def newest_first(self, rows: list[Any]) -> list[Any]:
        """Rows as they are shown, however they were read."""
        return rows[::-1] if self.ascending else rows

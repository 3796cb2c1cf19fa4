"""Time-sorted 63-bit ids and the public addresses made from them.

An id is 41 bits of milliseconds since 2020, 10 bits of process number and a 12-bit counter,
so ids of one table sort by time and two processes never make the same one. The database
hands out process numbers (`node.db.database`); this module never touches it.
"""

import itertools
import random
from datetime import UTC, datetime, timedelta

EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
MAX_ID = (1 << 63) - 1
_PROCESS_BITS = 10
_COUNTER_BITS = 12
_SHIFT = _PROCESS_BITS + _COUNTER_BITS


class IdMint:
    """Makes ids for one process.

    `number` is this process's number (any int; taken modulo 1024).
    """

    def __init__(self, number: int) -> None:
        self._number = number % (1 << _PROCESS_BITS)
        self._counter = itertools.count(random.randrange(1 << _COUNTER_BITS))

    def at(self, moment: datetime, *, spread: bool = False) -> int:
        """A new id that sorts at `moment` (aware; before 2020 counts as 2020).

        Peers often send whole seconds; with `spread` those are spread over the second, so that a
        busy second of theirs does not exhaust the counter.
        """
        elapsed = moment - EPOCH
        millis = max(0, elapsed // timedelta(milliseconds=1))
        if spread and millis % 1000 == 0:
            millis += random.randrange(1000)
        low = next(self._counter) % (1 << _COUNTER_BITS)
        return int((millis << _SHIFT) | (self._number << _COUNTER_BITS) | low)


def moment_of(identifier: int) -> datetime:
    """The time an id sorts at, to the millisecond."""
    return EPOCH + timedelta(milliseconds=identifier >> _SHIFT)


def first_id_at(moment: datetime) -> int:
    """The smallest id that sorts at `moment`, for paging by time."""
    return max(0, (moment - EPOCH) // timedelta(milliseconds=1)) << _SHIFT

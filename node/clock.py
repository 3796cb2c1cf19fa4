"""The one source of the present moment.

Everything that needs the time is handed a `Clock`, so tests can set it and no code path
asks the operating system on its own.
"""

from datetime import UTC, datetime, timedelta


class Clock:
    """The system's time, in aware UTC."""

    def now(self) -> datetime:
        """The present moment."""
        return datetime.now(UTC)


class SettableClock(Clock):
    """A clock that stands still until it is moved; for rehearsals and tests."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        """The moment the clock was set to."""
        return self._now

    def advance(self, **delta: float) -> None:
        """Move on by `timedelta(**delta)`."""
        self._now += timedelta(**delta)

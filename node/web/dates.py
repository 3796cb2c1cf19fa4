"""Times and numbers in words, in the reader's language and time zone.

Used by templates as filters. Never shows UTC to a person unless they live in it; the exact moment
always stands in the `datetime` attribute beside the words.
"""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import dates, numbers

from node import i18n

_HOUR_S = 3600
_DAY_S = 24 * _HOUR_S
_RECENT_S = 6 * _DAY_S


@cache
def zone(name: str) -> tzinfo:
    """A time zone by its name; UTC for one that does not exist."""
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def iso(moment: datetime) -> str:
    """For `datetime` attributes, in UTC to the second."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def ago(moment: datetime, now: datetime, here: tzinfo) -> str:
    """`3 hours ago` for the last days, the day in words for what is older."""
    age_s = (now - moment).total_seconds()
    language = i18n.current()
    if age_s < 60:
        return i18n.gettext("just now")
    if age_s < _RECENT_S:
        step_s = 60 if age_s < _HOUR_S else 600
        return _ago(language, int(age_s) // step_s * step_s)
    return day(moment, now, here)


@lru_cache(maxsize=2048)
def _ago(language: str, age_s: int) -> str:
    return str(
        dates.format_timedelta(timedelta(seconds=-age_s), add_direction=True, locale=i18n.locale(language))
    )


def day(moment: date, now: datetime, here: tzinfo) -> str:
    """`20 December`, with the year when it is not this one; for a moment or a whole day."""
    at = moment if isinstance(moment, datetime) else datetime.combine(moment, time(12), here)
    there = at.astimezone(here)
    this_year = there.year == now.astimezone(here).year
    locale = i18n.locale(i18n.current())
    if this_year:
        return str(dates.format_skeleton("MMMMd", there, tzinfo=here, locale=locale))
    return str(dates.format_date(there, "long", locale=locale))


def moment_in_words(moment: datetime, here: tzinfo) -> str:
    """Weekday, day and time of day: `Sunday, 20 December 2026, 14:00`."""
    locale = i18n.locale(i18n.current())
    date = dates.format_date(moment.astimezone(here), "full", locale=locale)
    time = dates.format_time(moment, "short", tzinfo=here, locale=locale)
    return i18n.gettext("%(date)s, %(time)s") % {"date": date, "time": time}


def number(value: int) -> str:
    """A whole number with the language's own digits and separators."""
    return str(numbers.format_decimal(value, locale=i18n.locale(i18n.current())))

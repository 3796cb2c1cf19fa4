"""The time of a house: which zones it may live in, and the short list to choose from.

A zone is named after a place people know. UTC and the like are nobody's home and are refused. The
settings check with `is_zone`; the page of the house's settings shows `list_zones`.
"""

import zoneinfo
from functools import cache

from babel import dates

from node import i18n

DEFAULT_ZONE = "Europe/Berlin"
_COMMON = (
    "Europe/Berlin",
    "Europe/Vienna",
    "Europe/Zurich",
    "Europe/Amsterdam",
    "Europe/Athens",
    "Europe/Brussels",
    "Europe/Istanbul",
    "Europe/Kyiv",
    "Europe/Lisbon",
    "Europe/London",
    "Europe/Madrid",
    "Europe/Paris",
    "Europe/Rome",
    "Europe/Warsaw",
    "Africa/Cairo",
    "Africa/Lagos",
    "Africa/Nairobi",
    "America/Chicago",
    "America/Los_Angeles",
    "America/New_York",
    "America/Sao_Paulo",
    "Asia/Kolkata",
    "Asia/Tehran",
    "Asia/Tokyo",
    "Australia/Sydney",
)


def is_zone(name: str) -> bool:
    """Whether there is a zone of this name, named after a place."""
    return "/" in name and not name.startswith("Etc/") and name in _known()


def list_zones(current: str) -> list[tuple[str, str]]:
    """The common zones and their places in the reader's language, the present one among them."""
    names = _COMMON if current in _COMMON or not is_zone(current) else (current, *_COMMON)
    return [(name, _place(name)) for name in names]


@cache
def _known() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def _place(name: str) -> str:
    return str(dates.get_timezone_location(name, locale=i18n.locale(i18n.current()), return_city=True))

"""What can be chosen in settings: languages to write in, time zones, by names people know."""

import zoneinfo
from functools import cache

# The languages a post can be marked with, most asked for first; shown by their own names.
_CODES = (
    "en de ar fa tr uk ru es fr it pt pl ro bg el hr sr sq ku he vi zh ja ko hi ur bn ta sw am ti so nl da "
    "sv nb fi is et lv lt cs sk sl hu ca eu gl ga cy eo"
)
LANGUAGES = tuple(_CODES.split())
_REGIONS = (
    "Africa",
    "America",
    "Antarctica",
    "Arctic",
    "Asia",
    "Atlantic",
    "Australia",
    "Europe",
    "Indian",
    "Pacific",
)


def known_language(code: str) -> str:
    """The code if posts can be marked with it, else ''."""
    return code if code in LANGUAGES else ""


@cache
def zones() -> tuple[str, ...]:
    """Time zones that are named after a place, by name."""
    return tuple(
        sorted(name for name in zoneinfo.available_timezones() if name.partition("/")[0] in _REGIONS)
    )


def known_zone(name: str) -> str:
    """The zone if there is such a place, else ''."""
    return name if name in zones() else ""

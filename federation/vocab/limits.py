"""How much of a stranger's document is kept: every cap on reading, in one place.

A count past its cap is cut, never an error: an honest long post should still arrive, and a
hostile one costs no more than the cap (RES-08, RES-09). The database columns are at least
this wide. Lengths are characters, not bytes. Read by the other modules of `vocab` only.
"""

from __future__ import annotations

from typing import Final

# lengths, in characters
URI_CHARS: Final = 2_048
TYPE_CHARS: Final = 100
NAME_CHARS: Final = 1_000
USERNAME_CHARS: Final = 200
SUMMARY_CHARS: Final = 20_000
CONTENT_CHARS: Final = 100_000
ALT_TEXT_CHARS: Final = 10_000
TAG_NAME_CHARS: Final = 200
FIELD_CHARS: Final = 2_000
MEDIA_TYPE_CHARS: Final = 200
SHORT_TEXT_CHARS: Final = 500
KEY_CHARS: Final = 10_000

# counts
RECIPIENTS: Final = 1_000
AUTHORS: Final = 10
TAGS: Final = 200
ATTACHMENTS: Final = 32
ACTOR_FIELDS: Final = 50
ALIASES: Final = 256
KEYS: Final = 10
LANGUAGES: Final = 32
POLL_OPTIONS: Final = 100
POLL_OPTION_CHARS: Final = 500
COLLECTION_ITEMS: Final = 1_000
REPORTED_OBJECTS: Final = 200
LINKS: Final = 50
EMBEDDED_DEPTH: Final = 5
"""Announce{Create{Question{replies{first}}}} is the deepest nesting met; more becomes a reference."""

COUNT_MAX: Final = 2**31 - 1
"""Counters and sizes are clamped to a PostgreSQL integer."""

"""Find @mentions and #hashtags in what somebody typed, in any script.

The same two patterns serve composing, the editor's preview and the client API, so a mention that
is delivered is exactly a mention that is shown. Bounded quantifiers only: no input makes them slow.
"""

import re
import sys
import unicodedata
from collections.abc import Iterator
from typing import Final

MAX_HASHTAG_CHARS: Final = 100


def _mark_ranges() -> str:
    """Combining marks, which Python's `\\w` leaves out although Hindi, Thai or Arabic words need them."""
    ranges: list[list[int]] = []
    for code in range(0x300, min(0x1F000, sys.maxunicode)):
        if unicodedata.category(chr(code)) in ("Mn", "Mc"):
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)


_WORD: Final = rf"\w{_mark_ranges()}\u200c"
# @name or @name@host; a port is only met in the lab. Not inside a word, an address or a path.
MENTION: Final = re.compile(
    r"(?<![\w@/.=-])@([A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,62}[A-Za-z0-9_])?)"
    r"(?:@([^\W_](?:[\w.-]{0,252}[^\W_])?(?::\d{1,5})?))?(?![\w@])",
)
HASHTAG: Final = re.compile(rf"(?<![{_WORD}/&#;=])#([{_WORD}]{{1,{MAX_HASHTAG_CHARS}}})(?![{_WORD}#])")


def normalise_hashtag(tag: str) -> str:
    """One form for all spellings of a tag: NFKC, case folded, without `#`. Spec: wire format of tags."""
    folded = unicodedata.normalize("NFKC", tag.strip().lstrip("#＃")).casefold()
    return unicodedata.normalize("NFKC", folded)[:MAX_HASHTAG_CHARS]


def is_hashtag(tag: str) -> bool:
    """Whether the text after # says more than a number."""
    return any(not letter.isdigit() and letter not in "_\u200c" for letter in tag)


def handle_of(match: re.Match[str]) -> str:
    """The handle a mention names, lower case: `bob` or `bob@peer.example`."""
    name, host = match.group(1), match.group(2)
    return (f"{name}@{host}" if host else name).lower()


def mentions_in(text: str) -> Iterator[str]:
    """Handles of one piece of plain text."""
    return (handle_of(match) for match in MENTION.finditer(text))


def hashtags_in(text: str) -> Iterator[str]:
    """Normalised hashtags of one piece of plain text."""
    return (
        normalise_hashtag(match.group(1)) for match in HASHTAG.finditer(text) if is_hashtag(match.group(1))
    )

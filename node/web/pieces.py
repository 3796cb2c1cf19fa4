"""Pieces of pages that are drawn once and shown often: a post looks the same to a hundred readers.

`{{ piece(macro, card) }}` in a template is `{{ macro(card) }}`, kept in memory. A piece may depend on
its card, the language, and the time; of the frame it sees a `PieceFrame` and nothing that belongs to
one reader. What differs from page to page (the form's token, the page's address) stands in it as a
mark that nobody outside can guess, and is put in by `filled`. Words that grow old, such as "3 hours
ago", are checked each time. Called by `node.web.render`; knows no request.
"""

import secrets
from collections.abc import Callable
from contextvars import ContextVar
from datetime import datetime, tzinfo
from typing import Any, Final

import msgspec
from markupsafe import Markup, escape

from node import i18n

Words = Callable[[datetime, datetime, tzinfo], str]

_MOST_PIECES: Final = 1500
_TOKEN: Final = f"token-{secrets.token_hex(12)}"
_ADDRESS: Final = f"address-{secrets.token_hex(12)}"


class PieceFrame(msgspec.Struct, frozen=True, kw_only=True):
    """As much of a page's frame as a piece may use. Asking for more is an error."""

    csrf_token: str
    path_qs: str
    now: datetime
    zone: tzinfo
    lang: str
    dir: str


class _Kept(msgspec.Struct, frozen=True):
    html: Markup
    told: list[tuple[Words, datetime, str]]


_told: ContextVar[list[tuple[Words, datetime, str]] | None] = ContextVar("told", default=None)


def tell(words: Words, moment: datetime, now: datetime, zone: tzinfo) -> str:
    """Say a moment in words that change as time goes by."""
    said = words(moment, now, zone)
    told = _told.get()
    if told is not None:
        told.append((words, moment, said))
    return said


class Pieces:
    """Keeps what was drawn. `frame` holds the frame of the page being rendered."""

    def __init__(self, frame: ContextVar[Any]) -> None:
        self._frame = frame
        self._kept: dict[object, _Kept] = {}

    def draw(self, macro: Any, card: object) -> Markup:
        """What `macro` makes of `card`."""
        frame = self._frame.get()
        manner = (frame.lang, i18n.is_formal(), frame.zone, bool(frame.csrf_token))
        try:
            key = (macro.name, card, manner)
            kept = self._kept.get(key)
        except TypeError:  # a card with a list in it cannot be found again
            return Markup(macro(card))
        if kept is None or any(words(at, frame.now, frame.zone) != said for words, at, said in kept.told):
            if len(self._kept) >= _MOST_PIECES:
                self._kept.clear()
            kept = self._kept[key] = self._drawn(macro, card, frame)
        return kept.html

    def _drawn(self, macro: Any, card: object, frame: Any) -> _Kept:
        seen = PieceFrame(
            csrf_token=_TOKEN if frame.csrf_token else "",
            path_qs=_ADDRESS,
            now=frame.now,
            zone=frame.zone,
            lang=frame.lang,
            dir=frame.dir,
        )
        told: list[tuple[Words, datetime, str]] = []
        before, listening = self._frame.set(seen), _told.set(told)
        try:
            return _Kept(Markup(macro(card)), told)
        finally:
            _told.reset(listening)
            self._frame.reset(before)


def filled(html: str, csrf_token: str, path_qs: str) -> str:
    """A page with its own token and address where its pieces have marks."""
    return html.replace(_TOKEN, csrf_token).replace(_ADDRESS, str(escape(path_qs)))

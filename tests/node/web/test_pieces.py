"""Pieces of pages are drawn once for many readers, and give none of them what is another's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from jinja2 import UndefinedError
from markupsafe import Markup

from node import i18n
from node.appkeys import Viewer
from node.web import render
from node.web.cards import PersonLine, PostCard
from node.web.pieces import Pieces
from node.web.render import Frame, environment, render_frame

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LEAKY = "{% macro leaky(card) %}{{ frame.viewer.username }}{% endmacro %}{{ piece(leaky, card) }}"


def card(number: int, **fields: Any) -> PostCard:
    """A post somebody may answer and thank for."""
    author = PersonLine(id=7, name="Amina", handle="amina", url="/@amina")
    base = PostCard(
        id=number, url=f"/@amina/{number}", author=author, published_at=NOW - timedelta(hours=3),
        html=Markup("<p>Leeks</p>"), can=frozenset({"reply", "like"}),
    )  # fmt: skip
    return msgspec.structs.replace(base, **fields)


def shown(cards: list[PostCard], frame: Frame) -> str:
    """A page of these cards as one reader gets it."""
    context = {"cards": cards, "older": "", "since": NOW, "is_first": True, "tag": ""}
    return render_frame("reading/house_news.html", context, frame)


def frame_of(token: str, path: str = "/house-news", **fields: Any) -> Frame:
    return Frame(csrf_token=token, path=path, path_qs=path, now=NOW, **fields)


def test_every_reader_gets_their_own_token_and_address() -> None:
    pages = {
        token: shown([card(1), card(2)], frame_of(token, f"/house-news?older={token}&x=1"))
        for token in ("token1", "token2")
    }
    for token, other in (("token1", "token2"), ("token2", "token1")):
        assert pages[token].count(f'name="csrf" value="{token}"') >= 2
        assert f"older={token}&amp;x=1#post-1" in pages[token]
        assert other not in pages[token]
    assert "csrf" not in shown([card(1)], frame_of(""))


def test_what_differs_in_the_card_is_drawn_anew() -> None:
    assert "Carrots" not in shown([card(3)], frame_of("t"))
    assert "Carrots" in shown([card(3, html=Markup("<p>Carrots</p>"))], frame_of("t"))
    assert 'aria-pressed="true"' in shown([card(3, liked=True)], frame_of("t"))
    assert 'aria-pressed="true"' not in shown([card(3)], frame_of("t"))


def test_words_of_time_grow_old_and_are_said_anew() -> None:
    first = shown([card(4)], frame_of("t"))
    later = shown([card(4)], msgspec.structs.replace(frame_of("t"), now=NOW + timedelta(hours=2)))
    assert "3 hours ago" in first
    assert "5 hours ago" in later
    assert "3 hours ago" not in later


def test_a_piece_speaks_the_language_of_its_page() -> None:
    english = shown([card(5)], frame_of("t", lang="en"))
    with i18n.use("de"):
        german = shown([card(5)], frame_of("t", lang="de"))
    assert "3 hours ago" in english
    assert "vor 3 Stunden" in german


def test_a_piece_that_asks_who_reads_cannot_be_drawn() -> None:
    viewer = Viewer(actor_id=1, username="amina", display_name="Amina")
    token = render._frame.set(frame_of("t", viewer=viewer))
    try:
        with pytest.raises(UndefinedError):
            environment().from_string(LEAKY).render(card=card(6))
    finally:
        render._frame.reset(token)


def test_the_same_piece_is_drawn_once_and_the_store_stays_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.web.pieces._MOST_PIECES", 10)
    pieces, drawn = Pieces(render._frame), []

    class Macro:
        name = "post"

        def __call__(self, given: object) -> str:
            drawn.append(given)
            return "<article></article>"

    token = render._frame.set(frame_of("t"))
    try:
        for number in (1, 1, 2, 1):
            pieces.draw(Macro(), card(number))
        assert len(drawn) == 2
        for number in range(40):
            pieces.draw(Macro(), card(number))
        assert len(pieces._kept) <= 10
        pieces.draw(Macro(), [1])  # cannot be found again, and is drawn all the same
        assert drawn[-1] == [1]
    finally:
        render._frame.reset(token)

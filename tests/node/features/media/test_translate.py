"""Attachments of peers become rows."""

import itertools
import math
from datetime import UTC, datetime

import msgspec
import pytest

from federation.vocab.parts import Link, PropertyValue
from federation.vocab.parts import Media as WireMedia
from node.features.media import service, translate
from node.features.media.store import Media

NOW = datetime(2026, 5, 1, tzinfo=UTC)
HASH = "UBL_:rOpGG-oBUNG,qRj2so|=eE1w^n4S5NH"


def rows(*attachments: object) -> list[Media]:
    return translate.from_wire(attachments, 7, itertools.count(1).__next__, NOW)


class Case(msgspec.Struct, frozen=True):
    name: str
    type: str
    mime: str | None
    url: str
    kind: str


CASES = (
    Case("mastodon picture", "Document", "image/jpeg", "https://p.example/a", "image"),
    Case("mastodon film", "Document", "video/mp4", "https://p.example/a", "video"),
    Case("image without a type", "Image", None, "https://p.example/a", "image"),
    Case("document by its name", "Document", None, "https://p.example/a.ogg", "audio"),
    Case("a pdf", "Document", "application/pdf", "https://p.example/a.pdf", "unknown"),
    Case("svg", "Image", "image/svg+xml", "https://p.example/a.svg", "unknown"),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_attachment_is_shown_by_its_type(case: Case) -> None:
    (row,) = rows(WireMedia(type=case.type, media_type=case.mime, url=case.url))
    assert (row.kind, row.remote_url, row.file_key) == (case.kind, case.url, "")


def test_words_measures_and_focus_are_kept() -> None:
    wire = WireMedia(
        url="https://p.example/a.png",
        name="A bed of leeks",
        blurhash=HASH,
        width=12,
        height=9,
        focal_point=(0.5, -1),
    )
    (row,) = rows(wire)
    assert (row.alt, row.blurhash, row.width, row.height) == ("A bed of leeks", HASH, 12, 9)
    assert (row.focus_x, row.focus_y) == (0.5, -1)


def test_nonsense_is_dropped_and_the_file_kept() -> None:
    """MED-11."""
    wire = WireMedia(
        url="https://p.example/a.png",
        name="x" * 20_000,
        blurhash="garbage",
        width=-4,
        height=10**9,
        focal_point=(math.nan, 99.0),
    )
    (row,) = rows(wire)
    assert (row.blurhash, row.width, row.height) == ("", 0, 0)
    assert (row.focus_x, row.focus_y) == (0.0, 1.0)
    assert len(row.alt) == translate.MAX_ALT_CHARS


def test_links_and_profile_lines_are_no_files_and_there_is_a_most() -> None:
    pictures = [WireMedia(url=f"https://p.example/{number}.png") for number in range(30)]
    found = rows(Link(href="https://p.example"), PropertyValue(name="a", value="b"), *pictures)
    assert [row.remote_url for row in found] == [picture.url for picture in pictures[: translate.MAX_REMOTE]]


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("0.1,-0.5", (0.1, -0.5)),
        ("0,0", (0.0, 0.0)),
        ("1.5,0", None),
        ("nan,0", None),
        ("inf,0", None),
        ("0.1", None),
        ("", None),
        ("a,b", None),
    ],
)
def test_a_focus_is_two_numbers_between_minus_one_and_one(
    text: str, point: tuple[float, float] | None
) -> None:
    assert service.read_focus(text) == point

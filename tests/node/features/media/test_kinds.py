"""What is taken and what is refused, by first bytes alone."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.features.media import kinds
from tests.node.features.media import samples


class Case(msgspec.Struct, frozen=True):
    name: str
    head: bytes
    suffix: str


TAKEN = (
    Case("png", samples.file_of(samples.noise(9, 9), "PNG"), "png"),
    Case("jpeg", samples.file_of(samples.noise(9, 9), "JPEG"), "jpg"),
    Case("gif", samples.moving_gif(2), "gif"),
    Case("webp", samples.file_of(samples.noise(9, 9), "WEBP"), "webp"),
    Case("avif, as peers host it", samples.AVIF, "avif"),
    Case("mp4", samples.telling_mp4(), "mp4"),
    Case("mov", samples.MOV, "mov"),
    Case("webm", samples.WEBM, "webm"),
    Case("m4a", samples.M4A, "m4a"),
    Case("mp3 without a tag", samples.MP3, "mp3"),
    Case("mp3 with a tag", b"ID3\x04\x00" + bytes(50), "mp3"),
    Case("ogg", samples.OGG, "ogg"),
    Case("flac", samples.FLAC, "flac"),
    Case("wav", samples.WAV, "wav"),
)
REFUSED = (
    Case("svg", samples.SVG, ""),
    Case("html", samples.HTML, ""),
    Case("an actor document (MED-02)", samples.ACTOR, ""),
    Case("an ImageMagick script (MED-01)", samples.MVG, ""),
    Case("a playlist (MED-01)", samples.PLAYLIST, ""),
    Case("heic", samples.HEIC, ""),
    Case("matroska", samples.MATROSKA, ""),
    Case("ogg film", samples.OGV, ""),
    Case("pdf", samples.PDF, ""),
    Case("zip", samples.ZIP, ""),
    Case("fits (MED-04)", samples.FITS, ""),
    Case("gd (MED-04)", samples.GD, ""),
    Case("bmp", samples.BMP, ""),
    Case("tiff", samples.TIFF, ""),
    Case("text in utf-16", "hello".encode("utf-16"), ""),
    Case("nothing", b"", ""),
    Case("svg behind spaces", b" \n\t" + samples.SVG, ""),
)


@pytest.mark.parametrize("case", TAKEN, ids=lambda case: case.name)
def test_a_file_is_known_by_its_content(case: Case) -> None:
    kind = kinds.sniff(case.head[: kinds.SNIFF_BYTES])
    assert kind is not None
    assert kind.suffix == case.suffix


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_what_is_not_in_the_table_has_no_kind(case: Case) -> None:
    assert kinds.sniff(case.head) is None


@given(st.binary(max_size=300))
def test_any_bytes_have_a_kind_or_none(head: bytes) -> None:
    kind = kinds.sniff(head)
    assert kind is None or kind in kinds.ALL


def test_no_kind_is_served_as_a_document_or_program() -> None:
    for kind in kinds.ALL:
        assert kind.mime.partition("/")[0] == kind.show
        assert "svg" not in kind.mime


@pytest.mark.parametrize(
    "key",
    [
        "",
        "..",
        "../../etc/passwd",
        "a" * 40,
        "a" * 40 + ".svg",
        "a" * 40 + ".html",
        "A" * 40 + ".png",
        "a" * 39 + ".png",
        "a" * 40 + ".png\n",
        "a" * 40 + ".png/..",
        "a" * 20 + "/" + "a" * 19 + ".png",
        "%2e%2e%2f" + "a" * 31 + ".png",
    ],
)
def test_only_keys_of_our_own_shape_name_a_file(key: str) -> None:
    """MED-06."""
    assert kinds.kind_of_key(key) is None


@pytest.mark.parametrize(
    ("mime", "show"),
    [
        ("image/png", "image"),
        ("IMAGE/WEBP", "image"),
        ("video/mp4", "video"),
        ("audio/ogg", "audio"),
        ("image/svg+xml", "unknown"),
        ("application/pdf", "unknown"),
        ("", "unknown"),
    ],
)
def test_a_claimed_type_says_how_to_show_it(mime: str, show: str) -> None:
    assert kinds.show_of_mime(mime) == show

"""Films are measured, and what tells too much is blanked where it lies."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.features.media import films
from tests.node.features.media import samples


@pytest.mark.parametrize(("turned", "shown"), [(False, (1920, 1080)), (True, (1080, 1920))])
def test_a_film_is_measured_as_it_is_shown(turned: bool, shown: tuple[int, int]) -> None:
    content = samples.telling_mp4(turned=turned)
    assert films.scrub(io.BytesIO(content), len(content)) == shown


def test_place_and_maker_are_blanked_and_nothing_moves() -> None:
    """MED-10."""
    content = samples.telling_mp4()
    file = io.BytesIO(content)
    films.scrub(file, len(content))
    cleaned = file.getvalue()
    assert len(cleaned) == len(content)
    assert b"+52.5200" not in cleaned
    assert samples.GPS_MAKER.encode() not in cleaned
    assert cleaned.index(b"mdat") == content.index(b"mdat")
    assert cleaned[cleaned.index(b"mdat") :] == content[content.index(b"mdat") :]


@given(st.binary(max_size=400))
def test_any_bytes_are_survived_and_keep_their_length(content: bytes) -> None:
    file = io.BytesIO(content)
    films.scrub(file, len(content))
    assert len(file.getvalue()) == len(content)


@given(st.integers(0, 300), st.binary(min_size=1, max_size=8))
def test_a_film_damaged_anywhere_is_survived(at: int, damage: bytes) -> None:
    content = bytearray(samples.telling_mp4())
    content[at : at + len(damage)] = damage
    file = io.BytesIO(bytes(content))
    films.scrub(file, len(content))
    assert len(file.getvalue()) == len(content)


def test_boxes_without_end_are_given_up_on() -> None:
    content = samples.box(b"free", b"") * 100_000
    assert films.scrub(io.BytesIO(content), len(content)) == (0, 0)

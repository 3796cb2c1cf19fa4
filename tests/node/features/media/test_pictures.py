"""The decoder from outside: what survives it, what it refuses, and that it stays confined."""

import io
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from node.errors import NodeError
from node.features.media import pictures
from node.features.media.pictures import Decoder, Picture, is_blurhash
from tests.node.features.media import samples


async def read(
    tmp_path: Path, content: bytes, purpose: str = "post", max_pixels: int = 50_000_000
) -> Picture:
    source = tmp_path / "incoming"
    source.write_bytes(content)
    return await Decoder(max_pixels).read(source, purpose)


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


async def test_a_photo_is_turned_upright_and_tells_nothing(tmp_path: Path) -> None:
    """MED-10."""
    picture = await read(tmp_path, samples.telling_jpeg(300, 200))
    assert (picture.suffix, picture.width, picture.height) == ("jpg", 200, 300)
    for content in (picture.content, picture.preview):
        again = opened(content)
        assert not again.getexif()
        assert not {"exif", "xmp", "comment", "icc_profile", "photoshop"} & set(again.info)
        for word in (samples.GPS_MAKER.encode(), b"secret", b"where", b"Exif"):
            assert word not in content


async def test_a_png_loses_its_texts(tmp_path: Path) -> None:
    """MED-10."""
    picture = await read(tmp_path, samples.telling_png())
    assert picture.suffix == "png"
    assert samples.GPS_MAKER.encode() not in picture.content
    assert b"where" not in picture.content


async def test_a_large_picture_gets_a_small_preview(tmp_path: Path) -> None:
    picture = await read(tmp_path, samples.file_of(samples.noise(1500, 900), "JPEG"))
    preview = opened(picture.preview)
    assert preview.format == "WEBP"
    assert preview.size == (640, 384)
    assert is_blurhash(picture.blurhash)


async def test_a_very_large_picture_is_made_smaller(tmp_path: Path) -> None:
    picture = await read(tmp_path, samples.file_of(Image.new("RGB", (6000, 1200), "teal"), "JPEG"))
    assert (picture.width, picture.height) == (3840, 768)
    assert opened(picture.content).size == (3840, 768)


async def test_transparency_stays(tmp_path: Path) -> None:
    clear = Image.new("RGBA", (50, 50), (10, 20, 30, 0))
    picture = await read(tmp_path, samples.file_of(clear, "PNG"))
    again = opened(picture.content)
    assert again.mode == "RGBA"
    assert again.getchannel("A").getextrema() == (0, 0)


async def test_a_moving_gif_goes_on_moving_as_webp(tmp_path: Path) -> None:
    picture = await read(tmp_path, samples.moving_gif(5))
    again = opened(picture.content)
    assert (picture.suffix, again.format, getattr(again, "n_frames", 1)) == ("webp", "WEBP", 5)
    assert b"where" not in picture.content
    assert getattr(opened(picture.preview), "n_frames", 1) == 1


class Shape(msgspec.Struct, frozen=True):
    purpose: str
    size: tuple[int, int]
    shown: tuple[int, int]


@pytest.mark.parametrize(
    "shape",
    [
        Shape("avatar", (900, 600), (400, 400)),
        Shape("avatar", (100, 60), (60, 60)),
        Shape("header", (3000, 2000), (1500, 500)),
        Shape("header", (300, 300), (300, 100)),
    ],
    ids=str,
)
async def test_a_portrait_is_cut_to_shape_and_never_enlarged(tmp_path: Path, shape: Shape) -> None:
    picture = await read(tmp_path, samples.file_of(samples.noise(*shape.size), "JPEG"), shape.purpose)
    assert (picture.width, picture.height) == shape.shown
    assert opened(picture.content).size == shape.shown
    assert picture.suffix == "jpg"
    assert picture.preview == b""


class Bad(msgspec.Struct, frozen=True):
    name: str
    content: bytes
    text: str


BAD = (
    Bad("a bomb of 50 000 by 50 000", samples.huge_header_png(50_000, 50_000), "too_many_pixels"),
    Bad("a strip of 70 000 by 1", samples.huge_header_png(70_000, 1), "too_many_pixels"),
    Bad("a truncated photo", samples.telling_jpeg(800, 600)[:4000], "broken"),
    Bad("a header that promises more than is there", samples.huge_header_png(400, 400), "broken"),
    Bad("a gif of 400 frames", samples.moving_gif(400, (4, 4)), "too_long"),
    Bad("only the first bytes of a gif", b"GIF89a", "broken"),
    Bad("a jpeg start and rubbish", b"\xff\xd8\xff" + bytes(500), "broken"),
    Bad("a bmp behind our back (MED-04)", samples.file_of(samples.noise(9, 9), "BMP"), "broken"),
    Bad("a tiff behind our back (MED-04)", samples.file_of(samples.noise(9, 9), "TIFF"), "broken"),
    Bad("postscript (MED-01)", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "broken"),
)


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
async def test_a_bad_picture_is_refused_with_a_kind_word(tmp_path: Path, bad: Bad) -> None:
    """MED-01, MED-04."""
    with pytest.raises(NodeError) as caught:
        await read(tmp_path, bad.content)
    assert caught.value.code == "invalid"
    assert caught.value.field == "file"
    assert caught.value.text == pictures.REFUSALS[bad.text]


async def test_a_decoder_that_dies_is_a_broken_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "dying.py"
    program.write_text("import os, sys\nsys.stdout.write('half')\nsys.stdout.flush()\nos.abort()\n")
    monkeypatch.setattr(pictures, "_PROGRAM", program)
    with pytest.raises(NodeError) as caught:
        await read(tmp_path, samples.telling_jpeg())
    assert caught.value.text == pictures.REFUSALS["broken"]


async def test_a_decoder_that_hangs_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "hanging.py"
    program.write_text("import signal\nsignal.pause()\n")
    monkeypatch.setattr(pictures, "_PROGRAM", program)
    monkeypatch.setattr(pictures, "_DEADLINE_S", 0.3)
    with pytest.raises(NodeError):
        await read(tmp_path, samples.telling_jpeg())


async def test_the_decoder_can_neither_write_files_nor_read_our_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MED-01: what a taken-over decoder would find."""
    monkeypatch.setenv("ALLMENDE__MAIL__PASSWORD", "hunter2")
    original = Path(pictures.__file__).with_name("decoder.py")
    decoder = f"__file__ = {str(original)!r}\n" + original.read_text().partition("def main()")[0]
    proof = tmp_path / "proof"
    program = tmp_path / "probe.py"
    program.write_text(
        decoder
        + "\nimport os, signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\nconfine(**LIMITS)\n"
        + f"try:\n    os.write(os.open({str(proof)!r}, os.O_CREAT | os.O_WRONLY), b'x')\nexcept OSError:\n    wrote = 'no'\n"
        + "else:\n    wrote = 'yes'\n"
        + "try:\n    bytearray(2 * 1024 ** 3)\nexcept MemoryError:\n    memory = 'no'\nelse:\n    memory = 'yes'\n"
        + "answer = [wrote, memory, str('ALLMENDE__MAIL__PASSWORD' in os.environ)]\n"
        + "header = json.dumps({'lengths': [0, 0], 'refused': ','.join(answer)}).encode()\n"
        + "sys.stdout.buffer.write(struct.pack('>I', len(header)) + header)\n"
    )
    monkeypatch.setattr(pictures, "_PROGRAM", program)
    with pytest.raises(NodeError) as caught:
        await read(tmp_path, samples.telling_jpeg())
    assert caught.value.detail == "picture no,no,False"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x00",
        b"\xff\xff\xff\xff",
        b"\x00\x00\x00\x02{}",
        b"\x00\x00\x00\x02[]",
        b"\x00\x00\x00\x04null",
    ],
)
def test_a_senseless_answer_of_the_decoder_is_a_broken_picture(answer: bytes) -> None:
    with pytest.raises(NodeError):
        pictures._read_answer(answer)


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("UBL_:rOpGG-oBUNG,qRj2so|=eE1w^n4S5NH", True),
        ("L00000fQfQfQfQfQfQfQfQfQfQfQ", True),
        ("", False),
        ("L", False),
        ("L00000", False),
        ("UBL_:rOpGG-oBUNG,qRj2so|=eE1w^n4S5N", False),
        ("UBL_:rOpGG-oBUNG,qRj2so|=eE1w^n4S5N\x00", False),
        ("~" * 10_000, False),
        ("<script>alert(1)</script>", False),
    ],
)
def test_a_blurhash_has_the_length_it_announces(text: str, good: bool) -> None:
    """MED-11."""
    assert is_blurhash(text) is good


@given(st.text(max_size=200))
def test_any_text_is_a_blurhash_or_not(text: str) -> None:
    assert is_blurhash(text) in (True, False)

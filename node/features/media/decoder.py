"""The decoder: a program of its own that opens one picture of a stranger and ends.

Reads the picture on stdin and one JSON argument with the wish, writes a length, a JSON header
and the re-encoded files on stdout. It may take little memory and time and write no file
(MED-01, MED-04); nothing of the original but its pixels survives (MED-10). `pictures.py` starts
it by path with a bare interpreter, so it imports nothing of ours but `federation.confined` and never
knows a secret.
"""

import io
import json
import struct
import sys
from os.path import abspath
from typing import Any, BinaryIO, Final

sys.path.append(abspath(f"{__file__}/../../../.."))  # a bare interpreter does not know where we are
from federation.confined import confine

LIMITS: Final = {"memory_bytes": 1024**3, "cpu_s": 20, "open_files": 16}
MAX_SIDE: Final = 3840
PREVIEW_SIDE: Final = 640
AVATAR_SIZE: Final = (400, 400)
HEADER_SIZE: Final = (1500, 500)
MAX_FRAMES: Final = 300
MAX_FRAME_PIXELS: Final = 100_000_000  # all frames of an animation together


class Refused(Exception):
    """The picture is not taken; the message is one of the codes `pictures.py` knows."""


# Imports after this point load decoders; the four plugins are named so that no other is ever loaded.
from PIL import (  # noqa: E402
    GifImagePlugin,
    Image,
    ImageCms,
    ImageOps,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)

FORMATS: Final = ("PNG", "JPEG", "GIF", "WEBP")
PLUGINS: Final = (GifImagePlugin, JpegImagePlugin, MpoImagePlugin, PngImagePlugin, WebPImagePlugin)


def open_picture(source: BinaryIO, max_pixels: int) -> Image.Image:
    """Read the header and refuse what is too big before a pixel is decoded."""
    Image.MAX_IMAGE_PIXELS = None  # our own cap below raises, Pillow's would only warn at first
    try:
        picture = Image.open(source, formats=FORMATS)
    except (OSError, ValueError, SyntaxError, struct.error):
        raise Refused("broken") from None
    width, height = picture.size
    if width * height > max_pixels or max(width, height) > 65_500:
        raise Refused("too_many_pixels")
    return picture


def is_moving(picture: Image.Image) -> bool:
    """Whether it is an animation. Raises: Refused `too_long` past the caps."""
    if picture.format == "MPO":  # a photo with a second view inside; the first is the photo
        return False
    try:
        picture.seek(1)
        picture.seek(0)
    except EOFError:
        return False
    if picture.format == "PNG" and picture.info.get("default_image"):
        return False
    pixels = picture.width * picture.height
    most = min(MAX_FRAMES, max(1, MAX_FRAME_PIXELS // pixels))
    try:
        for number in range(2, most + 1):
            picture.seek(number)
    except EOFError:
        picture.seek(0)
        return True
    raise Refused("too_long")


def to_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    """Colours as the profile meant them, in sRGB; a profile that cannot be read is ignored."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(
            picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return picture.convert("RGB")
    return converted if converted is not None else picture.convert("RGB")


def flatten(picture: Image.Image) -> Image.Image:
    """Upright RGB or RGBA pixels and nothing else: no EXIF, XMP, profile, comment, thumbnail."""
    profile = picture.info.get("icc_profile")
    upright = ImageOps.exif_transpose(picture)
    if upright.mode.startswith("I"):
        upright = upright.convert("I").point(lambda value: value / 256).convert("L")
    see_through = "A" in upright.getbands() or "a" in upright.getbands() or "transparency" in upright.info
    plain = upright.convert("RGBA" if see_through else "RGB")
    if profile and upright.mode in ("RGB", "CMYK", "L", "RGBA"):
        colours = to_srgb(plain.convert("RGB") if upright.mode == "RGBA" else upright, profile)
        if see_through:
            colours.putalpha(plain.getchannel("A"))
        plain = colours
    plain.info.clear()
    return plain


def encode(picture: Image.Image, kind: str) -> bytes:
    """The picture as a file of `kind` (png, jpg or webp)."""
    out = io.BytesIO()
    if kind == "jpg":
        picture.convert("RGB").save(out, "JPEG", quality=88, progressive=True, optimize=True)
    elif kind == "png":
        picture.save(out, "PNG", compress_level=6)
    else:
        picture.save(out, "WEBP", quality=82, method=4, exif=b"", xmp=b"", icc_profile=None)
    return out.getvalue()


def blurhash_of(picture: Image.Image) -> str:
    """A few characters that stand for the picture until it is there."""
    # Imported here: pages that only need an avatar do not wait for it.
    import blurhash

    small = picture.convert("RGBA")
    small.thumbnail((32, 32))
    paper = Image.new("RGB", small.size, (255, 255, 255))
    paper.paste(small, mask=small.getchannel("A"))
    pixels = list(paper.get_flattened_data())
    rows = [pixels[start : start + paper.width] for start in range(0, len(pixels), paper.width)]
    wide = paper.width >= paper.height
    return str(blurhash.encode(rows, components_x=4 if wide else 3, components_y=3 if wide else 4))


def decode_post(picture: Image.Image) -> dict[str, Any]:
    """A picture for a post: the file itself, a preview, size and blurhash."""
    kind = {"JPEG": "jpg", "MPO": "jpg", "PNG": "png", "GIF": "png"}.get(picture.format or "", "webp")
    moving = b""
    if is_moving(picture):
        out = io.BytesIO()
        picture.save(
            out, "WEBP", save_all=True, quality=75, method=0, exif=b"", xmp=b"", icc_profile=None, loop=0
        )
        moving, kind = out.getvalue(), "webp"
        picture.seek(0)
    elif kind == "jpg":
        scale = min(1.0, MAX_SIDE / max(picture.size))
        # A huge photo is decoded small at once.
        picture.draft("RGB", (int(picture.width * scale), int(picture.height * scale)))
    still = flatten(picture)
    width, height = still.size
    if not moving and max(still.size) > MAX_SIDE:
        still.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
        width, height = still.size
    main = moving or encode(still, kind)
    still.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return {
        "suffix": kind,
        "width": width,
        "height": height,
        "blurhash": blurhash_of(still),
        "files": [main, encode(still, "webp")],
    }


def decode_portrait(picture: Image.Image, size: tuple[int, int]) -> dict[str, Any]:
    """A profile picture or banner: cut to its shape, never enlarged."""
    if picture.format in ("JPEG", "MPO"):
        picture.draft("RGB", (size[0] * 2, size[1] * 2))
    still = flatten(picture)
    scale = min(1.0, still.width / size[0], still.height / size[1])
    box = (max(1, round(size[0] * scale)), max(1, round(size[1] * scale)))
    cut = ImageOps.fit(still, box, Image.Resampling.LANCZOS)
    # Two formats every peer reads: peers show these beside each post.
    kind = "png" if cut.mode == "RGBA" and cut.getchannel("A").getextrema() != (255, 255) else "jpg"
    return {
        "suffix": kind,
        "width": cut.width,
        "height": cut.height,
        "blurhash": blurhash_of(cut),
        "files": [encode(cut, kind), b""],
    }


def decode(source: BinaryIO, purpose: str, max_pixels: int) -> dict[str, Any]:
    """One picture by one wish. Raises: Refused."""
    picture = open_picture(source, max_pixels)
    try:
        if purpose == "post":
            return decode_post(picture)
        return decode_portrait(picture, AVATAR_SIZE if purpose == "avatar" else HEADER_SIZE)
    except Refused:
        raise
    except MemoryError:
        raise Refused("too_many_pixels") from None
    except Exception:
        # A decoder fed garbage may raise anything at all; the answer is the same.
        raise Refused("broken") from None


def main() -> None:
    """Script entry: stdin picture, argv wish, stdout answer."""
    confine(**LIMITS)
    wish = json.loads(sys.argv[1])
    source = io.BytesIO(sys.stdin.buffer.read())
    try:
        answer = decode(source, wish["purpose"], wish["max_pixels"])
    except Refused as refusal:
        answer = {"refused": str(refusal), "files": []}
    files = answer.pop("files")
    header = json.dumps({**answer, "lengths": [len(file) for file in files]}).encode()
    sys.stdout.buffer.write(struct.pack(">I", len(header)) + header + b"".join(files))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()

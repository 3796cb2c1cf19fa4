"""Small files of every kind, made here: nothing binary lies in the tree."""

import io
import struct
from typing import Any

from PIL import Image, PngImagePlugin

GPS_MAKER = "Telltale Phone"


def noise(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """A picture that does not compress to nothing."""
    return Image.effect_noise((width, height), 60).convert(mode)


def file_of(picture: Image.Image, kind: str, **options: Any) -> bytes:
    """The picture as a file."""
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def telling_jpeg(width: int = 300, height: int = 200) -> bytes:
    """A photo lying on its side, with place, maker, comment, XMP and an embedded thumbnail's marker."""
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    exif[0x010F] = GPS_MAKER
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 0.0)})
    return file_of(
        noise(width, height),
        "JPEG",
        exif=exif,
        comment=b"my secret garden",
        xmp=b"<x:xmpmeta>where</x:xmpmeta>",
    )


def telling_png() -> bytes:
    """A PNG with text chunks and EXIF."""
    words = PngImagePlugin.PngInfo()
    words.add_text("Author", GPS_MAKER)
    words.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta>where</x:xmpmeta>")
    exif = Image.Exif()
    exif[0x010F] = GPS_MAKER
    return file_of(noise(60, 40), "PNG", pnginfo=words, exif=exif)


def moving_gif(frames: int = 5, size: tuple[int, int] = (40, 30)) -> bytes:
    """A GIF whose frames differ, with a comment."""
    pictures = [noise(*size).convert("P") for _ in range(frames)]
    return file_of(
        pictures[0], "GIF", save_all=True, append_images=pictures[1:], duration=80, loop=0, comment=b"where"
    )


def huge_header_png(width: int, height: int) -> bytes:
    """A few bytes that claim to be an enormous PNG."""
    import zlib

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def box(kind: bytes, body: bytes) -> bytes:
    """One ISO media box."""
    return struct.pack(">I4s", 8 + len(body), kind) + body


def tkhd(width: int, height: int, *, turned: bool = False) -> bytes:
    """A track header, version 0."""
    one = 1 << 16
    matrix = (0, one, 0, -one, 0, 0, 0, 0, 1 << 30) if turned else (one, 0, 0, 0, one, 0, 0, 0, 1 << 30)
    body = bytes(4 + 4 + 4 + 4 + 4 + 4) + bytes(8 + 2 + 2 + 2 + 2) + struct.pack(">9i", *matrix)
    return box(b"tkhd", body + struct.pack(">2I", width << 16, height << 16))


def telling_mp4(*, turned: bool = False) -> bytes:
    """The skeleton of a phone's film: measures, a place in `udta`, some sound and light in `mdat`."""
    place = box(b"udta", box(b"\xa9xyz", b"\x00\x13\x15\xc7+52.5200+013.4050/"))
    track = box(b"trak", tkhd(1920, 1080, turned=turned) + box(b"meta", GPS_MAKER.encode()))
    return (
        box(b"ftyp", b"isom\x00\x00\x02\x00isomiso2mp41")
        + box(b"moov", box(b"mvhd", bytes(100)) + track + place)
        + box(b"mdat", bytes(range(256)) * 8)
    )


WEBM = b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm" + bytes(200)
MATROSKA = b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x88matroska" + bytes(200)
MP3 = b"\xff\xfb\x90\x64" + bytes(400)
OGG = b"OggS" + bytes(24) + b"OpusHead" + bytes(100)
OGV = b"OggS" + bytes(24) + b"\x80theora" + bytes(100)
FLAC = b"fLaC" + bytes(100)
WAV = b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(40)
M4A = box(b"ftyp", b"M4A \x00\x00\x00\x00M4A mp42") + bytes(100)
MOV = box(b"ftyp", b"qt  \x00\x00\x00\x00qt  ") + bytes(100)
HEIC = box(b"ftyp", b"heic\x00\x00\x00\x00mif1heic") + bytes(100)
AVIF = box(b"ftyp", b"avif\x00\x00\x00\x00avifmif1") + bytes(100)
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"
ACTOR = (
    b'{"@context":"https://www.w3.org/ns/activitystreams","type":"Person","id":"https://victim.example/u"}'
)
MVG = b"push graphic-context\nviewbox 0 0 640 480\nimage over 0,0 0,0 'ephemeral:/etc/passwd'\n"
PLAYLIST = b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n"
PDF = b"%PDF-1.7\n" + bytes(50)
ZIP = b"PK\x03\x04" + bytes(50)
FITS = b"SIMPLE  =                    T" + bytes(100)
BMP = b"BM" + bytes(60)
TIFF = b"II*\x00" + bytes(60)
GD = b"\xff\xff" + bytes(60)

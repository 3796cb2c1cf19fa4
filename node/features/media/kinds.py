"""Which files we take, told by their first bytes and never by name or claimed type.

Owns the one table of kinds: suffix in our store, media type we serve, and how it is shown.
Whatever is not in it is refused, SVG and HTML included: they are programs, not pictures (MED-02).
Called by `service` for uploads, by `proxy` for what others host, by `pages` when serving.
"""

import re
from collections.abc import Mapping
from typing import Final, Literal

import msgspec

SNIFF_BYTES: Final = 4096
KEY: Final = re.compile(r"[0-9a-f]{40}\.[a-z0-9]{3,4}")

Show = Literal["image", "video", "audio"]


class Kind(msgspec.Struct, frozen=True):
    """One sort of file: `suffix` names it in the store, `mime` is served, `show` is how pages embed it."""

    suffix: str
    mime: str
    show: Show


PNG: Final = Kind("png", "image/png", "image")
JPEG: Final = Kind("jpg", "image/jpeg", "image")
GIF: Final = Kind("gif", "image/gif", "image")
WEBP: Final = Kind("webp", "image/webp", "image")
AVIF: Final = Kind("avif", "image/avif", "image")
MP4: Final = Kind("mp4", "video/mp4", "video")
MOV: Final = Kind("mov", "video/quicktime", "video")
WEBM: Final = Kind("webm", "video/webm", "video")
M4A: Final = Kind("m4a", "audio/mp4", "audio")
MP3: Final = Kind("mp3", "audio/mpeg", "audio")
OGG: Final = Kind("ogg", "audio/ogg", "audio")
FLAC: Final = Kind("flac", "audio/flac", "audio")
WAV: Final = Kind("wav", "audio/wav", "audio")

ALL: Final = (PNG, JPEG, GIF, WEBP, AVIF, MP4, MOV, WEBM, M4A, MP3, OGG, FLAC, WAV)
BY_SUFFIX: Final[Mapping[str, Kind]] = {kind.suffix: kind for kind in ALL}
# What the decoder opens; AVIF is only passed on from others, our own members' pictures are re-encoded.
DECODED: Final = (PNG, JPEG, GIF, WEBP)

_MP4_BRANDS: Final = frozenset(
    b"isom iso2 iso3 iso4 iso5 iso6 iso7 iso8 iso9 mp41 mp42 mp71 avc1 dash M4V  MSNV 3gp4 3gp5 3gp6".split()
) | {b"M4V "}
_M4A_BRANDS: Final = frozenset({b"M4A ", b"M4B "})


def _container(head: bytes) -> Kind | None:
    """ISO base media: told apart by the major brand, so that HEIC and the rest stay outside."""
    brand = head[8:12]
    if brand in _M4A_BRANDS:
        return M4A
    if brand in _MP4_BRANDS:
        return MP4
    if brand == b"qt  ":
        return MOV
    return AVIF if brand in (b"avif", b"avis") else None


def _riff(head: bytes) -> Kind | None:
    return {b"WEBP": WEBP, b"WAVE": WAV}.get(head[8:12])


def _ogg(head: bytes) -> Kind | None:
    first_page = head[:256]
    sound = any(mark in first_page for mark in (b"OpusHead", b"\x01vorbis", b"\x7fFLAC", b"Speex   "))
    return OGG if sound and b"theora" not in first_page else None


def _is_mp3(head: bytes) -> bool:
    if head[:3] == b"ID3":
        return True
    # An MPEG frame header: sync, layer III, a bitrate and a sampling rate that exist.
    return (
        len(head) > 3
        and head[0] == 0xFF
        and head[1] & 0xE0 == 0xE0
        and head[1] & 0x06 == 0x02
        and head[2] & 0xF0 not in (0x00, 0xF0)
        and head[2] & 0x0C != 0x0C
    )


def sniff(head: bytes) -> Kind | None:
    """The kind of a file by its first `SNIFF_BYTES`, or None for everything we do not take."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head.startswith((b"GIF87a", b"GIF89a")):
        return GIF
    if head.startswith(b"RIFF"):
        return _riff(head)
    if head[4:8] == b"ftyp":
        return _container(head)
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return WEBM if b"webm" in head[:64] else None
    if head.startswith(b"OggS"):
        return _ogg(head)
    if head.startswith(b"fLaC"):
        return FLAC
    return MP3 if _is_mp3(head) else None


def looks_like_svg(head: bytes) -> bool:
    """Whether a refused file is an SVG, only to say so kindly."""
    return b"<svg" in head.lower()


def kind_of_key(key: str) -> Kind | None:
    """The kind a key of our store stands for; None for anything that is not such a key (MED-06)."""
    if KEY.fullmatch(key) is None:
        return None
    return BY_SUFFIX.get(key.partition(".")[2])


def show_of_mime(mime: str) -> str:
    """How a peer's attachment is shown by the type it claims: `image`, `video`, `audio` or `unknown`."""
    family = mime.partition("/")[0].lower()
    return family if family in ("image", "video", "audio") and "svg" not in mime.lower() else "unknown"

"""What we do to a film or sound before we keep it: measure it, and blank what tells too much.

Owns a small reader of ISO base media files (MP4, M4A, MOV). Phones write place, maker and time
into boxes that no player needs; those are emptied where they lie, so nothing else moves
(MED-10). Other containers pass unchanged. Never decodes a frame; called by `service`.
"""

import struct
from collections.abc import Iterator
from typing import BinaryIO, Final

import msgspec

_NESTED: Final = frozenset({b"moov", b"trak"})
_TELLING: Final = frozenset({b"udta", b"meta", b"uuid"})
_MAX_BOXES: Final = 2000
_ZEROS: Final = bytes(64 * 1024)


class _Box(msgspec.Struct, frozen=True):
    kind: bytes
    start: int
    body: int
    end: int


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[_Box]:
    """The boxes between two offsets; stops at the first that does not fit."""
    while start + 8 <= end:
        file.seek(start)
        size, kind = struct.unpack(">I4s", file.read(8))
        body = start + 8
        if size == 1:
            wide = file.read(8)
            if len(wide) < 8:
                return
            size, body = struct.unpack(">Q", wide)[0], start + 16
        elif size == 0:
            size = end - start
        if size < body - start or start + size > end:
            return
        yield _Box(kind, start, body, start + size)
        start += size


def _blank(file: BinaryIO, box: _Box) -> None:
    file.seek(box.start + 4)
    file.write(b"free")
    file.seek(box.body)
    left = box.end - box.body
    while left > 0:
        left -= file.write(_ZEROS[: min(left, len(_ZEROS))])


def _measure(file: BinaryIO, box: _Box) -> tuple[int, int]:
    """Width and height of a track as shown, (0, 0) for sound."""
    file.seek(box.body)
    body = file.read(min(box.end - box.body, 104))
    start = {0: 40, 1: 52}.get(body[0] if body else 9)
    if start is None or len(body) < start + 44:
        return 0, 0
    across, _, _, down = struct.unpack(">4i", body[start : start + 16])
    width, height = (side >> 16 for side in struct.unpack(">2I", body[start + 36 : start + 44]))
    # A film held upright is stored lying down and turned by its matrix.
    return (height, width) if across == 0 and down != 1 << 16 else (width, height)


def scrub(file: BinaryIO, size: int) -> tuple[int, int]:
    """Empty the telling boxes of an ISO file in place; width and height of its picture, or (0, 0)."""
    waiting = [(0, size)]
    shown = (0, 0)
    seen = 0
    while waiting:
        for box in _boxes(file, *waiting.pop()):
            seen += 1
            if seen > _MAX_BOXES:
                return shown
            if box.kind in _NESTED:
                waiting.append((box.body, box.end))
            elif box.kind in _TELLING:
                _blank(file, box)
            elif box.kind == b"tkhd":
                shown = max(shown, _measure(file, box))
    return shown

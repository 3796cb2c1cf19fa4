"""Our side of the decoder: start it, feed it, stop it, and name what it said.

A fresh process per picture costs about a tenth of a second and keeps an idle node small; a
decoder that was taken over by a hostile file has no secrets, few rights and soon no time
(MED-01, MED-04). Called by `service`; `decoder.py` is the other side.
"""

import asyncio
import json
import struct
import sys
from pathlib import Path
from typing import Final

import msgspec

from node.errors import N_, NodeError

_PROGRAM: Final = Path(__file__).with_name("decoder.py")
_DEADLINE_S: Final = 40.0
_HEADER_MAX_BYTES: Final = 4096

REFUSALS: Final = {
    "broken": N_("We could not open this picture. It may be damaged."),
    "too_many_pixels": N_("This picture is too large for us. Please make it smaller and try again."),
    "too_long": N_("This moving picture is too long for us. As a film (MP4) it would be welcome."),
}


class Picture(msgspec.Struct, frozen=True):
    """A re-encoded picture: `preview` is WebP and empty for profile pictures."""

    suffix: str
    width: int
    height: int
    blurhash: str
    content: bytes
    preview: bytes


class _Header(msgspec.Struct):
    lengths: list[int]
    refused: str = ""
    suffix: str = ""
    width: int = 0
    height: int = 0
    blurhash: str = ""


class Decoder:
    """Runs decoders, at most `at_once` of them, so that many uploads do not take the whole machine."""

    def __init__(self, max_pixels: int, at_once: int = 2) -> None:
        self._max_pixels = max_pixels
        self._turns = asyncio.Semaphore(at_once)

    async def read(self, source: Path, purpose: str) -> Picture:
        """Re-encode the picture in `source` for `purpose` (post, avatar, header).

        Raises: `invalid` with a text that says what is wrong with it.
        """
        async with self._turns:
            answer = await self._run(source, purpose)
        return _read_answer(answer)

    async def _run(self, source: Path, purpose: str) -> bytes:
        wish = json.dumps({"purpose": purpose, "max_pixels": self._max_pixels})
        with source.open("rb") as file:
            child = await asyncio.create_subprocess_exec(
                sys.executable, "-I", str(_PROGRAM), wish,
                stdin=file, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
                env={"LC_ALL": "C.UTF-8"}, cwd="/", close_fds=True,
            )  # fmt: skip
        try:
            async with asyncio.timeout(_DEADLINE_S):
                answer, _ = await child.communicate()
        except TimeoutError:
            answer = b""
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
        return answer


def _refuse(code: str) -> NodeError:
    text = REFUSALS.get(code, REFUSALS["broken"])
    return NodeError("invalid", field="file", text=text, detail=f"picture {code}")


def _read_answer(answer: bytes) -> Picture:
    """Nothing in the answer is believed but its bounds: the decoder may have been taken over."""
    try:
        (length,) = struct.unpack(">I", answer[:4])
        if length > _HEADER_MAX_BYTES:
            raise _refuse("broken")
        header = msgspec.json.decode(answer[4 : 4 + length], type=_Header)
    except (struct.error, msgspec.DecodeError):
        raise _refuse("killed") from None
    if header.refused:
        raise _refuse(header.refused)
    known = header.suffix in ("jpg", "png", "webp") and is_blurhash(header.blurhash)
    if len(header.lengths) != 2 or not known:
        raise _refuse("broken")
    start = 4 + length
    middle = start + header.lengths[0]
    return Picture(
        suffix=header.suffix,
        width=header.width,
        height=header.height,
        blurhash=header.blurhash,
        content=answer[start:middle],
        preview=answer[middle:],
    )


_BASE83: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"


def is_blurhash(text: str) -> bool:
    """Whether `text` is a blurhash of the length its first character announces (MED-11)."""
    if len(text) < 6 or len(text) > 166 or not set(_BASE83).issuperset(text):
        return False
    flag = _BASE83.index(text[0])
    across, down = flag % 9 + 1, flag // 9 + 1
    return down <= 9 and len(text) == 4 + 2 * across * down

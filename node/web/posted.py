"""The body of a posted form, read once, within limits.

Texts are held in memory, file parts go to temporary files as they arrive; what goes over a limit is
refused at that moment, not after it was stored. The guard reads it first (for the form token), the
page's handler gets the same reading. Temporary files are closed by the middleware at the end.
"""

import tempfile
from collections.abc import Mapping
from typing import IO, Final, cast
from urllib.parse import parse_qsl

import msgspec
from aiohttp import BodyPartReader, hdrs, web
from aiohttp.http_exceptions import HttpProcessingError

from node.appkeys import NODE
from node.errors import NodeError

MAX_FIELDS: Final = 500
MAX_TEXT_BYTES: Final = 512 * 1024  # all text fields of a multipart form together
_IN_MEMORY_BYTES: Final = 256 * 1024
_FORM: Final = "application/x-www-form-urlencoded"


class UploadedFile(msgspec.Struct, frozen=True):
    """A file somebody sent, at its start. `filename` and `mime` are the sender's claims."""

    file: IO[bytes]
    filename: str
    mime: str
    size_bytes: int


class Posted(msgspec.Struct, frozen=True):
    """All texts and files of a form by field name, in order."""

    texts: Mapping[str, list[str]]
    files: Mapping[str, list[UploadedFile]]

    def text(self, name: str) -> str:
        """The first text of a field, or ''."""
        found = self.texts.get(name)
        return found[0] if found else ""

    def close(self) -> None:
        """Let the temporary files go."""
        for files in self.files.values():
            for upload in files:
                upload.file.close()


POSTED = web.RequestKey("posted", Posted)


async def read_posted(request: web.Request, max_bytes: int = 0) -> Posted:
    """The form of this request; read on the first call, remembered for the next.

    `max_bytes` caps the whole body; 0 takes the configured limit.
    Raises: NodeError `too_large`, `bad_request`.
    """
    known: Posted | None = request.get(POSTED)
    if known is not None:
        return known
    config = request.app[NODE].config
    limit = max_bytes or config.web.max_body_bytes
    if (request.content_length or 0) > limit:
        raise NodeError("too_large")
    if request.content_type == "multipart/form-data":
        posted = await _read_multipart(request, limit)
    elif request.content_type == _FORM:
        posted = Posted(_read_pairs(await _read_body(request, limit)), {})
    elif not request.can_read_body:
        posted = Posted({}, {})
    else:  # text/plain and JSON never come from a form of ours (AUT-10)
        raise NodeError("bad_request", detail=f"form with content type {request.content_type[:80]}")
    request[POSTED] = posted
    return posted


async def _read_body(request: web.Request, limit: int) -> bytes:
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > limit:
            raise NodeError("too_large")
    return bytes(body)


def _read_pairs(body: bytes) -> dict[str, list[str]]:
    try:
        pairs = parse_qsl(
            body.decode("utf-8"), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict"
        )
    except ValueError as error:
        raise NodeError("bad_request", detail=f"form: {error}") from None
    texts: dict[str, list[str]] = {}
    for name, value in pairs:
        texts.setdefault(name, []).append(value)
    return texts


async def _read_multipart(request: web.Request, limit: int) -> Posted:
    posted = Posted({}, {})
    texts, files = (
        cast("dict[str, list[str]]", posted.texts),
        cast("dict[str, list[UploadedFile]]", posted.files),
    )
    room = text_room = limit
    text_room = min(limit, MAX_TEXT_BYTES)
    count = 0
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            count += 1
            if not isinstance(part, BodyPartReader) or not part.name or count > MAX_FIELDS:
                raise NodeError("bad_request", detail="form with nested, nameless or too many parts")
            if part.filename is None:
                body = await _read_text(part, text_room)
                text_room -= len(body)
                texts.setdefault(part.name, []).append(body.decode("utf-8"))
            else:
                upload = await _read_file(part, room)
                room -= upload.size_bytes
                if upload.size_bytes or upload.filename:
                    files.setdefault(part.name, []).append(upload)
                else:  # what a browser sends for a file field left empty
                    upload.file.close()
    except (ValueError, AssertionError, HttpProcessingError) as error:  # aiohttp's words for a broken body
        posted.close()
        raise NodeError("bad_request", detail=f"form: {error}") from None
    except BaseException:
        posted.close()
        raise
    return posted


async def _read_text(part: BodyPartReader, room: int) -> bytes:
    body = bytearray()
    while chunk := await part.read_chunk():
        body += chunk
        if len(body) > room:
            raise NodeError("too_large")
    return bytes(part.decode(bytes(body)))


async def _read_file(part: BodyPartReader, room: int) -> UploadedFile:
    file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115  (closed with its request)
    size = 0
    try:
        while chunk := await part.read_chunk(65_536):
            size += len(chunk)
            if size > room:
                raise NodeError("too_large")
            file.write(chunk)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    mime = part.headers.get(hdrs.CONTENT_TYPE, "application/octet-stream").partition(";")[0].strip().lower()
    return UploadedFile(cast("IO[bytes]", file), (part.filename or "")[-255:], mime, size)

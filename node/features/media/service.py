"""What may be done with files: upload, describe, hang on a post, and where they are to be seen.

An upload is measured, told by its content, re-encoded outside this process when it is a picture,
and only then written down; it belongs to its owner until it hangs on a post of theirs. Files of
posts that are not public are protected by unguessable keys and are removed with the post.
Called by pages and api; `posts` calls `attach` and `put_remote`.
"""

import asyncio
import logging
import math
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Literal, Protocol

import msgspec

from node.db.away import has_no_room
from node.db.database import Tx
from node.errors import N_, NodeError
from node.features.media import files, films, kinds, proxy, store, translate
from node.features.media.storage import MediaStorage, storage_of
from node.runtime import Node

log = logging.getLogger("node.media")

MAX_PER_POST = 8
MAX_ALT_CHARS = 1500
_KEEP_FREE_BYTES = 256 * 1024 * 1024

_WE_TAKE = N_(
    "We can take pictures (JPEG, PNG, GIF, WebP), films (MP4, WebM) and sound "
    "(MP3, Ogg, M4A, FLAC, WAV). This file is something else."
)
_NO_SVG = N_("We cannot take SVG drawings, because they can hide programs. A PNG of it would be welcome.")
_NO_PICTURE = N_("Please choose a picture: JPEG, PNG, GIF or WebP.")
_TOO_LARGE = N_("This file is too large. We take files of up to %(megabytes)d MB.")
_QUOTA_FULL = N_("Your space for files is full. Delete some older posts with files, then try again.")
_DISK_FULL = N_("There is no room for files at the moment. Please try again later.")
_TOO_MANY = N_("A post can carry at most %(most)d files.")
_ALT_TOO_LONG = N_("This description is too long. It can have at most %(most)d characters.")


class HasFile(Protocol):
    """Anything that names a file of ours or of others: a row, a picture of a post."""

    @property
    def file_key(self) -> str: ...
    @property
    def preview_key(self) -> str: ...
    @property
    def remote_url(self) -> str: ...
    @property
    def kind(self) -> str: ...


class _Kept(msgspec.Struct, frozen=True):
    """A file in the store that has no row yet."""

    kind: str
    mime: str
    file_key: str
    preview_key: str
    size_bytes: int
    width: int
    height: int
    blurhash: str


async def accept_upload(
    node: Node, owner_id: int, file: BinaryIO, alt: str = "", focus: tuple[float, float] = (0.0, 0.0)
) -> store.Media:
    """Take a file for a later post; it is thrown away if none shows it within a day.

    Opens its own transaction at the end, because decoding may take seconds.
    Raises: `invalid` (field `file` or `alt`), `too_large`, `unavailable`.
    """
    check_alt(alt)
    kept = await _keep(node, file, "post")
    return await _write_down(node, owner_id, kept, ("post", alt, focus))


async def accept_portrait(
    node: Node, owner_id: int, file: BinaryIO, purpose: Literal["avatar", "header"], alt: str = ""
) -> store.Media:
    """Take a profile picture or banner; pass `url_of` of it on to the profile. Raises: as `accept_upload`.

    The one it replaces is removed a day after no profile shows it any more.
    """
    check_alt(alt)
    kept = await _keep(node, file, purpose)
    return await _write_down(node, owner_id, kept, (purpose, alt, (0.0, 0.0)))


def check_alt(alt: str) -> None:
    """Raises: `invalid` (field `alt`) when a description is too long."""
    if len(alt) > MAX_ALT_CHARS:
        raise NodeError("invalid", field="alt", text=_ALT_TOO_LONG, values={"most": MAX_ALT_CHARS})


async def _keep(node: Node, file: BinaryIO, purpose: str) -> _Kept:
    try:
        return await _keep_whole(node, file, purpose)
    except OSError as error:  # full in the middle of it, whatever was free when it began
        if not has_no_room(error):
            raise
        raise NodeError("unavailable", text=_DISK_FULL, detail="media disk") from error


async def _keep_whole(node: Node, file: BinaryIO, purpose: str) -> _Kept:
    storage = storage_of(node)
    with storage.scratch.file() as (path, copy):
        if files.free_bytes(path.parent) < _KEEP_FREE_BYTES:
            raise NodeError("unavailable", text=_DISK_FULL, detail="media disk")
        try:
            size = await asyncio.to_thread(files.copy_capped, file, copy, storage.max_upload_bytes)
        except NodeError as error:
            values = {"megabytes": storage.max_upload_bytes // 1_000_000}
            raise NodeError(
                "too_large", field="file", text=_TOO_LARGE, values=values, detail=error.detail
            ) from None
        copy.seek(0)
        head = copy.read(kinds.SNIFF_BYTES)
        kind = kinds.sniff(head)
        if kind in kinds.DECODED:
            return await _keep_picture(node, path, purpose)
        if kind is None or kind is kinds.AVIF:
            text = _NO_SVG if kinds.looks_like_svg(head) else _WE_TAKE
            raise NodeError("invalid", field="file", text=text, detail="media kind")
        if purpose != "post":
            raise NodeError("invalid", field="file", text=_NO_PICTURE, detail="media kind")
        return await _keep_film(node, path, copy, (kind, size))


async def _keep_picture(node: Node, path: Path, purpose: str) -> _Kept:
    picture = await storage_of(node).decoder.read(path, purpose)
    file_key = await storage_of(node).files.put(picture.content, picture.suffix)
    preview_key = (
        await storage_of(node).files.put(picture.preview, kinds.WEBP.suffix) if picture.preview else ""
    )
    return _Kept(
        kind="image",
        mime=kinds.BY_SUFFIX[picture.suffix].mime,
        file_key=file_key,
        preview_key=preview_key,
        size_bytes=len(picture.content) + len(picture.preview),
        width=picture.width,
        height=picture.height,
        blurhash=picture.blurhash,
    )


async def _keep_film(node: Node, path: Path, copy: BinaryIO, found: tuple[kinds.Kind, int]) -> _Kept:
    kind, size = found
    width = height = 0
    if kind in (kinds.MP4, kinds.MOV, kinds.M4A):
        width, height = await asyncio.to_thread(films.scrub, copy, size)
        copy.flush()
    file_key = await storage_of(node).files.put(path, kind.suffix)
    return _Kept(kind.show, kind.mime, file_key, "", size, width, height, "")


async def _write_down(
    node: Node, owner_id: int, kept: _Kept, words: tuple[str, str, tuple[float, float]]
) -> store.Media:
    purpose, alt, focus = words
    try:
        async with node.db.tx() as tx:
            await _check_quota(tx, owner_id, kept.size_bytes, storage_of(node))
            media = store.Media(
                id=tx.new_id(),
                owner_id=owner_id,
                purpose=purpose,
                kind=kept.kind,
                mime=kept.mime,
                file_key=kept.file_key,
                preview_key=kept.preview_key,
                bytes=kept.size_bytes,
                width=kept.width,
                height=kept.height,
                blurhash=kept.blurhash,
                alt=alt,
                focus_x=translate.clamp(focus[0]),
                focus_y=translate.clamp(focus[1]),
                created_at=tx.now,
            )
            await store.put_media(tx, media)
    except BaseException:
        for key in filter(None, (kept.file_key, kept.preview_key)):
            await storage_of(node).files.delete(key)
        raise
    return media


async def _check_quota(tx: Tx, owner_id: int, more_bytes: int, storage: MediaStorage) -> None:
    if storage.quota_bytes:
        await store.lock_owner(tx, owner_id)
        if await store.count_bytes(tx, owner_id) + more_bytes > storage.quota_bytes:
            raise NodeError("invalid", field="file", text=_QUOTA_FULL, detail="media quota")
    if storage.total_bytes:
        await store.lock_everybody(tx)
        if await store.count_all_bytes(tx) + more_bytes > storage.total_bytes:
            log.warning("no room for more files", extra={"total_bytes": storage.total_bytes})
            raise NodeError("unavailable", text=_DISK_FULL, detail="media room")


async def set_alt(
    tx: Tx, owner_id: int, media_id: int, alt: str, focus: tuple[float, float] | None = None
) -> store.Media:
    """Describe a file of one's own; the post that shows it is not published again by this.

    Raises: `not_found`, `invalid` (field `alt`).
    """
    check_alt(alt)
    media = await store.get_own(tx, owner_id, media_id)
    point = (media.focus_x, media.focus_y) if focus is None else focus
    point = (translate.clamp(point[0]), translate.clamp(point[1]))
    await store.put_words(tx, media_id, alt, point)
    return msgspec.structs.replace(media, alt=alt, focus_x=point[0], focus_y=point[1])


async def attach(tx: Tx, owner_id: int, media_ids: Sequence[int], post_id: int) -> None:
    """Hang files on a new post, in this order.

    Raises: `not_found` for a file of somebody else or of another post (MED-07), `invalid` for too many.
    """
    wanted = list(dict.fromkeys(media_ids))
    if len(wanted) > MAX_PER_POST:
        raise NodeError("invalid", field="media", text=_TOO_MANY, values={"most": MAX_PER_POST})
    if await store.put_attached(tx, owner_id, wanted, post_id) != len(wanted):
        raise NodeError("not_found", field="media", detail="media to attach")


async def replace(tx: Tx, owner_id: int, media_ids: Sequence[int], post_id: int) -> None:
    """Make exactly these files an edited post's; earlier versions keep what hung there. Raises: as `attach`."""
    await store.put_let_go(tx, media_ids, post_id)
    await attach(tx, owner_id, media_ids, post_id)


async def put_remote(tx: Tx, post_id: int, owner_id: int, attachments: Sequence[object]) -> None:
    """Remember a peer's attachments of a post (federation.vocab Media; others are skipped)."""
    rows = translate.from_wire(attachments, owner_id, tx.new_id, tx.now)
    if rows:
        await store.put_remote(tx, post_id, list(enumerate(rows)))


async def replace_remote(tx: Tx, post_id: int, owner_id: int, attachments: Sequence[object]) -> None:
    """Remember the attachments a peer's Update carries; earlier versions keep what it no longer shows."""
    rows = translate.from_wire(attachments, owner_id, tx.new_id, tx.now)
    # A peer may name one address twice; one row each is what can be compared with what stands.
    distinct = {row.remote_url: row for row in rows}
    await store.put_remote_edited(tx, post_id, list(distinct.values()))


async def list_earlier(tx: Tx, shown: Sequence[Sequence[tuple[int, str]]]) -> list[tuple[store.Media, ...]]:
    """The files of earlier versions of a post: for each, its (id, description) as they were then."""
    wanted = {media_id for version in shown for media_id, _ in version}
    found = await store.list_by_ids(tx, list(wanted)) if wanted else {}
    return [
        tuple(
            msgspec.structs.replace(found[media_id], alt=alt)
            for media_id, alt in version
            if media_id in found
        )
        for version in shown
    ]


def url_of(node: Node, media: HasFile) -> str:
    """Our path of a file: our own, or a peer's through the proxy. Pages use it as it is; put
    `node.origin` before it for the API."""
    if media.file_key:
        return f"/media/files/{media.file_key}"
    return proxy.url_for(node, media.remote_url, "picture" if media.kind == "image" else "media")


def preview_url_of(node: Node, media: HasFile) -> str:
    """Our path of a small picture of a file; "" where there is none (films, sound)."""
    if media.preview_key:
        return f"/media/files/{media.preview_key}"
    return url_of(node, media) if media.kind == "image" else ""


def read_focus(text: str) -> tuple[float, float] | None:
    """`"0.1,-0.5"` as the client API writes a focus, or None when it is not one."""
    across, comma, down = text.partition(",")
    try:
        point = (float(across), float(down))
    except ValueError:
        return None
    fits = comma and all(math.isfinite(side) and -1 <= side <= 1 for side in point)
    return point if fits else None

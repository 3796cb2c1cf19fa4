"""Files on the wire and files in our rows: pure, both ways.

Called by the posts feature when it reads and writes notes. Nothing a peer says of a file is
trusted beyond its form; what it really is, the proxy sees when somebody looks at it.
"""

import mimetypes
from collections.abc import Callable, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from federation.vocab.parts import Media as WireMedia
from node.features.media import kinds
from node.features.media.pictures import is_blurhash
from node.features.media.store import Media

MAX_REMOTE = 16
MAX_ALT_CHARS = 10_000
_MAX_SIDE = 100_000


def _kind(media: WireMedia, mime: str) -> str:
    if mime:
        return kinds.show_of_mime(mime)
    by_type = {"Image": "image", "Video": "video", "Audio": "audio"}.get(media.type, "")
    guessed = mimetypes.guess_type(urlsplit(media.url).path)[0] or ""
    return by_type or kinds.show_of_mime(guessed)


def _side(value: int | None) -> int:
    return value if value is not None and 0 < value <= _MAX_SIDE else 0


def from_wire(attachments: Sequence[object], new_id: Callable[[], int], now: datetime) -> list[Media]:
    """Rows for a peer's attachments: at most `MAX_REMOTE`, links and profile lines left out.

    Owner and post are filled in by the store.
    """
    found: list[Media] = []
    for media in attachments:
        if not isinstance(media, WireMedia) or len(found) == MAX_REMOTE:
            continue
        mime = (media.media_type or "").lower()
        focus = media.focal_point or (0.0, 0.0)
        row = Media(
            id=new_id(),
            owner_id=0,
            kind=_kind(media, mime),
            mime=mime[:100],
            remote_url=media.url,
            width=_side(media.width),
            height=_side(media.height),
            blurhash=media.blurhash if media.blurhash and is_blurhash(media.blurhash) else "",
            alt=(media.alt or "")[:MAX_ALT_CHARS],
            focus_x=clamp(focus[0]),
            focus_y=clamp(focus[1]),
            created_at=now,
        )
        found.append(row)
    return found


def to_wire(origin: str, media: Media) -> WireMedia:
    """One of our files as peers read it: a Document with the words in `name`."""
    return WireMedia(
        type="Document",
        url=f"{origin}/media/files/{media.file_key}" if media.file_key else media.remote_url,
        media_type=media.mime or None,
        name=media.alt or None,
        blurhash=media.blurhash or None,
        width=media.width or None,
        height=media.height or None,
        focal_point=(media.focus_x, media.focus_y) if media.kind == "image" else None,
    )


def clamp(value: float) -> float:
    """A focus coordinate between -1 and 1; what is no number counts as the middle."""
    return max(-1.0, min(1.0, value)) if value == value else 0.0

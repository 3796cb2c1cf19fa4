"""Peers' attachments as our rows: pure.

Called by `service` when the posts feature takes in a note. Nothing a peer says of a file is
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


def from_wire(
    attachments: Sequence[object], owner_id: int, new_id: Callable[[], int], now: datetime
) -> list[Media]:
    """Rows for a peer's attachments: at most `MAX_REMOTE`, links and profile lines left out."""
    found: list[Media] = []
    for media in attachments:
        if not isinstance(media, WireMedia) or len(found) == MAX_REMOTE:
            continue
        mime = (media.media_type or "").lower()
        focus = media.focal_point or (0.0, 0.0)
        row = Media(
            id=new_id(),
            owner_id=owner_id,
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


def clamp(value: float) -> float:
    """A focus coordinate between -1 and 1; what is no number counts as the middle."""
    return max(-1.0, min(1.0, value)) if value == value else 0.0

"""Files as the client API shows them: Mastodon's MediaAttachment, and where pictures are loaded from.

Pure translation of loaded rows. Remote files are always named by our proxy's address, so that a
reader's client never talks to strange hosts. Called by the `api.py` of media and of everything
above that shows posts or people.

Spec: Mastodon 4.3 client API, entity MediaAttachment.
"""

from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

from node.features.actors.entities import Addresses
from node.features.media import proxy, service

if TYPE_CHECKING:
    from node.runtime import Node

PREVIEW_SIDE: Final = 640  # pixels; the longer side of previews made by `pictures`


class File(Protocol):
    """What is needed of a file, whether it is a row of media or part of a post."""

    @property
    def id(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def file_key(self) -> str: ...
    @property
    def preview_key(self) -> str: ...
    @property
    def remote_url(self) -> str: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def blurhash(self) -> str: ...
    @property
    def alt(self) -> str: ...
    @property
    def focus_x(self) -> float: ...
    @property
    def focus_y(self) -> float: ...


class MediaAttachment(msgspec.Struct, frozen=True, kw_only=True):
    """Mastodon's MediaAttachment; `meta` holds sizes and focus as far as they are known."""

    id: str
    type: str
    url: str
    preview_url: str | None
    remote_url: str | None
    preview_remote_url: str | None
    text_url: str | None
    meta: dict[str, Any]
    description: str | None
    blurhash: str | None


def addresses_of(node: "Node") -> Addresses:
    """Where clients load this node's pictures, and other people's through it."""

    def picture(url: str) -> str:
        path = proxy.url_for(node, url, "avatar")
        return node.origin + path if path.startswith("/") else path

    return Addresses(node.origin, picture)


def attachment(node: "Node", file: File) -> MediaAttachment:
    """Mastodon's MediaAttachment of a file."""
    preview = service.preview_url_of(node, file)
    return MediaAttachment(
        id=str(file.id),
        type=file.kind,
        url=node.origin + service.url_of(node, file),
        preview_url=node.origin + preview if preview else None,
        remote_url=file.remote_url or None,
        preview_remote_url=None,
        text_url=None,
        meta=_meta(file),
        description=file.alt or None,
        blurhash=file.blurhash or None,
    )


def _meta(file: File) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if file.width > 0 and file.height > 0:
        found["original"] = _size(file.width, file.height)
        scale = min(1.0, PREVIEW_SIDE / max(file.width, file.height)) if file.preview_key else 1.0
        small = (max(1, round(file.width * scale)), max(1, round(file.height * scale)))
        if file.kind == "image":
            found["small"] = _size(*small)
    if file.kind == "image":
        found["focus"] = {"x": round(file.focus_x, 4), "y": round(file.focus_y, 4)}
    return found


def _size(width: int, height: int) -> dict[str, Any]:
    return {"width": width, "height": height, "size": f"{width}x{height}", "aspect": round(width / height, 6)}

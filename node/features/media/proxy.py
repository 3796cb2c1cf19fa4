"""Other people's pictures through our own address, so that no visitor is seen by strange hosts.

Owns the signed addresses `/media/proxy/<signature>/<payload>` and the fetching behind them. Only
addresses this node signed are fetched, by the guarded client, within limits, from hosts we speak
with; what comes back is kept only when its bytes are a picture, film or sound (SSRF-14, MED-02).
Nothing is decoded here. Called by whatever shows remote media (`url_for`) and by `pages`.
"""

import hashlib
import hmac
import logging
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

from federation.client import Ask, Limits
from federation.errors import FederationError
from node.errors import NodeError
from node.features.media import kinds
from node.features.media.storage import storage_of
from node.runtime import Node

log = logging.getLogger("node.media")

Size = Literal["avatar", "picture", "media"]
_MIB: Final = 1024 * 1024
_MAX_BYTES: Final[Mapping[str, int]] = {"avatar": 4 * _MIB, "picture": 8 * _MIB, "media": 40 * _MIB}
_SECONDS: Final[Mapping[str, float]] = {"avatar": 10.0, "picture": 15.0, "media": 60.0}
_ACCEPT: Final = "image/webp, image/png, image/jpeg, image/gif, image/avif, video/*, audio/*"
_SIGNATURE_BYTES: Final = 18


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _sign(key: bytes, payload: str) -> str:
    return _text(hmac.digest(key, payload.encode(), "sha256")[:_SIGNATURE_BYTES])


@lru_cache(maxsize=8192)
def _address(key: bytes, remote_url: str, size: Size) -> str:
    payload = _text(f"{size} {remote_url}".encode())
    return f"/media/proxy/{_sign(key, payload)}/{payload}"


def url_for(node: Node, remote_url: str, size: Size = "picture") -> str:
    """Our own path under which `remote_url` is shown; "" stays "", media of ours stay where they are.

    `size` says what it is for and so how large it may be: avatar 4 MiB, picture 8 MiB, media
    (films and sound too) 40 MiB.
    """
    path = remote_url.removeprefix(node.origin)
    if path.startswith("/media/"):
        return path
    if path != remote_url or not remote_url.startswith(("https://", "http://")):
        return ""
    return _address(signing_key(node), remote_url, size)


def signing_key(node: Node) -> bytes:
    """The key of proxy addresses; a new node key makes old addresses void, pages carry new ones."""
    return node.keyring.key("media-proxy")


def read_address(key: bytes, signature: str, payload: str) -> tuple[str, Size]:
    """The remote URL and size behind an address we signed. Raises: `not_found` for any other."""
    if not hmac.compare_digest(_sign(key, payload).encode(), signature.encode()):
        raise NodeError("not_found", detail="media proxy signature")
    padded = payload + "=" * (-len(payload) % 4)
    size, _, remote_url = urlsafe_b64decode(padded).decode().partition(" ")
    if size == "avatar":
        return remote_url, "avatar"
    return remote_url, "media" if size == "media" else "picture"


async def get_file(node: Node, remote_url: str, size: Size) -> Path:
    """The copy of a remote file on our disk, fetched when missing. Raises: `not_found`."""
    storage = storage_of(node)
    name = hashlib.sha256(remote_url.encode()).hexdigest()

    async def fetch() -> Path | None:
        content = await _fetch(node, remote_url, size)
        return None if content is None else await storage.cache.put(name, content)

    found = await storage.cache.find(name) or await storage.flights.get(name, fetch)
    if found is None:
        raise NodeError("not_found", detail="media proxy")
    return found


async def _fetch(node: Node, remote_url: str, size: Size) -> bytes | None:
    async def admit(host: str) -> None:
        if await node.directory.is_host_refused(host):
            raise FederationError("host_refused", host)

    limits = Limits(max_bytes=_MAX_BYTES[size], seconds=_SECONDS[size])
    try:
        reply = await node.client.get(Ask(remote_url, _ACCEPT, admit=admit, limits=limits))
    except FederationError as error:
        log.info("media not fetched", extra={"code": error.code, "url": remote_url})
        return None
    kind = kinds.sniff(reply.body[: kinds.SNIFF_BYTES]) if reply.status == 200 else None
    if kind is None or (kind.show != "image" and size != "media"):
        log.info("media not taken", extra={"status": reply.status, "url": remote_url})
        return None
    return reply.body

"""Follower lists that two hosts hold of one another, compared by a digest in a header (FEP-8fcf).

Owns the digest and the header's form, both ways. Never fetches a list and never changes one: the host
application does, when what it holds has another digest.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Final

import msgspec

from federation import uris

HEADER: Final = "Collection-Synchronization"
_MAX_CHARS: Final = 4096
_PARAMETER: Final = re.compile(r'\s*([A-Za-z]+)="([^"\\]*)"\s*(?:,|$)')
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


class Claim(msgspec.Struct, frozen=True):
    """What a sender says of its followers on the host it delivers to."""

    collection: str
    digest: str
    url: str


def digest_of(ids: Iterable[str]) -> str:
    """The SHA-256 digests of all ids, XORed, in hex; zeros for none. The order does not matter."""
    total = 0
    for uri in set(ids):
        total ^= int.from_bytes(hashlib.sha256(uri.encode()).digest(), "big")
    return f"{total:064x}"


def write(claim: Claim) -> str:
    """The header's value."""
    return f'collectionId="{claim.collection}", digest="{claim.digest}", url="{claim.url}"'


def read(header: str, actor: str) -> Claim | None:
    """What the header claims; None for another form, or for addresses of another origin than the actor's."""
    if len(header) > _MAX_CHARS:
        return None
    found: dict[str, str] = {}
    position = 0
    while position < len(header):
        match = _PARAMETER.match(header, position)
        if match is None or match[1] in found:
            return None
        found[match[1]] = match[2]
        position = match.end()
    claim = Claim(found.get("collectionId", ""), found.get("digest", "").lower(), found.get("url", ""))
    at_home = uris.same_origin(claim.collection, actor) and uris.same_origin(claim.url, actor)
    return claim if at_home and _DIGEST.fullmatch(claim.digest) else None

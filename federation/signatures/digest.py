"""Body digests: `Digest: SHA-256=` (RFC 3230) and `Content-Digest` (RFC 9530).

A signature covers the body only through these, so reading is strict: the SHA-256 value must
be there once and must be right. Pure; used by both signature schemes.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64encode
from typing import Final

from federation.errors import FederationError

_FIELD: Final = re.compile(r"\s*([A-Za-z0-9-]+)=:([A-Za-z0-9+/=]*):\s*")


def sha256_base64(body: bytes) -> str:
    """SHA-256 of a body, in base64."""
    return b64encode(hashlib.sha256(body).digest()).decode("ascii")


def digest_of(sha256: str) -> str:
    """The value of `Digest`; the upper-case name is compared literally by some peers."""
    return f"SHA-256={sha256}"


def content_digest_of(sha256: str) -> str:
    """The value of `Content-Digest`. Spec: RFC 9530 §2."""
    return f"sha-256=:{sha256}:"


def _compare(found: list[str], body: bytes) -> None:
    if len(found) != 1 or not hmac.compare_digest(found[0].encode(), sha256_base64(body).encode()):
        raise FederationError("digest_mismatch", status=401)


def check_digest(header: str, body: bytes) -> None:
    """Refuses a body that `Digest` does not describe. Raises: `digest_mismatch` (SIG-02)."""
    pairs = [part.strip().partition("=") for part in header.split(",")]
    _compare([value for name, _, value in pairs if name.lower() == "sha-256"], body)


def check_content_digest(header: str, body: bytes) -> None:
    """Refuses a body that `Content-Digest` does not describe. Raises: `digest_mismatch`."""
    matches = [_FIELD.fullmatch(part) for part in header.split(",")]
    if not all(matches):
        raise FederationError("digest_mismatch", "form", status=401)
    _compare([match[2] for match in matches if match and match[1].lower() == "sha-256"], body)

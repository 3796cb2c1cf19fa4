"""Signing requests to S3-compatible storage: AWS Signature Version 4, headers only.

Pure: request and credentials in, headers out. Owns nothing, asks nothing. Called by `s3`.
Spec: AWS General Reference, "Signature Version 4 signing process".
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlsplit

import msgspec

EMPTY_SHA256: Final = hashlib.sha256(b"").hexdigest()
_ALGORITHM: Final = "AWS4-HMAC-SHA256"


class Credentials(msgspec.Struct, frozen=True):
    """Who asks, and where; the secret is never logged."""

    access_key: str
    secret_key: str
    region: str
    service: str = "s3"

    def __repr__(self) -> str:
        return f"Credentials({self.access_key!r}, …)"


class Wish(msgspec.Struct, frozen=True):
    """One request: `path` as it is on the wire, query as pairs, the body by its hash in hex."""

    method: str
    url: str
    query: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = {}
    body_sha256: str = EMPTY_SHA256


def query_text(query: Sequence[tuple[str, str]]) -> str:
    """The query in the one spelling that is signed: sorted, everything but unreserved letters escaped."""
    pairs = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in query)
    return "&".join(f"{name}={value}" for name, value in pairs)


def sign(wish: Wish, credentials: Credentials, now: datetime) -> dict[str, str]:
    """The headers to send, `wish.headers` among them. `now` is aware, in UTC."""
    parts = urlsplit(wish.url)
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    headers = {name.lower(): value.strip() for name, value in wish.headers.items()}
    headers |= {"host": parts.netloc, "x-amz-date": stamp, "x-amz-content-sha256": wish.body_sha256}
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    request = "\n".join(
        (wish.method, parts.path or "/", query_text(wish.query), lines, names, wish.body_sha256)
    )
    scope = f"{stamp[:8]}/{credentials.region}/{credentials.service}/aws4_request"
    text = "\n".join((_ALGORITHM, stamp, scope, hashlib.sha256(request.encode()).hexdigest()))
    signature = hmac.new(_key(credentials, stamp[:8]), text.encode(), "sha256").hexdigest()
    headers["authorization"] = (
        f"{_ALGORITHM} Credential={credentials.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return headers


def _key(credentials: Credentials, day: str) -> bytes:
    key = f"AWS4{credentials.secret_key}".encode()
    for part in (day, credentials.region, credentials.service, "aws4_request"):
        key = hmac.new(key, part.encode(), "sha256").digest()
    return key

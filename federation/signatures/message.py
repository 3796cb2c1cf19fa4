"""The two messages signatures are about: a request that came in, one about to go out.

Owns the reading of header lists (duplicates kept until someone decides), the claim a parsed
signature makes, and the time window both schemes share. Pure; used by `cavage`, `rfc9421`,
`verify`, `client` and `delivery`.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Final, Literal

import msgspec

from federation.errors import FederationError
from federation.keys import PublicKey
from federation.signatures.digest import sha256_base64

Scheme = Literal["cavage", "rfc9421"]
# Ways of signing to a host: the schemes with RSA, and RFC 9421 with Ed25519.
Style = Literal["cavage", "rfc9421", "ed25519"]

# The window, in seconds. A signature lives 5 minutes unless it says otherwise, and clocks may
# be an hour apart: so up to 65 minutes old and 60 minutes early. Nothing may claim to live
# longer than 12 hours.
SKEW_S: Final = 3600
LIFETIME_S: Final = 300
MAX_LIFETIME_S: Final = 12 * 3600

MAX_HEADER_CHARS: Final = 8192
# Sent twice, each of these means two things to two readers.
SINGLE: Final = frozenset(
    (
        "host",
        "date",
        "digest",
        "content-digest",
        "content-type",
        "content-length",
        "signature",
        "signature-input",
    )
)


class SignedRequest(msgspec.Struct, frozen=True):
    """A request as it arrived: `target` raw from the request line, headers in order, repeated ones too."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""


class Outgoing(msgspec.Struct, frozen=True):
    """A request about to be signed. `extra` headers are sent and covered by the signature.

    `sha256` (base64) saves computing it for each of the many hosts that get the same body.
    """

    method: str
    url: str
    body: bytes | None = None
    content_type: str = "application/activity+json"
    extra: tuple[tuple[str, str], ...] = ()
    sha256: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 of the body, in base64."""
        return self.sha256 or sha256_base64(self.body or b"")


class Claim(msgspec.Struct, frozen=True):
    """What a well-formed, fresh, sufficient signature says; only its key is still to be asked.

    `bases` are the texts it may have signed, the strictest first.
    """

    scheme: Scheme
    key_id: str
    algorithm: str
    signature: bytes
    bases: tuple[bytes, ...]

    def proved_by(self, key: PublicKey) -> bool:
        """Whether `key` made this signature. Raises: `bad_key`, `bad_algorithm`."""
        wanted, digest = _ALGORITHMS[self.algorithm]
        # The key decides what it can do; a label that disagrees with it is an attack, not a hint.
        if wanted and wanted != ("rsa" if key.is_rsa else "ed25519"):
            raise FederationError("bad_algorithm", "not of this key", status=401)
        return any(key.proves(self.signature, base, digest) for base in self.bases)


_ALGORITHMS: Final = {
    "": ("", "sha256"),
    "hs2019": ("", "sha256"),
    "rsa-sha256": ("rsa", "sha256"),
    "rsa-sha512": ("rsa", "sha512"),
    "rsa-v1_5-sha256": ("rsa", "sha256"),
    "ed25519": ("ed25519", "sha512"),
}


def known_algorithm(name: str) -> str:
    """The name, when it is one we check. Raises: `bad_algorithm` (SIG-11)."""
    if name not in _ALGORITHMS:
        raise FederationError("bad_algorithm", name[:40], status=401)
    return name


def header_map(headers: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Headers by lower-case name, repeated ones joined.

    Raises: `duplicate_header` for a repeated header that may come only once (SIG-02, SIG-08).
    """
    found: dict[str, str] = {}
    for name, value in headers:
        name = name.lower()
        if name not in found:
            found[name] = value.strip()
        elif name in SINGLE:
            raise FederationError("duplicate_header", name, status=401)
        else:
            found[name] = f"{found[name]}, {value.strip()}"
    return found


def decode_base64(text: str) -> bytes:
    """Base64 whose padding may be missing, as some peers send it. Raises: `bad_signature_header`."""
    try:
        raw = b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise FederationError("bad_signature_header", "base64", status=401) from None
    if not raw:
        raise FederationError("bad_signature_header", "empty", status=401)
    return raw


def check_window(made_at: float, expires_at: float | None, now: datetime) -> None:
    """Refuses what is older or newer than the stated window.

    Raises: `signature_stale` (with the difference in seconds, CLK-01), `signature_window`.
    """
    age = now.timestamp() - made_at
    if expires_at is not None and not 0 <= expires_at - made_at <= MAX_LIFETIME_S:
        raise FederationError("signature_window", "expires", status=401)
    life = LIFETIME_S if expires_at is None else expires_at - made_at
    if age < -SKEW_S or age > life + SKEW_S:
        raise FederationError("signature_stale", f"{age:.0f} s old", status=401)


@lru_cache(maxsize=512)  # one second of a busy inbox brings one Date many times
def parse_date(text: str) -> float:
    """A Date header as a Unix time. Raises: `bad_date`."""
    try:
        if len(text) > 64:
            raise ValueError
        when = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        raise FederationError("bad_date", status=401) from None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def http_date(now: datetime) -> str:
    """IMF-fixdate, whatever the locale: `Mon, 23 Nov 2026 10:15:00 GMT`."""
    now = now.astimezone(UTC)
    day, month = _DAYS[now.weekday()], _MONTHS[now.month - 1]
    return f"{day}, {now.day:02d} {month} {now.year:04d} {now:%H:%M:%S} GMT"

"""Secrets handed to people and programs: cookies, links in mail, invitation codes, bearer tokens.

A secret is 32 random bytes, shown once as URL-safe text; the database keeps only its SHA-256, so
a stolen copy of the database opens nothing. Called by accounts, oauth and nobody else.
"""

import hashlib
import secrets

SECRET_BYTES = 32
_LONGEST_TEXT = 128


def new_secret() -> tuple[str, bytes]:
    """A fresh secret as text, and the digest to store."""
    text = secrets.token_urlsafe(SECRET_BYTES)
    return text, digest_of(text)


def new_csrf() -> bytes:
    """The key a session's form tokens are made from."""
    return secrets.token_bytes(SECRET_BYTES)


def digest_of(text: str) -> bytes:
    """What is stored in place of `text`; an oversized text gives a digest nobody stored."""
    return hashlib.sha256(text[:_LONGEST_TEXT].encode("utf-8", "surrogateescape")).digest()

"""`Accept-Signature`: how a peer wishes to be signed to, and what we wish of others.

Reads one header value, keeps the first wish that we can fulfil, and writes ours. Pure; used by
`delivery` and `fetch`, and by the host application's inbox. Spec: RFC 9421 §5.1.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

import msgspec

# What we can put under a signature of any request of ours.
DERIVED: Final = frozenset(
    ("@method", "@target-uri", "@authority", "@scheme", "@request-target", "@path", "@query")
)
_FIELDS: Final = frozenset(("content-digest", "content-type", "date", "host"))
_ALGORITHMS: Final = frozenset(("", "rsa-v1_5-sha256", "ed25519"))
_MAX_CHARS: Final = 2048
_MEMBER: Final = re.compile(
    r'\s*([a-z*][a-z0-9_.*-]{0,63})=\(((?: *"[^"\\]{1,64}")*) *\)'
    r'((?:;\s*[a-z*][a-z0-9_.*-]{0,31}(?:=(?:"[^"\\]{0,512}"|[0-9]{1,15}|\?[01]))?\s*)*)(?:,|$)'
)
_PARAMETER: Final = re.compile(r';\s*([a-z*][a-z0-9_.*-]*)(?:=(?:"([^"]*)"|([0-9]+)|\?[01]))?')
# Said with every answer to a delivery: next time Ed25519 will do, which costs a tenth of RSA.
OFFER: Final = 'sig1=("@method" "@target-uri" "content-digest");created;keyid;alg="ed25519"'
# Said with a 401: by RFC 9421, with whichever key.
CHALLENGE: Final = 'sig1=("@method" "@target-uri" "content-digest");created;keyid'


class Wish(msgspec.Struct, frozen=True):
    """A signature that a peer asks for; `algorithm` is empty where it takes any."""

    label: str
    components: tuple[str, ...]
    algorithm: str = ""
    nonce: str = ""
    tag: str = ""


@lru_cache(maxsize=256)  # a host says the same with every answer
def read(header: str) -> Wish | None:
    """The first wish in a header that we can fulfil; None for none, or for what cannot be read."""
    if len(header) > _MAX_CHARS:
        return None
    position = 0
    while position < len(header):
        match = _MEMBER.match(header, position)
        if match is None:
            return None
        wish = _wish(match)
        if wish is not None:
            return wish
        position = match.end()
    return None


def _wish(match: re.Match[str]) -> Wish | None:
    components = tuple(re.findall(r'"([^"]*)"', match[2]))
    found = {one[1]: one[2] or "" for one in _PARAMETER.finditer(match[3])}
    if not frozenset(components) <= DERIVED | _FIELDS or len(set(components)) != len(components):
        return None
    if found.get("alg", "") not in _ALGORITHMS:
        return None
    return Wish(match[1], components, found.get("alg", ""), found.get("nonce", ""), found.get("tag", ""))

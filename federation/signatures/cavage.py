"""HTTP signatures after draft-cavage-12, as the fediverse really uses them.

Signing produces the one form every known peer accepts; reading checks everything that needs
no key (form, coverage, digest, time) before anyone spends a fetch on it. Pure.
Spec: draft-cavage-http-signatures-12, with the narrowing described at each refusal.
"""

from __future__ import annotations

import re
from base64 import b64encode
from datetime import datetime
from typing import Final

from federation import uris
from federation.errors import FederationError
from federation.keys import Signer
from federation.signatures import digest
from federation.signatures.message import (
    MAX_HEADER_CHARS,
    Claim,
    Outgoing,
    SignedRequest,
    check_window,
    decode_base64,
    http_date,
    known_algorithm,
    parse_date,
)

_PARAMETER: Final = re.compile(r'\s*([A-Za-z]+)=(?:"([^"\\]*)"|([0-9]{1,16}))\s*(,|$)')
_MAX_COVERED: Final = 32
_NEEDED: Final = frozenset(("(request-target)", "host"))


def sign(message: Outgoing, signer: Signer, now: datetime, *, with_query: bool = True) -> dict[str, str]:
    """The headers to send with `message`, `Signature` among them.

    `with_query=False` leaves the query out of `(request-target)`, for peers that drop it there.
    """
    parts = uris.parse(message.url)
    target = parts.target if with_query else parts.path or "/"
    sent = {"Host": parts.authority, "Date": http_date(now)}
    if message.body is not None:
        sent["Digest"] = digest.digest_of(message.digest)
        sent["Content-Type"] = message.content_type
    sent.update(message.extra)
    lines = [f"(request-target): {message.method.lower()} {target}"]
    lines += [f"{name.lower()}: {value}" for name, value in sent.items()]
    covered = " ".join(["(request-target)", *[name.lower() for name in sent]])
    signature = b64encode(signer.sign("\n".join(lines).encode())).decode("ascii")
    algorithm = "rsa-sha256" if signer.is_rsa else "hs2019"
    sent["Signature"] = (
        f'keyId="{signer.key_id}",algorithm="{algorithm}",headers="{covered}",signature="{signature}"'
    )
    return sent


def _parameters(header: str) -> dict[str, str]:
    if len(header) > MAX_HEADER_CHARS:
        raise FederationError("bad_signature_header", "length", status=401)
    found: dict[str, str] = {}
    position = 0
    while position < len(header):
        match = _PARAMETER.match(header, position)
        # A parameter named twice is read one way by one parser and another way by the next.
        if match is None or match[1].lower() in found:
            raise FederationError("bad_signature_header", "parameters", status=401)
        found[match[1].lower()] = match[2] if match[2] is not None else match[3]
        position = match.end()
    return found


def _covered(parameters: dict[str, str], method: str) -> list[str]:
    covered = parameters.get("headers", "").lower().split()
    if len(covered) > _MAX_COVERED or len(set(covered)) != len(covered):
        raise FederationError("bad_signature_header", "headers", status=401)
    names = frozenset(covered)
    needed = _NEEDED | {"digest"} if method == "POST" else _NEEDED
    # Whatever is not covered, anyone on the way may change (SIG-01, SIG-10).
    if not needed <= names or not ("date" in names or "(created)" in names):
        raise FederationError("signature_coverage", " ".join(sorted(needed - names)), status=401)
    return covered


def _seconds(parameters: dict[str, str], name: str) -> int:
    text = parameters.get(name, "")
    if not text.isdecimal() or not text.isascii() or len(text) > 16:
        raise FederationError("bad_date", name, status=401)
    return int(text)


def _check_time(
    covered: list[str], parameters: dict[str, str], headers: dict[str, str], now: datetime
) -> None:
    expires = _seconds(parameters, "expires") if "(expires)" in covered else None
    timed = "(created)" in covered or expires is not None
    # The draft forbids these with the old algorithm names.
    if timed and parameters.get("algorithm", "hs2019").lower() != "hs2019":
        raise FederationError("bad_algorithm", "with (created)", status=401)
    if "(created)" in covered:
        check_window(_seconds(parameters, "created"), expires, now)
    if "date" in covered:
        check_window(parse_date(headers.get("date", "")), expires, now)


def _line(name: str, parameters: dict[str, str], headers: dict[str, str]) -> str:
    if name in ("(created)", "(expires)"):
        return f"{name}: {_seconds(parameters, name[1:-1])}"
    if name not in headers:
        raise FederationError("bad_signature_header", "covers an absent header", status=401)
    return f"{name}: {headers[name]}"


def _bases(
    request: SignedRequest, covered: list[str], parameters: dict[str, str], headers: dict[str, str]
) -> tuple[bytes, ...]:
    targets = [request.target]
    if "?" in request.target:
        # Mobilizon, Gancio and Fedify leave the query out of what they sign.
        targets.append(request.target.partition("?")[0])
    lines = [name if name == "(request-target)" else _line(name, parameters, headers) for name in covered]
    at = covered.index("(request-target)")
    bases: list[bytes] = []
    for target in targets:
        lines[at] = f"(request-target): {request.method.lower()} {target}"
        bases.append("\n".join(lines).encode())
    return tuple(bases)


def read(request: SignedRequest, headers: dict[str, str], now: datetime) -> Claim:
    """The claim of a request's `Signature` header, after all checks that need no key.

    `headers` is `message.header_map(request.headers)`.

    Raises: `bad_signature_header`, `signature_coverage`, `signature_stale`, `signature_window`,
    `bad_date`, `digest_mismatch`, `bad_algorithm`; all with status 401.
    """
    parameters = _parameters(headers.get("signature", ""))
    key_id = parameters.get("keyid", "")
    if not uris.is_http_uri(key_id):
        raise FederationError("bad_signature_header", "keyId", status=401)
    covered = _covered(parameters, request.method)
    _check_time(covered, parameters, headers, now)
    if "digest" in covered:
        digest.check_digest(headers.get("digest", ""), request.body)
    return Claim(
        scheme="cavage",
        key_id=key_id,
        algorithm=known_algorithm(parameters.get("algorithm", "").lower()),
        signature=decode_base64(parameters.get("signature", "")),
        bases=_bases(request, covered, parameters, headers),
    )

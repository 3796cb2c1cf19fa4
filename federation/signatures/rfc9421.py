"""HTTP Message Signatures (RFC 9421), the narrow profile the fediverse uses.

One signature, plain components without parameters, `created` and `keyid` always. Everything
outside that profile is refused rather than guessed at. Pure, like `cavage`.
Spec: RFC 9421 §2 (components), §2.5 (signature base), §3.2 (verification).
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
)
from federation.signatures.wishes import DERIVED, Wish

_INPUT: Final = re.compile(r"\s*([a-z*][a-z0-9_.*-]*)=\(([^()]*)\)((?:\s*;.*)?)")
_SIGNATURE: Final = re.compile(r"\s*([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/=]+):\s*")
_COMPONENTS: Final = re.compile(r' *"[a-z0-9@!#$%&\'*+.^_`|~-]+"(?: +"[a-z0-9@!#$%&\'*+.^_`|~-]+")* *')
_PARAMETER: Final = re.compile(r';\s*([a-z*][a-z0-9_.*-]*)=(?:"((?:[^"\\]|\\["\\])*)"|([0-9]{1,15}))\s*')
_KNOWN: Final = frozenset(("created", "expires", "keyid", "alg", "nonce", "tag"))
_MAX_COMPONENTS: Final = 32
_LABEL: Final = "sig1"


def sign(message: Outgoing, signer: Signer, now: datetime, wish: Wish | None = None) -> dict[str, str]:
    """The headers to send with `message`: `Signature-Input` and `Signature` among them.

    A `wish` of the peer is fulfilled beside what we always cover.
    """
    parts = uris.parse(message.url)
    sent = {"Host": parts.authority}
    fields: dict[str, str] = {}
    if message.body is not None:
        sent["Content-Type"] = message.content_type
        sent["Content-Digest"] = fields["content-digest"] = digest.content_digest_of(message.digest)
    for name, value in message.extra:
        sent[name] = fields[name.lower()] = value
    covered = ["@method", "@target-uri", "@authority", *fields]
    if wish is not None:
        if "date" in wish.components:
            sent["Date"] = http_date(now)
        covered += [name for name in wish.components if name not in covered and _is_there(name, sent)]
    fields |= {name.lower(): value for name, value in sent.items()}
    fields |= _derived(message.method.upper(), parts.target, parts.origin)
    about = _about(signer, now, wish)
    listed = " ".join(f'"{name}"' for name in covered)
    lines = [f'"{name}": {fields[name]}' for name in covered]
    base = "\n".join([*lines, f'"@signature-params": ({listed}){about}'])
    label = _LABEL if wish is None else wish.label
    sent["Signature-Input"] = f"{label}=({listed}){about}"
    sent["Signature"] = f"{label}=:{b64encode(signer.sign(base.encode())).decode('ascii')}:"
    return sent


def _is_there(name: str, sent: dict[str, str]) -> bool:
    return name in DERIVED or any(name == header.lower() for header in sent)


def _about(signer: Signer, now: datetime, wish: Wish | None) -> str:
    algorithm = "rsa-v1_5-sha256" if signer.is_rsa else "ed25519"
    about = f';created={int(now.timestamp())};keyid="{signer.key_id}";alg="{algorithm}"'
    for name in ("nonce", "tag") if wish is not None else ():
        value = getattr(wish, name)
        about += f';{name}="{value}"' if value else ""
    return about


def _refuse(why: str) -> FederationError:
    return FederationError("bad_signature_header", why, status=401)


def _parameters(text: str) -> dict[str, str | int]:
    found: dict[str, str | int] = {}
    position = 0
    text = text.strip()
    while position < len(text):
        match = _PARAMETER.match(text, position)
        if match is None or match[1] in found or match[1] not in _KNOWN:
            raise _refuse("parameters")
        found[match[1]] = int(match[3]) if match[3] is not None else match[2]
        position = match.end()
    return found


def _split(headers: dict[str, str]) -> tuple[list[str], dict[str, str | int], bytes]:
    given, signed = headers.get("signature-input", ""), headers.get("signature", "")
    if len(given) + len(signed) > MAX_HEADER_CHARS:
        raise _refuse("length")
    # Several signatures would leave open which of them, and so whose key, counts (SIG-09).
    about, proof = _INPUT.fullmatch(given), _SIGNATURE.fullmatch(signed)
    if about is None or proof is None or about[1] != proof[1] or not _COMPONENTS.fullmatch(about[2]):
        raise _refuse("form")
    components = [quoted[1:-1] for quoted in about[2].split()]
    if len(components) > _MAX_COMPONENTS or len(set(components)) != len(components):
        raise _refuse("components")
    return components, _parameters(about[3]), decode_base64(proof[2])


def _check_coverage(components: list[str], request: SignedRequest) -> None:
    covered = frozenset(components)
    path = {"@path", "@query"} if "?" in request.target else {"@path"}
    whole = "@target-uri" in covered or (
        "@authority" in covered and ("@request-target" in covered or path <= covered)
    )
    body = request.method != "POST" or "content-digest" in covered
    if not ("@method" in covered and whole and body):
        raise FederationError("signature_coverage", "RFC 9421", status=401)


def _derived(method: str, target: str, origin: str) -> dict[str, str]:
    path, _, query = target.partition("?")
    scheme, _, authority = origin.partition("://")
    return {
        "@method": method,
        "@target-uri": origin + target,
        "@authority": authority,
        "@scheme": scheme,
        "@request-target": target,
        "@path": path,
        "@query": f"?{query}",
    }


def _serialise(components: list[str], parameters: dict[str, str | int]) -> str:
    listed = " ".join(f'"{name}"' for name in components)
    rest = "".join(
        f";{name}={value}" if isinstance(value, int) else f';{name}="{value}"'
        for name, value in parameters.items()
    )
    return f"({listed}){rest}"


def _base(components: list[str], parameters: dict[str, str | int], values: dict[str, str]) -> bytes:
    lines = []
    for name in components:
        if name not in values:
            raise _refuse("covers an absent component")
        lines.append(f'"{name}": {values[name]}')
    lines.append(f'"@signature-params": {_serialise(components, parameters)}')
    return "\n".join(lines).encode()


def read(request: SignedRequest, headers: dict[str, str], now: datetime, origin: str) -> Claim:
    """The claim of a request's one signature, after all checks that need no key.

    `origin` is our own public origin: `@target-uri` is rebuilt from it and the raw target, never
    from forwarding headers (SIG-13).

    Raises: `bad_signature_header`, `signature_coverage`, `signature_stale`, `signature_window`,
    `bad_algorithm`, `digest_mismatch`; all with status 401.
    """
    components, parameters, signature = _split(headers)
    key_id, created, expires = parameters.get("keyid"), parameters.get("created"), parameters.get("expires")
    if not isinstance(key_id, str) or not uris.is_http_uri(key_id) or not isinstance(created, int):
        raise _refuse("keyid or created")
    if isinstance(expires, str):
        raise _refuse("expires")
    _check_coverage(components, request)
    check_window(created, expires, now)
    if "content-digest" in components:
        digest.check_content_digest(headers.get("content-digest", ""), request.body)
    values = {name: value for name, value in headers.items() if not name.startswith("@")}
    values.update(_derived(request.method, request.target, origin))
    algorithm = parameters.get("alg", "")
    return Claim(
        scheme="rfc9421",
        key_id=key_id,
        algorithm=known_algorithm(str(algorithm)),
        signature=signature,
        bases=(_base(components, parameters, values),),
    )

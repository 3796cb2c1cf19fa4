"""Proofs inside a document: who wrote it, whoever hands it over.

Owns FEP-8b32 with the `eddsa-jcs-2022` suite, making and checking. Never changes the caller's
document and never fetches: `inbox` brings the key. LD signatures are not read at all, because
what they sign is not what a JSON reader sees (SIG-16, SIG-17).
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from federation import keys, uris
from federation.canonical import canonicalize
from federation.errors import FederationError
from federation.keys import PublicKey, Signer

SUITE: Final = "eddsa-jcs-2022"
DATA_INTEGRITY: Final = "https://w3id.org/security/data-integrity/v2"
# Proofs travel with an object for as long as it is read, so only the future is bounded.
SKEW: Final = timedelta(hours=1)
_FIELDS: Final = frozenset(
    (
        "@context",
        "id",
        "type",
        "cryptosuite",
        "verificationMethod",
        "proofPurpose",
        "created",
        "expires",
        "proofValue",
    )
)


class ProofClaim(msgspec.Struct, frozen=True):
    """A proof whose form and time are right; only its key is still to be asked."""

    key_id: str
    signature: bytes
    message: bytes

    def proved_by(self, key: PublicKey) -> bool:
        """Whether `key` made this proof: an Ed25519 key of this very id. Raises: `bad_key`."""
        if key.id != self.key_id or not isinstance(key.parsed, Ed25519PublicKey):
            return False
        return key.proves(self.signature, self.message)


def _message(document: dict[str, Any], options: dict[str, Any]) -> bytes:
    bare = {name: value for name, value in document.items() if name not in ("proof", "signature")}
    return hashlib.sha256(canonicalize(options)).digest() + hashlib.sha256(canonicalize(bare)).digest()


def with_context(document: dict[str, Any]) -> dict[str, Any]:
    """A copy whose `@context` names the terms of a proof, before any terms of our own."""
    given = document.get("@context", [])
    entries = list(given) if isinstance(given, list) else [given]
    if DATA_INTEGRITY not in entries:
        at = next((place for place, entry in enumerate(entries) if isinstance(entry, dict)), len(entries))
        entries.insert(at, DATA_INTEGRITY)
    return {**document, "@context": entries}


def add_proof(document: dict[str, Any], signer: Signer, now: datetime) -> dict[str, Any]:
    """A copy of the document with an author's proof. Spec: FEP-8b32.

    The document's `@context` should name `DATA_INTEGRITY`. Raises: `bad_key` for an RSA signer.
    """
    if signer.is_rsa:
        raise FederationError("bad_key", "proofs want Ed25519")
    options: dict[str, Any] = {
        "type": "DataIntegrityProof",
        "cryptosuite": SUITE,
        "verificationMethod": signer.key_id,
        "proofPurpose": "assertionMethod",
        "created": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    if "@context" in document:
        options["@context"] = document["@context"]
    value = keys.to_multibase(signer.sign(_message(document, options)))
    return {**document, "proof": {**options, "proofValue": value}}


def _refuse(why: str) -> FederationError:
    return FederationError("bad_proof", why, status=401)


def _when(proof: dict[str, Any], name: str) -> datetime | None:
    text = proof.get(name)
    if text is None:
        return None
    try:
        when = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise _refuse(name) from None
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def _check(proof: dict[str, Any], document: dict[str, Any], now: datetime) -> None:
    if proof.get("type") != "DataIntegrityProof" or proof.get("cryptosuite") != SUITE:
        raise _refuse("suite")
    if proof.get("proofPurpose") != "assertionMethod":
        raise _refuse("purpose")
    if not proof.keys() <= _FIELDS:
        raise _refuse("unknown field")
    # A context appended after signing could give signed words a new meaning.
    if "@context" in proof and proof["@context"] != document.get("@context"):
        raise _refuse("context")
    created, expires = _when(proof, "created"), _when(proof, "expires")
    if created is not None and created > now + SKEW:
        raise _refuse("created later")
    if expires is not None and expires <= now:
        raise _refuse("expired")


def read(document: dict[str, Any], now: datetime) -> ProofClaim | None:
    """The proof a document carries, or None without one.

    Raises: `bad_proof` for several proofs, another suite or purpose, a changed context, a proof
    from the future or expired, or a key id that is no URL.
    """
    proof = document.get("proof")
    if proof is None:
        return None
    if isinstance(proof, list) and len(proof) == 1:
        proof = proof[0]
    if not isinstance(proof, dict):
        raise _refuse("form")
    _check(proof, document, now)
    key_id, value = proof.get("verificationMethod"), proof.get("proofValue")
    if not isinstance(key_id, str) or not uris.is_http_uri(key_id) or not isinstance(value, str):
        raise _refuse("key or value")
    signature = keys.from_multibase(value)
    if len(signature) != 64:
        raise _refuse("length")
    options = {name: entry for name, entry in proof.items() if name != "proofValue"}
    return ProofClaim(key_id, signature, _message(document, options))

"""Object proofs (FEP-8b32) and the canonical JSON below them (RFC 8785)."""

from __future__ import annotations

import copy
import json
import math
import struct
from datetime import datetime, timedelta
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from federation import keys, proofs
from federation.canonical import canonicalize
from federation.errors import FederationError
from federation.keys import PublicKey, Signer
from tests.federation.peers import NOW, key

KEY_ID = "https://server.example/users/alice#ed25519-key"
PUBLIC = PublicKey(
    KEY_ID, "https://server.example/users/alice", multibase="z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
)
CONTEXT = ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/data-integrity/v2"]
# The test vector of FEP-8b32 (CC0).
VECTOR: dict[str, Any] = {
    "@context": CONTEXT,
    "id": "https://server.example/activities/1",
    "type": "Create",
    "actor": "https://server.example/users/alice",
    "object": {
        "id": "https://server.example/objects/1",
        "type": "Note",
        "attributedTo": "https://server.example/users/alice",
        "content": "Hello world",
        "location": {"type": "Place", "longitude": -71.184902, "latitude": 25.273962},
    },
    "proof": {
        "@context": CONTEXT,
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "verificationMethod": KEY_ID,
        "proofPurpose": "assertionMethod",
        "created": "2023-02-24T23:36:38Z",
        "proofValue": "z42ffGu6AUKPCFcFPiabmUvnGLPJzC7e4DGWC52NUasSSH37UMa9c58tdgVszUcZfytxa4fQ5TYHaJENCxUDe9SdL",
    },
}


def _proved(document: dict[str, Any], public: PublicKey = PUBLIC) -> bool:
    claim = proofs.read(document, NOW)
    assert claim is not None
    return claim.proved_by(public)


def _changed(path: str, value: Any) -> dict[str, Any]:
    document = copy.deepcopy(VECTOR)
    place = document
    *parents, last = path.split("/")
    for name in parents:
        place = place[name]
    place[last] = value
    return document


def test_the_vector_of_the_proposal_is_proved() -> None:
    before = copy.deepcopy(VECTOR)
    assert _proved(VECTOR)
    assert before == VECTOR
    assert _proved({**VECTOR, "proof": [VECTOR["proof"]]})
    assert _proved({**VECTOR, "signature": {"type": "RsaSignature2017"}})


def test_the_vector_of_the_proposal_is_made() -> None:
    secret = keys.from_multibase("z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq")
    private = Ed25519PrivateKey.from_private_bytes(secret[-32:])
    bare = {name: value for name, value in VECTOR.items() if name != "proof"}
    made = proofs.add_proof(
        bare, Signer(KEY_ID, private), datetime.fromisoformat("2023-02-24T23:36:38+00:00")
    )
    assert made == VECTOR
    assert "proof" not in bare


CHANGED = {
    "content": _changed("object/content", "Hello"), "added": _changed("to", []), "number": _changed("object/x", 1),
    "created": _changed("proof/created", "2023-02-24T23:36:39Z"),
    "key id": _changed("proof/verificationMethod", "https://server.example/users/alice#other"),
}  # fmt: skip


@pytest.mark.parametrize("document", CHANGED.values(), ids=CHANGED)
def test_a_changed_document_is_not_proved(document: dict[str, Any]) -> None:
    assert not _proved(document)


def test_another_key_proves_nothing() -> None:
    assert not _proved(VECTOR, PublicKey(KEY_ID, "o", multibase=keys.multikey(key("ed-eve"))))  # type: ignore[arg-type]
    assert not _proved(VECTOR, PublicKey(KEY_ID, "o", keys.public_pem(key("eve"))))


REFUSED = {
    "wrong purpose": _changed("proof/proofPurpose", "authentication"),
    "no purpose": _changed("proof/proofPurpose", None),
    "wrong suite": _changed("proof/cryptosuite", "eddsa-rdfc-2022"),
    "wrong type": _changed("proof/type", "Ed25519Signature2020"),
    "expired": _changed("proof/expires", "2026-11-23T10:15:00Z"),
    "from the future": _changed("proof/created", "2026-11-24T10:15:00Z"),
    "garbage time": _changed("proof/created", "yesterday"),
    "time a number": _changed("proof/created", 5),
    "changed context": _changed("@context", [*CONTEXT, {"actor": "as:object"}]),
    "changed proof context": _changed("proof/@context", CONTEXT[:1]),
    "unknown field": _changed("proof/previousProof", "x"),
    "key is no URL": _changed("proof/verificationMethod", "did:key:z6Mk"),
    "no value": _changed("proof/proofValue", None),
    "short value": _changed("proof/proofValue", "z1111"),
    "two proofs": {**VECTOR, "proof": [VECTOR["proof"], VECTOR["proof"]]},
    "text": {**VECTOR, "proof": "x"},
    "empty list": {**VECTOR, "proof": []},
}


@pytest.mark.parametrize("document", REFUSED.values(), ids=REFUSED)
def test_a_proof_for_something_else_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(FederationError) as refusal:
        proofs.read(document, NOW)
    assert refusal.value.code == "bad_proof"


def test_a_value_outside_base58_is_refused() -> None:
    with pytest.raises(FederationError) as refusal:
        proofs.read(_changed("proof/proofValue", "z0OIl"), NOW)
    assert refusal.value.code == "bad_key"


def test_a_document_without_proof_claims_nothing() -> None:
    assert proofs.read({"id": "x"}, NOW) is None


def test_our_proofs_hold_until_something_changes() -> None:
    signer = Signer(KEY_ID, key("ed-alice"))
    public = PublicKey(KEY_ID, "o", multibase=keys.multikey(key("ed-alice")))  # type: ignore[arg-type]
    made = proofs.add_proof({"@context": CONTEXT, "a": 25.0, "b": "€"}, signer, NOW - timedelta(minutes=1))
    again = json.loads(json.dumps(made, indent=2))
    assert _proved(again, public)
    assert not _proved({**again, "b": "$"}, public)
    with pytest.raises(FederationError):
        proofs.add_proof({}, Signer(KEY_ID, key("alice")), NOW)


# RFC 8785 appendix B, by bits of the double.
NUMBERS = {
    0x0000000000000000: "0", 0x8000000000000000: "0", 0x0000000000000001: "5e-324",
    0x8000000000000001: "-5e-324", 0x7FEFFFFFFFFFFFFF: "1.7976931348623157e+308",
    0xFFEFFFFFFFFFFFFF: "-1.7976931348623157e+308", 0x4340000000000000: "9007199254740992",
    0xC340000000000000: "-9007199254740992", 0x4430000000000000: "295147905179352830000",
    0x44B52D02C7E14AF5: "9.999999999999997e+22", 0x44B52D02C7E14AF6: "1e+23",
    0x44B52D02C7E14AF7: "1.0000000000000001e+23", 0x444B1AE4D6E2EF4E: "999999999999999700000",
    0x444B1AE4D6E2EF4F: "999999999999999900000", 0x444B1AE4D6E2EF50: "1e+21",
    0x3EB0C6F7A0B5ED8C: "9.999999999999997e-7", 0x3EB0C6F7A0B5ED8D: "0.000001",
    0x41B3DE4355555553: "333333333.3333332", 0x41B3DE4355555557: "333333333.33333343",
    0xBECBF647612F3696: "-0.0000033333333333333333", 0x43143FF3C1CB0959: "1424953923781206.2",
}  # fmt: skip


@pytest.mark.parametrize(("bits", "text"), NUMBERS.items(), ids=NUMBERS.values())
def test_numbers_are_written_as_ecmascript_writes_them(bits: int, text: str) -> None:
    (number,) = struct.unpack(">d", bits.to_bytes(8, "big"))
    assert canonicalize(number).decode() == text


def test_keys_sort_by_utf_16_and_texts_escape_little() -> None:
    # RFC 8785 §3.2.3: an emoji comes before U+FB33, because its first surrogate does.
    document = {"€": 1, "\r": 2, "\ufb33": 3, "1": 4, "😀": 5, "\u0080": 6, "ö": 7}
    assert list(json.loads(canonicalize(document))) == ["\r", "1", "\u0080", "ö", "€", "😀", "\ufb33"]
    assert canonicalize('\u000f\n"\\/€<').decode() == '"\\u000f\\n\\"\\\\/€<"'
    assert (
        canonicalize([True, False, None, {}, [], 25.0, 2**53 + 1])
        == b"[true,false,null,{},[],25,9007199254740992]"
    )


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, object(), "\ud800"])
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(FederationError):
        canonicalize([value])


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_double_reads_back_as_itself(number: float) -> None:
    assert float(canonicalize(number)) == number


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=("Cs",)), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=6)
        | st.dictionaries(st.text(st.characters(exclude_categories=("Cs",)), max_size=8), inner, max_size=6)
    ),
    max_leaves=30,
)


@given(_JSON)
def test_an_independent_library_writes_the_same_bytes(value: object) -> None:
    assert canonicalize(value) == rfc8785.dumps(value)  # type: ignore[arg-type]


@given(_JSON)
def test_the_canonical_form_is_read_back_and_stays(value: object) -> None:
    once = canonicalize(value)
    assert canonicalize(json.loads(once)) == once

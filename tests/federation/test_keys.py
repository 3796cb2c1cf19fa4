"""Keys: reading what peers publish, keeping our own sealed."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from federation import keys
from federation.errors import FederationError
from federation.keys import PublicKey, Signer
from tests.federation.peers import key


def _public_pem(private: object) -> str:
    return (
        private.public_key()
        .public_bytes(  # type: ignore[attr-defined]  # kinds our code refuses
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        .decode()
    )


def test_the_multikey_of_fep_521a_reads_and_writes() -> None:
    text = "z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
    raw = bytes.fromhex("ed01" + "2e6fcce36701dc791488e0d0b1745cc1e33a4c1c9fcc41c63bd343dbbe0970e6")
    assert keys.from_multibase(text) == raw
    assert keys.to_multibase(raw) == text
    assert not PublicKey("k", "o", multibase=text).is_rsa


@pytest.mark.parametrize("raw", [b"", b"\0", b"\0\0a", bytes(range(64))])
def test_base58_keeps_leading_zeros(raw: bytes) -> None:
    text = keys.to_multibase(raw)
    assert text == "z" if not raw else keys.from_multibase(text) == raw


@pytest.mark.parametrize("name", ["alice", "ed-alice"])
def test_a_signature_is_proved_by_its_own_key_only(name: str) -> None:
    signer = Signer("k", key(name))
    public = PublicKey("k", "o", keys.public_pem(signer.private_key))
    signature = signer.sign(b"message")
    assert public.proves(signature, b"message")
    assert not public.proves(signature, b"massage")
    assert not PublicKey("k", "o", keys.public_pem(key("mallory"))).proves(signature, b"message")


def test_the_old_pem_of_mobilizon_reads() -> None:
    private = key("alice")
    assert isinstance(private, rsa.RSAPrivateKey)
    pem = private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.PKCS1)
    assert PublicKey("k", "o", pem.decode()).is_rsa


WEAK = {
    "SIG-11 RSA-1024": _public_pem(rsa.generate_private_key(65537, 1024)),
    "SIG-11 elliptic": _public_pem(ec.generate_private_key(ec.SECP256R1())),
    "SIG-11 no PEM": "none",
    "SIG-11 long": "A" * 10_000,
    "SIG-11 empty": "",
}


@pytest.mark.parametrize("pem", WEAK.values(), ids=WEAK)
def test_a_weak_or_strange_key_is_refused(pem: str) -> None:
    with pytest.raises(FederationError) as refusal:
        assert PublicKey("k", "o", pem).parsed
    assert (refusal.value.code, refusal.value.status) == ("bad_key", 401)


@pytest.mark.parametrize(
    "text",
    ["", "z", "z0", "u123", "z6Mk", "z" + "1" * 300, "zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme"],
)
def test_a_multikey_of_another_kind_is_refused(text: str) -> None:
    with pytest.raises(FederationError) as refusal:
        assert PublicKey("k", "o", multibase=text).parsed if text else keys.from_multibase(text)
    assert refusal.value.code == "bad_key"


def test_a_private_key_survives_pem_and_seal() -> None:
    old, new = b"o" * 32, b"n" * 32
    pem = keys.private_pem(key("ed-alice"))
    sealed = keys.seal(pem, old)
    assert "PRIVATE" not in sealed and pem.splitlines()[1] not in sealed
    assert keys.unseal(sealed, new, old) == pem
    assert keys.private_pem(keys.load_private(pem)) == pem


def test_a_seal_opens_with_its_secret_only_and_unchanged() -> None:
    sealed = keys.seal("pem", b"o" * 32)
    flipped = sealed[:-6] + ("A" if sealed[-6] != "A" else "B") + sealed[-5:]
    for text, secret in [(sealed, b"x" * 32), (flipped, b"o" * 32), ("", b"o" * 32), (sealed, b"short")]:
        with pytest.raises(FederationError) as refusal:
            keys.unseal(text, secret)
        assert refusal.value.code == "bad_secret"
    with pytest.raises(FederationError):
        keys.seal("pem", b"short")


@pytest.mark.parametrize("pem", ["", "x", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_broken_private_key_is_refused(pem: str) -> None:
    with pytest.raises(FederationError):
        keys.load_private(pem)

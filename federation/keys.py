"""Key pairs: making, reading, writing and keeping RSA-2048 and Ed25519 keys.

Owns PEM, Multikey (FEP-521a) and the sealing of private keys at rest. Parsed public keys are
cached by their text, because reading a PEM costs more than checking a signature with it.
Never decides whose key it is: `signatures.owner` does. Key material never enters an error.
"""

from __future__ import annotations

import hashlib
import os
from base64 import b64decode, b64encode
from functools import lru_cache
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature, InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from federation.errors import FederationError

MIN_RSA_BITS: Final = 2048
MAX_RSA_BITS: Final = 8192
_MAX_PEM_CHARS: Final = 8192
_ED25519_PREFIX: Final = b"\xed\x01"
_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE58_VALUE: Final = {char: value for value, char in enumerate(_BASE58)}
_MAX_BASE58_CHARS: Final = 200
_SEAL: Final = "v1"

AnyPublicKey = rsa.RSAPublicKey | Ed25519PublicKey
AnyPrivateKey = rsa.RSAPrivateKey | Ed25519PrivateKey
_HASHES: Final = {"sha256": hashes.SHA256(), "sha512": hashes.SHA512()}


class PublicKey(msgspec.Struct, frozen=True):
    """A peer's key as its owner lists it: exactly one of `pem` and `multibase` is filled."""

    id: str
    owner: str
    pem: str = ""
    multibase: str = ""

    @property
    def parsed(self) -> AnyPublicKey:
        """The key itself. Raises: `bad_key`."""
        return _parse_multibase(self.multibase) if self.multibase else _parse_pem(self.pem)

    @property
    def is_rsa(self) -> bool:
        """Whether this is an RSA key; otherwise it is Ed25519. Raises: `bad_key`."""
        return isinstance(self.parsed, rsa.RSAPublicKey)

    def proves(self, signature: bytes, message: bytes, digest: str = "sha256") -> bool:
        """Whether `signature` over `message` was made with this key (RSA: PKCS#1 v1.5).

        Raises: `bad_key`.
        """
        key = self.parsed
        try:
            if isinstance(key, rsa.RSAPublicKey):
                key.verify(signature, message, padding.PKCS1v15(), _HASHES[digest])
            else:
                key.verify(signature, message)
        except InvalidSignature:
            return False
        return True


class Signer(msgspec.Struct, frozen=True):
    """One of our own actors' keys, ready to sign with."""

    key_id: str
    private_key: AnyPrivateKey

    @property
    def is_rsa(self) -> bool:
        """Whether signatures are RSASSA-PKCS1-v1_5 with SHA-256; otherwise Ed25519."""
        return isinstance(self.private_key, rsa.RSAPrivateKey)

    def sign(self, message: bytes) -> bytes:
        """The raw signature. RSA-2048 takes a quarter of a millisecond and frees the GIL."""
        if isinstance(self.private_key, rsa.RSAPrivateKey):
            return self.private_key.sign(message, padding.PKCS1v15(), _HASHES["sha256"])
        return self.private_key.sign(message)


def generate_rsa() -> rsa.RSAPrivateKey:
    """A new RSA-2048 key, the one kind every peer can check (some 40 ms of CPU)."""
    return rsa.generate_private_key(public_exponent=65537, key_size=MIN_RSA_BITS)


def generate_ed25519() -> Ed25519PrivateKey:
    """A new Ed25519 key, for object proofs."""
    return Ed25519PrivateKey.generate()


def private_pem(key: AnyPrivateKey) -> str:
    """PKCS#8 PEM without a password: seal it before storing it."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode("ascii")


def load_private(pem: str) -> AnyPrivateKey:
    """Reads what `private_pem` wrote. Raises: `bad_key`.

    The primes are not proved again: it is a key of our own that was sealed, and the proof takes longer
    than a hundred signatures.
    """
    try:
        key = serialization.load_pem_private_key(
            pem.encode("ascii"), password=None, unsafe_skip_rsa_key_validation=True
        )
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise FederationError("bad_key", "private") from None
    if not isinstance(key, rsa.RSAPrivateKey | Ed25519PrivateKey):
        raise FederationError("bad_key", "private kind")
    return key


def public_pem(key: AnyPrivateKey | AnyPublicKey) -> str:
    """SPKI PEM ("BEGIN PUBLIC KEY"), the only form all peers read."""
    public = key.public_key() if isinstance(key, rsa.RSAPrivateKey | Ed25519PrivateKey) else key
    return public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode("ascii")


@lru_cache(maxsize=8192)
def _parse_pem(pem: str) -> AnyPublicKey:
    # Mobilizon publishes PKCS#1 ("BEGIN RSA PUBLIC KEY"); the loader reads both.
    try:
        if not pem or len(pem) > _MAX_PEM_CHARS:
            raise ValueError
        key = serialization.load_pem_public_key(pem.encode("ascii"))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise FederationError("bad_key", "PEM", status=401) from None
    if isinstance(key, rsa.RSAPublicKey):
        if not MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
            raise FederationError("bad_key", f"RSA of {key.key_size} bits", status=401)
        return key
    if isinstance(key, Ed25519PublicKey):
        return key
    raise FederationError("bad_key", "kind", status=401)


@lru_cache(maxsize=2048)
def _parse_multibase(multibase: str) -> AnyPublicKey:
    raw = from_multibase(multibase)
    if not raw.startswith(_ED25519_PREFIX) or len(raw) != 34:
        raise FederationError("bad_key", "multikey kind", status=401)
    try:
        return Ed25519PublicKey.from_public_bytes(raw[2:])
    except ValueError:
        raise FederationError("bad_key", "multikey", status=401) from None


def to_multibase(raw: bytes) -> str:
    """Base58btc with its `z` prefix."""
    number = int.from_bytes(raw, "big")
    digits = ""
    while number:
        number, digit = divmod(number, 58)
        digits = _BASE58[digit] + digits
    zeros = len(raw) - len(raw.lstrip(b"\0"))
    return "z" + "1" * zeros + digits


def from_multibase(text: str) -> bytes:
    """The bytes of a base58btc multibase text. Raises: `bad_key`."""
    if not text.startswith("z") or not 1 < len(text) <= _MAX_BASE58_CHARS:
        raise FederationError("bad_key", "multibase", status=401)
    number = 0
    for char in text[1:]:
        value = _BASE58_VALUE.get(char)
        if value is None:
            raise FederationError("bad_key", "base58", status=401)
        number = number * 58 + value
    zeros = len(text) - 1 - len(text[1:].lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")


def multikey(key: Ed25519PrivateKey | Ed25519PublicKey) -> str:
    """The `publicKeyMultibase` of an Ed25519 key. Spec: FEP-521a."""
    public = key.public_key() if isinstance(key, Ed25519PrivateKey) else key
    return to_multibase(_ED25519_PREFIX + public.public_bytes_raw())


def _fingerprint(secret: bytes) -> str:
    return hashlib.sha256(b"key seal\0" + secret).hexdigest()[:8]


def seal(pem: str, secret: bytes) -> str:
    """A private key encrypted for the database, marked with which secret opens it.

    `secret` is 32 bytes (AES-256-GCM). Raises: `bad_secret`.
    """
    if len(secret) != 32:
        raise FederationError("bad_secret", "length", status=503)
    head = f"{_SEAL}:{_fingerprint(secret)}"
    nonce = os.urandom(12)
    sealed = AESGCM(secret).encrypt(nonce, pem.encode("ascii"), head.encode("ascii"))
    return f"{head}:{b64encode(nonce + sealed).decode('ascii')}"


def unseal(sealed: str, *secrets: bytes) -> str:
    """Opens what `seal` closed, with whichever of the secrets fits: the new one and older ones.

    Raises: `bad_secret` when none fits or the text was changed.
    """
    head, _, payload = sealed.rpartition(":")
    for secret in secrets:
        if len(secret) == 32 and head == f"{_SEAL}:{_fingerprint(secret)}":
            try:
                raw = b64decode(payload, validate=True)
                return AESGCM(secret).decrypt(raw[:12], raw[12:], head.encode("ascii")).decode("ascii")
            except (InvalidTag, ValueError):
                raise FederationError("bad_secret", "changed", status=503) from None
    raise FederationError("bad_secret", "no secret fits", status=503)

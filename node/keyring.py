"""The node's one secret and the keys derived from it, one per purpose.

The file holds 32 random bytes and is made at the first start, readable by its owner alone. A
purpose never sees the bytes of another.
"""

import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_BYTES = 32


class Keyring:
    """Keys by purpose, derived with HKDF-SHA256."""

    def __init__(self, master: bytes) -> None:
        if len(master) != _BYTES:
            raise ValueError(f"the key file must hold exactly {_BYTES} bytes")
        self._master = master
        self._keys: dict[str, bytes] = {}

    def key(self, purpose: str) -> bytes:
        """32 bytes for one purpose, the same at every start."""
        if purpose not in self._keys:
            derive = HKDF(hashes.SHA256(), _BYTES, salt=None, info=b"allmende/" + purpose.encode())
            self._keys[purpose] = derive.derive(self._master)
        return self._keys[purpose]


def open_keyring(path: Path) -> Keyring:
    """The keyring of this file, made if missing. Two processes that start at once get the same."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        draft = path.with_suffix(f".{os.getpid()}.new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # fails when another process was first: its key counts
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return Keyring(path.read_bytes())

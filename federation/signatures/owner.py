"""Whose key is it? Following a key id to the actor that lists it.

Owns the two-way check between key and owner: the key document names an owner, and the owner's
own document, served at its own id, names the key (SIG-04, SIG-05, SIG-07). A key is never
taken on its own word. Called by `verify` and `inbox` when a key is not in the directory.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from federation import uris
from federation.errors import FederationError
from federation.fetch import Fetched, Fetcher, document_id, is_served_at
from federation.keys import PublicKey

_MAX_KEYS: Final = 10
_LISTS: Final = ("publicKey", "assertionMethod")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _reference(value: Any) -> str:
    return _text(value.get("id")) if isinstance(value, dict) else _text(value)


def _owner(entry: dict[str, Any]) -> str:
    return _reference(entry.get("owner")) or _reference(entry.get("controller"))


def _listed(document: dict[str, Any]) -> Iterator[str | dict[str, Any]]:
    for name in _LISTS:
        value = document.get(name)
        entries = value if isinstance(value, list) else [value]
        for entry in entries[:_MAX_KEYS]:
            if isinstance(entry, str | dict):
                yield entry


def _key(entry: dict[str, Any], key_id: str, owner: str) -> PublicKey | None:
    pem, multibase = _text(entry.get("publicKeyPem")), _text(entry.get("publicKeyMultibase"))
    if entry.get("id") != key_id or not (pem or multibase):
        return None
    key = PublicKey(key_id, owner, "" if multibase else pem, multibase)
    assert key.parsed  # raises `bad_key` now, before anyone stores it
    return key


def keys_of(actor: dict[str, Any]) -> list[PublicKey]:
    """The usable keys an actor document lists itself, each with this actor as owner.

    The document must already be proved to come from its own id (`fetch.Fetcher.fetch`).
    """
    owner = document_id(actor)
    found: list[PublicKey] = []
    for entry in _listed(actor):
        if (
            isinstance(entry, dict)
            and _owner(entry) == owner
            and uris.same_origin(_text(entry.get("id")), owner)
        ):
            try:
                key = _key(entry, _text(entry.get("id")), owner)
            except FederationError:
                continue
            if key is not None:
                found.append(key)
    return found


def _refuse(why: str) -> FederationError:
    return FederationError("key_owner", why, status=401)


def _pointed_owner(found: Fetched, key_id: str) -> str:
    """The owner that a key document names, on the key's own origin or nowhere."""
    document = found.document
    claimed = document_id(document)
    if not is_served_at(claimed, found.uri) and claimed != key_id and not uris.same_origin(claimed, key_id):
        raise _refuse("document of another origin")
    owner = _owner(document)
    if not owner:
        # An actor, or the stub of one that GoToSocial serves at a path of the key's own.
        owner = claimed
    if not uris.same_origin(owner, key_id) or not uris.same_origin(found.uri, key_id):
        raise _refuse("owner of another origin")
    return owner


async def find_owner(key_id: str, fetcher: Fetcher) -> PublicKey:
    """Fetches a key and the actor that owns it, and proves that each names the other.

    Spec: FEP-fe34, FEP-521a.

    Raises: `key_owner`, `bad_key` (401); `gone` when the owner is deleted; and as `Fetcher.get`.
    """
    found = await fetcher.get(key_id)
    owner = _pointed_owner(found, key_id)
    actor = found.document
    if document_id(actor) != owner or not is_served_at(owner, found.uri):
        fetched = await fetcher.get(owner)
        actor = fetched.document
        if document_id(actor) != owner or not is_served_at(owner, fetched.uri):
            raise _refuse("owner served elsewhere")
    for entry in _listed(actor):
        if entry == key_id:
            # Listed by reference only: the material is in the key's own document.
            key = _key(found.document, key_id, owner)
        elif isinstance(entry, dict) and _owner(entry) in (owner, ""):
            key = _key(entry, key_id, owner)
        else:
            continue
        if key is not None:
            return key
    raise _refuse("owner does not list the key")

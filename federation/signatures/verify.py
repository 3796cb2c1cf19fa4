"""Who signed this request? One scheme, one key, at most one fetch of it.

Owns the choice between the two schemes, the host check, and the refresh of a key that changed.
Everything that needs no key is checked before the network is touched. Called by `inbox` for
deliveries, and by the host application for signed GETs of limited documents.
"""

from __future__ import annotations

from datetime import datetime

from federation import uris
from federation.directory import Directory
from federation.errors import FederationError
from federation.fetch import Fetcher
from federation.keys import PublicKey
from federation.signatures import cavage, rfc9421
from federation.signatures.message import Claim, SignedRequest, header_map
from federation.signatures.owner import find_owner


def read_claim(
    request: SignedRequest, now: datetime, origin: str, headers: dict[str, str] | None = None
) -> Claim:
    """What the request's signature claims, all but the key checked.

    `origin` is our own public origin; `headers` saves reading them twice where the caller has
    `header_map(request.headers)` already. With `Signature-Input` present only RFC 9421 is read, so
    that no second parser can name another key (SIG-09).

    Raises: `signature_missing`, `duplicate_header`, `wrong_host`, and as the schemes' `read`.
    """
    headers = header_map(request.headers) if headers is None else headers
    if "signature" not in headers:
        raise FederationError("signature_missing", status=401)
    if not _is_for_us(headers.get("host", ""), origin):
        raise FederationError("wrong_host", status=401)
    if "signature-input" in headers:
        return rfc9421.read(request, headers, now, origin)
    return cavage.read(request, headers, now)


def _is_for_us(host: str, origin: str) -> bool:
    try:
        return uris.canonical_host(host) == uris.canonical_host(origin.partition("://")[2])
    except FederationError:
        return False


async def fetch_key(key_id: str, *, directory: Directory, fetcher: Fetcher, now: datetime) -> PublicKey:
    """Fetches a key at most once per interval, and once for all who wait for it.

    Raises: `key_unavailable` (401, or 503 where trying again can help), `host_refused`,
    `key_owner`, `bad_key`, `gone`.
    """

    async def work() -> PublicKey:
        if not await directory.note_refresh(key_id, now):
            raise FederationError("key_unavailable", "tried lately", status=401)
        key = await find_owner(key_id, fetcher)
        await directory.put_key(key)
        return key

    try:
        return await fetcher.once(f"key {key_id}", work)
    except FederationError as error:
        if error.code == "gone":
            raise FederationError("gone", "key owner", status=401) from None
        if error.code in ("host_refused", "key_unavailable", "key_owner", "bad_key"):
            raise
        status = 401 if error.permanent else 503
        raise FederationError(
            "key_unavailable", error.code, permanent=error.permanent, status=status
        ) from None


def _fits(claim: Claim, known: PublicKey) -> bool:
    try:
        return claim.proved_by(known)
    except FederationError:
        # A key of another kind than the signature names: the peer may have changed it.
        return False


async def prove(claim: Claim, *, directory: Directory, fetcher: Fetcher, now: datetime) -> PublicKey:
    """The key that really made the claimed signature.

    A known key that does not fit is fetched anew once per interval: the peer may have changed it
    (REL-23).

    Raises: `host_refused` (403, before any fetch, SIG-19), `signature_wrong`, and as `fetch_key`.
    """
    if await directory.is_host_refused(uris.host_of(claim.key_id)):
        raise FederationError("host_refused", uris.host_of(claim.key_id), status=403)
    known = await directory.find_key(claim.key_id)
    if known is not None and _fits(claim, known):
        return known
    try:
        key = await fetch_key(claim.key_id, directory=directory, fetcher=fetcher, now=now)
    except FederationError as error:
        if known is None:
            raise
        if error.code in ("gone", "key_owner"):
            await directory.forget_key(claim.key_id)
            raise
        raise FederationError("signature_wrong", error.code, status=401) from None
    if key == known or not claim.proved_by(key):
        raise FederationError("signature_wrong", status=401)
    return key


async def verify(
    request: SignedRequest, *, directory: Directory, fetcher: Fetcher, now: datetime, origin: str
) -> PublicKey:
    """The key, and by `owner` the actor, that signed a request.

    Raises: as `read_claim` and `prove`.
    """
    claim = read_claim(request, now, origin)
    return await prove(claim, directory=directory, fetcher=fetcher, now=now)

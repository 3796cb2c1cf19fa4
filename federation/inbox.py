"""From a raw POST to an activity whose author is proved, or to a named refusal.

Owns the order of checks on everything strangers deliver: size, media type, strict JSON, the
shape of `id` and `actor`, signature, and that the signer is the author. Never stores anything
and never interprets an activity: the host application keeps `Received` and works on it later.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any, Final

import msgspec

from federation import proofs, strict_json, uris
from federation.directory import Directory
from federation.errors import FederationError
from federation.fetch import Fetcher, is_activity_type, split_media_type
from federation.keys import PublicKey
from federation.signatures.message import Claim, SignedRequest, header_map
from federation.signatures.verify import fetch_key, prove, read_claim

__all__ = ["MAX_BODY_BYTES", "Ignored", "Received", "SignedRequest", "is_proved", "receive"]

MAX_BODY_BYTES: Final = 1024 * 1024
_MAX_TYPE_CHARS: Final = 64
# The object inside these is a statement about itself; inside others it is only pointed at.
_SPEAKS_FOR_OBJECT: Final = frozenset(("Create", "Update"))


class Received(msgspec.Struct, frozen=True):
    """An activity and how far it may be believed.

    `refetch` set: the signer is not the author, so the body counts for nothing; fetch
    `activity_id` from its own host and use that. `gone` set: a Delete of an actor whose own
    host confirmed with 410 that it is no more. `plain` set: the body is `document` as it stands.
    """

    activity_id: str
    type: str
    actor: str
    object_id: str | None
    document: dict[str, Any]
    body: bytes
    signer_key_id: str
    host: str
    forwarded: bool = False
    refetch: bool = False
    gone: bool = False
    plain: bool = False


class Ignored(msgspec.Struct, frozen=True):
    """Accepted with 202 and forgotten: nothing here concerns us."""

    reason: str


class _Envelope(msgspec.Struct, frozen=True):
    activity_id: str
    has_own_id: bool
    type: str
    actor: str
    object_id: str | None


class _Around(msgspec.Struct, frozen=True):
    """What every step of one reading needs beside the delivery itself."""

    directory: Directory
    fetcher: Fetcher
    now: datetime


def _check_body(body: bytes, headers: dict[str, str]) -> None:
    if len(body) > MAX_BODY_BYTES:
        raise FederationError("body_too_large", status=413)
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise FederationError("bad_encoding", status=415)
    media_type = headers.get("content-type", "")
    if is_activity_type(media_type, with_profile=False):
        return
    kind, parameters = split_media_type(media_type)
    if kind != "application/json" or parameters.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        raise FederationError("bad_media_type", media_type[:80], status=415)


def _one(value: Any) -> Any:
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _reference(value: Any) -> Any:
    value = _one(value)
    return value.get("id") if isinstance(value, dict) else value


def _type(document: dict[str, Any]) -> str:
    kind = _one(document.get("type"))
    if not isinstance(kind, str) or not 0 < len(kind) <= _MAX_TYPE_CHARS:
        raise FederationError("bad_type", "activity")
    return kind


def _derived_id(actor: str, body: bytes) -> str:
    """An id for an activity that came without: the same bytes of one actor are one activity."""
    return f"{uris.without_fragment(actor)}#derived-{hashlib.sha256(body).hexdigest()}"


def _open(document: dict[str, Any], body: bytes, local_origin: str) -> _Envelope:
    kind = _type(document)
    actor = _reference(document.get("actor"))
    if not isinstance(actor, str) or not uris.is_http_uri(actor):
        raise FederationError("bad_actor")
    given = document.get("id")
    if given is not None and (not isinstance(given, str) or not uris.is_http_uri(given)):
        raise FederationError("bad_id", "activity")
    # Else a stranger could take the id of an activity before its real author sends it (ORG-07).
    if given is not None and not uris.same_origin(given, actor):
        raise FederationError("id_mismatch", "activity and actor", status=403)
    object_ = _reference(document.get("object"))
    object_id = object_ if isinstance(object_, str) and object_ else None
    _check_not_ours(document, kind, actor, local_origin)
    return _Envelope(given or _derived_id(actor, body), given is not None, kind, actor, object_id)


def _check_not_ours(document: dict[str, Any], kind: str, actor: str, local_origin: str) -> None:
    """Nobody outside speaks for our own host, in whatever spelling (ORG-11)."""
    ours = uris.bare_host(uris.host_of(local_origin)), uris.parse(local_origin).port
    entries = [actor]
    if kind in _SPEAKS_FOR_OBJECT and not _is_membership(document.get("object")):
        object_ = _reference(document.get("object"))
        entries += [object_] if isinstance(object_, str) and uris.is_http_uri(object_) else []
    for uri in entries:
        parts = uris.parse(uri)
        # 443 and 80 are one host to a reader; other ports are other nodes of a laboratory.
        same_port = parts.port == ours[1] or {parts.port, ours[1]} <= {80, 443}
        if parts.host == ours[0] and same_port:
            raise FederationError("own_origin", kind, status=403)


def _is_membership(value: Any) -> bool:
    """A group tells of somebody's membership, whose id is that of their own Join: it speaks for itself."""
    return isinstance(value, dict) and value.get("type") == "Member"


async def _prove_forwarded(document: dict[str, Any], actor: str, around: _Around) -> bool:
    """Whether the document carries its author's own proof (FEP-8b32)."""
    try:
        claim = proofs.read(document, around.now)
        if claim is None or not uris.same_origin(claim.key_id, actor):
            return False
        key = await around.directory.find_key(claim.key_id)
        if key is None:
            key = await fetch_key(
                claim.key_id, directory=around.directory, fetcher=around.fetcher, now=around.now
            )
        return key.owner == actor and claim.proved_by(key)
    except FederationError:
        # A bad proof is worth what no proof is worth: the id is asked at its own host.
        return False


async def is_proved(
    document: dict[str, Any], actor: str, *, directory: Directory, fetcher: Fetcher, now: datetime
) -> bool:
    """Whether a document, as it came, carries this actor's own proof, whoever handed it over."""
    return await _prove_forwarded(document, actor, _Around(directory, fetcher, now))


async def _signer(claim: Claim, envelope: _Envelope, around: _Around) -> PublicKey | Ignored | None:
    """The key that signed; None when the actor that deletes itself is confirmed gone."""
    directory, host = around.directory, uris.host_of(envelope.actor)
    if await directory.is_host_refused(host):
        raise FederationError("host_refused", host, status=403)
    leaves = envelope.type == "Delete" and envelope.object_id == envelope.actor
    # Deleted actors are announced to everyone, and their keys are already gone: no fetch for
    # somebody we never knew (REL-22).
    if leaves and not await directory.is_actor_known(envelope.actor):
        return Ignored("delete_of_unknown_actor")
    try:
        return await prove(claim, directory=directory, fetcher=around.fetcher, now=around.now)
    except FederationError as error:
        owned = uris.without_fragment(claim.key_id) == uris.without_fragment(envelope.actor)
        if leaves and owned and error.code == "gone":
            return None
        raise


async def receive(
    request: SignedRequest, *, directory: Directory, fetcher: Fetcher, now: datetime, local_origin: str
) -> Received | Ignored:
    """Reads and proves one delivery. Spec: AP §7, FEP-fe34, FEP-8b32.

    Raises: a `FederationError` whose `status` is the answer: 400 for what cannot be read, 401
    for what is not proved, 403 for what is not allowed, 413, 415, or 503 when the proof cannot
    be had just now.
    """
    headers = header_map(request.headers)
    _check_body(request.body, headers)
    given = strict_json.loads(request.body)
    # Whoever shows no signature at all gets no work out of us.
    claim = read_claim(request, now, local_origin, headers)
    document = await fetcher.documents.plain(given)
    envelope = _open(document, request.body, local_origin)
    around = _Around(directory, fetcher, now)
    key = await _signer(claim, envelope, around)
    if isinstance(key, Ignored):
        return key
    foreign = key is not None and key.owner != envelope.actor
    proved = foreign and await _prove_forwarded(given, envelope.actor, around)
    if foreign and not proved and not envelope.has_own_id:
        raise FederationError("not_the_author", status=401)
    return Received(
        activity_id=envelope.activity_id,
        type=envelope.type,
        actor=envelope.actor,
        object_id=envelope.object_id,
        document=document,
        body=request.body,
        signer_key_id=key.id if key is not None else "",
        host=uris.host_of(envelope.actor),
        forwarded=foreign,
        refetch=foreign and not proved,
        gone=key is None,
        plain=document is given,
    )

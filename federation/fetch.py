"""Fetching documents: signed, limited, and believed only about themselves.

Owns the origin rule (a document is what its `id` says only when it was served at that id),
the media types that count, and what each status means. Called by `inbox` for keys, by
`discovery`, and by the host application for everything it dereferences.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import msgspec

from federation import strict_json, uris
from federation.budget import FetchBudget
from federation.client import Ask, Client, Limits, Reply, wire_url
from federation.directory import Directory
from federation.documents import Documents
from federation.errors import FederationError
from federation.keys import Signer
from federation.signatures import cavage, rfc9421, wishes
from federation.signatures.message import Outgoing
from federation.signatures.wishes import Wish

ACCEPT: Final = (
    'application/activity+json, application/ld+json; profile="https://www.w3.org/ns/activitystreams"'
)
_PROFILE: Final = "https://www.w3.org/ns/activitystreams"
_UTF8: Final = frozenset(("utf-8", "utf8"))
T = TypeVar("T")
Style = Callable[[str], dict[str, str]]  # headers for one hop
Renew = Callable[[], Awaitable[Signer]]


class Fetched(msgspec.Struct, frozen=True):
    """A document that its own origin served at its own id, ready to read; `body` is as served."""

    uri: str
    document: dict[str, Any]
    body: bytes


def split_media_type(header: str) -> tuple[str, dict[str, str]]:
    """Media type and parameters, names lower-cased, quotes gone; `("", {})` for nonsense."""
    kind, *rest = header.split(";")
    parameters: dict[str, str] = {}
    for part in rest:
        name, _, value = part.partition("=")
        if name.strip().lower() in parameters:
            return "", {}
        parameters[name.strip().lower()] = value.strip().strip('"').strip()
    return kind.strip().lower(), parameters


def is_activity_type(header: str, *, with_profile: bool = True) -> bool:
    """Whether a Content-Type names an ActivityStreams document in UTF-8 (ORG-19, RED-02).

    Anything a person can upload somewhere as a file does not count. `with_profile=False` takes
    `ld+json` without its profile too, as our inbox does.
    """
    kind, parameters = split_media_type(header)
    if parameters.get("charset", "utf-8").lower() not in _UTF8:
        return False
    if kind == "application/activity+json":
        return True
    profiles = parameters.get("profile", "").split()
    return kind == "application/ld+json" and (not with_profile or _PROFILE in profiles)


def _check_status(status: int) -> None:
    if status == 200:
        return
    if status == 410:
        raise FederationError("gone", status=404)
    if status == 404:
        raise FederationError("not_found", status=404)
    if status in (401, 403, 451):
        raise FederationError("fetch_denied", str(status), status=403)
    if status in (408, 425, 429) or status >= 500:
        raise FederationError("fetch_failed", str(status), permanent=False, status=503)
    raise FederationError("bad_status", str(status))


class Fetcher:
    """Dereferences ids with our instance actor's signature; one per process.

    Where `renew` is set, it is asked for the signer before each GET: its key may have been exchanged.
    """

    renew: Renew | None = None

    def __init__(
        self,
        client: Client,
        directory: Directory,
        signer: Signer | None,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.client = client
        self.directory = directory
        self.signer = signer
        self.documents = Documents()
        self._clock = clock
        self._running: dict[str, asyncio.Future[Any]] = {}

    async def _admit(self, host: str) -> None:
        if await self.directory.is_host_refused(host):
            raise FederationError("host_refused", host, status=403)

    def _styles(self, url: str) -> list[Style | None]:
        signer, clock = self.signer, self._clock
        if signer is None:
            return [None]
        styles: list[Style | None] = [
            lambda hop: cavage.sign(Outgoing("GET", hop), signer, clock()),
            lambda hop: rfc9421.sign(Outgoing("GET", hop), signer, clock()),
        ]
        if "?" in url:
            styles.append(lambda hop: cavage.sign(Outgoing("GET", hop), signer, clock(), with_query=False))
        return styles

    def _as_wished(self, wish: Wish) -> Style:
        signer, clock = self.signer, self._clock
        assert signer is not None  # without one nobody is asked twice
        return lambda hop: rfc9421.sign(Outgoing("GET", hop), signer, clock(), wish)

    async def ask(
        self, url: str, *, budget: FetchBudget | None = None, limits: Limits | None = None
    ) -> Reply:
        """A signed GET, tried with the next way of signing after each 401, as its answer wishes first.

        Raises: as `client.Client.get`, and `host_refused` before any connection.
        """
        reply: Reply | None = None
        if self.renew is not None:
            self.signer = await self.renew()
        styles, wished = self._styles(url), False
        while styles:
            sign = styles.pop(0)
            ask = Ask(url, ACCEPT, sign=sign, admit=self._admit, budget=budget, limits=limits or Limits())
            reply = await self.client.get(ask)
            if reply.status != 401:
                break
            wish = wishes.read(reply.headers.get("Accept-Signature", ""))
            if self.signer is not None and wish is not None and wish.algorithm != "ed25519" and not wished:
                wished = True
                styles[0:1] = [self._as_wished(wish)]
        if reply is None:
            raise FederationError("fetch_failed", permanent=False, status=503)
        return reply

    async def get(self, url: str, *, budget: FetchBudget | None = None) -> Fetched:
        """One document in short form; `uri` is the final URL, whatever the document says.

        Raises: `gone`, `not_found`, `fetch_denied`, `fetch_failed`, `bad_status`,
        `bad_media_type`, the codes of `strict_json`, of `documents`, and those of `ask`.
        """
        reply = await self.ask(uris.without_fragment(url), budget=budget)
        _check_status(reply.status)
        if not is_activity_type(reply.media_type):
            raise FederationError("bad_media_type", reply.media_type[:80])
        document = await self.documents.plain(strict_json.loads(reply.body))
        return Fetched(reply.url, document, reply.body)

    async def fetch(self, uri: str, *, budget: FetchBudget | None = None) -> Fetched:
        """The document behind an id; `uri` in the answer is its proved id.

        Where the document found has another id, that id is asked once at its own origin and the
        first answer forgotten (ORG-01, RED-01). Spec: FEP-fe34.

        Raises: `id_mismatch`, and as `get`.
        """
        first = await self.get(uri, budget=budget)
        claimed = document_id(first.document)
        if is_served_at(claimed, first.uri):
            return Fetched(claimed, first.document, first.body)
        again = await self.get(claimed, budget=budget)
        if document_id(again.document) != claimed or not is_served_at(claimed, again.uri):
            raise FederationError("id_mismatch", uris.host_of(uri))
        return Fetched(claimed, again.document, again.body)

    async def once(self, name: str, work: Callable[[], Awaitable[T]]) -> T:
        """Runs `work` once for all who ask for `name` at the same time."""
        running = self._running.get(name)
        if running is None:
            running = asyncio.ensure_future(work())
            self._running[name] = running
            running.add_done_callback(lambda done: self._finish(name, done))
        # One caller giving up must not cancel it for the others.
        result: T = await asyncio.shield(running)
        return result

    def _finish(self, name: str, done: asyncio.Future[Any]) -> None:
        self._running.pop(name, None)
        if not done.cancelled():
            done.exception()  # looked at here, in case every caller gave up before it failed


def document_id(document: dict[str, Any]) -> str:
    """The `id` of a document. Raises: `bad_id`."""
    found = document.get("id")
    if not isinstance(found, str) or not uris.is_http_uri(found):
        raise FederationError("bad_id", "document")
    return found


def is_served_at(claimed: str, url: str) -> bool:
    """Whether a document of this id, found at this URL, is the one the id names."""
    return wire_url(claimed) == url

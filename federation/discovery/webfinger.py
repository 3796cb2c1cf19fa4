"""WebFinger: from a handle to an actor and back, asked and answered.

Owns handles, JRD documents and the round trip without which no handle is believed: the host in
the handle must itself name the actor (WFG-01). Building and reading are pure; asking goes
through `fetch.Fetcher` and its client. Spec: RFC 7033, FEP-2c59, FEP-d556.
"""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import quote

import msgspec

from federation import strict_json, uris
from federation.budget import FetchBudget
from federation.client import Ask, Limits, Reply
from federation.discovery import hostmeta
from federation.errors import FederationError
from federation.fetch import Fetched, Fetcher, split_media_type

JRD_TYPE: Final = "application/jrd+json; charset=utf-8"
_ACCEPT: Final = "application/jrd+json, application/json"
_LIMITS: Final = Limits(max_bytes=256 * 1024)
_MAX_LINKS: Final = 50
_NAME: Final = re.compile(r"[A-Za-z0-9_]+(?:[.-]+[A-Za-z0-9_]+)*")
MAX_NAME_CHARS: Final = 64
_PROFILE: Final = "https://www.w3.org/ns/activitystreams"
_TYPE_PROPERTY: Final = "https://www.w3.org/ns/activitystreams#type"


class Handle(msgspec.Struct, frozen=True):
    """A name at a host; `host` is canonical, the name keeps its spelling."""

    name: str
    host: str

    def __str__(self) -> str:
        return f"{self.name}@{self.host}"

    @property
    def acct(self) -> str:
        """The handle as a URI."""
        return f"acct:{self.name}@{self.host}"

    def matches(self, other: Handle) -> bool:
        """Whether both are one handle; names differ in case only by spelling."""
        return self.host == other.host and self.name.lower() == other.name.lower()


class Found(msgspec.Struct, frozen=True):
    """An actor and the handle its host confirms for it."""

    handle: Handle
    actor: Fetched


class Answer(msgspec.Struct, frozen=True):
    """What a JRD says: whom it is about, and which actor that is."""

    subject: Handle
    actor_uri: str


def parse_handle(text: str) -> Handle:
    """Reads `alice@host`, `@alice@host` or `acct:alice@host`.

    Raises: `bad_handle` for any other form, or a name beyond `MAX_NAME_CHARS` or outside letters,
    digits, `_`, `.` and `-` (WFG-03, SSRF-09).
    """
    text = text.strip() if len(text) < 400 else ""
    name, at, host = text.removeprefix("acct:").removeprefix("@").partition("@")
    if not at or len(name) > MAX_NAME_CHARS or _NAME.fullmatch(name) is None:
        raise FederationError("bad_handle")
    try:
        return Handle(name, uris.canonical_host(host))
    except FederationError:
        raise FederationError("bad_handle", "host") from None


def _self_links(document: dict[str, Any], kind: str | None) -> list[str]:
    links = document.get("links")
    plain: list[str] = []
    typed: list[str] = []
    for link in links[:_MAX_LINKS] if isinstance(links, list) else []:
        if not isinstance(link, dict) or link.get("rel") != "self" or not isinstance(link.get("type"), str):
            continue
        media_type, parameters = split_media_type(link["type"])
        profiled = media_type == "application/ld+json" and parameters.get("profile") == _PROFILE
        href = link.get("href")
        if not (media_type == "application/activity+json" or profiled) or not uris.is_http_uri(href):
            continue
        properties = link.get("properties")
        # Lemmy gives a person and a group of one name in one answer, told apart here.
        named = properties.get(_TYPE_PROPERTY) if isinstance(properties, dict) else None
        (typed if kind is not None and named == kind else plain).append(str(href))
    return typed + plain


def read_jrd(document: dict[str, Any], *, kind: str | None = None) -> Answer:
    """The subject and actor of a JRD. `kind` prefers a link typed so (`Group`, `Person`).

    Raises: `webfinger_unusable`.
    """
    subject, hrefs = document.get("subject"), _self_links(document, kind)
    if not isinstance(subject, str) or not subject.startswith("acct:") or not hrefs:
        raise FederationError("webfinger_unusable")
    return Answer(parse_handle(subject), hrefs[0])


class WebFinger:
    """Asks peers who a handle is."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher

    async def _get(self, url: str, accept: str, budget: FetchBudget | None) -> Reply:
        async def admit(host: str) -> None:
            if await self._fetcher.directory.is_host_refused(host):
                raise FederationError("host_refused", host, status=403)

        ask = Ask(url, accept, admit=admit, budget=budget, limits=_LIMITS)
        return await self._fetcher.client.get(ask)

    def _origin(self, host: str) -> str:
        # Laboratories speak plain http on odd ports and under names without a dot; everyone else
        # is https or nothing.
        odd = ":" in host.rpartition("]")[2] or "." not in host
        plain = self._fetcher.client.policy.allow_http and odd
        return f"http://{host}" if plain else f"https://{host}"

    async def ask(
        self, handle: Handle, *, kind: str | None = None, budget: FetchBudget | None = None
    ) -> Answer:
        """One lookup at the handle's host, through its host-meta where the usual place is silent.

        Raises: `webfinger_unusable`, `not_found`, `gone`, not permanent `fetch_failed`, and as
        `client.Client.get`.
        """
        origin = self._origin(handle.host)
        url = f"{origin}/.well-known/webfinger?resource={quote(handle.acct, safe='')}"
        reply = await self._get(url, _ACCEPT, budget)
        if reply.status in (400, 404):
            meta = await self._get(f"{origin}/.well-known/host-meta", "application/xrd+xml", budget)
            template = hostmeta.lrdd_template(meta.body) if meta.status == 200 else None
            if template is not None and hostmeta.fill(template, handle.acct) != url:
                reply = await self._get(hostmeta.fill(template, handle.acct), _ACCEPT, budget)
        return read_jrd(_json(reply), kind=kind)

    async def confirm(self, actor: Fetched, *, budget: FetchBudget | None = None) -> Handle:
        """The handle an actor may be shown under: the one its host links back to this very id.

        Raises: `webfinger_mismatch` where the round trip does not close, and as `ask`.
        """
        asked = own_handle(actor)
        kind = actor.document.get("type")
        kind = kind if isinstance(kind, str) else None
        answer = await self.ask(asked, kind=kind, budget=budget)
        if not answer.subject.matches(asked):
            asked = answer.subject
            answer = await self.ask(asked, kind=kind, budget=budget)
        if not answer.subject.matches(asked) or answer.actor_uri != actor.uri:
            raise FederationError("webfinger_mismatch", asked.host)
        return answer.subject

    async def find(self, text: str, *, budget: FetchBudget | None = None) -> Found:
        """From what a person typed to an actor with a confirmed handle.

        Raises: `bad_handle`, and as `ask`, `confirm` and `fetch.Fetcher.fetch`.
        """
        budget = budget or FetchBudget(8, 20.0)
        answer = await self.ask(parse_handle(text), budget=budget)
        actor = await self._fetcher.fetch(answer.actor_uri, budget=budget)
        if actor.uri != answer.actor_uri:
            raise FederationError("webfinger_mismatch", "actor elsewhere")
        return Found(await self.confirm(actor, budget=budget), actor)


def _json(reply: Reply) -> dict[str, Any]:
    if reply.status in (404, 410):
        raise FederationError("gone" if reply.status == 410 else "not_found", "webfinger", status=404)
    if reply.status == 429 or reply.status >= 500:
        raise FederationError("fetch_failed", str(reply.status), permanent=False, status=503)
    kind = split_media_type(reply.media_type)[0]
    if reply.status != 200 or kind not in ("application/jrd+json", "application/json"):
        raise FederationError("webfinger_unusable", f"{reply.status} {kind[:40]}")
    return strict_json.loads(reply.body)


def own_handle(actor: Fetched) -> Handle:
    """The handle an actor claims: `webfinger` (FEP-2c59), else its name at its id's host.

    Raises: `bad_handle`.
    """
    claimed = actor.document.get("webfinger")
    if isinstance(claimed, str):
        return parse_handle(claimed)
    name = actor.document.get("preferredUsername")
    if not isinstance(name, str) or "@" in name:
        raise FederationError("bad_handle", "preferredUsername")
    return parse_handle(f"{name}@{uris.host_of(actor.uri)}")

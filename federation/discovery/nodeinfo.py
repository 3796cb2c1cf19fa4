"""NodeInfo: what runs at a host, ours told and a peer's asked.

Builds the well-known index and documents 2.0 and 2.1, and reads a peer's within limits. What a
peer runs is shown to admins and chooses the form of what it is told; it never decides what it may
do. Spec: NodeInfo 2.0, 2.1, FEP-f1d5, FEP-0151, FEP-2677.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from federation import strict_json, uris
from federation.budget import FetchBudget
from federation.client import Ask, Limits, Reply
from federation.errors import FederationError
from federation.fetch import Fetcher, split_media_type

VERSIONS: Final = ("2.0", "2.1")
_SCHEMA: Final = "http://nodeinfo.diaspora.software/ns/schema/"
_READABLE: Final = ("2.1", "2.0", "1.1", "1.0")
_LIMITS: Final = Limits(max_bytes=128 * 1024)
_SOFTWARE_NAME: Final = re.compile(r"[a-z0-9-]{1,64}")
_MAX_TEXT_CHARS: Final = 200
_APPLICATION: Final = "https://www.w3.org/ns/activitystreams#Application"


class NodeFacts(msgspec.Struct, frozen=True):
    """What we publish about ourselves."""

    software: str
    version: str
    repository: str
    homepage: str
    open_registrations: bool
    users: int
    active_month: int
    active_half_year: int
    local_posts: int
    metadata: dict[str, Any] = msgspec.field(default_factory=dict)
    local_comments: int = 0


class PeerFacts(msgspec.Struct, frozen=True):
    """What a peer says it is; None where it says nothing usable."""

    software: str | None
    version: str | None
    name: str | None
    open_registrations: bool | None
    users: int | None
    active_month: int | None


def media_type(version: str) -> str:
    """The Content-Type of a document."""
    return f'application/json; profile="{_SCHEMA}{version}#"; charset=utf-8'


def well_known(origin: str, application_uri: str) -> dict[str, Any]:
    """Our `/.well-known/nodeinfo`, which also names the instance actor (FEP-2677)."""
    links = [{"rel": _SCHEMA + version, "href": f"{origin}/nodeinfo/{version}"} for version in VERSIONS]
    return {"links": [*links, {"rel": _APPLICATION, "href": application_uri}]}


def document(version: str, facts: NodeFacts) -> dict[str, Any]:
    """Our NodeInfo document. Raises: `not_found` for a version we do not publish."""
    if version not in VERSIONS:
        raise FederationError("not_found", "nodeinfo version", status=404)
    software = {"name": facts.software, "version": facts.version}
    if version == "2.1":
        software |= {"repository": facts.repository, "homepage": facts.homepage}
    users = {
        "total": facts.users,
        "activeMonth": facts.active_month,
        "activeHalfyear": facts.active_half_year,
    }
    return {
        "version": version,
        "software": software,
        "protocols": ["activitypub"],
        "services": {"inbound": [], "outbound": []},
        "openRegistrations": facts.open_registrations,
        "usage": {"users": users, "localPosts": facts.local_posts, "localComments": facts.local_comments},
        "metadata": facts.metadata,
    }


def _within(value: Any, *path: str) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _text(value: Any) -> str | None:
    return value[:_MAX_TEXT_CHARS] if isinstance(value, str) and value else None


def _count(value: Any) -> int | None:
    return value if type(value) is int and value >= 0 else None


def read_document(found: dict[str, Any]) -> PeerFacts:
    """What a NodeInfo document says, whatever its shape."""
    software = (_text(_within(found, "software", "name")) or "").lower()
    is_open = found.get("openRegistrations")
    return PeerFacts(
        software=software if _SOFTWARE_NAME.fullmatch(software) else None,
        version=_text(_within(found, "software", "version")),
        name=_text(_within(found, "metadata", "nodeName")),
        open_registrations=is_open if isinstance(is_open, bool) else None,
        users=_count(_within(found, "usage", "users", "total")),
        active_month=_count(_within(found, "usage", "users", "activeMonth")),
    )


def pick_link(index: dict[str, Any], origin: str) -> str:
    """The newest document an index names, on its own origin only (SSRF-10).

    Raises: `nodeinfo_unusable`.
    """
    links = index.get("links")
    hrefs: dict[str, str] = {
        link["rel"]: link["href"]
        for link in (links[:20] if isinstance(links, list) else [])
        if isinstance(link, dict) and isinstance(link.get("rel"), str) and isinstance(link.get("href"), str)
    }
    for version in _READABLE:
        href = hrefs.get(_SCHEMA + version, "")
        if uris.same_origin(href, origin):
            return href
    raise FederationError("nodeinfo_unusable")


def _json(reply: Reply) -> dict[str, Any]:
    if split_media_type(reply.media_type)[0] != "application/json" or reply.status != 200:
        temporary = reply.status == 429 or reply.status >= 500
        raise FederationError("nodeinfo_unusable", str(reply.status), permanent=not temporary)
    return strict_json.loads(reply.body)


async def ask(origin: str, fetcher: Fetcher, *, budget: FetchBudget | None = None) -> PeerFacts:
    """What runs at a peer's origin. Nothing is asked of refused hosts (SIG-19).

    Raises: `host_refused`, `nodeinfo_unusable`, and as `client.Client.get`.
    """

    async def admit(host: str) -> None:
        if await fetcher.directory.is_host_refused(host):
            raise FederationError("host_refused", host, status=403)

    budget = budget or FetchBudget(4, 15.0)

    async def get(url: str) -> dict[str, Any]:
        request = Ask(url, "application/json", admit=admit, budget=budget, limits=_LIMITS)
        return _json(await fetcher.client.get(request))

    return read_document(await get(pick_link(await get(f"{origin}/.well-known/nodeinfo"), origin)))

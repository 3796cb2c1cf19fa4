"""WebFinger answered: what is asked of us, and the JRD that answers.

Owns the reading of `resource` and the shape of our documents. Pure: the host application looks
the name up and serves the bytes, private actors it answers with 404. Spec: RFC 7033 §4, FEP-d556.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from federation import uris
from federation.discovery.webfinger import parse_handle
from federation.errors import FederationError

MAX_RESOURCE_CHARS: Final = 2048
_SUBSCRIBE: Final = "http://ostatus.org/schema/1.0/subscribe"


class Asked(msgspec.Struct, frozen=True):
    """What a peer wants to know: a local `name`, or a `uri` of ours; both empty means the house itself."""

    name: str = ""
    uri: str = ""


class Described(msgspec.Struct, frozen=True):
    """One of our actors as WebFinger shows it; `handle_host` is the host in its handle."""

    name: str
    handle_host: str
    actor_uri: str
    profile_url: str | None = None
    avatar_url: str | None = None
    avatar_type: str | None = None


def read_resource(values: Sequence[str], origin: str, handle_host: str) -> Asked:
    """Reads the `resource` parameter, given all values it came with (WFG-04).

    `acct:` URIs with or without a leading `@`, and URLs of ours, are understood.

    Raises: `bad_resource` (400) when absent, repeated or garbled, `not_found` (404) for others' hosts.
    """
    if len(values) != 1 or not 0 < len(values[0]) <= MAX_RESOURCE_CHARS:
        raise FederationError("bad_resource")
    resource = values[0]
    if uris.is_http_uri(resource):
        if not uris.same_origin(resource, origin):
            raise FederationError("not_found", "resource", status=404)
        return Asked() if uris.parse(resource).target == "/" else Asked(uri=resource)
    if not resource.startswith("acct:") and "@" not in resource:
        raise FederationError("bad_resource")
    try:
        name, _, host = resource.removeprefix("acct:").removeprefix("@").rpartition("@")
        host = uris.canonical_host(host)
        ours = {handle_host, uris.host_of(origin)}
        if host not in ours:
            raise FederationError("not_found", "resource", status=404)
        # `acct:host@host` names the house itself, as Mastodon asks for it.
        return Asked() if name in ours else Asked(name=parse_handle(f"{name}@{host}").name)
    except FederationError as error:
        if error.code == "not_found":
            raise
        raise FederationError("bad_resource") from None


def jrd(described: Described, origin: str, *, rels: Sequence[str] = ()) -> dict[str, Any]:
    """The JRD of one actor; `rels` filters its links when given. Spec: RFC 7033 §4.3."""
    links: list[dict[str, str]] = []
    if described.profile_url:
        links.append(
            {
                "rel": "http://webfinger.net/rel/profile-page",
                "type": "text/html",
                "href": described.profile_url,
            }
        )
    # Exactly one self link: Mastodon cannot cope with two.
    links.append({"rel": "self", "type": "application/activity+json", "href": described.actor_uri})
    if described.avatar_url:
        kind = {"type": described.avatar_type} if described.avatar_type else {}
        links.append({"rel": "http://webfinger.net/rel/avatar", **kind, "href": described.avatar_url})
    links.append({"rel": _SUBSCRIBE, "template": f"{origin}/authorize_interaction?uri={{uri}}"})
    aliases = [uri for uri in (described.profile_url, described.actor_uri) if uri]
    return {
        "subject": f"acct:{described.name}@{described.handle_host}",
        "aliases": aliases,
        "links": [link for link in links if not rels or link["rel"] in rels],
    }

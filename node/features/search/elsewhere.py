"""Following or answering from one's own house elsewhere: where that house wants its people sent.

A visitor tells their handle; their house names the page for it (WebFinger's subscribe template).
The address is only ever shown as a link with its host beside it, never followed for them, and only
https counts (ORD-02). Nothing of this is stored.
"""

from typing import Any, Final
from urllib.parse import quote

import msgspec

from federation import strict_json
from federation.client import Ask, Limits
from federation.discovery.webfinger import parse_handle
from federation.errors import FederationError
from federation.uris import host_of, is_http_uri
from node.errors import N_, NodeError
from node.runtime import Node

_SUBSCRIBE: Final = "http://ostatus.org/schema/1.0/subscribe"
_LIMITS: Final = Limits(max_bytes=256 * 1024)
_ACCEPT: Final = "application/jrd+json, application/json"
_LONGEST: Final = 2000
_ODD_HANDLE: Final = N_("This does not look like a handle. It has the form name@house.example.")
_NO_WAY: Final = N_("Your house does not say where to send you. Please paste this address into its search.")


class WayThere(msgspec.Struct, frozen=True):
    """A page of somebody's own house, and that house's name to show beside the link."""

    url: str
    host: str


async def find_way(node: Node, handle: str, uri: str) -> WayThere:
    """Where the house of `handle` deals with `uri`. Raises: NodeError `invalid`, field `handle`."""
    try:
        wanted = parse_handle(handle)
        scheme = "http" if _is_lab(node, wanted.host) else "https"
        address = f"{scheme}://{wanted.host}/.well-known/webfinger?resource={quote(wanted.acct, safe='')}"

        async def admit(host: str) -> None:
            if await node.directory.is_host_refused(host):
                raise FederationError("host_refused", host, status=403)

        reply = await node.client.get(Ask(address, _ACCEPT, admit=admit, limits=_LIMITS))
        document = strict_json.loads(reply.body) if reply.status == 200 else {}
    except FederationError as error:
        text = _ODD_HANDLE if error.code == "bad_handle" else _NO_WAY
        raise NodeError("invalid", field="handle", text=text, detail=error.code) from None
    template = read_template(document)
    url = template.replace("{uri}", quote(uri, safe=""))
    if not template or not _is_safe(node, url):
        raise NodeError("invalid", field="handle", text=_NO_WAY, detail="no usable template")
    return WayThere(url, host_of(url))


def read_template(document: Any) -> str:
    """The subscribe template of a WebFinger answer, '' when there is none with a place for the address."""
    links = document.get("links") if isinstance(document, dict) else None
    for link in links[:50] if isinstance(links, list) else []:
        if isinstance(link, dict) and link.get("rel") == _SUBSCRIBE:
            template = link.get("template")
            if isinstance(template, str) and "{uri}" in template and len(template) < _LONGEST:
                return template
    return ""


def _is_safe(node: Node, url: str) -> bool:
    if not is_http_uri(url):
        return False
    return url.startswith("https://") or _is_lab(node, host_of(url))


def _is_lab(node: Node, host: str) -> bool:
    """Laboratories speak plain http on odd ports; everyone else is https or nothing."""
    return node.client.policy.allow_http and (":" in host or "." not in host)

"""host-meta: where a host says its WebFinger is answered (RFC 6415).

Builds ours and reads the one link of a peer's that matters. The XML of strangers is never
parsed as XML: one pattern looks for one element, so entities and nesting have no effect.
"""

from __future__ import annotations

import html
import re
from typing import Final
from urllib.parse import quote

from federation import uris

XRD_TYPE: Final = "application/xrd+xml; charset=utf-8"
_PLACEHOLDER: Final = "{uri}"
_LINK: Final = re.compile(r"<Link\s([^<>]{1,2000}?)/?>")
_ATTRIBUTE: Final = re.compile(r"""([a-z]{1,20})\s*=\s*(?:"([^"]*)"|'([^']*)')""")


def _template(origin: str) -> str:
    return f"{origin}/.well-known/webfinger?resource={_PLACEHOLDER}"


def xrd(origin: str) -> bytes:
    """Our `/.well-known/host-meta`."""
    template = html.escape(_template(origin), quote=True)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">'
        f'<Link rel="lrdd" type="application/jrd+json" template="{template}"/></XRD>\n'
    ).encode()


def jrd(origin: str) -> dict[str, object]:
    """Our `/.well-known/host-meta.json`."""
    return {"links": [{"rel": "lrdd", "type": "application/jrd+json", "template": _template(origin)}]}


def lrdd_template(body: bytes) -> str | None:
    """The WebFinger template of a peer's XRD, when it is an http(s) URL with a place for the name."""
    for match in _LINK.finditer(body.decode("utf-8", "replace")):
        found = {
            name: html.unescape(double or single) for name, double, single in _ATTRIBUTE.findall(match[1])
        }
        template = found.get("template", "")
        usable = template.count(_PLACEHOLDER) == 1 and uris.is_http_uri(template.replace(_PLACEHOLDER, "x"))
        # A name put into the host part would let anyone choose whom we call.
        if found.get("rel") == "lrdd" and usable and "?" in template.partition(_PLACEHOLDER)[0]:
            return template
    return None


def fill(template: str, resource: str) -> str:
    """The URL that asks for one resource."""
    return template.replace(_PLACEHOLDER, quote(resource, safe=""))

"""Which addresses we may dial: the deny table, the port list, the lab's exceptions.

Owns the judgement of an address actually about to be connected to, never of a name or of URL
text, because resolvers read more spellings than any parser (SSRF-02..05). `client` asks for
every socket it opens. There is no switch that turns this off: a test or a lab names the exact
addresses it wants.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import Final

import msgspec

from federation.errors import FederationError
from federation.uris import Parts

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Python's `is_global` says yes to multicast, to 192.0.0.8, to NAT64 and 6to4 forms of loopback
# and more, so the table is our own. Sources: IANA special-purpose registries, RFC 6890.
_DENIED_V4: Final = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
        "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    )
)  # fmt: skip
# Only 2000::/3 is handed out to the public internet; these are the parts of it that are not.
_PUBLIC_V6: Final = ipaddress.IPv6Network("2000::/3")
_DENIED_V6: Final = tuple(
    ipaddress.IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "3fff::/20", "2002::/16")
)
# Forms that carry an IPv4 address in their last 32 bits: mapped, translated, compatible, NAT64.
_EMBEDS_LAST: Final = tuple(
    ipaddress.IPv6Network(text)
    for text in ("::ffff:0:0/96", "::ffff:0:0:0/96", "::/96", "64:ff9b::/96", "64:ff9b:1::/48")
)
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


class ClientPolicy(msgspec.Struct, frozen=True):
    """What the outgoing side may reach.

    `allowed_addresses` are (ip, port) pairs allowed besides the public internet; the ip may be a
    network, a port of None means every port there. `allow_http` permits plain http, for laboratories only.
    """

    allow_http: bool = False
    allowed_addresses: tuple[tuple[str, int | None], ...] = ()

    def check_url(self, parts: Parts) -> None:
        """Refuses a URL by its scheme or port alone. Raises: `scheme_refused`, `port_refused`."""
        if parts.scheme != "https" and not self.allow_http:
            raise FederationError("scheme_refused", parts.scheme)
        if parts.port in self._public_ports():
            return
        if not any(port in (None, parts.port) for _, port in self.allowed_addresses):
            raise FederationError("port_refused", str(parts.port))

    def admits(self, ip: str, port: int) -> bool:
        """Whether a socket may be opened to this very address and port."""
        try:
            address = ipaddress.ip_address(ip.partition("%")[0])
        except ValueError:
            return False
        for allowed, allowed_port in self.allowed_addresses:
            if allowed_port in (None, port) and address in _network(allowed):
                return True
        return port in self._public_ports() and is_public(address)

    def _public_ports(self) -> tuple[int, ...]:
        return (443, 80) if self.allow_http else (443,)


@lru_cache(maxsize=256)
def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(text)


def is_public(address: _Address) -> bool:
    """Whether an address belongs to the public internet, in whatever form it is written."""
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _DENIED_V4)
    if any(address in network for network in _EMBEDS_LAST):
        # A host behind NAT64 reaches the whole IPv4 internet this way; every other embedding
        # is only ever seen in attacks.
        return address in _NAT64 and is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return address in _PUBLIC_V6 and not any(address in network for network in _DENIED_V6)

"""Addresses: one canonical host, one origin, and comparisons that fail closed.

Owns what counts as the same host and the same origin (FEP-fe34). Never resolves a name and
never judges an address reachable: `client` does that for the address actually dialled.
Called wherever an id is compared, so the parsed forms are cached.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import Final, NamedTuple

import idna

from federation.errors import FederationError

MAX_URI_CHARS: Final = 2048
_CACHED_CHARS: Final = 300
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}
_URI: Final = re.compile(
    r"(?P<scheme>https?)://(?P<authority>[^/?#@]+)(?P<path>/[^?#]*)?(?:\?(?P<query>[^#]*))?(?:#(?P<fragment>.*))?",
    re.IGNORECASE,
)
_UNSAFE: Final = re.compile('[\x00-\x20\x7f-\xa0\\\\<>"`\u2028\u2029\ud800-\udfff]')
_INVISIBLE: Final = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u2060-\u206f\ufe00-\ufe0f\ufeff]")
_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
# A last label that looks like a number makes resolvers read the whole host as an IPv4 address
# in octal, hex or packed form; only the dotted quad has one meaning.
_NUMERIC: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PORT: Final = re.compile(r"[0-9]{1,5}")


class Parts(NamedTuple):
    """A URL taken apart; `host` is canonical, `port` always a number."""

    scheme: str
    host: str
    port: int
    path: str
    query: str | None
    fragment: str | None

    @property
    def authority(self) -> str:
        """Host, and port where it is not the scheme's own: what a Host header carries."""
        if self.port == _DEFAULT_PORTS[self.scheme]:
            return self.host
        return f"{self.host}:{self.port}"

    @property
    def origin(self) -> str:
        """`scheme://authority`, the unit of trust."""
        return f"{self.scheme}://{self.authority}"

    @property
    def target(self) -> str:
        """Path with query, as it goes on the request line."""
        path = self.path or "/"
        return path if self.query is None else f"{path}?{self.query}"


def _port(text: str) -> int:
    if _PORT.fullmatch(text) is None or not 0 < int(text) < 65536:
        raise FederationError("bad_host", "port")
    return int(text)


def _split_port(text: str) -> tuple[str, int | None]:
    if text.startswith("["):
        name, bracket, rest = text.partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise FederationError("bad_host", "brackets")
        return name + bracket, _port(rest[1:]) if rest else None
    name, colon, rest = text.partition(":")
    return name, _port(rest) if colon else None


def _address(text: str) -> str:
    try:
        if text.startswith("["):
            return f"[{ipaddress.IPv6Address(text[1:-1]).compressed}]" if "%" not in text else ""
        return str(ipaddress.IPv4Address(text))
    except ValueError:
        return ""


def _label(label: str) -> str:
    if _LABEL.fullmatch(label) is None:
        raise FederationError("bad_host", "label")
    if label.startswith("xn--"):
        # Two spellings of one punycode label would be two hosts to us and one to DNS.
        try:
            again = label[4:].encode("ascii").decode("punycode").encode("punycode").decode("ascii")
        except (UnicodeError, ValueError):
            again = ""
        if again != label[4:]:
            raise FederationError("bad_host", "punycode")
    return label


def _name(text: str) -> str:
    if not text.isascii():
        try:
            text = idna.encode(text, uts46=True, std3_rules=True).decode("ascii")
        except (idna.IDNAError, UnicodeError, ValueError):
            raise FederationError("bad_host", "idna") from None
    name = text.lower().removesuffix(".")
    if not name or len(name) > 253:
        raise FederationError("bad_host", "length")
    labels = name.split(".")
    if name.startswith("[") or _NUMERIC.fullmatch(labels[-1]):
        address = _address(name)
        if not address:
            raise FederationError("bad_host", "address")
        return address
    return ".".join([_label(label) for label in labels])


@lru_cache(maxsize=8192)
def _canonical(text: str) -> tuple[str, int | None]:
    # uts46 silently drops soft hyphens and joiners; a name that holds them was made to deceive.
    if not text or len(text) > 255 or "%" in text or _UNSAFE.search(text) or _INVISIBLE.search(text):
        raise FederationError("bad_host", "characters")
    name, port = _split_port(text)
    return _name(name), port


def canonical_host(text: str) -> str:
    """The one lower-case ASCII spelling of a host, with its port where that is unusual.

    `EXAMPLE.com.`, `example.com:443` and `example\uff0ecom` all give `example.com`; international
    names give punycode. A port other than 80 and 443 stays (`localhost:8001`).

    Raises: `bad_host` for anything with no single meaning: `%2e`, spaces, `127.1`, bad punycode.
    """
    name, port = _canonical(text)
    return name if port in (None, 80, 443) else f"{name}:{port}"


def bare_host(host: str) -> str:
    """The canonical host without any port: what a domain block is compared with."""
    return _canonical(host)[0]


@lru_cache(maxsize=16384)
def _parse(uri: str) -> Parts:
    match = None if _UNSAFE.search(uri) else _URI.fullmatch(uri)
    if match is None:
        raise FederationError("bad_uri", "not a plain http(s) URL")
    scheme = match["scheme"].lower()
    try:
        host, port = _canonical(match["authority"])
    except FederationError as error:
        raise FederationError("bad_uri", f"host {error.detail}") from None
    path = match["path"] or ""
    return Parts(scheme, host, port or _DEFAULT_PORTS[scheme], path, match["query"], match["fragment"])


def parse(uri: str) -> Parts:
    """A URL taken apart.

    Raises: `bad_uri` for other schemes, user names in the URL, no host, spaces, control
    characters, backslashes, or more than `MAX_URI_CHARS` characters.
    """
    if not isinstance(uri, str) or len(uri) > MAX_URI_CHARS:
        raise FederationError("bad_uri", "not a text of sane length")
    # Long addresses are rare and a stranger's choice: they must not fill the cache.
    return _parse(uri) if len(uri) <= _CACHED_CHARS else _parse.__wrapped__(uri)


def host_of(uri: str) -> str:
    """The canonical host of a URL, with its port where that is not the scheme's own.

    Raises: `bad_uri`.
    """
    return parse(uri).authority


def origin_of(uri: str) -> str:
    """Scheme, canonical host and port as `https://host[:port]`; default ports are left out.

    Raises: `bad_uri`. Spec: FEP-fe34.
    """
    return parse(uri).origin


def same_origin(a: str, b: str) -> bool:
    """Whether two URLs share an origin; false when either has none (ORG-09)."""
    try:
        one, other = parse(a), parse(b)
    except FederationError:
        return False
    return one.host == other.host and one.port == other.port and one.scheme == other.scheme


def is_http_uri(value: object) -> bool:
    """Whether a value is a text that `parse` accepts."""
    try:
        parse(value)  # type: ignore[arg-type]  # any JSON value may come; parse looks first
    except FederationError:
        return False
    return True


def without_fragment(uri: str) -> str:
    """The URL of the document an id with a fragment lives in."""
    return uri.partition("#")[0]

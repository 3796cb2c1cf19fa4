"""Slow down who asks too often: fixed windows, counted in Valkey, by what is asked and by whom.

`check` counts for any subject (a login name, a mail address), `check_request` for the visitor's
address, normalised so that no spelling of a path or address opens another window (RL-02). When
Valkey is away each process counts for itself with a quarter of the limit: strict, never open
(RL-05). A visitor whose address cannot be told is refused where there is a limit (RL-04).
"""

import asyncio
import hashlib
import ipaddress
import logging
from collections.abc import Mapping
from typing import Final

import msgspec
from aiohttp import hdrs, web
from redis.exceptions import RedisError

from node.appkeys import NODE, VIEWER
from node.errors import NodeError
from node.runtime import Node

log = logging.getLogger("node.ratelimit")

_LOCAL_SHARE: Final = 4
_MOST_LOCAL_KEYS: Final = 50_000
_VALKEY_PATIENCE_S: Final = 0.5


class Limit(msgspec.Struct, frozen=True):
    """At most `most` in `window_s` seconds."""

    most: int
    window_s: int


# By visitor's address (or account, once signed in) unless the name says otherwise.
LIMITS: Mapping[str, Limit] = {
    "pages": Limit(600, 300),
    "write": Limit(120, 300),
    "api": Limit(600, 300),
    "api_write": Limit(300, 300),
    "media": Limit(60, 1800),
    "search": Limit(60, 300),
    "sign_in": Limit(30, 900),
    "sign_in_name": Limit(10, 900),  # by the name tried
    "register": Limit(10, 3600),
    "mail": Limit(10, 3600),
    "mail_address": Limit(5, 3600),  # by the recipient
    "forgot": Limit(10, 3600),
    "confirm": Limit(30, 3600),
    "invite": Limit(30, 3600),
    "reset": Limit(20, 3600),
    "apps": Limit(30, 600),
    "tokens": Limit(60, 300),
    "authorize": Limit(60, 300),
    "lookup": Limit(60, 300),
    "export": Limit(5, 3600),
}
_UNKNOWN: Final = Limit(300, 300)


async def check(node: Node, name: str, subject: str) -> None:
    """Count once for a subject.

    Raises: NodeError `too_many_requests` with seconds to wait.
    """
    if not node.config.web.rate_limits:
        return
    limit = LIMITS.get(name, _UNKNOWN)
    now_s = int(node.clock.now().timestamp())
    window = now_s // limit.window_s
    mark = hashlib.blake2b(subject.strip().casefold().encode(), digest_size=12).hexdigest()
    key = f"limit:{name}:{mark}:{window}"
    count, most = await _count(node, key, limit)
    if count > most:
        raise NodeError(
            "too_many_requests", detail=f"limit {name}", retry_after_s=(window + 1) * limit.window_s - now_s
        )


async def check_request(request: web.Request, name: str) -> None:
    """Count once for whoever sent this request: the account if there is one, else the address.

    Raises: NodeError `too_many_requests`.
    """
    node = request.app[NODE]
    if not name or not node.config.web.rate_limits:
        return
    viewer = request.get(VIEWER)
    if viewer is not None:
        await check(node, name, f"actor:{viewer.actor_id}")
        return
    address = visitor_address(request)
    if not address:
        raise NodeError("too_many_requests", detail="visitor without an address", retry_after_s=60)
    await check(node, name, address)


def visitor_address(request: web.Request) -> str:
    """The visitor's address as one form per household: IPv4 whole, IPv6 its /64; '' if unknown.

    `X-Forwarded-For` is believed only from the configured proxies, read from the right.
    """
    trusted = _networks(request.app[NODE].config.web.trusted_proxies)
    peer = request.remote or ""
    behind_socket = not peer  # a unix socket: only our own proxy can reach it
    hops = [
        hop.strip() for value in request.headers.getall(hdrs.X_FORWARDED_FOR, []) for hop in value.split(",")
    ]
    if behind_socket or _is_within(peer, trusted):
        for hop in reversed(hops[-10:]):
            peer = hop
            if not _is_within(hop, trusted):
                break
    return _household(peer)


def _household(address: str) -> str:
    ip = _parse(address)
    if ip is None:
        return ""
    if isinstance(ip, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((ip, 64), strict=False).network_address) + "/64"
    return str(ip)


def _parse(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        ip = ipaddress.ip_address(address.strip("[]").partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(ip, "ipv4_mapped", None)
    return mapped if isinstance(mapped, ipaddress.IPv4Address) else ip


def _networks(texts: tuple[str, ...]) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    return [ipaddress.ip_network(text, strict=False) for text in texts]


def _is_within(address: str, networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    ip = _parse(address)
    return ip is not None and any(ip in network for network in networks)


async def _count(node: Node, key: str, limit: Limit) -> tuple[int, int]:
    """How many there are now in this window, and how many may be."""
    try:
        async with asyncio.timeout(_VALKEY_PATIENCE_S):
            pipe = node.valkey.pipeline(transaction=False)
            pipe.incr(key)
            pipe.expire(key, limit.window_s + 5)
            counts = await pipe.execute()
        return int(counts[0]), limit.most
    except (RedisError, OSError, TimeoutError) as error:
        log.warning(
            "limits are counted in this process alone: Valkey is away", extra={"error": type(error).__name__}
        )
        local: dict[str, int] = node.caches.setdefault("ratelimit", {})
        if len(local) >= _MOST_LOCAL_KEYS:
            local.clear()
        local[key] = local.get(key, 0) + 1
        return local[key], max(1, limit.most // _LOCAL_SHARE)

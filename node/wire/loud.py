"""How much one host may say to us in a minute, so that one that floods is asked to slow down, alone.

Counted after the signature was checked, for the host whose key it is: nobody can use up what belongs
to another. Each web process counts for itself, in memory, as this is asked for every arrival. Called
by `inbound`.
"""

import asyncio
from collections import OrderedDict
from typing import Final

from federation.errors import FederationError
from node.runtime import Node

_HOSTS: Final = 4096
_MINUTE_S: Final = 60.0

Left = tuple[float, float]  # how many more may come, and when that was so


def check(node: Node, host: str) -> None:
    """Count one arrival from a host; what it may say comes back evenly over a minute.

    Raises: FederationError `host_too_loud`.
    """
    if not node.config.web.rate_limits:
        return
    most = node.config.federation.arrivals_per_minute
    seen: OrderedDict[str, Left] = node.caches.setdefault("loud_hosts", OrderedDict())
    now = asyncio.get_running_loop().time()
    left, at = seen.pop(host, (float(most), now))
    left = min(most, left + (now - at) * most / _MINUTE_S)
    is_too_much = left < 1
    seen[host] = (left if is_too_much else left - 1, now)
    while len(seen) > _HOSTS:
        seen.popitem(last=False)
    if is_too_much:
        raise FederationError("host_too_loud", host, permanent=False, status=429)

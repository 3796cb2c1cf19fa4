"""Keeping two hosts' ideas of who follows whom the same: the header out, and a look at the header in.

What is for followers alone carries the digest of those on the host it goes to. A digest that differs
from ours is noted, and a job of the follows mends it later. Spec: FEP-8fcf.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Collection
from datetime import timedelta
from typing import Final

from federation import followers
from federation.followers import Claim
from federation.inbox import Received
from node.runtime import Node
from node.wire import wants
from node.wire.store import followers as store

PATH: Final = "followers_synchronization"
COOLDOWN: Final = timedelta(minutes=10)
_SEEN: Final = 2000

Headers = tuple[tuple[str, str], ...]


async def headers_for(node: Node, sender_id: int, hosts: Collection[str]) -> dict[str, Headers]:
    """The header for deliveries of this sender to each of these hosts, as it stands at this moment."""
    async with node.db.read() as tx:
        found = await store.list_listings(tx, sender_id, sorted(hosts))
    made: dict[str, Headers] = {}
    for host, listing in found.items():
        if listing.followers_uri:
            digest = f"{int(listing.bits or '0', 2):064x}"
            claim = Claim(listing.followers_uri, digest, f"{listing.uri}/{PATH}")
            made[host] = ((followers.HEADER, followers.write(claim)),)
    return made


async def notice(node: Node, received: Received, header: str) -> None:
    """A sender told what it thinks of our people who follow it; ask it when we think otherwise."""
    if received.forwarded or received.gone:
        return
    claim = followers.read(header, received.actor)
    seen: OrderedDict[tuple[str, str], float] = node.caches.setdefault("followers_seen", OrderedDict())
    moment = asyncio.get_running_loop().time()
    if claim is None or moment < seen.get((received.actor, claim.digest), 0.0):
        return
    bits = f"{int(claim.digest, 16):0256b}"
    async with node.db.read() as tx:
        actor_id = await store.find_differing(tx, received.actor, claim.collection, bits)
    if actor_id is None:
        seen[received.actor, claim.digest] = moment + COOLDOWN.total_seconds()
        while len(seen) > _SEEN:
            seen.popitem(last=False)
        return
    async with node.db.tx() as tx:
        await wants.ask(tx, "followers", actor_id, cooldown=COOLDOWN, detail=f"{claim.digest} {claim.url}")

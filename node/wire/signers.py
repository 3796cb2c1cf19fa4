"""Our own actors' private keys, unsealed when needed and kept in this process's memory.

Never logs, never hands out a key in any form but `federation.keys.Signer`.
"""

from collections import OrderedDict

import msgspec

from federation import keys
from federation.keys import Signer
from node.errors import NodeError
from node.runtime import Node
from node.wire.store import deliveries as store

_CACHE_ROWS = 512


class Signers(msgspec.Struct, frozen=True):
    """Both keys of one actor: RSA for HTTP signatures, Ed25519 for object proofs."""

    rsa: Signer
    ed25519: Signer


async def signers_of(node: Node, actor_id: int) -> Signers:
    """The keys of one of our actors. Raises: NodeError `not_found` when it has none."""
    cache: OrderedDict[int, Signers] = node.caches.setdefault("signers", OrderedDict())
    found = cache.get(actor_id)
    if found is None:
        async with node.db.read() as tx:
            row = await store.find_signing(tx, actor_id)
        if row is None:
            raise NodeError("not_found", detail=f"no keys for actor {actor_id}")
        secret = node.keyring.key("sealing")
        found = Signers(
            Signer(row.public_key_id, keys.load_private(keys.unseal(row.rsa_sealed, secret))),
            Signer(row.ed25519_key_id, keys.load_private(keys.unseal(row.ed25519_sealed, secret))),
        )
        cache[actor_id] = found
        while len(cache) > _CACHE_ROWS:
            cache.popitem(last=False)
    return found

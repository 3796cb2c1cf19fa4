"""Our own actors' private keys, unsealed when needed and kept in this process's memory.

Never logs, never hands out a key in any form but `federation.keys.Signer`.
"""

from collections import OrderedDict
from typing import Any

import msgspec

from federation import keys, proofs
from federation.keys import Signer
from node.db.database import Prove, Tx
from node.errors import NodeError
from node.runtime import Node
from node.wire.store import deliveries as store

_CACHE_ROWS = 512


class Signers(msgspec.Struct, frozen=True):
    """Both keys of one actor: RSA for HTTP signatures, Ed25519 for object proofs."""

    rsa: Signer
    ed25519: Signer


def prover(node: Node) -> Prove:
    """What a transaction asks for proofs (`Tx.prove`). Spec: FEP-8b32."""

    async def prove(tx: Tx, actor_id: int, document: dict[str, Any]) -> dict[str, Any]:
        signers = await signers_of(node, actor_id, tx)
        return proofs.add_proof(proofs.with_context(document), signers.ed25519, tx.now)

    return prove


async def signers_of(node: Node, actor_id: int, tx: Tx | None = None) -> Signers:
    """The keys of one of our actors. Raises: NodeError `not_found` when it has none.

    With `tx` they may be keys that this transaction has only just made.
    """
    cache: OrderedDict[int, Signers] = node.caches.setdefault("signers", OrderedDict())
    found = cache.get(actor_id)
    if found is None:
        if tx is None:
            async with node.db.read() as reading:
                row = await store.find_signing(reading, actor_id)
        else:
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

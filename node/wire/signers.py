"""Our own actors' private keys, unsealed when needed and kept in this process's memory.

Never logs, never hands out a key in any form but `federation.keys.Signer`.
"""

import asyncio
from collections import OrderedDict
from datetime import datetime
from typing import Any

from federation import keys, proofs
from federation.delivery import Pens
from federation.fetch import Renew
from federation.keys import Signer
from node.db.database import Prove, Tx
from node.errors import NodeError
from node.runtime import Node
from node.wire.store import deliveries as store

_CACHE_ROWS = 512
RENEWED_S = 10.0  # so long other processes may still sign fetches with a key that was exchanged


def prover(node: Node) -> Prove:
    """What a transaction asks for proofs (`Tx.prove`). Spec: FEP-8b32."""

    async def prove(tx: Tx, actor_id: int, document: dict[str, Any]) -> dict[str, Any]:
        pens = await signers_of(node, actor_id, tx, made_at=await store.find_keys_at(tx, actor_id))
        assert pens.ed25519 is not None
        return proofs.add_proof(proofs.with_context(document), pens.ed25519, tx.now)

    return prove


def forget(node: Node, actor_id: int) -> None:
    """The keys of this actor were exchanged here: read them anew."""
    node.caches.get("signers", {}).pop(actor_id, None)


def fetch_signer(node: Node, actor_id: int) -> Renew:
    """What a fetcher asks for the key of the actor it signs as; at most once in `RENEWED_S` it is read anew."""
    checked: list[tuple[float, Signer]] = []

    async def renew() -> Signer:
        loop = asyncio.get_running_loop()
        if not checked or loop.time() - checked[0][0] > RENEWED_S:
            async with node.db.read() as tx:
                made_at = await store.find_keys_at(tx, actor_id)
                pens = await signers_of(node, actor_id, tx, made_at=made_at)
            checked[:] = [(loop.time(), pens.rsa)]
        return checked[0][1]

    return renew


async def signers_of(
    node: Node, actor_id: int, tx: Tx | None = None, *, made_at: datetime | None = None
) -> Pens:
    """The keys of one of our actors. Raises: NodeError `not_found` when it has none.

    With `tx` they may be keys that this transaction has only just made. `made_at` tells which keys are
    meant: others in memory are older, since replaced by another process.
    """
    cache: OrderedDict[int, tuple[datetime, Pens]] = node.caches.setdefault("signers", OrderedDict())
    found = cache.get(actor_id)
    if found is None or made_at not in (None, found[0]):
        if tx is None:
            async with node.db.read() as reading:
                row = await store.find_signing(reading, actor_id)
        else:
            row = await store.find_signing(tx, actor_id)
        if row is None:
            raise NodeError("not_found", detail=f"no keys for actor {actor_id}")
        secret = node.keyring.key("sealing")
        pens = Pens(
            Signer(row.public_key_id, keys.load_private(keys.unseal(row.rsa_sealed, secret))),
            Signer(row.ed25519_key_id, keys.load_private(keys.unseal(row.ed25519_sealed, secret))),
        )
        found = cache[actor_id] = (row.made_at, pens)
        while len(cache) > _CACHE_ROWS:
            cache.popitem(last=False)
    return found[1]

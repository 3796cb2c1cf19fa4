"""New keys for our own actors, in place of those they have.

The ids of the keys stay, so what others remember of them is replaced when they look again: a
signature that does not fit has every server fetch the key anew. Called by the command line.
"""

import asyncio

import msgspec

from federation import keys
from federation.keys import AnyPrivateKey
from node.db.database import Tx
from node.errors import NodeError
from node.features.actors import service
from node.features.actors.store import reads, secrets, writes
from node.features.actors.store.reads import Actor
from node.runtime import Node
from node.wire import signers


class FreshKeys(msgspec.Struct, frozen=True):
    """Both private keys, not stored yet."""

    rsa: AnyPrivateKey
    ed25519: AnyPrivateKey


async def make_keys() -> FreshKeys:
    """Both keys for one actor; takes a moment, so make them before a transaction."""
    return await asyncio.to_thread(lambda: FreshKeys(keys.generate_rsa(), keys.generate_ed25519()))


async def rotate(tx: Tx, node: Node, actor_id: int, fresh: FreshKeys) -> Actor:
    """Exchange an actor's keys and tell everybody who knows it.

    Whatever still waits to be delivered is signed with the new keys, the news of them too.
    Raises: NodeError `not_found`, `gone` for a deleted actor.
    """
    actor = await reads.get_actor(tx, actor_id)
    if not actor.local:
        raise NodeError("not_found")
    if actor.deleted_at is not None:
        raise NodeError("gone")
    secret = node.keyring.key("sealing")
    sealed = (
        keys.seal(keys.private_pem(fresh.rsa), secret),
        keys.seal(keys.private_pem(fresh.ed25519), secret),
    )
    await secrets.put_new_secrets(tx, actor_id, *sealed)
    changed = msgspec.structs.replace(
        actor,
        public_key_pem=keys.public_pem(fresh.rsa),
        ed25519_multibase=keys.multikey(fresh.ed25519),  # type: ignore[arg-type]  # it is Ed25519
        updated_at=tx.now,
    )
    stored = await writes.put_actor(tx, changed)
    assert stored is not None
    signers.forget(node, actor_id)
    await service.publish_update(tx, node, stored)
    return stored

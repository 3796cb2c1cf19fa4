"""The sealed private keys of our own actors."""

import msgspec

from node.db import rows
from node.db.database import Tx


class Secrets(msgspec.Struct, frozen=True):
    """The sealed private keys of one of our actors (`federation.keys.unseal`)."""

    rsa_sealed: str
    ed25519_sealed: str


async def get_secrets(tx: Tx, actor_id: int) -> Secrets:
    """The sealed private keys. Raises: NodeError `not_found`."""
    return rows.one(
        Secrets,
        await tx.fetchrow(
            "SELECT rsa_sealed, ed25519_sealed FROM actor_secrets WHERE actor_id = $1", actor_id
        ),
    )


async def put_secrets(tx: Tx, actor_id: int, rsa_sealed: str, ed25519_sealed: str) -> None:
    """Keep the sealed private keys of one of our actors."""
    await tx.execute(
        "INSERT INTO actor_secrets (actor_id, rsa_sealed, ed25519_sealed, created_at) VALUES ($1,$2,$3,$4)",
        actor_id,
        rsa_sealed,
        ed25519_sealed,
        tx.now,
    )


async def put_new_secrets(tx: Tx, actor_id: int, rsa_sealed: str, ed25519_sealed: str) -> None:
    """Put new private keys in place of those an actor of ours has."""
    await tx.execute(
        "UPDATE actor_secrets SET rsa_sealed = $2, ed25519_sealed = $3, created_at = $4 WHERE actor_id = $1",
        actor_id,
        rsa_sealed,
        ed25519_sealed,
        tx.now,
    )

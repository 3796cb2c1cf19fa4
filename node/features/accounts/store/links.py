"""SQL of `mail_tokens`: links sent by mail, found by the SHA-256 of their secret, used once."""

from datetime import datetime

import msgspec

from node.db.database import Tx
from node.db.rows import maybe


class Link(msgspec.Struct, frozen=True):
    """A link that was sent and not used yet."""

    actor_id: int
    purpose: str
    email: str


async def put_link(tx: Tx, token_hash: bytes, link: Link, expires_at: datetime) -> None:
    """Remember a link."""
    await tx.execute(
        """
        INSERT INTO mail_tokens (token_hash, actor_id, purpose, email, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6)
        """,
        token_hash,
        link.actor_id,
        link.purpose,
        link.email,
        tx.now,
        expires_at,
    )


async def find_link(tx: Tx, token_hash: bytes, purposes: tuple[str, ...]) -> Link | None:
    """A link that still works, for one of the purposes."""
    row = await tx.fetchrow(
        """
        SELECT actor_id, purpose, email FROM mail_tokens
        WHERE token_hash = $1 AND purpose = ANY($2::text[]) AND expires_at > $3
        """,
        token_hash,
        list(purposes),
        tx.now,
    )
    return maybe(Link, row)


async def delete_link(tx: Tx, token_hash: bytes, purposes: tuple[str, ...]) -> Link | None:
    """Use a link up: give it and remove it in one statement, so it works exactly once."""
    row = await tx.fetchrow(
        """
        DELETE FROM mail_tokens WHERE token_hash = $1 AND purpose = ANY($2::text[]) AND expires_at > $3
        RETURNING actor_id, purpose, email
        """,
        token_hash,
        list(purposes),
        tx.now,
    )
    return maybe(Link, row)


async def delete_links(tx: Tx, actor_id: int, purposes: tuple[str, ...]) -> None:
    """Make a person's open links of these purposes useless."""
    await tx.execute(
        "DELETE FROM mail_tokens WHERE actor_id = $1 AND purpose = ANY($2::text[])", actor_id, list(purposes)
    )


async def delete_expired(tx: Tx) -> None:
    """Remove links nobody can use any more."""
    await tx.execute("DELETE FROM mail_tokens WHERE expires_at <= $1", tx.now)

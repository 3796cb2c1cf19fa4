"""SQL of `invites`: codes that open the door a limited number of times."""

from datetime import datetime

import msgspec

from node.db.database import Tx
from node.db.rows import many


class Invite(msgspec.Struct, frozen=True):
    """An invitation as the people who manage the house see it; the code itself is not kept."""

    id: int
    created_by: int | None
    created_by_name: str
    note: str
    max_uses: int
    uses: int
    expires_at: datetime | None
    revoked_at: datetime | None
    created_at: datetime


class NewInvite(msgspec.Struct, frozen=True, kw_only=True):
    """The row `put_invite` writes."""

    id: int
    code_hash: bytes
    created_by: int | None
    note: str
    max_uses: int
    expires_at: datetime | None


_OPEN = "revoked_at IS NULL AND uses < max_uses AND (expires_at IS NULL OR expires_at > $2)"


async def put_invite(tx: Tx, new: NewInvite) -> None:
    """Write a new invitation."""
    await tx.execute(
        """
        INSERT INTO invites (id, code_hash, created_by, note, max_uses, expires_at, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        """,
        new.id,
        new.code_hash,
        new.created_by,
        new.note,
        new.max_uses,
        new.expires_at,
        tx.now,
    )


async def find_open_invite(tx: Tx, code_hash: bytes) -> int | None:
    """The id of an invitation that could be used now."""
    found: int | None = await tx.fetchval(
        f"SELECT id FROM invites WHERE code_hash = $1 AND {_OPEN}", code_hash, tx.now
    )
    return found


async def put_use(tx: Tx, code_hash: bytes) -> int | None:
    """Use the invitation once and give its id; None when it is not open any more.

    One statement looks and counts, so of two people with the last use exactly one gets it.
    """
    found: int | None = await tx.fetchval(
        f"UPDATE invites SET uses = uses + 1 WHERE code_hash = $1 AND {_OPEN} RETURNING id", code_hash, tx.now
    )
    return found


async def put_use_back(tx: Tx, invite_id: int) -> None:
    """Give a use back: the person never came."""
    await tx.execute("UPDATE invites SET uses = uses - 1 WHERE id = $1 AND uses > 0", invite_id)


async def put_revoked(tx: Tx, invite_id: int) -> bool:
    """Close an invitation; False when there is none open with this id."""
    status = await tx.execute(
        "UPDATE invites SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL", invite_id, tx.now
    )
    return bool(status.endswith(" 1"))


async def list_invites(tx: Tx, limit: int = 100) -> list[Invite]:
    """Invitations, newest first."""
    rows = await tx.fetch(
        """
        SELECT i.id, i.created_by, coalesce(nullif(p.display_name, ''), p.username, '') AS created_by_name,
               i.note, i.max_uses, i.uses, i.expires_at, i.revoked_at, i.created_at
        FROM invites i LEFT JOIN actors p ON p.id = i.created_by
        ORDER BY i.id DESC LIMIT $1
        """,
        limit,
    )
    return many(Invite, rows)

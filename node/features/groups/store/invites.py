"""Links that let in whoever holds them. Only a hash of the code is kept."""

from datetime import datetime

import msgspec

from node.db import rows
from node.db.database import Tx

_COLUMNS = "id, group_id, email, created_by, max_uses, uses, expires_at, revoked_at, created_at"


class Invite(msgspec.Struct, frozen=True):
    """A link into a group: for how many, until when, and to which address it was sent, if to one."""

    id: int
    group_id: int
    email: str
    created_by: int | None
    max_uses: int
    uses: int
    expires_at: datetime | None
    revoked_at: datetime | None
    created_at: datetime


async def put_invite(tx: Tx, invite: Invite, code_hash: bytes) -> None:
    """Store a new link."""
    await tx.execute(
        f"INSERT INTO group_invites ({_COLUMNS}, code_hash) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)",
        *[getattr(invite, field) for field in Invite.__struct_fields__],
        code_hash,
    )


_OPEN = "revoked_at IS NULL AND uses < max_uses AND (expires_at IS NULL OR expires_at > $2)"


async def find_open(tx: Tx, code_hash: bytes) -> Invite | None:
    """The link of this code, if it still lets in."""
    record = await tx.fetchrow(
        f"SELECT {_COLUMNS} FROM group_invites WHERE code_hash = $1 AND {_OPEN}", code_hash, tx.now
    )
    return rows.maybe(Invite, record)


async def put_used(tx: Tx, code_hash: bytes) -> Invite | None:
    """Count one use, in one statement with the look whether it still lets in; None when it does not."""
    record = await tx.fetchrow(
        f"UPDATE group_invites SET uses = uses + 1 WHERE code_hash = $1 AND {_OPEN} RETURNING {_COLUMNS}",
        code_hash,
        tx.now,
    )
    return rows.maybe(Invite, record)


async def put_revoked(tx: Tx, group_id: int, invite_id: int) -> bool:
    """Close a link; False when there was none open."""
    found = await tx.fetchval(
        """UPDATE group_invites SET revoked_at = $3 WHERE group_id = $1 AND id = $2 AND revoked_at IS NULL
           RETURNING id""",
        group_id,
        invite_id,
        tx.now,
    )
    return found is not None


async def list_invites(tx: Tx, group_id: int) -> list[Invite]:
    """The links that still let in, newest first."""
    records = await tx.fetch(
        f"SELECT {_COLUMNS} FROM group_invites WHERE group_id = $1 AND {_OPEN} ORDER BY id DESC LIMIT 100",
        group_id,
        tx.now,
    )
    return rows.many(Invite, records)

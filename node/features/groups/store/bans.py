"""Who may not come back into a group, and until when."""

from datetime import datetime

import msgspec

from node.db import rows
from node.db.database import Tx

_COLUMNS = "id, uri, group_id, actor_id, by_id, reason, expires_at, created_at"


class Ban(msgspec.Struct, frozen=True):
    """Somebody is kept out of a group; `uri` is of the Block."""

    id: int
    uri: str
    group_id: int
    actor_id: int
    by_id: int | None
    reason: str
    expires_at: datetime | None
    created_at: datetime


async def find_ban(tx: Tx, group_id: int, actor_id: int) -> Ban | None:
    """The ban that holds now."""
    record = await tx.fetchrow(
        f"""SELECT {_COLUMNS} FROM group_bans
            WHERE group_id = $1 AND actor_id = $2 AND (expires_at IS NULL OR expires_at > $3)""",
        group_id,
        actor_id,
        tx.now,
    )
    return rows.maybe(Ban, record)


async def put_ban(tx: Tx, ban: Ban) -> Ban:
    """Keep somebody out; a second ban takes the place of the first."""
    return rows.one(
        Ban,
        await tx.fetchrow(
            f"""INSERT INTO group_bans ({_COLUMNS}) VALUES ($1,$2,$3,$4,$5,$6,$7,$8)
                ON CONFLICT (group_id, actor_id) DO UPDATE SET uri = EXCLUDED.uri, by_id = EXCLUDED.by_id,
                    reason = EXCLUDED.reason, expires_at = EXCLUDED.expires_at
                RETURNING {_COLUMNS}""",
            *[getattr(ban, field) for field in Ban.__struct_fields__],
        ),
    )


async def delete_ban(tx: Tx, group_id: int, actor_id: int) -> Ban | None:
    """Let somebody come back; returns what it was."""
    record = await tx.fetchrow(
        f"DELETE FROM group_bans WHERE group_id = $1 AND actor_id = $2 RETURNING {_COLUMNS}",
        group_id,
        actor_id,
    )
    return rows.maybe(Ban, record)


async def list_bans(tx: Tx, group_id: int, before_id: int, limit: int) -> list[Ban]:
    """Who is kept out, newest first (`before_id` 0: from the newest)."""
    records = await tx.fetch(
        f"""SELECT {_COLUMNS} FROM group_bans
            WHERE group_id = $1 AND ($2::bigint = 0 OR id < $2) AND (expires_at IS NULL OR expires_at > $4)
            ORDER BY id DESC LIMIT $3""",
        group_id,
        before_id,
        limit,
        tx.now,
    )
    return rows.many(Ban, records)


async def list_expired(tx: Tx, limit: int) -> list[Ban]:
    """Bans of our groups whose time is over."""
    records = await tx.fetch(
        """SELECT b.id, b.uri, b.group_id, b.actor_id, b.by_id, b.reason, b.expires_at, b.created_at
           FROM group_bans b JOIN actors a ON a.id = b.group_id AND a.local
           WHERE b.expires_at <= $1 ORDER BY b.expires_at LIMIT $2""",
        tx.now,
        limit,
    )
    return rows.many(Ban, records)

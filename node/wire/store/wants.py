"""What is asked of the network in the background: one row for each subject, due or ended."""

from datetime import datetime, timedelta

import msgspec

from node.db import rows
from node.db.database import Tx


class Want(msgspec.Struct, frozen=True):
    """Something wanted: since when, how often it was tried, and when it ended (with a code: without it)."""

    kind: str
    subject_id: int
    detail: str
    asked_at: datetime
    next_attempt_at: datetime
    attempts: int
    ended_at: datetime | None
    code: str


_COLUMNS = "kind, subject_id, detail, asked_at, next_attempt_at, attempts, ended_at, code"


async def find_want(tx: Tx, kind: str, subject_id: int) -> Want | None:
    """What became of it so far, if anybody asked."""
    return rows.maybe(
        Want,
        await tx.fetchrow(
            f"SELECT {_COLUMNS} FROM wants WHERE kind = $1 AND subject_id = $2", kind, subject_id
        ),
    )


async def put_want(tx: Tx, kind: str, subject_id: int, detail: str, asked_before: datetime) -> bool:
    """Ask, unless it was asked after `asked_before` or is still being tried; False when so."""
    found = await tx.fetchval(
        """INSERT INTO wants (kind, subject_id, detail, asked_at, next_attempt_at) VALUES ($1, $2, $3, $4, $4)
           ON CONFLICT (kind, subject_id) DO UPDATE SET detail = EXCLUDED.detail, asked_at = EXCLUDED.asked_at,
               next_attempt_at = EXCLUDED.next_attempt_at, attempts = 0, ended_at = NULL, code = ''
               WHERE wants.ended_at IS NOT NULL AND wants.asked_at <= $5
           RETURNING subject_id""",
        kind,
        subject_id,
        detail,
        tx.now,
        asked_before,
    )
    return found is not None


async def lease_want(tx: Tx, kind: str, subject_id: int, lease: timedelta) -> Want | None:
    """Take a due one in hand for a while; None when there is none or somebody else has it."""
    return rows.maybe(
        Want,
        await tx.fetchrow(
            f"""UPDATE wants SET attempts = attempts + 1, next_attempt_at = $4
                WHERE kind = $1 AND subject_id = $2 AND ended_at IS NULL AND next_attempt_at <= $3
                RETURNING {_COLUMNS}""",
            kind,
            subject_id,
            tx.now,
            tx.now + lease,
        ),
    )


async def put_ended(tx: Tx, want: Want, code: str) -> None:
    """It is over; `code` says why when it brought nothing."""
    await tx.execute(
        "UPDATE wants SET ended_at = $3, code = $4 WHERE kind = $1 AND subject_id = $2",
        want.kind,
        want.subject_id,
        tx.now,
        code,
    )


async def put_again(tx: Tx, want: Want, code: str, again_at: datetime) -> None:
    """It failed for now and is tried again."""
    await tx.execute(
        "UPDATE wants SET next_attempt_at = $3, code = $4 WHERE kind = $1 AND subject_id = $2",
        want.kind,
        want.subject_id,
        again_at,
        code,
    )


async def put_more(tx: Tx, want: Want) -> None:
    """It went well and there is more of it: due again at once, as if it were new."""
    await tx.execute(
        "UPDATE wants SET next_attempt_at = $3, attempts = 0, code = '' WHERE kind = $1 AND subject_id = $2",
        want.kind,
        want.subject_id,
        tx.now,
    )


async def list_due(tx: Tx, limit: int) -> list[Want]:
    """What nobody has in hand, longest due first."""
    records = await tx.fetch(
        f"""SELECT {_COLUMNS} FROM wants WHERE ended_at IS NULL AND next_attempt_at <= $1
            ORDER BY next_attempt_at LIMIT $2""",
        tx.now,
        limit,
    )
    return rows.many(Want, records)


async def delete_ended(tx: Tx, before: datetime) -> None:
    """Forget what ended before then, a bounded number at a time."""
    await tx.execute(
        """DELETE FROM wants WHERE (kind, subject_id) IN (
               SELECT kind, subject_id FROM wants WHERE ended_at < $1 LIMIT 10000)""",
        before,
    )

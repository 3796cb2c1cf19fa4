"""What those who run a group did."""

from datetime import datetime
from typing import Any

import msgspec

from node.db import rows
from node.db.database import Tx

_COLUMNS = """id, uri, group_id, by_id, action, target_id, post_id, reason, detail, undone_by, created_at"""


class LogEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One deed: who, what, to whom or to which post, why. `undone_by` is the entry that took it back."""

    id: int
    uri: str = ""
    group_id: int
    by_id: int | None
    action: str
    target_id: int | None = None
    post_id: int | None = None
    reason: str = ""
    detail: dict[str, Any] = {}
    undone_by: int | None = None
    created_at: datetime


async def put_entry(tx: Tx, entry: LogEntry) -> None:
    """Write down a deed."""
    await tx.execute(
        f"INSERT INTO group_log ({_COLUMNS}) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)",
        *[getattr(entry, field) for field in LogEntry.__struct_fields__],
    )


async def find_entry(tx: Tx, group_id: int, entry_id: int) -> LogEntry | None:
    """One deed of this group."""
    record = await tx.fetchrow(
        f"SELECT {_COLUMNS} FROM group_log WHERE group_id = $1 AND id = $2", group_id, entry_id
    )
    return rows.maybe(LogEntry, record)


async def find_by_uri(tx: Tx, group_id: int, uri: str) -> LogEntry | None:
    """The deed that this activity did."""
    record = await tx.fetchrow(
        f"SELECT {_COLUMNS} FROM group_log WHERE group_id = $1 AND uri = $2 ORDER BY id DESC LIMIT 1",
        group_id,
        uri,
    )
    return rows.maybe(LogEntry, record)


async def put_undone(tx: Tx, group_id: int, entry_id: int, by_entry_id: int) -> None:
    """Mark a deed as taken back by another."""
    await tx.execute(
        "UPDATE group_log SET undone_by = $3 WHERE group_id = $1 AND id = $2 AND undone_by IS NULL",
        group_id,
        entry_id,
        by_entry_id,
    )


async def find_last(
    tx: Tx, group_id: int, action: str, *, target_id: int | None = None, post_id: int | None = None
) -> LogEntry | None:
    """The latest deed of a kind to somebody or to a post that was not taken back."""
    record = await tx.fetchrow(
        f"""SELECT {_COLUMNS} FROM group_log
            WHERE group_id = $1 AND action = $2 AND undone_by IS NULL
              AND target_id IS NOT DISTINCT FROM $3 AND post_id IS NOT DISTINCT FROM $4
            ORDER BY id DESC LIMIT 1""",
        group_id,
        action,
        target_id,
        post_id,
    )
    return rows.maybe(LogEntry, record)


async def list_entries(tx: Tx, group_id: int, before_id: int, limit: int) -> list[LogEntry]:
    """What was done, newest first (`before_id` 0: from the newest)."""
    records = await tx.fetch(
        f"""SELECT {_COLUMNS} FROM group_log WHERE group_id = $1 AND ($2::bigint = 0 OR id < $2)
            ORDER BY id DESC LIMIT $3""",
        group_id,
        before_id,
        limit,
    )
    return rows.many(LogEntry, records)

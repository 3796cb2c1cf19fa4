"""What the daily look after groups reads and writes."""

from datetime import datetime

import msgspec

from node.db import rows
from node.db.database import Tx


class Ours(msgspec.Struct, frozen=True):
    """One of our people and how they stand to a group of another house, since when."""

    actor_id: int
    uri: str
    state: str
    since: datetime


class Heir(msgspec.Struct, frozen=True):
    """Who stands next in line to own a group."""

    id: int
    actor_id: int
    role: str


async def list_unchecked(tx: Tx, before: datetime, limit: int) -> list[int]:
    """Groups not compared since, that somebody here or elsewhere belongs to."""
    records = await tx.fetch(
        """SELECT g.actor_id FROM groups g JOIN actors a ON a.id = g.actor_id AND a.deleted_at IS NULL
           WHERE (g.checked_at IS NULL OR g.checked_at < $1) AND g.visibility <> 'local'
             AND EXISTS (SELECT 1 FROM members m JOIN actors p ON p.id = m.actor_id
                         WHERE m.group_id = g.actor_id AND p.local <> a.local)
           ORDER BY g.checked_at NULLS FIRST LIMIT $2""",
        before,
        limit,
    )
    return [record["actor_id"] for record in records]


async def put_checked(tx: Tx, group_id: int) -> None:
    """Remember that a group was compared now."""
    await tx.execute("UPDATE groups SET checked_at = $2 WHERE actor_id = $1", group_id, tx.now)


async def list_ours(tx: Tx, group_id: int) -> list[Ours]:
    """Our people who belong to a group or asked to."""
    records = await tx.fetch(
        """SELECT m.actor_id, a.uri, m.state, COALESCE(m.joined_at, m.created_at) AS since
           FROM members m JOIN actors a ON a.id = m.actor_id
           WHERE m.group_id = $1 AND a.local AND m.state IN ('member', 'asked')""",
        group_id,
    )
    return rows.many(Ours, records)


async def list_orphaned(tx: Tx, limit: int) -> list[int]:
    """Groups of ours that nobody owns any more."""
    records = await tx.fetch(
        """SELECT g.actor_id FROM groups g JOIN actors a ON a.id = g.actor_id AND a.local AND a.deleted_at IS NULL
           WHERE g.archived_at IS NULL AND NOT EXISTS (
               SELECT 1 FROM members m WHERE m.group_id = g.actor_id AND m.state = 'member' AND m.role = 'owner')
           LIMIT $1""",
        limit,
    )
    return [record["actor_id"] for record in records]


async def find_heir(tx: Tx, group_id: int) -> Heir | None:
    """The member who stands highest, and among equals belongs longest."""
    record = await tx.fetchrow(
        """SELECT m.id, m.actor_id, m.role FROM members m JOIN actors a ON a.id = m.actor_id
           WHERE m.group_id = $1 AND m.state = 'member' AND a.deleted_at IS NULL AND a.suspended_at IS NULL
           ORDER BY CASE m.role WHEN 'admin' THEN 0 WHEN 'moderator' THEN 1 WHEN 'editor' THEN 2 ELSE 3 END,
                    m.joined_at NULLS LAST, m.id
           LIMIT 1""",
        group_id,
    )
    return rows.maybe(Heir, record)


async def put_archived(tx: Tx, group_id: int) -> None:
    """Close a group for anything new."""
    await tx.execute("UPDATE groups SET archived_at = $2 WHERE actor_id = $1", group_id, tx.now)

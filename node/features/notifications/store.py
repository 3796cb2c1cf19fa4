"""All SQL that writes notifications."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from node.db.batches import count_of
from node.db.database import Tx
from node.ids import first_id_at


class Notice(msgspec.Struct, frozen=True):
    """That somebody did something, for one person to hear."""

    owner_id: int
    kind: str
    actor_id: int
    post_id: int | None = None
    group_id: int | None = None


async def put_notifications(tx: Tx, notices: Sequence[Notice]) -> None:
    """One statement: only for our own people, unless they muted or blocked the other.

    Of posts in a group hears nobody who chose to look in by themselves.
    """
    await tx.execute(
        """INSERT INTO notifications (id, owner_id, kind, actor_id, post_id, group_id, created_at)
           SELECT n.id, a.id, n.kind, n.actor_id, n.post_id, n.group_id, $6::timestamptz
           FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $7::bigint[])
                AS n (id, owner_id, kind, actor_id, post_id, group_id)
           JOIN actors a ON a.id = n.owner_id AND a.local
           WHERE NOT EXISTS (SELECT 1 FROM mutes m WHERE m.actor_id = a.id AND m.target_id = n.actor_id
                             AND m.notifications AND (m.expires_at IS NULL OR m.expires_at > $6))
             AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.actor_id = a.id AND b.target_id = n.actor_id)
             AND NOT EXISTS (SELECT 1 FROM posts p JOIN members m ON m.group_id = p.group_id
                             WHERE p.id = n.post_id AND m.actor_id = a.id AND m.level = 'nothing')
           ON CONFLICT DO NOTHING""",
        [tx.new_id() for _ in notices],
        [notice.owner_id for notice in notices],
        [notice.kind for notice in notices],
        [notice.actor_id for notice in notices],
        [notice.post_id for notice in notices],
        tx.now,
        [notice.group_id for notice in notices],
    )


async def delete_about_group(tx: Tx, kind: str, actor_id: int, group_id: int) -> None:
    """Remove what everybody was told of somebody and a group."""
    await tx.execute(
        "DELETE FROM notifications WHERE group_id = $3 AND kind = $1 AND actor_id = $2",
        kind,
        actor_id,
        group_id,
    )


async def delete_notification(tx: Tx, owner_id: int, kind: str, actor_id: int, post_id: int | None) -> None:
    """Remove one notification."""
    await tx.execute(
        """DELETE FROM notifications WHERE owner_id = $1 AND kind = $2 AND actor_id = $3
           AND post_id IS NOT DISTINCT FROM $4""",
        owner_id,
        kind,
        actor_id,
        post_id,
    )


async def delete_about_post(tx: Tx, post_id: int, *, unwanted_only: bool) -> None:
    """Remove what people were told of a post; `unwanted_only`: those who want to hear nothing of its group."""
    await tx.execute(
        """DELETE FROM notifications n WHERE n.post_id = $1 AND (NOT $2::boolean OR EXISTS (
               SELECT 1 FROM posts p JOIN members m ON m.group_id = p.group_id
               WHERE p.id = n.post_id AND m.actor_id = n.owner_id AND m.level = 'nothing'))""",
        post_id,
        unwanted_only,
    )


async def delete_before(tx: Tx, before: datetime, limit: int) -> int:
    """Forget what happened before then, the oldest first; how many it were."""
    return count_of(
        await tx.execute(
            """DELETE FROM notifications WHERE id IN (
                   SELECT id FROM notifications WHERE id < $1 ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED)""",
            first_id_at(before),
            limit,
        )
    )


async def delete_from_group(tx: Tx, owner_id: int, kind: str, group_id: int) -> None:
    """Remove what one person was told by a group."""
    await tx.execute(
        "DELETE FROM notifications WHERE owner_id = $1 AND kind = $2 AND group_id = $3",
        owner_id,
        kind,
        group_id,
    )

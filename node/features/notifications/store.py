"""All SQL that writes notifications."""

from node.db.database import Tx


async def put_notification(tx: Tx, owner_id: int, kind: str, actor_id: int, post_id: int | None) -> None:
    """One statement: only for our own people, unless they muted or blocked the other."""
    await tx.execute(
        """INSERT INTO notifications (id, owner_id, kind, actor_id, post_id, created_at)
           SELECT $1, a.id, $3::text, $4::bigint, $5::bigint, $6::timestamptz FROM actors a
           WHERE a.id = $2 AND a.local
             AND NOT EXISTS (SELECT 1 FROM mutes m WHERE m.actor_id = $2 AND m.target_id = $4 AND m.notifications
                             AND (m.expires_at IS NULL OR m.expires_at > $6))
             AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.actor_id = $2 AND b.target_id = $4)
           ON CONFLICT DO NOTHING""",
        tx.new_id(),
        owner_id,
        kind,
        actor_id,
        post_id,
        tx.now,
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

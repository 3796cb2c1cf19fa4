"""Tell one of our people that something happened. Repeats are said once; muted and blocked never."""

from node.db.database import Tx
from node.features.notifications import store


async def notify(tx: Tx, owner_id: int, kind: str, actor_id: int, post_id: int | None = None) -> None:
    """Notify `owner_id` (ignored when not one of ours, or when it is about themselves)."""
    if owner_id != actor_id:
        await store.put_notification(tx, owner_id, kind, actor_id, post_id)


async def withdraw(tx: Tx, owner_id: int, kind: str, actor_id: int, post_id: int | None = None) -> None:
    """Take back what is no longer so (an unlike, an unfollow)."""
    await store.delete_notification(tx, owner_id, kind, actor_id, post_id)

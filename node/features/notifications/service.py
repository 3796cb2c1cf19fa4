"""Tell one of our people that something happened. Repeats are said once; muted and blocked never."""

from collections.abc import Iterable

from node.db.database import Tx
from node.features.notifications import store
from node.features.notifications.store import Notice

__all__ = [
    "Notice", "notify", "notify_several", "withdraw", "withdraw_about_group", "withdraw_about_post", "withdraw_from",
]  # fmt: skip


async def notify(tx: Tx, owner_id: int, kind: str, actor_id: int, post_id: int | None = None) -> None:
    """Notify `owner_id` (ignored when not one of ours, or when it is about themselves)."""
    await notify_several(tx, [Notice(owner_id, kind, actor_id, post_id)])


async def notify_several(tx: Tx, notices: Iterable[Notice]) -> None:
    """As `notify`, for any number in one statement."""
    said = [notice for notice in notices if notice.owner_id != notice.actor_id]
    if said:
        await store.put_notifications(tx, said)


async def withdraw(tx: Tx, owner_id: int, kind: str, actor_id: int, post_id: int | None = None) -> None:
    """Take back what is no longer so (an unlike, an unfollow)."""
    await store.delete_notification(tx, owner_id, kind, actor_id, post_id)


async def withdraw_about_post(tx: Tx, post_id: int, *, unwanted_only: bool = False) -> None:
    """Take back what people were told of a post, all or only those who want to hear nothing of its group."""
    await store.delete_about_post(tx, post_id, unwanted_only=unwanted_only)


async def withdraw_about_group(tx: Tx, kind: str, actor_id: int, group_id: int) -> None:
    """Take back from everybody what they were told of somebody and a group."""
    await store.delete_about_group(tx, kind, actor_id, group_id)


async def withdraw_from(tx: Tx, owner_id: int, kind: str, group_id: int) -> None:
    """Take back from one person what a group told them."""
    await store.delete_from_group(tx, owner_id, kind, group_id)

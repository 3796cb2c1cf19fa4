"""The log of a group: every deed of those who run it, with its reason and how it was taken back.

Whoever may do a deed may undo it; the undoing is an entry of its own. Called by everything in groups
that decides over others.
"""

from typing import Any, Final

from node.db.database import Tx
from node.features.groups.service.rights import Standing
from node.features.groups.store import log as store
from node.features.groups.store.log import LogEntry

# What may be written down. Those about posts are written by group_posts.
ACTIONS: Final = (
    "found", "change", "archive", "reopen", "give_notice", "take_notice_back",
    "let_in", "turn_away", "invite", "remove", "ban", "unban", "role", "transfer", "warn",
    "approve_post", "remove_post", "restore_post", "lock", "unlock", "pin", "unpin", "topic",
)  # fmt: skip

MOST_REASON_CHARS: Final = 1000


async def write(
    tx: Tx,
    group_id: int,
    by_id: int | None,
    action: str,
    *,
    target_id: int | None = None,
    post_id: int | None = None,
    reason: str = "",
    uri: str = "",
    undoes: LogEntry | None = None,
    **detail: Any,
) -> LogEntry:
    """Write down a deed; `undoes` is the entry it takes back."""
    assert action in ACTIONS, action
    entry = LogEntry(
        id=tx.new_id(), uri=uri, group_id=group_id, by_id=by_id, action=action, target_id=target_id,
        post_id=post_id, reason=reason.strip()[:MOST_REASON_CHARS], detail=detail, created_at=tx.now,
    )  # fmt: skip
    await store.put_entry(tx, entry)
    if undoes is not None:
        await store.put_undone(tx, group_id, undoes.id, entry.id)
    return entry


def may_read(standing: Standing) -> bool:
    """Whether somebody may read the log: everybody who sees the group, or its members alone."""
    if standing.group.log_visibility == "public":
        return standing.may_read()
    return standing.may("read")

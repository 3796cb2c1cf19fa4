"""Which posts answer one another, as others may list them: addresses in the order they were written."""

import msgspec

from node.db import rows
from node.db.database import Tx
from node.features.posts.store.reads import VISIBLE


class Listed(msgspec.Struct, frozen=True):
    """A post of a list: its id, for paging, and its address."""

    id: int
    uri: str


# What is for this house alone has no address elsewhere; people who went are not shown.
_SHOWN = f"""FROM posts p JOIN actors a ON a.id = p.author_id
    WHERE p.audience <> 'local' AND a.suspended_at IS NULL AND a.deleted_at IS NULL
    AND {VISIBLE.format(viewer="$2")}"""
_ANSWERS = "p.in_reply_to_id = $1"
_THREAD = "p.thread_id = $1"


async def list_answers(tx: Tx, post_id: int, viewer_id: int | None, after: int, limit: int) -> list[Listed]:
    """What answers a post, is younger than `after` and may be seen by the viewer."""
    return await _list(tx, _ANSWERS, post_id, viewer_id, (after, limit))


async def count_answers(tx: Tx, post_id: int, viewer_id: int | None) -> int:
    """How many `list_answers` holds in all."""
    return await _count(tx, _ANSWERS, post_id, viewer_id)


async def list_thread(tx: Tx, root_id: int, viewer_id: int | None, after: int, limit: int) -> list[Listed]:
    """What belongs to the thread a post began, itself first, as far as the viewer may see it."""
    return await _list(tx, _THREAD, root_id, viewer_id, (after, limit))


async def count_thread(tx: Tx, root_id: int, viewer_id: int | None) -> int:
    """How many `list_thread` holds in all."""
    return await _count(tx, _THREAD, root_id, viewer_id)


async def _list(
    tx: Tx, where: str, post_id: int, viewer_id: int | None, window: tuple[int, int]
) -> list[Listed]:
    records = await tx.fetch(
        f"SELECT p.id, p.uri {_SHOWN} AND {where} AND p.id > $3 ORDER BY p.id LIMIT $4",
        post_id,
        viewer_id,
        *window,
    )
    return rows.many(Listed, records)


async def _count(tx: Tx, where: str, post_id: int, viewer_id: int | None) -> int:
    found: int = await tx.fetchval(f"SELECT count(*) {_SHOWN} AND {where}", post_id, viewer_id)
    return found

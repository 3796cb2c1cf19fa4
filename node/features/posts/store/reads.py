"""Reading posts on somebody's behalf. `visible_to` in the schema says who may see what."""

from typing import Final

import asyncpg

from node.db.database import Tx
from node.db.rows import Window

# Whether nothing stands between the viewer and anybody: asked once for a statement, and spares it two
# looks into an index for every row in nearly all cases. {viewer} is the place of a parameter.
UNBLOCKED: Final = """(SELECT NOT EXISTS (SELECT 1 FROM blocks g WHERE g.actor_id = {viewer})
    AND NOT EXISTS (SELECT 1 FROM blocks g WHERE g.target_id = {viewer}))"""

# `visible_to` decides. What is open to everybody and blocked by nobody, nearly everything, needs no call.
# To be formatted with the place of the viewer's id; `p` is the post.
VISIBLE: Final = f"""(p.audience IN ('public', 'unlisted') AND p.group_state = '' AND ({UNBLOCKED}
        OR (SELECT true FROM blocks b WHERE b.actor_id = {{viewer}} AND b.target_id = p.author_id) IS NULL
        AND (SELECT true FROM blocks b WHERE b.actor_id = p.author_id AND b.target_id = {{viewer}}) IS NULL)
    OR visible_to(p, {{viewer}}))"""


async def list_ancestor_ids(tx: Tx, post_id: int, limit: int) -> list[int]:
    """What the post answers, oldest first."""
    records = await tx.fetch(
        """WITH RECURSIVE up AS (
               SELECT in_reply_to_id AS id, 1 AS depth FROM posts WHERE id = $1
               UNION
               SELECT p.in_reply_to_id, up.depth + 1 FROM posts p JOIN up ON p.id = up.id WHERE up.depth < $2)
           SELECT id FROM up WHERE id IS NOT NULL ORDER BY depth DESC""",
        post_id,
        limit,
    )
    return [record["id"] for record in records]


async def list_descendant_ids(tx: Tx, post_id: int, limit: int) -> list[int]:
    """Everything that answers the post, directly or not, in time order."""
    records = await tx.fetch(
        """WITH RECURSIVE down AS (
               SELECT id, 1 AS depth FROM posts WHERE in_reply_to_id = $1
               UNION
               SELECT p.id, down.depth + 1 FROM posts p JOIN down ON p.in_reply_to_id = down.id
               WHERE down.depth < 60)
           SELECT id FROM down ORDER BY id LIMIT $2""",
        post_id,
        limit,
    )
    return [record["id"] for record in records]


async def list_revisions(tx: Tx, post_id: int) -> list[asyncpg.Record]:
    """Earlier versions of an edited post, oldest first."""
    return await tx.fetch(
        """SELECT html, warning, sensitive, media, poll_options, written_at FROM post_revisions
           WHERE post_id = $1 ORDER BY number""",
        post_id,
    )


async def list_likers(tx: Tx, post_id: int, before_id: int, limit: int) -> list[asyncpg.Record]:
    """Who liked a post: (like id, actor id), newest first."""
    return await tx.fetch(
        "SELECT id, actor_id FROM likes WHERE post_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
        post_id,
        before_id,
        limit,
    )


async def list_boosters(tx: Tx, post_id: int, before_id: int, limit: int) -> list[asyncpg.Record]:
    """Who boosted a post: (boost id, actor id), newest first."""
    return await tx.fetch(
        "SELECT id, actor_id FROM boosts WHERE post_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
        post_id,
        before_id,
        limit,
    )


async def count_public(tx: Tx, author_id: int) -> int:
    """How many posts of an author anybody may read."""
    found: int = await tx.fetchval(
        "SELECT count(*) FROM posts WHERE author_id = $1 AND audience IN ('public', 'unlisted') AND group_state = ''",
        author_id,
    )
    return found


async def list_public_ids(tx: Tx, author_id: int, window: Window) -> list[int]:
    """An author's posts that anybody may read, newest first."""
    records = await tx.fetch(
        """SELECT id FROM posts WHERE author_id = $1 AND audience IN ('public', 'unlisted') AND group_state = '' AND id < $2
           ORDER BY id DESC LIMIT $3""",
        author_id,
        window.upper,
        window.limit,
    )
    return [record["id"] for record in records]


async def list_pinned_ids(tx: Tx, author_id: int) -> list[int]:
    """What the author keeps at the top, last pinned first."""
    records = await tx.fetch(
        "SELECT id FROM posts WHERE author_id = $1 AND pinned_at IS NOT NULL ORDER BY pinned_at DESC LIMIT 20",
        author_id,
    )
    return [record["id"] for record in records]

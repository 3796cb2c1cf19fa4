"""Reading posts on somebody's behalf. `visible_to` in the schema says who may see what."""

from collections.abc import Sequence
from typing import Final

import asyncpg

from node.db.database import Tx
from node.db.rows import Window

# `visible_to` decides. What is open to everybody and blocked by nobody, nearly everything, needs no call.
# To be formatted with the place of the viewer's id; `p` is the post.
VISIBLE: Final = """(p.audience IN ('public', 'unlisted')
    AND (SELECT true FROM blocks b WHERE b.actor_id = {viewer} AND b.target_id = p.author_id) IS NULL
    AND (SELECT true FROM blocks b WHERE b.actor_id = p.author_id AND b.target_id = {viewer}) IS NULL
    OR visible_to(p, {viewer}))"""


def _marked(table: str) -> str:
    """Whether the viewer's mark is on the post: one look into an index for each.

    As EXISTS, PostgreSQL would first collect everything this viewer ever marked.
    """
    return f"(SELECT true FROM {table} k WHERE k.post_id = p.id AND k.actor_id = $2) IS NOT NULL"


async def list_visible(tx: Tx, post_ids: Sequence[int], viewer_id: int | None) -> list[asyncpg.Record]:
    """The rows of those posts that the viewer may see, with the viewer's own marks."""
    return await tx.fetch(
        f"""SELECT p.id, p.uri, p.url, p.author_id, p.local, p.kind, p.title, p.html, p.source, p.warning,
                  p.sensitive, p.language, p.audience, p.in_reply_to_id, p.in_reply_to_uri,
                  p.in_reply_to_actor_id, p.thread_id, p.context_uri, p.emojis, p.replies_count, p.likes_count,
                  p.boosts_count, p.reactions_count, p.published_at, p.edited_at, p.pinned_at,
                  COALESCE((SELECT o.name FROM oauth_apps o WHERE o.id = p.app_id), '') AS app_name,
                  {_marked("likes")} AS liked, {_marked("boosts")} AS boosted,
                  {_marked("bookmarks")} AS bookmarked,
                  (SELECT true FROM mutes m WHERE m.target_id = p.author_id AND m.actor_id = $2
                   AND (m.expires_at IS NULL OR m.expires_at > $3)) IS NOT NULL AS muted,
                  p.quote_policy,
                  p.quote_policy LIKE '%followers%' AND (
                      SELECT true FROM follows f WHERE f.followee_id = p.author_id AND f.follower_id = $2
                      AND f.state = 'accepted') IS NOT NULL AS in_quote_circle,
                  (SELECT count(*) FROM quotes c WHERE c.quoted_id = p.id AND c.state = 'accepted')
                      AS quotes_count,
                  (SELECT jsonb_build_object('state', c.state, 'uri', c.quoted_uri, 'post_id', c.quoted_id,
                                             'stamp_uri', c.stamp_uri, 'blocked', EXISTS (
                              SELECT 1 FROM blocks b JOIN posts w ON w.id = c.quoted_id
                              WHERE b.actor_id = $2 AND b.target_id = w.author_id))
                   FROM quotes c WHERE c.post_id = p.id) AS quote,
                  a.xmin AS author_xmin, a.ctid AS author_ctid
           FROM posts p JOIN actors a ON a.id = p.author_id
           WHERE p.id = ANY($1) AND a.suspended_at IS NULL AND {VISIBLE.format(viewer="$2")}""",
        list(post_ids),
        viewer_id,
        tx.now,
    )


async def list_parts(tx: Tx, post_ids: Sequence[int]) -> list[asyncpg.Record]:
    """Files, mentions and hashtags of posts in one answer: (post_id, part, body)."""
    return await tx.fetch(
        """SELECT post_id, 'media' AS part, position AS place, jsonb_build_object(
                      'id', id, 'kind', kind, 'mime', mime, 'file_key', file_key, 'preview_key', preview_key,
                      'remote_url', remote_url, 'width', width, 'height', height, 'blurhash', blurhash,
                      'alt', alt, 'focus_x', focus_x, 'focus_y', focus_y) AS body
           FROM media WHERE post_id = ANY($1)
           UNION ALL
           SELECT m.post_id, 'mention', 0, jsonb_build_object(
                      'actor_id', a.id, 'uri', a.uri, 'url', a.url, 'username', a.username, 'host', a.handle_host,
                      'local', a.local)
           FROM post_mentions m JOIN actors a ON a.id = m.actor_id WHERE m.post_id = ANY($1) AND NOT m.silent
           UNION ALL
           SELECT post_id, 'tag', 0, to_jsonb(shown) FROM post_tags WHERE post_id = ANY($1)
           ORDER BY 1, 3""",
        list(post_ids),
    )


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
        "SELECT count(*) FROM posts WHERE author_id = $1 AND audience IN ('public', 'unlisted')", author_id
    )
    return found


async def list_public_ids(tx: Tx, author_id: int, window: Window) -> list[int]:
    """An author's posts that anybody may read, newest first."""
    records = await tx.fetch(
        """SELECT id FROM posts WHERE author_id = $1 AND audience IN ('public', 'unlisted') AND id < $2
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

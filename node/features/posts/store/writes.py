"""Changing posts and what people do with them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from node.db import rows
from node.db.database import Tx


class NewPost(msgspec.Struct, frozen=True, kw_only=True):
    """A post about to be stored, ours or another node's.

    `mention_ids` are named in the text, `silent_ids` only addressed; `tags` are (normalised, as
    written) pairs; `wanted` false stores it only as an answer to a post we hold.
    """

    id: int
    uri: str
    url: str
    author_id: int
    local: bool
    kind: str
    title: str
    html: str
    source: str
    warning: str
    sensitive: bool
    language: str
    audience: str
    in_reply_to_uri: str
    emojis: list[dict[str, Any]]
    published_at: datetime
    edited_at: datetime | None = None
    idempotency_key: str | None = None
    app_id: int | None = None
    mention_ids: tuple[int, ...] = ()
    silent_ids: tuple[int, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    wanted: bool = True


class Stored(msgspec.Struct, frozen=True):
    """A post just stored, and whom it answers."""

    id: int
    in_reply_to_id: int | None
    in_reply_to_actor_id: int | None


class PostRow(msgspec.Struct, frozen=True):
    """As much of a post as deciding about it needs."""

    id: int
    uri: str
    author_id: int
    local: bool
    kind: str
    audience: str
    in_reply_to_id: int | None
    published_at: datetime
    edited_at: datetime | None
    pinned_at: datetime | None


_ROW = "id, uri, author_id, local, kind, audience, in_reply_to_id, published_at, edited_at, pinned_at"


async def put_post(tx: Tx, post: NewPost) -> Stored | None:
    """Store a post with its mentions, tags, counts and home entries, in one statement.

    None when it is there already, was deleted before, or is neither wanted nor an answer.
    """
    record = await tx.fetchrow(
        """WITH parent AS (SELECT id, author_id, thread_id FROM posts WHERE uri = $14 AND $14 <> ''),
        stored AS (
            INSERT INTO posts (id, uri, url, author_id, local, kind, title, html, source, warning, sensitive,
                               language, audience, in_reply_to_uri, in_reply_to_id, in_reply_to_actor_id,
                               thread_id, emojis, published_at, edited_at, idempotency_key, app_id, replies_count)
            SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, parent.id, parent.author_id,
                   COALESCE(parent.thread_id, $1), $15, $16, $17, $18, $19,
                   (SELECT count(*) FROM posts c WHERE c.in_reply_to_uri = $2 AND c.in_reply_to_uri <> ''
                    AND c.in_reply_to_id IS NULL AND c.audience IN ('public', 'unlisted'))
            FROM (SELECT 1) AS always LEFT JOIN parent ON true
            WHERE ($20 OR parent.id IS NOT NULL)
              AND NOT EXISTS (SELECT 1 FROM tombstones t WHERE t.uri = $2)
            ON CONFLICT (uri) DO NOTHING
            RETURNING id, author_id, audience, in_reply_to_id, in_reply_to_actor_id, thread_id),
        mentioned AS (
            INSERT INTO post_mentions (post_id, actor_id, silent)
            SELECT stored.id, m.id, m.silent
            FROM stored, unnest($21::bigint[], $22::boolean[]) AS m (id, silent) ON CONFLICT DO NOTHING),
        tagged AS (
            INSERT INTO post_tags (tag, post_id, shown)
            SELECT t.tag, stored.id, t.shown FROM stored, unnest($23::text[], $24::text[]) AS t (tag, shown)
            ON CONFLICT DO NOTHING),
        answered AS (
            UPDATE posts p SET replies_count = p.replies_count + 1 FROM stored
            -- A number everybody sees must not tell of answers that only some may read (ACL-04).
            WHERE p.id = stored.in_reply_to_id AND stored.audience IN ('public', 'unlisted')),
        adopted AS (
            UPDATE posts p SET in_reply_to_id = stored.id, in_reply_to_actor_id = stored.author_id,
                   thread_id = stored.thread_id
            FROM stored
            WHERE p.in_reply_to_uri = $2 AND p.in_reply_to_uri <> '' AND p.in_reply_to_id IS NULL),
        counted AS (
            UPDATE actors a SET posts_count = a.posts_count + 1, last_post_at = $16
            FROM stored WHERE a.id = stored.author_id AND a.local),
        shown AS (
            INSERT INTO home_entries (owner_id, id, post_id)
            SELECT f.follower_id, stored.id, stored.id
            FROM stored JOIN follows f ON f.followee_id = stored.author_id AND f.state = 'accepted'
            JOIN actors o ON o.id = f.follower_id AND o.local
            WHERE stored.audience <> 'direct'
              AND (stored.in_reply_to_actor_id IS NULL OR stored.in_reply_to_actor_id = stored.author_id
                   OR stored.in_reply_to_actor_id = f.follower_id
                   OR EXISTS (SELECT 1 FROM follows g WHERE g.follower_id = f.follower_id
                              AND g.state = 'accepted' AND g.followee_id = stored.in_reply_to_actor_id))
            UNION ALL
            SELECT stored.author_id, stored.id, stored.id FROM stored WHERE $5 AND stored.audience <> 'direct'
            ON CONFLICT DO NOTHING)
        SELECT id, in_reply_to_id, in_reply_to_actor_id FROM stored""",
        post.id,
        post.uri,
        post.url,
        post.author_id,
        post.local,
        post.kind,
        post.title,
        post.html,
        post.source,
        post.warning,
        post.sensitive,
        post.language,
        post.audience,
        post.in_reply_to_uri,
        post.emojis,
        post.published_at,
        post.edited_at,
        post.idempotency_key,
        post.app_id,
        post.wanted,
        [*post.mention_ids, *post.silent_ids],
        [False] * len(post.mention_ids) + [True] * len(post.silent_ids),
        [tag for tag, _ in post.tags],
        [shown for _, shown in post.tags],
    )
    return rows.maybe(Stored, record)


async def find_by_uri(tx: Tx, uri: str) -> PostRow | None:
    """The post with this ActivityPub id."""
    return rows.maybe(PostRow, await tx.fetchrow(f"SELECT {_ROW} FROM posts WHERE uri = $1", uri))


async def get_post(tx: Tx, post_id: int) -> PostRow:
    """The post. Raises: NodeError `not_found`."""
    return rows.one(PostRow, await tx.fetchrow(f"SELECT {_ROW} FROM posts WHERE id = $1", post_id))


async def list_known_uris(tx: Tx, uris: Sequence[str]) -> set[str]:
    """Those of the addresses that are posts we hold."""
    records = await tx.fetch("SELECT uri FROM posts WHERE uri = ANY($1)", list(uris))
    return {record["uri"] for record in records}


async def lock_idempotency_key(tx: Tx, author_id: int, key: str) -> None:
    """Let one of several requests under the same key write at a time: the others then find its post."""
    await tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('post:' || $1::text || ':' || $2, 0))",
        str(author_id),
        key,
    )


async def find_by_idempotency_key(tx: Tx, author_id: int, key: str) -> int | None:
    """The post this author already wrote under the key."""
    found: int | None = await tx.fetchval(
        "SELECT id FROM posts WHERE author_id = $1 AND idempotency_key = $2", author_id, key
    )
    return found


async def find_post_of(tx: Tx, entry_id: int) -> int | None:
    """The post an id means: the post itself, or what the boost of that id passed on."""
    found: int | None = await tx.fetchval(
        "SELECT id FROM posts WHERE id = $1 UNION ALL SELECT post_id FROM boosts WHERE id = $1 LIMIT 1",
        entry_id,
    )
    return found


async def put_revision(tx: Tx, post_id: int) -> None:
    """Keep the post as it stands now as an earlier version."""
    await tx.execute(
        """INSERT INTO post_revisions (post_id, number, html, source, warning, sensitive, media, poll_options,
                                       written_at)
           SELECT p.id, (SELECT count(*) FROM post_revisions r WHERE r.post_id = p.id), p.html, p.source,
                  p.warning, p.sensitive,
                  COALESCE((SELECT jsonb_agg(jsonb_build_object('id', m.id, 'alt', m.alt) ORDER BY m.position)
                            FROM media m WHERE m.post_id = p.id), '[]'),
                  ARRAY(SELECT o.title FROM poll_options o WHERE o.post_id = p.id ORDER BY o.place),
                  COALESCE(p.edited_at, p.published_at)
           FROM posts p WHERE p.id = $1""",
        post_id,
    )


async def put_edit(tx: Tx, post: NewPost) -> None:
    """Replace what can change of a post: text, title, warning, language, mentions, tags."""
    await tx.execute(
        """UPDATE posts SET html = $2, source = $3, warning = $4, sensitive = $5, language = $6, title = $7,
               emojis = $8, edited_at = $9 WHERE id = $1""",
        post.id,
        post.html,
        post.source,
        post.warning,
        post.sensitive,
        post.language,
        post.title,
        post.emojis,
        post.edited_at,
    )
    await tx.execute("DELETE FROM post_tags WHERE post_id = $1", post.id)
    await tx.execute(
        """INSERT INTO post_tags (tag, post_id, shown)
           SELECT t.tag, $1, t.shown FROM unnest($2::text[], $3::text[]) AS t (tag, shown)
           ON CONFLICT DO NOTHING""",
        post.id,
        [tag for tag, _ in post.tags],
        [shown for _, shown in post.tags],
    )
    # Whoever could read it before still can: mentions are added, never taken away.
    await tx.execute(
        """INSERT INTO post_mentions (post_id, actor_id, silent) SELECT $1, m, false FROM unnest($2::bigint[]) AS m
           ON CONFLICT (post_id, actor_id) DO UPDATE SET silent = false""",
        post.id,
        list(post.mention_ids),
    )


async def delete_post(tx: Tx, post_id: int) -> None:
    """Delete a post with everything about it; its parent and author count one less."""
    await tx.execute(
        """WITH gone AS (DELETE FROM posts WHERE id = $1 RETURNING author_id, in_reply_to_id, local, audience),
           parent AS (UPDATE posts p SET replies_count = GREATEST(p.replies_count - 1, 0)
                      FROM gone WHERE p.id = gone.in_reply_to_id AND gone.audience IN ('public', 'unlisted'))
           UPDATE actors a SET posts_count = GREATEST(a.posts_count - 1, 0)
           FROM gone WHERE a.id = gone.author_id AND gone.local""",
        post_id,
    )


async def list_audience_ids(tx: Tx, post_id: int) -> list[int]:
    """Everybody named in or involved with a post: mentioned, liked, boosted, answered."""
    records = await tx.fetch(
        """SELECT actor_id FROM post_mentions WHERE post_id = $1
           UNION SELECT actor_id FROM likes WHERE post_id = $1
           UNION SELECT actor_id FROM boosts WHERE post_id = $1
           UNION SELECT author_id FROM posts WHERE in_reply_to_id = $1""",
        post_id,
    )
    return [record["actor_id"] for record in records]


async def may_see(tx: Tx, post_id: int, viewer_id: int) -> bool:
    """Whether somebody may see a post."""
    found: bool | None = await tx.fetchval(
        "SELECT visible_to(p, $2) FROM posts p WHERE p.id = $1", post_id, viewer_id
    )
    return bool(found)

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
    context_uri: str = ""
    edited_at: datetime | None = None
    idempotency_key: str | None = None
    app_id: int | None = None
    mention_ids: tuple[int, ...] = ()
    silent_ids: tuple[int, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    wanted: bool = True
    quote_policy: str = ""


class Stored(msgspec.Struct, frozen=True):
    """A post just stored, and whom it answers; `answers_us` when that is one of our people.

    `group_id`: the group whose thread it answers in.
    """

    id: int
    in_reply_to_id: int | None
    in_reply_to_actor_id: int | None
    answers_us: bool
    group_id: int | None = None


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


# The fields of NewPost in the order in which `put_posts` takes them.
_STORED = (
    "id", "uri", "url", "author_id", "local", "kind", "title", "html", "source", "warning", "sensitive",
    "language", "audience", "in_reply_to_uri", "emojis", "published_at", "edited_at", "idempotency_key", "app_id",
    "wanted", "context_uri", "quote_policy",
)  # fmt: skip
_ROW = "id, uri, author_id, local, kind, audience, in_reply_to_id, published_at, edited_at, pinned_at"


async def put_post(tx: Tx, post: NewPost) -> Stored | None:
    """Store one post. None when it is there already, was deleted before, or nobody here asked for it."""
    return (await put_posts(tx, [post])).get(post.id)


async def put_posts(tx: Tx, posts: Sequence[NewPost]) -> dict[int, Stored]:
    """Store posts with their mentions, tags, counts and home entries, in one statement for all of them.

    Those missing from the answer are there already, were deleted before, or are neither wanted nor an
    answer to a post we hold nor of somebody followed from here. No two may answer one another.
    """
    records = await tx.fetch(
        """WITH new AS MATERIALIZED (
            SELECT n.id, n.uri, n.url, n.author_id, n.local, n.kind, n.title, n.html, n.source, n.warning,
                   n.sensitive, n.language, n.audience, n.in_reply_to_uri, n.emojis::jsonb AS emojis, n.published_at,
                   n.edited_at, n.idempotency_key, n.app_id, n.wanted, n.context_uri, n.quote_policy,
                   parent.id AS parent_id,
                   parent.author_id AS parent_author_id, parent.thread_id AS parent_thread_id,
                   CASE WHEN n.audience IN ('public', 'unlisted', 'group', 'local') THEN parent.group_id END
                       AS group_id, COALESCE(house.local, false) AS group_ours
            FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::boolean[], $6::text[], $7::text[],
                        $8::text[], $9::text[], $10::text[], $11::boolean[], $12::text[], $13::text[],
                        $14::text[], $15::text[], $16::timestamptz[], $17::timestamptz[], $18::text[],
                        $19::bigint[], $20::boolean[], $21::text[], $22::text[])
                 AS n (id, uri, url, author_id, local, kind, title, html, source, warning, sensitive, language,
                       audience, in_reply_to_uri, emojis, published_at, edited_at, idempotency_key, app_id, wanted,
                       context_uri, quote_policy)
            LEFT JOIN posts parent ON parent.uri = n.in_reply_to_uri AND n.in_reply_to_uri <> ''
            LEFT JOIN actors house ON house.id = parent.group_id),
        stored AS (
            INSERT INTO posts (id, uri, url, author_id, local, kind, title, html, source, warning, sensitive,
                               language, audience, in_reply_to_uri, in_reply_to_id, in_reply_to_actor_id,
                               thread_id, emojis, published_at, edited_at, idempotency_key, app_id, context_uri,
                               quote_policy, group_id,
                               replies_count)
            SELECT n.id, n.uri, n.url, n.author_id, n.local, n.kind, n.title, n.html, n.source, n.warning,
                   n.sensitive, n.language, n.audience, n.in_reply_to_uri, n.parent_id, n.parent_author_id,
                   COALESCE(n.parent_thread_id, n.id), n.emojis, n.published_at, n.edited_at, n.idempotency_key,
                   n.app_id, n.context_uri, n.quote_policy,
                   -- Into groups of ours a post gets by `in_groups` alone, which asks whether its author may.
                   CASE WHEN NOT n.group_ours THEN n.group_id END,
                   (SELECT count(*) FROM posts c WHERE c.in_reply_to_uri = n.uri AND c.in_reply_to_uri <> ''
                    AND c.in_reply_to_id IS NULL AND c.audience IN ('public', 'unlisted'))
            FROM new n
            WHERE NOT EXISTS (SELECT 1 FROM tombstones t WHERE t.uri = n.uri)
              AND (n.wanted OR n.parent_id IS NOT NULL
                   -- The follow may have been accepted a moment ago, by the activity before this one.
                   OR EXISTS (SELECT 1 FROM follows f JOIN actors o ON o.id = f.follower_id AND o.local
                              WHERE f.followee_id = n.author_id AND f.state = 'accepted'))
            ON CONFLICT (uri) DO NOTHING
            RETURNING id, uri, author_id, local, audience, in_reply_to_id, in_reply_to_actor_id, thread_id,
                      published_at),
        mentioned AS (
            INSERT INTO post_mentions (post_id, actor_id, silent)
            SELECT stored.id, m.actor_id, m.silent
            FROM unnest($23::bigint[], $24::bigint[], $25::boolean[]) AS m (post_id, actor_id, silent)
            JOIN stored ON stored.id = m.post_id ON CONFLICT DO NOTHING),
        tagged AS (
            INSERT INTO post_tags (tag, post_id, shown)
            SELECT t.tag, stored.id, t.shown
            FROM unnest($26::bigint[], $27::text[], $28::text[]) AS t (post_id, tag, shown)
            JOIN stored ON stored.id = t.post_id ON CONFLICT DO NOTHING),
        answered AS (
            UPDATE posts p SET replies_count = p.replies_count + more.answers
            -- A number everybody sees must not tell of answers that only some may read (ACL-04).
            FROM (SELECT in_reply_to_id, count(*) AS answers FROM stored
                  WHERE audience IN ('public', 'unlisted')
                  GROUP BY in_reply_to_id ORDER BY in_reply_to_id) AS more
            WHERE p.id = more.in_reply_to_id),
        counted AS (
            UPDATE actors a SET posts_count = a.posts_count + more.posts, last_post_at = more.last_at
            FROM (SELECT author_id, count(*) AS posts, max(published_at) AS last_at FROM stored
                  WHERE local GROUP BY author_id) AS more
            WHERE a.id = more.author_id),
        shown AS (
            INSERT INTO home_entries (owner_id, id, post_id)
            SELECT f.follower_id, stored.id, stored.id
            FROM stored JOIN follows f ON f.followee_id = stored.author_id AND f.state = 'accepted'
            JOIN actors o ON o.id = f.follower_id AND o.local
            WHERE stored.audience NOT IN ('direct', 'group')
              AND (stored.in_reply_to_actor_id IS NULL OR stored.in_reply_to_actor_id = stored.author_id
                   OR stored.in_reply_to_actor_id = f.follower_id
                   OR EXISTS (SELECT 1 FROM follows g WHERE g.follower_id = f.follower_id
                              AND g.state = 'accepted' AND g.followee_id = stored.in_reply_to_actor_id))
            UNION ALL
            SELECT author_id, id, id FROM stored WHERE local AND audience <> 'direct'
            ON CONFLICT DO NOTHING)
        SELECT stored.id, stored.in_reply_to_id, stored.in_reply_to_actor_id, new.group_id,
               COALESCE(asked.local, false) AS answers_us,
               EXISTS (SELECT 1 FROM posts c WHERE c.in_reply_to_uri = stored.uri AND c.in_reply_to_uri <> ''
                       AND c.in_reply_to_id IS NULL) AS awaited
        FROM stored JOIN new ON new.id = stored.id
        LEFT JOIN actors asked ON asked.id = stored.in_reply_to_actor_id""",
        *_columns(posts),
        *_mentions(posts),
        *_tags(posts),
    )
    for record in records:
        if record["awaited"]:
            await _adopt_answers(tx, record["id"])
    return {
        record["id"]: Stored(
            record["id"],
            record["in_reply_to_id"],
            record["in_reply_to_actor_id"],
            record["answers_us"],
            record["group_id"],
        )
        for record in records
    }


def _columns(posts: Sequence[NewPost]) -> list[list[Any]]:
    columns = {name: [getattr(post, name) for post in posts] for name in _STORED}
    # A list inside a list would be taken for an array of two dimensions.
    columns["emojis"] = [msgspec.json.encode(emojis).decode() for emojis in columns["emojis"]]
    return list(columns.values())


def _mentions(posts: Sequence[NewPost]) -> tuple[list[int], list[int], list[bool]]:
    named = [
        (post.id, actor_id, silent)
        for post in posts
        for silent, actor_ids in ((False, post.mention_ids), (True, post.silent_ids))
        for actor_id in actor_ids
    ]
    return [row[0] for row in named], [row[1] for row in named], [row[2] for row in named]


def _tags(posts: Sequence[NewPost]) -> tuple[list[int], list[str], list[str]]:
    tagged = [(post.id, tag, shown) for post in posts for tag, shown in post.tags]
    return [row[0] for row in tagged], [row[1] for row in tagged], [row[2] for row in tagged]


async def _adopt_answers(tx: Tx, post_id: int) -> None:
    """Hang answers that came before their post below it, each with all that already hangs below the answer."""
    await tx.execute(
        """WITH adopted AS MATERIALIZED (
               SELECT c.id, c.thread_id AS thread_was, p.id AS parent_id, p.author_id, p.thread_id
               FROM posts p JOIN posts c ON c.in_reply_to_uri = p.uri AND c.in_reply_to_uri <> ''
                    AND c.in_reply_to_id IS NULL
               WHERE p.id = $1),
           moved AS (
               SELECT id, parent_id, author_id, thread_id FROM adopted
               UNION ALL
               SELECT below.id, below.in_reply_to_id, below.in_reply_to_actor_id, a.thread_id
               FROM adopted a JOIN posts below ON below.thread_id = a.id AND below.id <> a.id
               WHERE a.thread_was = a.id)
           UPDATE posts p SET in_reply_to_id = moved.parent_id, in_reply_to_actor_id = moved.author_id,
                  thread_id = moved.thread_id
           FROM moved WHERE p.id = moved.id""",
        post_id,
    )


async def find_by_uri(tx: Tx, uri: str) -> PostRow | None:
    """The post with this ActivityPub id."""
    return rows.maybe(PostRow, await tx.fetchrow(f"SELECT {_ROW} FROM posts WHERE uri = $1", uri))


async def list_by_uri(tx: Tx, uris: Sequence[str]) -> dict[str, PostRow]:
    """The posts we hold of these ActivityPub ids, by id."""
    records = await tx.fetch(f"SELECT {_ROW} FROM posts WHERE uri = ANY($1)", list(uris))
    return {post.uri: post for post in rows.many(PostRow, records)}


async def get_post(tx: Tx, post_id: int) -> PostRow:
    """The post. Raises: NodeError `not_found`."""
    return rows.one(PostRow, await tx.fetchrow(f"SELECT {_ROW} FROM posts WHERE id = $1", post_id))


async def list_known_uris(tx: Tx, uris: Sequence[str]) -> set[str]:
    """Those of the addresses that are posts we hold, or boosts of such."""
    records = await tx.fetch(
        "SELECT uri FROM posts WHERE uri = ANY($1) UNION ALL SELECT uri FROM boosts WHERE uri = ANY($1)",
        list(uris),
    )
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
               emojis = $8, edited_at = $9, quote_policy = $10, kind = $11 WHERE id = $1""",
        post.id,
        post.html,
        post.source,
        post.warning,
        post.sensitive,
        post.language,
        post.title,
        post.emojis,
        post.edited_at,
        post.quote_policy,
        post.kind,
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
    await delete_posts(tx, [post_id])


async def delete_posts(tx: Tx, post_ids: Sequence[int]) -> None:
    """As `delete_post`, for any number in one statement."""
    await tx.execute(
        """WITH gone AS (DELETE FROM posts WHERE id = ANY($1)
                         RETURNING author_id, in_reply_to_id, local, audience, group_state),
           parent AS (
               UPDATE posts p SET replies_count = GREATEST(p.replies_count - fewer.answers, 0)
               FROM (SELECT in_reply_to_id, count(*) AS answers FROM gone
                     WHERE audience IN ('public', 'unlisted') AND group_state = ''
                     GROUP BY in_reply_to_id ORDER BY in_reply_to_id) AS fewer
               WHERE p.id = fewer.in_reply_to_id)
           UPDATE actors a SET posts_count = GREATEST(a.posts_count - fewer.posts, 0)
           FROM (SELECT author_id, count(*) AS posts FROM gone WHERE local GROUP BY author_id) AS fewer
           WHERE a.id = fewer.author_id""",
        list(post_ids),
    )


async def list_audience_ids(tx: Tx, post_id: int) -> list[int]:
    """Everybody named in or involved with a post: mentioned, liked, boosted, answered."""
    records = await tx.fetch(
        """SELECT actor_id FROM post_mentions WHERE post_id = $1
           UNION SELECT actor_id FROM likes WHERE post_id = $1
           UNION SELECT actor_id FROM boosts WHERE post_id = $1
           UNION SELECT author_id FROM posts WHERE in_reply_to_id = $1
           UNION SELECT q.author_id FROM quotes x JOIN posts q ON q.id = x.post_id WHERE x.quoted_id = $1""",
        post_id,
    )
    return [record["actor_id"] for record in records]


async def may_see(tx: Tx, post_id: int, viewer_id: int) -> bool:
    """Whether somebody may see a post."""
    found: bool | None = await tx.fetchval(
        "SELECT visible_to(p, $2) FROM posts p WHERE p.id = $1", post_id, viewer_id
    )
    return bool(found)

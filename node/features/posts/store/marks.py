"""What people do with posts, stored: likes, boosts, bookmarks, what stays at the top of a profile."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from node.db import rows
from node.db.database import Tx


async def put_like(tx: Tx, like_id: int, uri: str, actor_id: int, post_id: int) -> bool:
    """Like a post once; False when it was liked already."""
    found = await tx.fetchval(
        """WITH liked AS (
               INSERT INTO likes (id, uri, actor_id, post_id, created_at) VALUES ($1, $2, $3, $4, $5)
               ON CONFLICT DO NOTHING RETURNING post_id),
           counted AS (UPDATE posts p SET likes_count = p.likes_count + 1 FROM liked WHERE p.id = liked.post_id)
           SELECT post_id FROM liked""",
        like_id,
        uri,
        actor_id,
        post_id,
        tx.now,
    )
    return found is not None


class Asked(msgspec.Struct, frozen=True):
    """A like or a boost that arrived; `audience` and `published_at` matter to boosts only."""

    id: int
    uri: str
    actor_id: int
    post_uri: str
    audience: str = "public"
    published_at: datetime | None = None


class Marked(msgspec.Struct, frozen=True):
    """What became of one asked for: nothing without a post, without the right, or when it stands already."""

    post_id: int | None
    author_id: int | None
    author_local: bool
    allowed: bool
    new: bool


async def put_arrived_likes(tx: Tx, likes: Sequence[Asked]) -> list[Marked]:
    """Likes of posts their actors may see, in the order given; one whose Undo came first stays away."""
    records = await tx.fetch(
        """WITH asked AS MATERIALIZED (
               SELECT a.place, a.id, a.uri, a.actor_id, p.id AS post_id, p.author_id,
                      COALESCE(p.local, false) AS author_local,
                      CASE WHEN p.id IS NULL THEN false ELSE visible_to(p, a.actor_id) END AS allowed
               FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[])
                    WITH ORDINALITY AS a (id, uri, actor_id, post_uri, place)
               LEFT JOIN posts p ON p.uri = a.post_uri),
           liked AS (
               INSERT INTO likes (id, uri, actor_id, post_id, created_at)
               SELECT id, uri, actor_id, post_id, $5 FROM asked
               WHERE allowed AND NOT EXISTS (SELECT 1 FROM tombstones t WHERE t.uri = asked.uri)
               ON CONFLICT DO NOTHING RETURNING id, post_id),
           counted AS (
               UPDATE posts p SET likes_count = p.likes_count + more.likes
               FROM (SELECT post_id, count(*) AS likes FROM liked GROUP BY post_id ORDER BY post_id) AS more
               WHERE p.id = more.post_id)
           SELECT asked.post_id, asked.author_id, asked.author_local, asked.allowed, liked.id IS NOT NULL AS new
           FROM asked LEFT JOIN liked ON liked.id = asked.id ORDER BY asked.place""",
        *_asked(likes),
        tx.now,
    )
    return rows.many(Marked, records)


async def put_arrived_boosts(tx: Tx, boosts: Sequence[Asked]) -> list[Marked]:
    """Boosts of posts that are public or the booster's own; as `put_arrived_likes`."""
    records = await tx.fetch(
        """WITH asked AS MATERIALIZED (
               SELECT a.place, a.id, a.uri, a.actor_id, a.audience, a.published_at, p.id AS post_id, p.author_id,
                      COALESCE(p.local, false) AS author_local,
                      COALESCE(p.audience IN ('public', 'unlisted') OR p.author_id = a.actor_id, false) AS allowed
               FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::timestamptz[])
                    WITH ORDINALITY AS a (id, uri, actor_id, post_uri, audience, published_at, place)
               -- Whoever passes somebody's boost on means the post.
               LEFT JOIN LATERAL (
                   SELECT o.id, o.author_id, o.local, o.audience FROM posts o WHERE o.uri = a.post_uri
                   UNION ALL
                   SELECT o.id, o.author_id, o.local, o.audience FROM boosts b JOIN posts o ON o.id = b.post_id
                   WHERE b.uri = a.post_uri LIMIT 1) AS p ON true),
           passed_on AS (
               INSERT INTO boosts (id, uri, actor_id, post_id, audience, published_at)
               SELECT id, uri, actor_id, post_id, audience, published_at FROM asked
               WHERE allowed AND NOT EXISTS (SELECT 1 FROM tombstones t WHERE t.uri = asked.uri)
               ON CONFLICT DO NOTHING RETURNING id, post_id),
           counted AS (
               UPDATE posts p SET boosts_count = p.boosts_count + more.boosts
               FROM (SELECT post_id, count(*) AS boosts FROM passed_on GROUP BY post_id ORDER BY post_id) AS more
               WHERE p.id = more.post_id)
           SELECT asked.post_id, asked.author_id, asked.author_local, asked.allowed,
                  passed_on.id IS NOT NULL AS new
           FROM asked LEFT JOIN passed_on ON passed_on.id = asked.id ORDER BY asked.place""",
        *_asked(boosts),
        [boost.audience for boost in boosts],
        [boost.published_at for boost in boosts],
    )
    return rows.many(Marked, records)


def _asked(marks: Sequence[Asked]) -> tuple[list[int], list[str], list[int], list[str]]:
    return (
        [mark.id for mark in marks],
        [mark.uri for mark in marks],
        [mark.actor_id for mark in marks],
        [mark.post_uri for mark in marks],
    )


async def delete_like(tx: Tx, actor_id: int, post_id: int) -> str | None:
    """Take a like back; returns its activity id."""
    uri: str | None = await tx.fetchval(
        """WITH gone AS (DELETE FROM likes WHERE actor_id = $1 AND post_id = $2 RETURNING uri, post_id),
           counted AS (UPDATE posts p SET likes_count = GREATEST(p.likes_count - 1, 0)
                       FROM gone WHERE p.id = gone.post_id)
           SELECT uri FROM gone""",
        actor_id,
        post_id,
    )
    return uri


class Boost(msgspec.Struct, frozen=True):
    """Somebody passed a post on."""

    id: int
    uri: str
    actor_id: int
    post_id: int
    audience: str
    published_at: datetime


async def put_boost(tx: Tx, boost: Boost) -> bool:
    """Boost a post once; False when it was boosted already."""
    found = await tx.fetchval(
        """WITH passed_on AS (
               INSERT INTO boosts (id, uri, actor_id, post_id, audience, published_at)
               VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING post_id),
           counted AS (UPDATE posts p SET boosts_count = p.boosts_count + 1
                       FROM passed_on WHERE p.id = passed_on.post_id)
           SELECT post_id FROM passed_on""",
        boost.id,
        boost.uri,
        boost.actor_id,
        boost.post_id,
        boost.audience,
        boost.published_at,
    )
    return found is not None


async def delete_boost(tx: Tx, actor_id: int, post_id: int) -> str | None:
    """Take a boost back; returns its activity id."""
    uri: str | None = await tx.fetchval(
        """WITH gone AS (DELETE FROM boosts WHERE actor_id = $1 AND post_id = $2 RETURNING uri, post_id),
           counted AS (UPDATE posts p SET boosts_count = GREATEST(p.boosts_count - 1, 0)
                       FROM gone WHERE p.id = gone.post_id)
           SELECT uri FROM gone""",
        actor_id,
        post_id,
    )
    return uri


async def find_done(tx: Tx, uri: str) -> tuple[str, int, int] | None:
    """What a like or boost with this activity id was: (kind, actor id, post id)."""
    record = await tx.fetchrow(
        """SELECT 'Like' AS kind, actor_id, post_id FROM likes WHERE uri = $1
           UNION ALL SELECT 'Announce', actor_id, post_id FROM boosts WHERE uri = $1""",
        uri,
    )
    return (record["kind"], record["actor_id"], record["post_id"]) if record else None


async def put_bookmark(tx: Tx, actor_id: int, post_id: int) -> None:
    """Keep a post for later."""
    await tx.execute(
        """INSERT INTO bookmarks (id, actor_id, post_id, created_at) VALUES ($1, $2, $3, $4)
           ON CONFLICT DO NOTHING""",
        tx.new_id(),
        actor_id,
        post_id,
        tx.now,
    )


async def delete_bookmark(tx: Tx, actor_id: int, post_id: int) -> None:
    """Keep it no more."""
    await tx.execute("DELETE FROM bookmarks WHERE actor_id = $1 AND post_id = $2", actor_id, post_id)


async def put_pinned(tx: Tx, post_id: int, pinned_at: datetime | None) -> None:
    """Keep a post at the top of its author's profile, or no longer."""
    await tx.execute("UPDATE posts SET pinned_at = $2 WHERE id = $1", post_id, pinned_at)


async def count_pinned(tx: Tx, author_id: int) -> int:
    """How many posts the author keeps at the top."""
    found: int = await tx.fetchval(
        "SELECT count(*) FROM posts WHERE author_id = $1 AND pinned_at IS NOT NULL", author_id
    )
    return found


async def get_boost_id(tx: Tx, actor_id: int, post_id: int) -> int:
    """The id of a standing boost."""
    found: int = await tx.fetchval(
        "SELECT id FROM boosts WHERE actor_id = $1 AND post_id = $2", actor_id, post_id
    )
    return found


async def find_featured_uri(tx: Tx, actor_id: int) -> str:
    """Where an actor lists what it keeps at the top."""
    found: str | None = await tx.fetchval("SELECT featured_uri FROM actors WHERE id = $1", actor_id)
    return found or ""


async def find_boost(tx: Tx, uri: str) -> Boost | None:
    """The boost with this activity id."""
    return rows.maybe(
        Boost,
        await tx.fetchrow(
            "SELECT id, uri, actor_id, post_id, audience, published_at FROM boosts WHERE uri = $1", uri
        ),
    )

"""A grown node in a minute: authors, posts, answers, hashtags, likes and followers, made by SQL.

The rows have the shape that months of federation leave: few people write most posts, a third are
answers, some carry pictures. Written straight into the bench's own database, since a million signed
deliveries would take an hour; what is measured afterwards goes through the doors like anything else.
The hosts of these people do not exist; nothing is ever sent to them.
"""

import asyncpg
import msgspec

from node.ids import EPOCH

FIRST_ACTOR_ID = 1_000_000
_EPOCH_MS = int(EPOCH.timestamp() * 1000)
_CHUNK = 100_000

# Everything follows from a post's number, so that no row need be looked up while writing others.
_FUNCTIONS = f"""
CREATE OR REPLACE FUNCTION pg_temp.dice(n bigint, salt bigint, faces bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE AS 'SELECT abs(hashint8extended(n, salt) % faces)';

CREATE OR REPLACE FUNCTION pg_temp.moment(n bigint, posts bigint, days float8) RETURNS timestamptz
LANGUAGE sql STABLE AS
'SELECT date_trunc(''hour'', now()) - (posts - n) * (days * interval ''1 day'' / posts)';

CREATE OR REPLACE FUNCTION pg_temp.id_at(moment timestamptz, n bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE AS
'SELECT ((((extract(epoch FROM moment) * 1000)::bigint - {_EPOCH_MS}) << 22) | (1023 << 12) | (n % 4096))';

-- Few write much: the square of an even throw.
CREATE OR REPLACE FUNCTION pg_temp.author(n bigint, people bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE AS
'SELECT {FIRST_ACTOR_ID} + floor(people * power(pg_temp.dice(n, 1, 1000000) / 1000000.0, 2))::bigint';
"""

_ACTORS = """
INSERT INTO actors (id, uri, local, host, kind, username, display_name, summary_html, url, inbox_uri,
                    shared_inbox_uri, outbox_uri, followers_uri, following_uri, avatar_url, discoverable,
                    public_key_id, public_key_pem, followers_count, posts_count, created_at, updated_at, fetched_at)
SELECT $1 + n, origin || '/u/' || n, false, host, 'Person', 'person' || n, 'Person ' || n, '<p>Grows leeks.</p>',
       origin || '/@person' || n, origin || '/u/' || n || '/inbox', origin || '/inbox', origin || '/u/' || n || '/outbox',
       origin || '/u/' || n || '/followers', origin || '/u/' || n || '/following', origin || '/pictures/' || n || '.png',
       true, origin || '/u/' || n || '#main-key', '', 10, 10, now() - interval '2 years', now(), now()
FROM (SELECT n, 'host' || n % $4 || '.crowd.invalid' AS host, 'https://host' || n % $4 || '.crowd.invalid' AS origin
      FROM generate_series($2::bigint, $3::bigint) AS n) AS made
ON CONFLICT DO NOTHING
"""

# Followers at fake hosts that listen, one for each: `$2` their origins.
_LISTENERS = """
INSERT INTO actors (id, uri, local, host, kind, username, inbox_uri, shared_inbox_uri, created_at, updated_at, fetched_at)
SELECT $1 + n, origin || '/u/listener', false, substr(origin, 8), 'Person', 'listener', origin || '/u/listener/inbox',
       origin || '/inbox', now() - interval '1 year', now(), now()
FROM unnest($2::text[]) WITH ORDINALITY AS given(origin, n) ON CONFLICT DO NOTHING
"""

_LISTENING = """
INSERT INTO follows (id, uri, follower_id, followee_id, state, created_at, accepted_at)
SELECT id, 'https://crowd.invalid/follows/' || id, id, $1, 'accepted', now(), now() FROM actors
WHERE uri IN (SELECT origin || '/u/listener' FROM unnest($2::text[]) AS origin)
"""

_HOSTS = """
INSERT INTO hosts (host, first_seen_at) SELECT 'host' || n || '.crowd.invalid', now()
FROM generate_series(0, $1::bigint - 1) AS n ON CONFLICT DO NOTHING
"""

_POSTS = """
INSERT INTO posts (id, uri, url, author_id, local, html, language, audience, in_reply_to_id, in_reply_to_uri,
                   in_reply_to_actor_id, thread_id, likes_count, boosts_count, published_at)
SELECT id, base || '/notes/' || n, base || '/' || n, author_id, local,
       '<p>' || n || ': ' || repeat('the leeks in bed four want thinning before Saturday and somebody took the fork ', 5)
       || '<a href="https://host1.crowd.invalid/tags/leeks" rel="tag">#<span>leeks</span></a></p>',
       'en', CASE WHEN pg_temp.dice(n, 5, 10) = 0 THEN 'unlisted' ELSE 'public' END,
       parent_id, CASE WHEN parent IS NULL THEN '' ELSE 'https://host' || (parent_author - $4) % $5 || '.crowd.invalid/u/'
       || parent_author - $4 || '/notes/' || parent END,
       parent_author, COALESCE(parent_id, id), pg_temp.dice(n, 6, 5) / 2,
       CASE WHEN pg_temp.dice(n, 7, 20) = 0 THEN 1 ELSE 0 END, pg_temp.moment(n, $3, $7)
FROM (SELECT n, parent, local, CASE WHEN local THEN $6 ELSE pg_temp.author(n, $8) END AS author_id,
             pg_temp.id_at(pg_temp.moment(n, $3, $7), n) AS id,
             CASE WHEN parent IS NOT NULL THEN pg_temp.id_at(pg_temp.moment(parent, $3, $7), parent) END AS parent_id,
             CASE WHEN parent IS NOT NULL THEN pg_temp.author(parent, $8) END AS parent_author,
             'https://host' || (pg_temp.author(n, $8) - $4) % $5 || '.crowd.invalid/u/' || pg_temp.author(n, $8) - $4 AS base
      FROM (SELECT n, n % 250 = 0 AS local,
                   CASE WHEN pg_temp.dice(n, 2, 10) < 3 AND n > 60 AND (n - 1 - pg_temp.dice(n, 3, 50)) % 250 <> 0
                        THEN n - 1 - pg_temp.dice(n, 3, 50) END AS parent
            FROM generate_series($1::bigint, $2::bigint) AS n) AS thrown) AS made
"""

# (what follows from the posts, one statement each; $1 and $2 are the ids between which it is wanted)
_PARTS = (
    """INSERT INTO post_tags (tag, post_id, shown)
       SELECT DISTINCT 'tag' || pg_temp.dice(id, salt, 100), id, 'Tag' || pg_temp.dice(id, salt, 100)
       FROM posts, generate_series(11, 12) AS salt
       WHERE id BETWEEN $1 AND $2 AND pg_temp.dice(id, 10, 5) = 0 ON CONFLICT DO NOTHING""",
    """INSERT INTO post_mentions (post_id, actor_id)
       SELECT id, in_reply_to_actor_id FROM posts
       WHERE id BETWEEN $1 AND $2 AND in_reply_to_actor_id IS NOT NULL""",
    """INSERT INTO media (id, owner_id, post_id, kind, mime, remote_url, width, height, blurhash, alt, created_at)
       SELECT id, author_id, id, 'image', 'image/jpeg', 'https://host1.crowd.invalid/files/' || id || '.jpg', 1200, 800,
              'LEHV6nWB2yk8pyo0adR*.7kCMdnj', 'Leeks in a row', published_at
       FROM posts WHERE id BETWEEN $1 AND $2 AND pg_temp.dice(id, 13, 10) = 0""",
    """INSERT INTO likes (id, uri, actor_id, post_id, created_at)
       SELECT id + which, uri || '/likes/' || which, author_id + which + 1, id, published_at
       FROM posts, generate_series(0, likes_count - 1) AS which WHERE id BETWEEN $1 AND $2""",
    """INSERT INTO boosts (id, uri, actor_id, post_id, published_at)
       SELECT id + 4096, uri || '/boosts', author_id + 5, id, published_at
       FROM posts WHERE id BETWEEN $1 AND $2 AND boosts_count = 1""",
)

_FOLLOWS = """
INSERT INTO follows (id, uri, follower_id, followee_id, state, created_at, accepted_at)
SELECT $1 + n, 'https://crowd.invalid/follows/' || $1 + n, COALESCE($2, $4 + n * $5), COALESCE($3, $4 + n * $5), 'accepted',
       now() - interval '1 year', now() - interval '1 year'
FROM generate_series(1, $6::bigint) AS n ON CONFLICT DO NOTHING
"""

_HOME = """
INSERT INTO home_entries (owner_id, id, post_id, boost_id)
SELECT $1, p.id, p.id, NULL FROM posts p JOIN follows f ON f.followee_id = p.author_id AND f.follower_id = $1
WHERE p.in_reply_to_actor_id IS NULL OR p.in_reply_to_actor_id = p.author_id
UNION ALL
SELECT $1, b.id, b.post_id, b.id FROM boosts b JOIN follows f ON f.followee_id = b.actor_id AND f.follower_id = $1
WHERE NOT EXISTS (SELECT 1 FROM posts p JOIN follows g ON g.followee_id = p.author_id AND g.follower_id = $1
                  WHERE p.id = b.post_id)
ON CONFLICT DO NOTHING
"""

_NOTIFICATIONS = """
INSERT INTO notifications (id, owner_id, kind, actor_id, post_id, created_at)
SELECT id + 8192, $1, 'favourite', author_id, id, published_at FROM posts
WHERE NOT local ORDER BY id DESC LIMIT $2 ON CONFLICT DO NOTHING
"""


class Crowd(msgspec.Struct, frozen=True, kw_only=True):
    """How much there is: `follows` and `notifications` of the owner, posts spread over `days`."""

    posts: int = 10_000
    people: int = 5_000
    hosts: int = 500
    follows: int = 1_000
    notifications: int = 2_000
    days: float = 400.0


async def settle(database: asyncpg.Connection, owner_id: int, crowd: Crowd) -> None:
    """Fill an empty node's tables so that `owner_id` looks back on all of it."""
    people = max(crowd.people, crowd.follows * 2)
    await _hurry(database)
    await database.execute("SET work_mem = '64MB'")
    await database.execute(_FUNCTIONS)
    await _actors(database, crowd, people)
    await _posts(database, owner_id, crowd, people)
    step = max(1, min(people, crowd.people) // max(1, crowd.follows))
    await database.execute(_FOLLOWS, 1, owner_id, None, FIRST_ACTOR_ID, step, crowd.follows)
    await database.execute(_HOME, owner_id)
    await database.execute(_NOTIFICATIONS, owner_id, crowd.notifications)
    await _rest(database)


async def add_followers(database: asyncpg.Connection, owner_id: int, crowd: Crowd, count: int) -> None:
    """Let `count` people in all follow the owner. Nothing must be sent to them: their hosts do not exist."""
    await _hurry(database)
    await _actors(database, crowd, count)
    await database.execute(_FOLLOWS, 10_000_000, None, owner_id, FIRST_ACTOR_ID, 1, count)
    await _rest(database)


async def set_followers(database: asyncpg.Connection, owner_id: int, origins: list[str]) -> None:
    """Let one person at each of these origins, and nobody else, follow the owner."""
    first = int(await database.fetchval("SELECT max(id) FROM actors WHERE id < 1000000000") or 2_000_000)
    await _hurry(database)
    await database.execute("DELETE FROM follows WHERE followee_id = $1", owner_id)
    await database.execute(_LISTENERS, first, origins)
    await database.execute(_LISTENING, owner_id, origins)
    await _rest(database)


async def _hurry(database: asyncpg.Connection) -> None:
    await database.execute("SET synchronous_commit = off")
    # Every reference in here is right by construction; a check of each would take most of the time.
    await database.execute("SET session_replication_role = replica")


async def _rest(database: asyncpg.Connection) -> None:
    await database.execute("RESET session_replication_role")
    await database.execute("RESET synchronous_commit")
    await database.execute("VACUUM (ANALYZE)")
    await database.execute("CHECKPOINT")


async def _actors(database: asyncpg.Connection, crowd: Crowd, people: int) -> None:
    await database.execute(_HOSTS, crowd.hosts)
    for first in range(0, people + 20, _CHUNK):
        last = min(first + _CHUNK, people + 20) - 1
        await database.execute(_ACTORS, FIRST_ACTOR_ID, first, last, crowd.hosts)


async def _posts(database: asyncpg.Connection, owner_id: int, crowd: Crowd, people: int) -> None:
    writers = min(people, crowd.people)
    for first in range(1, crowd.posts + 1, _CHUNK):
        last = min(first + _CHUNK - 1, crowd.posts)
        given = (first, last, crowd.posts, FIRST_ACTOR_ID, crowd.hosts, owner_id, crowd.days, writers)
        await database.execute(_POSTS, *given)
        bounds = await database.fetchrow(
            """SELECT pg_temp.id_at(pg_temp.moment($1::bigint, $3, $4), 0) - 4096 AS low,
                      pg_temp.id_at(pg_temp.moment($2::bigint, $3, $4), 0) + 4096 AS high""",
            first, last, crowd.posts, crowd.days,
        )  # fmt: skip
        for statement in _PARTS:
            await database.execute(statement, bounds["low"], bounds["high"])

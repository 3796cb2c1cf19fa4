"""All SQL about emoji reactions."""

from collections.abc import Sequence

import msgspec

from node.db import rows
from node.db.database import Tx


class NewReaction(msgspec.Struct, frozen=True, kw_only=True):
    """A reaction about to be stored; `picture_url` is '' for emoji that are text."""

    uri: str
    actor_id: int
    post_id: int
    emoji: str
    picture_url: str = ""


class Reaction(msgspec.Struct, frozen=True):
    """A stored reaction."""

    id: int
    uri: str
    actor_id: int
    post_id: int
    emoji: str


class Reacted(msgspec.Struct, frozen=True):
    """One emoji under a post, how many people gave it, and whether the viewer did."""

    emoji: str
    picture_url: str
    count: int
    me: bool


async def put_reaction(tx: Tx, new: NewReaction, most: int) -> bool:
    """React once with each emoji, with at most `most` of them on one post; False when it does not count."""
    found = await tx.fetchval(
        """WITH reacted AS (
               INSERT INTO reactions (id, uri, actor_id, post_id, emoji, picture_url, created_at)
               SELECT $1, $2, $3, $4, $5, $6, $7
               WHERE (SELECT count(*) FROM reactions r WHERE r.actor_id = $3 AND r.post_id = $4) < $8
               ON CONFLICT DO NOTHING RETURNING post_id),
           counted AS (
               UPDATE posts p SET reactions_count = p.reactions_count + 1 FROM reacted r WHERE p.id = r.post_id)
           SELECT post_id FROM reacted""",
        tx.new_id(),
        new.uri,
        new.actor_id,
        new.post_id,
        new.emoji,
        new.picture_url,
        tx.now,
        most,
    )
    return found is not None


async def find_by_uri(tx: Tx, uri: str) -> Reaction | None:
    """The reaction with this activity id."""
    return rows.maybe(
        Reaction,
        await tx.fetchrow("SELECT id, uri, actor_id, post_id, emoji FROM reactions WHERE uri = $1", uri),
    )


async def find_by_emoji(tx: Tx, actor_id: int, post_uri: str, emoji: str) -> Reaction | None:
    """Somebody's reaction to a post with an emoji."""
    return rows.maybe(
        Reaction,
        await tx.fetchrow(
            """SELECT r.id, r.uri, r.actor_id, r.post_id, r.emoji FROM reactions r JOIN posts p ON p.id = r.post_id
               WHERE r.actor_id = $1 AND p.uri = $2 AND r.emoji = $3""",
            actor_id,
            post_uri,
            emoji,
        ),
    )


async def delete_reaction(tx: Tx, reaction: Reaction) -> bool:
    """Take a reaction back; returns whether it was the person's last one on that post."""
    await tx.execute(
        """WITH gone AS (DELETE FROM reactions WHERE id = $1 RETURNING post_id)
           UPDATE posts p SET reactions_count = GREATEST(p.reactions_count - 1, 0)
           FROM gone WHERE p.id = gone.post_id""",
        reaction.id,
    )
    more = await tx.fetchval(
        "SELECT 1 FROM reactions WHERE actor_id = $1 AND post_id = $2 LIMIT 1",
        reaction.actor_id,
        reaction.post_id,
    )
    return more is None


async def list_reacted(
    tx: Tx, post_ids: Sequence[int], viewer_id: int | None, most: int
) -> dict[int, list[Reacted]]:
    """The emoji under these posts, most given first, at most `most` for each post."""
    records = await tx.fetch(
        """SELECT post_id, emoji, picture_url, count, me FROM (
               SELECT r.post_id, r.emoji, r.picture_url, count(*) AS count,
                      COALESCE(bool_or(r.actor_id = $2), false) AS me,
                      row_number() OVER (PARTITION BY r.post_id ORDER BY count(*) DESC, min(r.id)) AS number
               FROM reactions r JOIN actors a ON a.id = r.actor_id
               WHERE r.post_id = ANY($1) AND a.suspended_at IS NULL
               GROUP BY r.post_id, r.emoji, r.picture_url) AS counted
           WHERE number <= $3 ORDER BY post_id, number""",
        list(post_ids),
        viewer_id,
        most,
    )
    found: dict[int, list[Reacted]] = {}
    for record in records:
        one = Reacted(record["emoji"], record["picture_url"], record["count"], record["me"])
        found.setdefault(record["post_id"], []).append(one)
    return found


async def list_of_people(
    tx: Tx, pairs: Sequence[tuple[int, int]]
) -> dict[tuple[int, int], list[tuple[str, str]]]:
    """What these people reacted with, by (person, post): (emoji, picture) in order."""
    records = await tx.fetch(
        """SELECT r.actor_id, r.post_id, r.emoji, r.picture_url
           FROM unnest($1::bigint[], $2::bigint[]) AS w (actor_id, post_id)
           JOIN reactions r ON r.actor_id = w.actor_id AND r.post_id = w.post_id ORDER BY r.id""",
        [actor_id for actor_id, _ in pairs],
        [post_id for _, post_id in pairs],
    )
    found: dict[tuple[int, int], list[tuple[str, str]]] = {}
    for record in records:
        key = (record["actor_id"], record["post_id"])
        found.setdefault(key, []).append((record["emoji"], record["picture_url"]))
    return found

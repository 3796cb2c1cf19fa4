"""All SQL that writes home timelines. Reading them is `reading.store`'s."""

from collections.abc import Sequence

import msgspec

from node.db import rows
from node.db.batches import count_of
from node.db.database import Tx

RECENT_POSTS = 20  # shown at once of somebody newly followed


async def put_boost(tx: Tx, boost_id: int) -> None:
    """A boost into the homes of our people who follow the booster and want to see boosts."""
    await put_boosts(tx, [boost_id])


async def put_boosts(tx: Tx, boost_ids: Sequence[int]) -> None:
    """As `put_boost`, for any number in one statement."""
    await tx.execute(
        """INSERT INTO home_entries (owner_id, id, post_id, boost_id)
           SELECT f.follower_id, b.id, b.post_id, b.id
           FROM unnest($1::bigint[]) WITH ORDINALITY AS new (id, place)
           JOIN boosts b ON b.id = new.id JOIN posts p ON p.id = b.post_id
           JOIN follows f ON f.followee_id = b.actor_id AND f.state = 'accepted' AND f.show_boosts
           JOIN actors a ON a.id = f.follower_id AND a.local
           WHERE p.author_id <> f.follower_id
           ORDER BY new.place
           ON CONFLICT DO NOTHING""",
        list(boost_ids),
    )


async def put_recent_of(tx: Tx, owner_id: int, author_id: int) -> None:
    """The latest posts of somebody newly followed, if the follower is one of ours."""
    await tx.execute(
        """INSERT INTO home_entries (owner_id, id, post_id)
           SELECT a.id, p.id, p.id
           FROM actors a, LATERAL (
               SELECT p.id FROM posts p
               WHERE p.author_id = $2 AND p.audience IN ('public', 'unlisted', 'followers', 'local')
                 AND (p.in_reply_to_actor_id IS NULL OR p.in_reply_to_actor_id = p.author_id)
               ORDER BY p.id DESC LIMIT $3) AS p
           WHERE a.id = $1 AND a.local
           ON CONFLICT DO NOTHING""",
        owner_id,
        author_id,
        RECENT_POSTS,
    )


async def delete_of_author(tx: Tx, owner_id: int, author_id: int) -> None:
    """Take what somebody wrote or passed on out of a home."""
    await tx.execute(
        """DELETE FROM home_entries h USING posts p
           WHERE h.owner_id = $1 AND p.id = h.post_id AND (
               (p.author_id = $2 AND h.boost_id IS NULL)
               OR h.boost_id IN (SELECT b.id FROM boosts b WHERE b.actor_id = $2 AND b.post_id = p.id))""",
        owner_id,
        author_id,
    )


class End(msgspec.Struct, frozen=True):
    """The newest place in somebody's home that is too old to stay."""

    owner_id: int
    id: int


async def list_owners(tx: Tx, after: int, limit: int) -> list[int]:
    """Everybody of ours, by id: whoever can follow has a home, also where nobody looks at it."""
    records = await tx.fetch(
        "SELECT id FROM actors WHERE local AND id > $1 ORDER BY id LIMIT $2", after, limit
    )
    return [record["id"] for record in records]


async def list_ends(tx: Tx, owner_ids: Sequence[int], most: int) -> list[End]:
    """Where those homes should end that hold more than `most` places."""
    records = await tx.fetch(
        """SELECT o.owner_id, h.id FROM unnest($1::bigint[]) AS o (owner_id),
           LATERAL (SELECT id FROM home_entries WHERE owner_id = o.owner_id
                    ORDER BY owner_id DESC, id DESC OFFSET $2 LIMIT 1) AS h""",
        list(owner_ids),
        most,
    )
    return rows.many(End, records)


async def delete_from(tx: Tx, end: End, limit: int) -> int:
    """Take that place and older ones out of a home, the oldest first; how many went.

    Whoever deletes a post of them at the same moment is not waited for.
    """
    return count_of(
        await tx.execute(
            """DELETE FROM home_entries WHERE owner_id = $1 AND id IN (
                   SELECT id FROM home_entries WHERE owner_id = $1 AND id <= $2
                   ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED)""",
            end.owner_id,
            end.id,
            limit,
        )
    )

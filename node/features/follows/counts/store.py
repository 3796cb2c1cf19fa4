"""SQL of the counts of followers: finding and mending those that are not the rows'."""

from collections.abc import Sequence

from node.db.batches import count_of
from node.db.database import Tx


async def list_miscounted(tx: Tx, limit: int) -> list[int]:
    """Those of ours whose counts are not the rows', as it looks from outside: somebody may just change them."""
    records = await tx.fetch(
        """SELECT a.id FROM actors a
           LEFT JOIN (SELECT followee_id AS id, count(*) AS number FROM follows WHERE state = 'accepted' GROUP BY 1)
                AS followers ON followers.id = a.id
           LEFT JOIN (SELECT follower_id AS id, count(*) AS number FROM follows WHERE state = 'accepted' GROUP BY 1)
                AS following ON following.id = a.id
           WHERE a.local AND a.deleted_at IS NULL AND (a.followers_count <> COALESCE(followers.number, 0)
                                                       OR a.following_count <> COALESCE(following.number, 0))
           ORDER BY a.id LIMIT $1""",
        limit,
    )
    return [record["id"] for record in records]


async def put_counts(tx: Tx, actor_ids: Sequence[int]) -> int:
    """Set followers_count and following_count of our own actors from the rows; how many were wrong.

    The database keeps both by itself; this mends what somebody changed past it. Held first, in a statement of
    its own: who waits for the row sees afterwards what the other wrote, and adds to what is right.
    """
    await tx.execute(
        "SELECT id FROM actors WHERE id = ANY($1) AND local ORDER BY id FOR NO KEY UPDATE", list(actor_ids)
    )
    return count_of(
        await tx.execute(
            """UPDATE actors a SET followers_count = n.followers, following_count = n.following
               FROM unnest($1::bigint[]) AS o (id),
                    LATERAL (SELECT count(*) FILTER (WHERE f.followee_id = o.id) AS followers,
                                    count(*) FILTER (WHERE f.follower_id = o.id) AS following FROM follows f
                             WHERE o.id IN (f.followee_id, f.follower_id) AND f.state = 'accepted') AS n
               WHERE a.id = o.id AND a.local AND (a.followers_count <> n.followers
                                                  OR a.following_count <> n.following)""",
            list(actor_ids),
        )
    )

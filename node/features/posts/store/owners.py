"""Whose posts of ours an answer leads up to. SQL of `posts.forwarding`."""

from collections import defaultdict
from collections.abc import Sequence

import msgspec

from node.db.database import Tx


class Owner(msgspec.Struct, frozen=True):
    """One of our people in whose thread somebody answered."""

    actor_id: int
    followers_uri: str


async def list_owners(tx: Tx, post_ids: Sequence[int], depth: int) -> dict[int, list[Owner]]:
    """For each post the authors of ours above it, at most `depth` answers up.

    Posts to a few people or to the house lead nobody else anywhere, nor do those of whom nobody follows
    from another node.
    """
    records = await tx.fetch(
        """WITH RECURSIVE up AS (
               SELECT p.id AS answer_id, p.in_reply_to_id AS id, 1 AS depth FROM posts p WHERE p.id = ANY($1)
               UNION
               SELECT up.answer_id, p.in_reply_to_id, up.depth + 1 FROM up JOIN posts p ON p.id = up.id
               WHERE up.depth < $2)
           SELECT DISTINCT up.answer_id, a.id AS actor_id, a.followers_uri
           FROM up JOIN posts p ON p.id = up.id JOIN actors a ON a.id = p.author_id
           WHERE p.local AND p.audience IN ('public', 'unlisted', 'followers')
             AND a.deleted_at IS NULL AND a.suspended_at IS NULL
             AND EXISTS (SELECT 1 FROM follows x JOIN actors r ON r.id = x.follower_id AND NOT r.local
                         WHERE x.followee_id = a.id AND x.state = 'accepted')
             AND NOT EXISTS (SELECT 1 FROM blocks b JOIN posts answer ON answer.author_id = b.target_id
                             WHERE b.actor_id = a.id AND answer.id = up.answer_id)
           ORDER BY 1, 2""",
        list(post_ids),
        depth,
    )
    found: dict[int, list[Owner]] = defaultdict(list)
    for record in records:
        found[record["answer_id"]].append(Owner(record["actor_id"], record["followers_uri"]))
    return found

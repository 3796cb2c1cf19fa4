"""SQL of reach: what is known of a thread."""

from collections.abc import Sequence

import msgspec

from node.db import rows
from node.db.database import Tx


class Opened(msgspec.Struct, frozen=True):
    """The post a thread was opened at."""

    id: int
    uri: str
    local: bool
    context_uri: str


class Held(msgspec.Struct, frozen=True):
    """One post of a thread that is here."""

    uri: str
    local: bool
    in_reply_to_uri: str
    has_parent: bool


async def find_opened(tx: Tx, post_id: int) -> Opened | None:
    """The post, if it is still here."""
    return rows.maybe(
        Opened,
        await tx.fetchrow("SELECT id, uri, local, context_uri FROM posts WHERE id = $1", post_id),
    )


async def list_held(tx: Tx, post_id: int, limit: int) -> list[Held]:
    """Everything here of the thread around a post: what it answers, itself, what answers it."""
    records = await tx.fetch(
        """WITH RECURSIVE up AS (
               SELECT p.id, p.in_reply_to_id, 0 AS depth FROM posts p WHERE p.id = $1
               UNION
               SELECT p.id, p.in_reply_to_id, up.depth + 1 FROM posts p JOIN up ON p.id = up.in_reply_to_id
               WHERE up.depth < 60),
           down AS (
               SELECT $1::bigint AS id, 0 AS depth
               UNION
               SELECT p.id, down.depth + 1 FROM posts p JOIN down ON p.in_reply_to_id = down.id
               WHERE down.depth < 60)
           SELECT p.uri, p.local, p.in_reply_to_uri, p.in_reply_to_id IS NOT NULL AS has_parent
           FROM posts p WHERE p.id IN (SELECT id FROM up UNION SELECT id FROM down) ORDER BY p.id LIMIT $2""",
        post_id,
        limit,
    )
    return rows.many(Held, records)


async def list_known(tx: Tx, uris: Sequence[str]) -> set[str]:
    """Those of the addresses that need not be fetched: posts we hold, and what was deleted."""
    records = await tx.fetch(
        """SELECT uri FROM posts WHERE uri = ANY($1) UNION SELECT uri FROM tombstones WHERE uri = ANY($1)""",
        list(uris),
    )
    return {record["uri"] for record in records}

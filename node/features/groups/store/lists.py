"""The lists groups are found by: those of this house, and the subjects they have."""

from typing import Final

import msgspec

from node.db.database import Tx

_FINDABLE: Final = """a.local AND a.deleted_at IS NULL AND a.suspended_at IS NULL AND g.archived_at IS NULL
    AND (g.visibility = 'public' OR ($1 AND g.visibility = 'local'))"""


class Listed(msgspec.Struct, frozen=True):
    """Which groups a list wants: with those `local` people alone may know, and of one topic ('': any)."""

    local: bool = False
    topic: str = ""


async def list_findable(tx: Tx, wanted: Listed, limit: int, offset: int = 0) -> list[int]:
    """Groups of this house that somebody may find, the largest first."""
    records = await tx.fetch(
        f"""SELECT g.actor_id FROM groups g JOIN actors a ON a.id = g.actor_id
            WHERE {_FINDABLE} AND ($2 = '' OR EXISTS (
                SELECT 1 FROM topics t WHERE t.group_id = g.actor_id AND lower(t.name) = lower($2)))
            ORDER BY g.members_count DESC, g.actor_id LIMIT $3 OFFSET $4""",
        wanted.local,
        wanted.topic,
        limit,
        offset,
    )
    return [record["actor_id"] for record in records]


async def list_subjects(tx: Tx, limit: int, *, local: bool) -> list[str]:
    """The subjects most of these groups have."""
    records = await tx.fetch(
        f"""SELECT min(t.name) AS name FROM topics t JOIN groups g ON g.actor_id = t.group_id
            JOIN actors a ON a.id = g.actor_id WHERE {_FINDABLE}
            GROUP BY lower(t.name) ORDER BY count(*) DESC, lower(t.name) LIMIT $2""",
        local,
        limit,
    )
    return [record["name"] for record in records]

"""What is talked about in a group, and who wants to hear of it."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from node.db import rows
from node.db.database import Tx

_COLUMNS = "id, group_id, name, position, created_at"


class Topic(msgspec.Struct, frozen=True):
    """A subject of a group that can be followed alone."""

    id: int
    group_id: int
    name: str
    position: int
    created_at: datetime


async def list_topics(tx: Tx, group_id: int) -> list[Topic]:
    """The group's subjects in its own order."""
    records = await tx.fetch(
        f"SELECT {_COLUMNS} FROM topics WHERE group_id = $1 ORDER BY position, id", group_id
    )
    return rows.many(Topic, records)


async def put_topics(tx: Tx, group_id: int, names: Sequence[str]) -> None:
    """The group's subjects in this order and no others; what keeps its name keeps its posts."""
    wanted = {name.lower(): name for name in names}
    await tx.execute(
        "DELETE FROM topics WHERE group_id = $1 AND lower(name) <> ALL($2)", group_id, list(wanted)
    )
    await tx.execute(
        """INSERT INTO topics (id, group_id, name, position, created_at)
           SELECT t.id, $2, t.name, t.place, $4
           FROM unnest($1::bigint[], $3::text[]) WITH ORDINALITY AS t (id, name, place)
           ON CONFLICT (group_id, lower(name)) DO UPDATE SET name = EXCLUDED.name, position = EXCLUDED.position""",
        [tx.new_id() for _ in wanted],
        group_id,
        list(wanted.values()),
        tx.now,
    )


async def list_choices(tx: Tx, group_id: int, actor_id: int) -> list[int]:
    """The subjects a member chose; none at all means every one."""
    records = await tx.fetch(
        """SELECT c.topic_id FROM topic_choices c JOIN topics t ON t.id = c.topic_id
           WHERE t.group_id = $1 AND c.actor_id = $2""",
        group_id,
        actor_id,
    )
    return [record["topic_id"] for record in records]


async def put_choices(tx: Tx, group_id: int, actor_id: int, topic_ids: Sequence[int]) -> None:
    """The subjects a member wants from now on."""
    await tx.execute(
        """DELETE FROM topic_choices c USING topics t
           WHERE t.id = c.topic_id AND t.group_id = $1 AND c.actor_id = $2""",
        group_id,
        actor_id,
    )
    await tx.execute(
        """INSERT INTO topic_choices (topic_id, actor_id)
           SELECT t.id, $2 FROM topics t WHERE t.group_id = $1 AND t.id = ANY($3)""",
        group_id,
        actor_id,
        list(topic_ids),
    )

"""What others said and we pass on, byte for byte: stored and addressed for many at once."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from node.db.batches import count_of
from node.db.database import Tx
from node.ids import first_id_at


class HandedOn(msgspec.Struct, frozen=True):
    """An activity as it came; it goes to the followers of these of ours, but not to the host it came from."""

    uri: str
    kind: str
    author_id: int
    object_uri: str
    body: bytes
    owner_ids: tuple[int, ...]
    not_host: str


async def put_handed_on(tx: Tx, several: Sequence[HandedOn]) -> int:
    """Store those not handed on before, with one delivery for each inbox; returns how many deliveries."""
    owned = [(one.uri, owner_id, one.not_host) for one in several for owner_id in one.owner_ids]
    count: int = await tx.fetchval(
        """WITH said AS (
               INSERT INTO activities (id, uri, type, actor_id, object_uri, body, created_at)
               SELECT t.id, t.uri, t.kind, t.author_id, t.object_uri, t.body, $7::timestamptz
               FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::bytea[])
                    AS t (id, uri, kind, author_id, object_uri, body)
               ON CONFLICT (uri) DO NOTHING RETURNING id, uri),
           wanted AS (
               SELECT said.id AS activity_id, o.owner_id, a.host,
                      CASE WHEN a.shared_inbox_uri <> '' THEN a.shared_inbox_uri ELSE a.inbox_uri END AS inbox_uri
               FROM said JOIN unnest($8::text[], $9::bigint[], $10::text[]) AS o (uri, owner_id, not_host)
                    ON o.uri = said.uri
               JOIN follows f ON f.followee_id = o.owner_id AND f.state = 'accepted'
               JOIN actors a ON a.id = f.follower_id AND NOT a.local AND a.host <> o.not_host
                    AND a.deleted_at IS NULL AND a.suspended_at IS NULL),
           sent AS (
               INSERT INTO deliveries (activity_id, sender_id, host, inbox_uri, next_attempt_at)
               SELECT DISTINCT ON (w.activity_id, w.inbox_uri) w.activity_id, w.owner_id, w.host, w.inbox_uri, $7
               FROM wanted w LEFT JOIN hosts h ON h.host = w.host
               WHERE h.refused_at IS NULL AND h.gone_at IS NULL
                 AND NOT EXISTS (SELECT 1 FROM gone_inboxes g WHERE g.inbox_uri = w.inbox_uri)
               ORDER BY w.activity_id, w.inbox_uri, w.owner_id
               ON CONFLICT (activity_id, inbox_uri) DO NOTHING RETURNING 1)
           SELECT count(*) FROM sent""",
        [tx.new_id() for _ in several],
        [one.uri for one in several],
        [one.kind for one in several],
        [one.author_id for one in several],
        [one.object_uri for one in several],
        [one.body for one in several],
        tx.now,
        [uri for uri, _, _ in owned],
        [owner_id for _, owner_id, _ in owned],
        [host for _, _, host in owned],
    )
    return count


async def put_deleted_first(tx: Tx, object_uris: Sequence[str]) -> None:
    """What still waits to be passed on about these things is not, now that they are deleted."""
    await tx.execute(
        """UPDATE deliveries d SET state = 'refused', code = 'superseded', ended_at = $2
           FROM activities a
           WHERE a.object_uri = ANY($1) AND a.type <> 'Delete' AND d.activity_id = a.id AND d.state = 'due'""",
        list(object_uris),
        tx.now,
    )


async def delete_handed_on(tx: Tx, before: datetime, limit: int) -> int:
    """Forget the bodies of others that were passed on before then; how many it were."""
    return count_of(
        await tx.execute(
            """DELETE FROM activities WHERE id IN (
                   SELECT a.id FROM activities a JOIN actors author ON author.id = a.actor_id AND NOT author.local
                   WHERE a.id < $1 LIMIT $2)""",
            first_id_at(before),
            limit,
        )
    )

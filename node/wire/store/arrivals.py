"""Arrived activities: stored as received, leased by workers, ended in a named state; and who they speak of."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

from node.db import rows
from node.db.database import Tx

_LEASING = 0x1EA5E  # advisory lock: one worker leases at a time, for a millisecond
_LOOKED_AT = 5  # batches' worth of the longest waiting, among which hosts are chosen
_HOSTS_AT_LEAST = 4  # so that no host fills a batch while others wait


class Arrival(msgspec.Struct, frozen=True):
    """A verified activity about to be stored.

    `plain`: the body was read as it stands, and is read so again.
    """

    activity_uri: str
    type: str
    actor_uri: str
    object_uri: str
    host: str
    signer_key_id: str
    refetch: bool
    body: bytes
    plain: bool = False


class InboxItem(msgspec.Struct, frozen=True):
    """An arrived activity leased by a worker."""

    id: int
    activity_uri: str
    type: str
    actor_uri: str
    host: str
    signer_key_id: str
    refetch: bool
    body: bytes
    attempts: int
    received_at: datetime
    plain: bool = False


class Outcome(msgspec.Struct, frozen=True):
    """How an arrived activity ended, or when to try it again (`retry_at`).

    State `new` without a code was not tried at all and costs no attempt.
    """

    item_id: int
    state: str
    code: str = ""
    retry_at: datetime | None = None


class Known(msgspec.Struct, frozen=True):
    """As much of a known actor as handlers need to decide."""

    id: int
    uri: str
    local: bool
    kind: str
    host: str
    username: str
    inbox_uri: str
    followers_uri: str
    locked: bool
    followed_here: bool
    suspended: bool
    deleted: bool
    fetched_at: datetime | None


async def put_arrivals(tx: Tx, arrivals: Sequence[Arrival]) -> int:
    """Store arrivals, repeats left out; returns how many were new. One statement."""
    new: int = await tx.fetchval(
        """WITH stored AS (
               INSERT INTO inbox_items (id, activity_uri, type, actor_uri, object_uri, host, signer_key_id,
                                        refetch, body, plain, received_at, next_attempt_at)
               SELECT id, activity_uri, type, actor_uri, object_uri, host, signer_key_id, refetch, body, plain,
                      $11, $11
               FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                           $8::boolean[], $9::bytea[], $10::boolean[])
                    AS t (id, activity_uri, type, actor_uri, object_uri, host, signer_key_id, refetch, body, plain)
               ON CONFLICT (activity_uri) DO NOTHING
               RETURNING 1)
           SELECT count(*) FROM stored""",
        sorted(tx.new_id() for _ in arrivals),
        [a.activity_uri for a in arrivals],
        [a.type for a in arrivals],
        [a.actor_uri for a in arrivals],
        [a.object_uri for a in arrivals],
        [a.host for a in arrivals],
        [a.signer_key_id for a in arrivals],
        [a.refetch for a in arrivals],
        [a.body for a in arrivals],
        [a.plain for a in arrivals],
        tx.now,
    )
    return new


async def lease_arrivals(tx: Tx, limit: int, lease: timedelta) -> list[InboxItem]:
    """Due arrivals of hosts that no other worker is busy with, the longest waiting first; the hosts are now ours.

    Of many that wait, a batch takes a share of each host's and leaves other hosts to other workers.
    A lease that ran out means that its worker died with those arrivals in hand: they count one
    attempt more, so that one which kills its worker ends as failed some day.
    """
    await tx.execute("SELECT pg_advisory_xact_lock($1)", _LEASING)
    records = await tx.fetch(
        """WITH due AS MATERIALIZED (
               SELECT i.id, i.host, i.next_attempt_at FROM inbox_items i
               WHERE i.state = 'new' AND i.next_attempt_at <= $1
                 AND NOT EXISTS (SELECT 1 FROM inbox_leases l WHERE l.host = i.host AND l.leased_until >= $1)
               ORDER BY i.next_attempt_at, i.id LIMIT $3),
           ranked AS (
               SELECT id, host, min(next_attempt_at) OVER (PARTITION BY host) AS since,
                      row_number() OVER (PARTITION BY host ORDER BY next_attempt_at, id) AS place
               FROM due),
           chosen AS (SELECT id FROM ranked ORDER BY place > $4, since, host, place LIMIT $2)
           SELECT i.id, i.activity_uri, i.type, i.actor_uri, i.host, i.signer_key_id, i.refetch, i.body,
                  i.attempts + 1 AS attempts, i.received_at, i.plain
           FROM chosen JOIN inbox_items i ON i.id = chosen.id""",
        tx.now,
        limit,
        limit * _LOOKED_AT,
        max(1, limit // _HOSTS_AT_LEAST),
    )
    # Ids of a whole second are spread over it (node.ids), so the order of arrival is the time's first.
    items = sorted(rows.many(InboxItem, records), key=lambda item: (item.received_at, item.id))
    await _lease_hosts(tx, items, lease)
    return items


async def _lease_hosts(tx: Tx, items: Sequence[InboxItem], lease: timedelta) -> None:
    hosts = sorted({item.host for item in items})
    if not hosts:
        return
    died = await tx.fetch(
        "DELETE FROM inbox_leases WHERE host = ANY($1) AND leased_until < $2 RETURNING host", hosts, tx.now
    )
    await tx.execute(
        "INSERT INTO inbox_leases (host, leased_until) SELECT h, $2 FROM unnest($1::text[]) AS h",
        hosts,
        tx.now + lease,
    )
    if died:
        suspect = {record["host"] for record in died}
        await tx.execute(
            "UPDATE inbox_items SET attempts = attempts + 1 WHERE id = ANY($1)",
            [item.id for item in items if item.host in suspect],
        )


async def put_outcomes(tx: Tx, outcomes: Iterable[Outcome], hosts: Sequence[str]) -> None:
    """Write down how arrivals ended and give their hosts back."""
    listed = list(outcomes)
    await tx.execute(
        """WITH given_back AS (DELETE FROM inbox_leases WHERE host = ANY($6))
           UPDATE inbox_items i SET state = t.state, code = t.code,
               attempts = i.attempts + CASE WHEN t.state = 'new' AND t.code = '' THEN 0 ELSE 1 END,
               next_attempt_at = COALESCE(t.retry_at, i.next_attempt_at),
               ended_at = CASE WHEN t.state = 'new' THEN NULL ELSE $5::timestamptz END
           FROM unnest($1::bigint[], $2::text[], $3::text[], $4::timestamptz[]) AS t (id, state, code, retry_at)
           WHERE i.id = t.id""",
        [o.item_id for o in listed],
        [o.state for o in listed],
        [o.code for o in listed],
        [o.retry_at for o in listed],
        tx.now,
        list(hosts),
    )


async def list_arrived_bodies(tx: Tx, uris: Sequence[str]) -> dict[str, bytes]:
    """The bytes of activities that arrived, by id."""
    records = await tx.fetch(
        "SELECT activity_uri, body FROM inbox_items WHERE activity_uri = ANY($1)", list(uris)
    )
    return {record["activity_uri"]: record["body"] for record in records}


async def list_known(tx: Tx, uris: Sequence[str]) -> dict[str, Known]:
    """The known actors among these addresses, in one query for a whole batch."""
    records = await tx.fetch(
        """SELECT a.id, a.uri, a.local, a.kind, a.host, a.username, a.inbox_uri, a.followers_uri, a.locked,
                  EXISTS (SELECT 1 FROM follows f JOIN actors o ON o.id = f.follower_id
                          WHERE f.followee_id = a.id AND f.state = 'accepted' AND o.local) AS followed_here,
                  a.suspended_at IS NOT NULL AS suspended, a.deleted_at IS NOT NULL AS deleted, a.fetched_at
           FROM actors a WHERE a.uri = ANY($1)""",
        list(uris),
    )
    return {record["uri"]: Known(**record) for record in records}


async def list_tombstoned(tx: Tx, uris: Sequence[str]) -> set[str]:
    """Those of the addresses that were deleted."""
    records = await tx.fetch("SELECT uri FROM tombstones WHERE uri = ANY($1)", list(uris))
    return {record["uri"] for record in records}


class Tombstone(msgspec.Struct, frozen=True):
    """That something was deleted or undone, what it was, and by whom."""

    uri: str
    former_type: str
    actor_uri: str


async def put_tombstone(tx: Tx, uri: str, former_type: str, actor_uri: str) -> None:
    """Remember that something was deleted, so that nothing late brings it back."""
    await put_tombstones(tx, [Tombstone(uri, former_type, actor_uri)])


async def put_tombstones(tx: Tx, tombstones: Sequence[Tombstone]) -> None:
    """As `put_tombstone`, for any number in one statement."""
    await tx.execute(
        """INSERT INTO tombstones (uri, former_type, actor_uri, deleted_at)
           SELECT t.uri, t.former_type, t.actor_uri, $4
           FROM unnest($1::text[], $2::text[], $3::text[]) AS t (uri, former_type, actor_uri)
           ON CONFLICT (uri) DO NOTHING""",
        [tombstone.uri for tombstone in tombstones],
        [tombstone.former_type for tombstone in tombstones],
        [tombstone.actor_uri for tombstone in tombstones],
        tx.now,
    )

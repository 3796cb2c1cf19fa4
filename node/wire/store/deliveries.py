"""What we say, frozen as bytes, and one row per inbox it goes to."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from federation.signatures.message import Scheme
from node.db import rows
from node.db.database import Tx
from node.ids import first_id_at


class Due(msgspec.Struct, frozen=True):
    """A delivery that is due."""

    id: int
    host: str
    inbox_uri: str
    sender_id: int
    attempts: int
    body: bytes
    created_at: datetime


class HostState(msgspec.Struct, frozen=True):
    """What is known of a leased host."""

    host: str
    scheme: Scheme | Literal[""]
    failures: int


class Signing(msgspec.Struct, frozen=True):
    """What it takes to sign as one of our actors."""

    public_key_id: str
    rsa_sealed: str
    ed25519_key_id: str
    ed25519_sealed: str


async def put_activity(
    tx: Tx, uri: str, kind: str, actor_id: int, object_uri: str, body: bytes
) -> int | None:
    """Freeze an activity; None when it was said before."""
    found: int | None = await tx.fetchval(
        """INSERT INTO activities (id, uri, type, actor_id, object_uri, body, created_at)
           VALUES ($1,$2,$3,$4,$5,$6,$7) ON CONFLICT (uri) DO NOTHING RETURNING id""",
        tx.new_id(),
        uri,
        kind,
        actor_id,
        object_uri,
        body,
        tx.now,
    )
    return found


async def list_activity_bodies(tx: Tx, uris: Sequence[str]) -> dict[str, bytes]:
    """The bytes of activities of ours, by id."""
    records = await tx.fetch("SELECT uri, body FROM activities WHERE uri = ANY($1)", list(uris))
    return {record["uri"]: record["body"] for record in records}


class Destinations(msgspec.Struct, frozen=True, kw_only=True):
    """Whom an activity goes to; everything is expanded to inboxes in SQL.

    `followers_of`: remote followers of this actor; `actors`: these actors (their own inbox when
    `personal`, so that a shared inbox never sees a message to one person); `inboxes`: as they are;
    `not_host`: where it came from.
    """

    followers_of: int | None = None
    actors: tuple[int, ...] = ()
    inboxes: tuple[str, ...] = ()
    personal: bool = False
    not_host: str = ""


async def put_deliveries(tx: Tx, activity_id: int, sender_id: int, whom: Destinations) -> int:
    """One row per inbox, shared inboxes collapsed, refused hosts left out; returns the count."""
    status = await tx.execute(
        """WITH wanted AS (
               SELECT CASE WHEN a.shared_inbox_uri <> '' AND NOT $5 THEN a.shared_inbox_uri ELSE a.inbox_uri END
                          AS inbox_uri, a.host
               FROM actors a
               WHERE NOT a.local AND a.deleted_at IS NULL AND a.suspended_at IS NULL
                 AND (a.id = ANY($4) OR a.id IN (SELECT f.follower_id FROM follows f
                                                 WHERE f.followee_id = $3 AND f.state = 'accepted'))
               UNION
               SELECT i, lower(split_part(split_part(i, '://', 2), '/', 1)) FROM unnest($6::text[]) AS i)
           INSERT INTO deliveries (activity_id, sender_id, host, inbox_uri, next_attempt_at)
           SELECT DISTINCT ON (w.inbox_uri) $1, $2, w.host, w.inbox_uri, $7::timestamptz
           FROM wanted w LEFT JOIN hosts h ON h.host = w.host
           WHERE h.refused_at IS NULL AND w.host <> $8
           ON CONFLICT (activity_id, inbox_uri) DO NOTHING""",
        activity_id,
        sender_id,
        whom.followers_of,
        list(whom.actors),
        whom.personal,
        list(whom.inboxes),
        tx.now,
        whom.not_host,
    )
    return int(status.rsplit(" ", 1)[1])


async def put_superseded(tx: Tx, object_uri: str, activity_id: int) -> None:
    """Do not send what still waits about a thing that is deleted by this activity."""
    await tx.execute(
        """UPDATE deliveries d SET state = 'refused', code = 'superseded', ended_at = $3
           FROM activities a
           WHERE a.object_uri = $1 AND a.id <> $2 AND d.activity_id = a.id AND d.state = 'due'""",
        object_uri,
        activity_id,
        tx.now,
    )


async def lease_hosts(tx: Tx, limit: int, lease: timedelta) -> list[HostState]:
    """Hosts with due deliveries that nobody is busy with and that do not pause; now ours.

    Walks the index from host to host, so a host with a long queue costs as much as any other.
    """
    records = await tx.fetch(
        """WITH RECURSIVE queued AS (
               (SELECT d.host FROM deliveries d WHERE d.state = 'due' ORDER BY d.host LIMIT 1)
               UNION ALL
               SELECT (SELECT d.host FROM deliveries d WHERE d.state = 'due' AND d.host > q.host
                       ORDER BY d.host LIMIT 1)
               FROM queued q WHERE q.host IS NOT NULL),
           free AS (
               SELECT q.host FROM queued q LEFT JOIN hosts h ON h.host = q.host
               WHERE q.host IS NOT NULL
                 AND (h.leased_until IS NULL OR h.leased_until < $1)
                 AND (h.next_attempt_at IS NULL OR h.next_attempt_at <= $1)
                 AND EXISTS (SELECT 1 FROM deliveries d WHERE d.state = 'due' AND d.host = q.host
                             AND d.next_attempt_at <= $1)
               LIMIT $2)
           INSERT INTO hosts AS h (host, first_seen_at, leased_until)
           SELECT free.host, $1, $3 FROM free
           ON CONFLICT (host) DO UPDATE SET leased_until = EXCLUDED.leased_until
               WHERE (h.leased_until IS NULL OR h.leased_until < $1)
           RETURNING h.host, h.scheme, h.failures""",
        tx.now,
        limit,
        tx.now + lease,
    )
    return rows.many(HostState, records)


async def lease_host(tx: Tx, host: str, lease: timedelta) -> bool:
    """Lease one host again after giving it back; False when somebody else was faster."""
    found = await tx.fetchval(
        """UPDATE hosts SET leased_until = $3
           WHERE host = $1 AND (leased_until IS NULL OR leased_until < $2) RETURNING host""",
        host,
        tx.now,
        tx.now + lease,
    )
    return found is not None


async def list_due(tx: Tx, hosts: Sequence[str], per_host: int) -> list[Due]:
    """The first due deliveries of each host in the order they were written."""
    records = await tx.fetch(
        """SELECT d.id, d.host, d.inbox_uri, d.sender_id, d.attempts, a.body, a.created_at
           FROM unnest($1::text[]) AS h (host)
           CROSS JOIN LATERAL (
               SELECT d.id, d.host, d.inbox_uri, d.sender_id, d.attempts, d.activity_id FROM deliveries d
               WHERE d.state = 'due' AND d.host = h.host AND d.next_attempt_at <= $2
               ORDER BY d.id LIMIT $3) AS d
           JOIN activities a ON a.id = d.activity_id
           ORDER BY d.id""",
        list(hosts),
        tx.now,
        per_host,
    )
    return rows.many(Due, records)


class Sent(msgspec.Struct, frozen=True):
    """How one delivery ended, or when it is due again."""

    delivery_id: int
    state: str
    code: str = ""
    retry_at: datetime | None = None


async def put_sent(tx: Tx, listed: Sequence[Sent]) -> None:
    """Write down how deliveries ended. One statement."""
    await tx.execute(
        """UPDATE deliveries d SET state = t.state, code = t.code, attempts = d.attempts + 1,
               next_attempt_at = COALESCE(t.retry_at, d.next_attempt_at),
               ended_at = CASE WHEN t.state = 'due' THEN NULL ELSE $5::timestamptz END
           FROM unnest($1::bigint[], $2::text[], $3::text[], $4::timestamptz[]) AS t (id, state, code, retry_at)
           WHERE d.id = t.id AND d.state = 'due'""",
        [s.delivery_id for s in listed],
        [s.state for s in listed],
        [s.code for s in listed],
        [s.retry_at for s in listed],
        tx.now,
    )


async def put_host_answered(tx: Tx, host: str, scheme: str) -> bool:
    """Give the lease back after a host answered; True when more is due for it."""
    more: bool = await tx.fetchval(
        """UPDATE hosts SET leased_until = NULL, failures = 0, failing_since = NULL, next_attempt_at = NULL,
               scheme = $3
           WHERE host = $1
           RETURNING EXISTS (SELECT 1 FROM deliveries d
                             WHERE d.state = 'due' AND d.host = $1 AND d.next_attempt_at <= $2)""",
        host,
        tx.now,
        scheme,
    )
    return bool(more)


async def put_host_silent(tx: Tx, host: str, retry_at: datetime) -> None:
    """Give the lease back and let the host rest until `retry_at`."""
    await tx.execute(
        """UPDATE hosts SET leased_until = NULL, failures = failures + 1,
               failing_since = COALESCE(failing_since, $3), next_attempt_at = $2
           WHERE host = $1""",
        host,
        retry_at,
        tx.now,
    )


async def put_worn_out(tx: Tx, host: str, before: datetime) -> None:
    """Give up what is older than `before` for a host that has been silent since before then.

    Only the head of a silent host's queue is ever tried; without this the rest would wait for ever.
    """
    await tx.execute(
        """UPDATE deliveries d SET state = 'failed', code = 'host_silent', ended_at = $3
           FROM hosts h, activities a
           WHERE h.host = $1 AND h.failing_since < $2 AND d.host = h.host AND d.state = 'due'
             AND a.id = d.activity_id AND a.created_at < $2""",
        host,
        before,
        tx.now,
    )


async def put_hosts_heard(tx: Tx, hosts: Sequence[str]) -> None:
    """These hosts just spoke to us: whatever waits for them may go now."""
    await tx.execute(
        """INSERT INTO hosts AS h (host, first_seen_at, last_heard_at)
           SELECT DISTINCT t.host, $2::timestamptz, $2::timestamptz FROM unnest($1::text[]) AS t (host)
           ON CONFLICT (host) DO UPDATE SET last_heard_at = EXCLUDED.last_heard_at,
               next_attempt_at = CASE WHEN h.failures > 0 THEN NULL ELSE h.next_attempt_at END
           WHERE h.last_heard_at IS NULL OR h.last_heard_at < $2::timestamptz - interval '1 minute'
              OR h.failures > 0""",
        list(hosts),
        tx.now,
    )


async def put_inbox_gone(tx: Tx, inbox_uri: str) -> None:
    """An inbox is gone for good: its other deliveries end too."""
    await tx.execute(
        """UPDATE deliveries SET state = 'gone', code = 'gone', ended_at = $2
           WHERE inbox_uri = $1 AND state = 'due'""",
        inbox_uri,
        tx.now,
    )


async def find_signing(tx: Tx, actor_id: int) -> Signing | None:
    """What it takes to sign as one of our actors."""
    return rows.maybe(
        Signing,
        await tx.fetchrow(
            """SELECT a.public_key_id, s.rsa_sealed, a.ed25519_key_id, s.ed25519_sealed
               FROM actors a JOIN actor_secrets s ON s.actor_id = a.id WHERE a.id = $1""",
            actor_id,
        ),
    )


async def delete_handed_on(tx: Tx, before: datetime) -> None:
    """Forget the bodies of others that were passed on before then, a bounded number at a time."""
    await tx.execute(
        """DELETE FROM activities WHERE id IN (
               SELECT a.id FROM activities a JOIN actors author ON author.id = a.actor_id AND NOT author.local
               WHERE a.id < $1 LIMIT 5000)""",
        first_id_at(before),
    )

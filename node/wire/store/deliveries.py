"""What we say, frozen as bytes, and one row per inbox it goes to."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from node.db import rows
from node.db.database import Tx


class Signing(msgspec.Struct, frozen=True):
    """What it takes to sign as one of our actors."""

    public_key_id: str
    rsa_sealed: str
    ed25519_key_id: str
    ed25519_sealed: str
    made_at: datetime


async def put_activity(
    tx: Tx, uri: str, kind: str, actor_id: int, object_uri: str, body: bytes, *, for_followers: bool = False
) -> int | None:
    """Freeze an activity; None when it was said before. `for_followers`: for them alone (FEP-8fcf)."""
    found: int | None = await tx.fetchval(
        """INSERT INTO activities (id, uri, type, actor_id, object_uri, body, created_at, for_followers)
           VALUES ($1,$2,$3,$4,$5,$6,$7,$8) ON CONFLICT (uri) DO NOTHING RETURNING id""",
        tx.new_id(),
        uri,
        kind,
        actor_id,
        object_uri,
        body,
        tx.now,
        for_followers,
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
    `not_software`: hosts known to run one of these are left out.
    """

    followers_of: int | None = None
    actors: tuple[int, ...] = ()
    inboxes: tuple[str, ...] = ()
    personal: bool = False
    not_software: tuple[str, ...] = ()


async def put_deliveries(tx: Tx, activity_id: int, sender_id: int, whom: Destinations) -> int:
    """One row per inbox, shared inboxes collapsed, refused and gone ones left out; returns the count."""
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
           WHERE h.refused_at IS NULL AND h.gone_at IS NULL AND COALESCE(h.software, '') <> ALL ($8::text[])
             AND NOT EXISTS (SELECT 1 FROM gone_inboxes g WHERE g.inbox_uri = w.inbox_uri)
           ON CONFLICT (activity_id, inbox_uri) DO NOTHING""",
        activity_id,
        sender_id,
        whom.followers_of,
        list(whom.actors),
        whom.personal,
        list(whom.inboxes),
        tx.now,
        list(whom.not_software),
    )
    return int(status.rsplit(" ", 1)[1])


async def put_superseded(tx: Tx, object_uri: str, activity_id: int) -> None:
    """Do not send what still waits about a thing that this activity deletes or undoes."""
    await tx.execute(
        """UPDATE deliveries d SET state = 'refused', code = 'superseded', ended_at = $3
           FROM activities a
           WHERE (a.object_uri = $1 OR a.uri = $1) AND a.id <> $2 AND d.activity_id = a.id AND d.state = 'due'""",
        object_uri,
        activity_id,
        tx.now,
    )


async def put_hosts_heard(tx: Tx, hosts: Sequence[str]) -> bool:
    """These hosts just spoke to us: whatever waits for them may go now. True when something may.

    One that speaks but cannot be reached is still tried only once a minute.
    """
    records = await tx.fetch(
        """WITH back AS (DELETE FROM gone_inboxes WHERE host = ANY($1))
           INSERT INTO hosts AS h (host, first_seen_at, last_heard_at)
           SELECT DISTINCT t.host, $2::timestamptz, $2::timestamptz FROM unnest($1::text[]) AS t (host)
           ORDER BY t.host
           ON CONFLICT (host) DO UPDATE SET last_heard_at = EXCLUDED.last_heard_at, gone_at = NULL,
               next_attempt_at = CASE WHEN h.failures > 0 THEN
                   LEAST(h.next_attempt_at, GREATEST($2::timestamptz, h.tried_at + interval '1 minute'))
                   ELSE h.next_attempt_at END
           WHERE h.last_heard_at IS NULL OR h.last_heard_at < $2::timestamptz - interval '1 minute'
              OR h.failures > 0 OR h.gone_at IS NOT NULL
           RETURNING h.failures > 0 AND h.next_attempt_at <= $2::timestamptz AS waits""",
        list(hosts),
        tx.now,
    )
    return any(record["waits"] for record in records)


async def find_signing(tx: Tx, actor_id: int) -> Signing | None:
    """What it takes to sign as one of our actors."""
    return rows.maybe(
        Signing,
        await tx.fetchrow(
            """SELECT a.public_key_id, s.rsa_sealed, a.ed25519_key_id, s.ed25519_sealed, s.created_at AS made_at
               FROM actors a JOIN actor_secrets s ON s.actor_id = a.id WHERE a.id = $1""",
            actor_id,
        ),
    )


async def find_keys_at(tx: Tx, actor_id: int) -> datetime | None:
    """When the present keys of one of our actors were made; None when it has none."""
    found: datetime | None = await tx.fetchval(
        "SELECT created_at FROM actor_secrets WHERE actor_id = $1", actor_id
    )
    return found

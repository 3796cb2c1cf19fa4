"""Other nodes and their keys, and the upkeep of the queues."""

from datetime import datetime

import msgspec

from node.db import rows
from node.db.batches import count_of
from node.db.database import Tx
from node.ids import first_id_at


class StoredKey(msgspec.Struct, frozen=True):
    """A public key of somebody else."""

    key_id: str
    owner_uri: str
    pem: str
    multibase: str


async def find_key(tx: Tx, key_id: str) -> StoredKey | None:
    """A key fetched earlier."""
    return rows.maybe(
        StoredKey,
        await tx.fetchrow(
            "SELECT key_id, owner_uri, pem, multibase FROM public_keys WHERE key_id = $1", key_id
        ),
    )


async def put_key(tx: Tx, key: StoredKey, host: str) -> None:
    """Remember a key as its origin served it."""
    await tx.execute(
        """INSERT INTO public_keys (key_id, owner_uri, host, pem, multibase, fetched_at, refreshed_at)
           VALUES ($1,$2,$3,$4,$5,$6,$6)
           ON CONFLICT (key_id) DO UPDATE SET owner_uri = EXCLUDED.owner_uri, host = EXCLUDED.host,
               pem = EXCLUDED.pem, multibase = EXCLUDED.multibase, fetched_at = EXCLUDED.fetched_at,
               refreshed_at = EXCLUDED.refreshed_at""",
        key.key_id,
        key.owner_uri,
        host,
        key.pem,
        key.multibase,
        tx.now,
    )


async def delete_key(tx: Tx, key_id: str) -> None:
    """Forget a key."""
    await tx.execute("DELETE FROM public_keys WHERE key_id = $1", key_id)


async def list_refused_hosts(tx: Tx) -> list[str]:
    """Hosts this node speaks with no more."""
    records = await tx.fetch("SELECT host FROM hosts WHERE refused_at IS NOT NULL")
    return [record["host"] for record in records]


async def is_actor_known(tx: Tx, uri: str) -> bool:
    """Whether we ever stored this actor."""
    return await tx.fetchval("SELECT 1 FROM actors WHERE uri = $1", uri) is not None


async def count_waiting(tx: Tx) -> dict[str, int]:
    """Queue lengths: arrivals to handle, deliveries to make, mails to send."""
    record = await tx.fetchrow(
        """SELECT (SELECT count(*) FROM inbox_items WHERE state = 'new') AS inbox,
                  (SELECT count(*) FROM deliveries WHERE state = 'due') AS deliveries,
                  (SELECT count(*) FROM mails WHERE state = 'due') AS mails"""
    )
    return dict(record or {})


async def is_anything_due(tx: Tx) -> tuple[bool, bool]:
    """Whether (arrivals, deliveries) wait for a worker now."""
    record = await tx.fetchrow(
        """SELECT EXISTS (SELECT 1 FROM inbox_items WHERE state = 'new' AND next_attempt_at <= $1
                          AND NOT EXISTS (SELECT 1 FROM inbox_leases l
                                          WHERE l.host = inbox_items.host AND l.leased_until >= $1)) AS inbox,
                  EXISTS (
                      WITH RECURSIVE queued AS (
                          (SELECT d.host FROM deliveries d WHERE d.state = 'due' ORDER BY d.host LIMIT 1)
                          UNION ALL
                          SELECT (SELECT d.host FROM deliveries d WHERE d.state = 'due' AND d.host > q.host
                                  ORDER BY d.host LIMIT 1)
                          FROM queued q WHERE q.host IS NOT NULL)
                      SELECT 1 FROM queued q LEFT JOIN hosts h ON h.host = q.host
                      WHERE q.host IS NOT NULL
                        AND (h.leased_until IS NULL OR h.leased_until < $1)
                        AND (h.next_attempt_at IS NULL OR h.next_attempt_at <= $1)
                        AND COALESCE((SELECT true FROM deliveries d
                                      WHERE d.host = q.host AND d.state = 'due' AND d.next_attempt_at <= $1
                                      LIMIT 1), false)) AS deliveries""",
        tx.now,
    )
    assert record is not None
    return record["inbox"], record["deliveries"]


async def delete_arrived(tx: Tx, before: datetime, limit: int) -> int:
    """Forget what arrived before then and is done with, the oldest first; how many it were."""
    return count_of(
        await tx.execute(
            """DELETE FROM inbox_items WHERE id IN (
                   SELECT id FROM inbox_items WHERE id < $1 AND state <> 'new' ORDER BY id LIMIT $2)""",
            first_id_at(before),
            limit,
        )
    )


async def delete_ended(tx: Tx, before: datetime, limit: int) -> int:
    """Forget deliveries that ended before then; how many it were."""
    return count_of(
        await tx.execute(
            """DELETE FROM deliveries WHERE id IN (
                   SELECT id FROM deliveries WHERE ended_at < $1 ORDER BY ended_at LIMIT $2)""",
            before,
            limit,
        )
    )


async def put_again(tx: Tx, item_id: int) -> bool:
    """Let an arrival that ended badly run once more; False when there is none such."""
    found = await tx.fetchval(
        """UPDATE inbox_items SET state = 'new', code = '', attempts = 0, next_attempt_at = $2, ended_at = NULL
           WHERE id = $1 AND state IN ('failed', 'refused', 'ignored', 'held') RETURNING id""",
        item_id,
        tx.now,
    )
    return found is not None


class HostRow(msgspec.Struct, frozen=True):
    """Another node as an admin sees it; `waiting` is how many deliveries are due for it, 1000 at most."""

    host: str
    state: str
    style: str
    answer_ms: int
    code: str
    since: datetime | None
    next_attempt_at: datetime | None
    last_heard_at: datetime | None
    waiting: int


HOST_STATES = ("resting", "slow", "gone", "refused", "ok")
_STATE = """CASE WHEN h.refused_at IS NOT NULL THEN 'refused' WHEN h.gone_at IS NOT NULL THEN 'gone'
                 WHEN h.failures > 0 THEN 'resting' WHEN h.answer_ms >= 1000 THEN 'slow' ELSE 'ok' END"""


async def count_hosts(tx: Tx) -> dict[str, int]:
    """How many other nodes are in each state."""
    records = await tx.fetch(f"SELECT {_STATE} AS state, count(*) AS number FROM hosts h GROUP BY 1")
    found = {record["state"]: record["number"] for record in records}
    return {state: found.get(state, 0) for state in HOST_STATES}


async def list_hosts(tx: Tx, state: str, after: str, limit: int) -> list[HostRow]:
    """Other nodes in a state, by name, those after `after`."""
    records = await tx.fetch(
        f"""SELECT h.host, {_STATE} AS state, h.scheme AS style, h.answer_ms, h.code,
                  COALESCE(h.refused_at, h.gone_at, h.failing_since) AS since, h.next_attempt_at,
                  h.last_heard_at,
                  (SELECT count(*) FROM (SELECT 1 FROM deliveries d WHERE d.state = 'due' AND d.host = h.host
                                         LIMIT 1000) x) AS waiting
           FROM hosts h WHERE {_STATE} = $1 AND h.host > $2 ORDER BY h.host LIMIT $3""",
        state,
        after,
        limit,
    )
    return rows.many(HostRow, records)


async def put_host_again(tx: Tx, host: str) -> bool:
    """Try a resting or retired host again now, and whatever waits for it; False when it is not known."""
    found = await tx.fetchval(
        """WITH back AS (DELETE FROM gone_inboxes WHERE host = $1),
                due AS (UPDATE deliveries SET next_attempt_at = $2
                        WHERE host = $1 AND state = 'due' AND next_attempt_at > $2)
           UPDATE hosts SET next_attempt_at = NULL, gone_at = NULL WHERE host = $1 RETURNING host""",
        host,
        tx.now,
    )
    return found is not None


# Only who spoke to us, and can be reached, is asked.
_ASKED = """h.last_heard_at IS NOT NULL AND (h.ask_software_at IS NULL OR h.ask_software_at <= $1)
    AND h.refused_at IS NULL AND h.gone_at IS NULL AND h.failures = 0"""


async def is_software_due(tx: Tx) -> bool:
    """Whether there is a host to ask what it runs."""
    return await tx.fetchval(f"SELECT 1 FROM hosts h WHERE {_ASKED} LIMIT 1", tx.now) is not None


async def take_to_ask(tx: Tx, again_at: datetime, limit: int) -> list[str]:
    """Hosts to ask now what they run, those never asked first; each is due again at `again_at`."""
    records = await tx.fetch(
        f"""UPDATE hosts SET ask_software_at = $2 WHERE host IN (
                SELECT h.host FROM hosts h WHERE {_ASKED}
                ORDER BY h.ask_software_at NULLS FIRST LIMIT $3 FOR UPDATE SKIP LOCKED)
            RETURNING host""",
        tx.now,
        again_at,
        limit,
    )
    return sorted(record["host"] for record in records)


async def put_software(tx: Tx, told: dict[str, str], again_at: datetime) -> None:
    """What hosts say they run: host to lower-case name."""
    await tx.execute(
        """UPDATE hosts h SET software = t.software, ask_software_at = $3
           FROM unnest($1::text[], $2::text[]) AS t (host, software) WHERE h.host = t.host""",
        list(told),
        list(told.values()),
        again_at,
    )

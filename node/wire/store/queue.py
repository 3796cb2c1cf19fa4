"""The queue of deliveries as `deliver` works it off: hosts are leased, rows listed, outcomes written.

Everything is done for many hosts in one statement. Rows of `hosts` are always locked in the order of
their names, so that two processes cannot wait for each other.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from federation.signatures.message import Style
from node.db import rows
from node.db.database import Tx

# A delivery that failed holds back what its sender wrote later for the host: for so many tries, as
# a peer may never take that one, and not at all once the peer has judged that one alone and answers;
# what is about the same thing it holds back until it is settled.
_STEPS_ASIDE_AFTER = 3
_JUDGED = "('http_400', 'http_403', 'http_404', 'http_422')"
_READY = f"""d.state = 'due' AND d.next_attempt_at <= $1 AND NOT EXISTS (
        SELECT 1 FROM deliveries w
        WHERE w.ended_at IS NULL AND w.attempts > 0 AND w.host = d.host AND w.sender_id = d.sender_id
          AND w.id < d.id AND w.next_attempt_at > $1
          AND (w.attempts <= {_STEPS_ASIDE_AFTER} AND w.code NOT IN {_JUDGED} OR EXISTS (
               SELECT 1 FROM activities mine JOIN activities before ON before.id = w.activity_id
               WHERE mine.id = d.activity_id AND mine.object_uri <> ''
                 AND mine.object_uri IN (before.object_uri, before.uri))))"""
SLOW_MS = 1000
GIVE_UP_AFTER = timedelta(days=7)
RETIRE_AFTER = timedelta(days=30)


class HostState(msgspec.Struct, frozen=True):
    """What is known of a leased host."""

    host: str
    scheme: Style | Literal[""]
    failures: int
    answer_ms: int

    @property
    def is_quick(self) -> bool:
        """Whether it answered promptly the last times; a host that never answered is not known to."""
        return self.failures == 0 and 0 < self.answer_ms < SLOW_MS

    @property
    def is_slow(self) -> bool:
        """Whether it is known not to answer promptly."""
        return self.failures > 0 or self.answer_ms >= SLOW_MS


class Due(msgspec.Struct, frozen=True):
    """A delivery that is due; `keys_at` is when its sender's keys were made, None for a sender without."""

    id: int
    host: str
    inbox_uri: str
    sender_id: int
    activity_id: int
    attempts: int
    keys_at: datetime | None


class Frozen(msgspec.Struct, frozen=True):
    """An activity as it is sent; `for_followers`: for the sender's followers alone."""

    body: bytes
    for_followers: bool


class Sent(msgspec.Struct, frozen=True):
    """How one delivery ended, or when it is due again."""

    delivery_id: int
    state: str
    code: str = ""
    retry_at: datetime | None = None


class Page(msgspec.Struct, kw_only=True):
    """What one round with a host brought; `answer_ms` is 0 when it gave no answer."""

    host: str
    sent: list[Sent]
    gone: list[str]
    style: Style | Literal[""] = ""
    answer_ms: int = 0
    silent_until: datetime | None = None
    code: str = ""
    go_on: bool = True


async def go_by_index(tx: Tx) -> None:
    """Have the statements of this transaction look rows up one by one, as all of them here should.

    The queue is empty when PostgreSQL counts its rows and full a moment later; a plan made for the empty
    one reads the whole queue for each host.
    """
    await tx.execute(
        """SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off;
           SET LOCAL enable_mergejoin = off; SET LOCAL enable_bitmapscan = off"""
    )


async def lease_hosts(
    tx: Tx, limit: int, after: str, *, quick_only: bool, lease: timedelta
) -> list[HostState]:
    """Hosts after `after` with due deliveries that nobody is busy with and that do not pause; now ours.

    Walks the index from host to host, so a host with a long queue costs as much as any other, and goes
    on where the last walk ended.
    """
    records = await tx.fetch(
        f"""WITH RECURSIVE queued AS (
               (SELECT d.host FROM deliveries d WHERE d.state = 'due' AND d.host > $4 ORDER BY d.host LIMIT 1)
               UNION ALL
               SELECT (SELECT d.host FROM deliveries d WHERE d.state = 'due' AND d.host > q.host
                       ORDER BY d.host LIMIT 1)
               FROM queued q WHERE q.host IS NOT NULL),
           free AS (
               SELECT q.host FROM queued q
               LEFT JOIN LATERAL (SELECT h.host, h.leased_until, h.next_attempt_at, h.failures, h.answer_ms
                                  FROM hosts h WHERE h.host = q.host OFFSET 0) h ON true
               WHERE q.host IS NOT NULL
                 AND (h.leased_until IS NULL OR h.leased_until < $1)
                 AND (h.next_attempt_at IS NULL OR h.next_attempt_at <= $1)
                 AND (NOT $5 OR (h.failures = 0 AND h.answer_ms BETWEEN 1 AND {SLOW_MS - 1}))
                 -- not EXISTS, which would be answered from one look at everything that is due
                 AND COALESCE((SELECT true FROM deliveries d WHERE d.host = q.host AND {_READY} LIMIT 1), false)
               LIMIT $2)
           INSERT INTO hosts AS h (host, first_seen_at, leased_until)
           SELECT free.host, $1, $3 FROM free
           ON CONFLICT (host) DO UPDATE SET leased_until = EXCLUDED.leased_until
               WHERE (h.leased_until IS NULL OR h.leased_until < $1)
           RETURNING h.host, h.scheme, h.failures, h.answer_ms""",
        tx.now,
        limit,
        tx.now + lease,
        after,
        quick_only,
    )
    return rows.many(HostState, records)


async def put_leases(tx: Tx, hosts: Sequence[str], lease: timedelta) -> None:
    """Keep hosts for longer; those that were given back meanwhile stay free."""
    await tx.execute(
        """UPDATE hosts SET leased_until = $2 WHERE host IN (
               SELECT host FROM hosts WHERE host = ANY($1) AND leased_until IS NOT NULL
               ORDER BY host FOR UPDATE SKIP LOCKED)""",
        list(hosts),
        tx.now + lease,
    )


async def list_due(tx: Tx, hosts: Sequence[str], per_host: int) -> list[Due]:
    """The first due deliveries of each host in the order they were written."""
    records = await tx.fetch(
        f"""SELECT d.id, d.host, d.inbox_uri, d.sender_id, d.activity_id, d.attempts, s.created_at AS keys_at
           FROM unnest($2::text[]) AS h (host)
           CROSS JOIN LATERAL (
               SELECT d.id, d.host, d.inbox_uri, d.sender_id, d.attempts, d.activity_id FROM deliveries d
               WHERE d.host = h.host AND {_READY}
               ORDER BY d.id LIMIT $3) AS d
           LEFT JOIN actor_secrets s ON s.actor_id = d.sender_id
           ORDER BY d.id""",
        tx.now,
        list(hosts),
        per_host,
    )
    return rows.many(Due, records)


async def list_bodies(tx: Tx, activity_ids: Sequence[int]) -> dict[int, Frozen]:
    """The frozen bytes of activities of ours."""
    records = await tx.fetch(
        "SELECT id, body, for_followers FROM activities WHERE id = ANY($1)", list(activity_ids)
    )
    return {record["id"]: Frozen(record["body"], record["for_followers"]) for record in records}


async def put_pages(tx: Tx, pages: Sequence[Page], lease: timedelta) -> dict[str, bool]:
    """Write down what rounds with several hosts brought, and give the leases back.

    Returns the hosts for which more is due: True where the lease is kept, for those to `go_on` with.
    """
    await _put_sent(tx, [sent for page in pages for sent in page.sent])
    gone = [uri for page in pages for uri in page.gone]
    if gone:
        await _put_inboxes_gone(tx, gone)
    more = await _put_hosts(tx, pages, lease)
    silent = [page.host for page in pages if page.silent_until is not None]
    if silent:
        await _put_worn_out(tx, silent)
    return more


async def _put_sent(tx: Tx, listed: Sequence[Sent]) -> None:
    await tx.execute(
        """UPDATE deliveries d SET state = t.state, code = t.code, attempts = d.attempts + 1,
               next_attempt_at = COALESCE(t.retry_at, d.next_attempt_at),
               ended_at = CASE WHEN t.state = 'due' THEN NULL ELSE $5::timestamptz END
           FROM unnest($1::bigint[], $2::text[], $3::text[], $4::timestamptz[]) AS t (id, state, code, retry_at)
           -- written so that only the key serves: an index of what is due would be read from end to end
           WHERE d.id = t.id AND d.state || '' = 'due'""",
        [s.delivery_id for s in listed],
        [s.state for s in listed],
        [s.code for s in listed],
        [s.retry_at for s in listed],
        tx.now,
    )


async def _put_inboxes_gone(tx: Tx, inbox_uris: Sequence[str]) -> None:
    """Nobody reads there any more: what waits for these inboxes ends, and nothing new is written for them.

    A host whose shared inbox is gone is gone as a whole.
    """
    await tx.execute(
        """WITH ended AS (
               UPDATE deliveries SET state = 'gone', code = 'gone', ended_at = $2
               WHERE inbox_uri = ANY($1) AND state = 'due'),
           kept AS (
               INSERT INTO gone_inboxes (inbox_uri, host, gone_at)
               SELECT DISTINCT ON (d.inbox_uri) d.inbox_uri, d.host, $2::timestamptz FROM deliveries d
               WHERE d.inbox_uri = ANY($1) ON CONFLICT (inbox_uri) DO NOTHING RETURNING inbox_uri, host)
           UPDATE hosts h SET gone_at = $2
           FROM kept k WHERE h.host = k.host AND EXISTS (
               SELECT 1 FROM actors a WHERE a.host = k.host AND a.shared_inbox_uri = k.inbox_uri)""",
        list(inbox_uris),
        tx.now,
    )


async def _put_hosts(tx: Tx, pages: Sequence[Page], lease: timedelta) -> dict[str, bool]:
    by_name = sorted(pages, key=lambda page: page.host)
    names = [page.host for page in by_name]
    await tx.execute("SELECT 1 FROM hosts WHERE host = ANY($1) ORDER BY host FOR UPDATE", names)
    records = await tx.fetch(
        f"""UPDATE hosts h SET
               scheme = CASE WHEN t.style <> '' THEN t.style ELSE h.scheme END,
               answer_ms = CASE WHEN t.ms = 0 THEN h.answer_ms WHEN h.answer_ms = 0 THEN t.ms
                                ELSE (h.answer_ms * 3 + t.ms) / 4 END,
               failures = CASE WHEN t.until IS NOT NULL THEN h.failures + 1 WHEN t.ms > 0 THEN 0
                               ELSE h.failures END,
               failing_since = CASE WHEN t.until IS NOT NULL THEN COALESCE(h.failing_since, $1)
                                    WHEN t.ms > 0 THEN NULL ELSE h.failing_since END,
               next_attempt_at = t.until,
               tried_at = CASE WHEN t.until IS NOT NULL THEN $1 ELSE h.tried_at END,
               code = t.code,
               gone_at = CASE WHEN t.until IS NOT NULL AND h.failing_since < $3 THEN COALESCE(h.gone_at, $1)
                              ELSE h.gone_at END,
               leased_until = CASE WHEN t.go_on AND r.ready THEN $2::timestamptz END
           FROM unnest($4::text[], $5::text[], $6::int[], $7::timestamptz[], $8::text[], $9::bool[])
               AS t (host, style, ms, until, code, go_on)
           CROSS JOIN LATERAL (
               SELECT t.until IS NULL AND COALESCE((
                   SELECT true FROM deliveries d WHERE d.host = t.host AND {_READY} LIMIT 1), false) AS ready
               OFFSET 0) AS r
           WHERE h.host = t.host
           RETURNING h.host, t.go_on AS kept, r.ready""",
        tx.now,
        tx.now + lease,
        tx.now - RETIRE_AFTER,
        names,
        [page.style for page in by_name],
        [page.answer_ms for page in by_name],
        [page.silent_until for page in by_name],
        [page.code for page in by_name],
        [page.go_on for page in by_name],
    )
    return {record["host"]: record["kept"] for record in records if record["ready"]}


async def _put_worn_out(tx: Tx, hosts: Sequence[str]) -> None:
    """Give up what is a week old for hosts that have been silent since before then.

    Only the head of a silent host's queue is ever tried; without this the rest would wait for ever.
    """
    await tx.execute(
        """UPDATE deliveries d SET state = 'failed', code = 'host_silent', ended_at = $3
           FROM hosts h, activities a
           WHERE h.host = ANY($1) AND h.failing_since < $2 AND d.host = h.host AND d.state = 'due'
             AND a.id = d.activity_id AND a.created_at < $2""",
        list(hosts),
        tx.now - GIVE_UP_AFTER,
        tx.now,
    )

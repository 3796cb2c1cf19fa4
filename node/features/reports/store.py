"""All SQL about reports, what they are about as it stood then, and the moderators' notes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from node.db import rows
from node.db.batches import count_of
from node.db.database import Tx

_COLUMNS = """id, uri, source_host, reporter_id, target_id, category, rules, comment, forwarded, state, assigned_id,
    closed_by_id, closed_at, created_at"""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody asks the moderators to look at `target_id`.

    `source_host` is '' when a member of this house wrote it; `rules` are the house's rules it
    names, in the words they had.
    """

    id: int
    uri: str
    source_host: str
    reporter_id: int | None
    target_id: int
    category: str
    rules: list[str]
    comment: str
    forwarded: bool
    state: str = "open"
    assigned_id: int | None = None
    closed_by_id: int | None = None
    closed_at: datetime | None = None
    created_at: datetime


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """A reported post as it stood then; `post_id` is None once it is gone."""

    uri: str
    post_id: int | None
    html: str
    warning: str
    media: list[dict[str, Any]]
    published_at: datetime


class Note(msgspec.Struct, frozen=True):
    """What a moderator wrote for the others."""

    id: int
    author_id: int | None
    text: str
    created_at: datetime


async def put_report(tx: Tx, report: Report, post_ids: Sequence[int]) -> bool:
    """Store a report with a copy of the posts that are of its target; False when it was there already."""
    found = await tx.fetchval(
        """INSERT INTO reports (id, uri, source_host, reporter_id, target_id, category, rules, comment, forwarded,
                                created_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (uri, target_id) DO NOTHING RETURNING id""",
        report.id,
        report.uri,
        report.source_host,
        report.reporter_id,
        report.target_id,
        report.category,
        report.rules,
        report.comment,
        report.forwarded,
        report.created_at,
    )
    if found is None:
        return False
    await tx.execute(
        """INSERT INTO report_posts (report_id, uri, post_id, html, warning, media, published_at)
           SELECT $1, p.uri, p.id, p.html, p.warning,
                  COALESCE((SELECT jsonb_agg(jsonb_build_object('kind', m.kind, 'alt', m.alt,
                                                                'url', m.remote_url, 'file_key', m.file_key)
                                             ORDER BY m.position)
                            FROM media m WHERE m.post_id = p.id), '[]'),
                  p.published_at
           FROM posts p WHERE p.id = ANY($2) AND p.author_id = $3 ON CONFLICT DO NOTHING""",
        report.id,
        list(post_ids),
        report.target_id,
    )
    return True


async def get_report(tx: Tx, report_id: int) -> Report:
    """The report. Raises: NodeError `not_found`."""
    return rows.one(Report, await tx.fetchrow(f"SELECT {_COLUMNS} FROM reports WHERE id = $1", report_id))


async def list_reports(tx: Tx, state: str, before_id: int, limit: int) -> list[Report]:
    """Reports of one state, newest first, older than `before_id` (0: from the newest)."""
    records = await tx.fetch(
        f"""SELECT {_COLUMNS} FROM reports WHERE state = $1 AND ($2::bigint = 0 OR id < $2)
            ORDER BY id DESC LIMIT $3""",
        state,
        before_id,
        limit,
    )
    return rows.many(Report, records)


async def count_open(tx: Tx) -> int:
    """How many reports wait."""
    found: int = await tx.fetchval("SELECT count(*) FROM reports WHERE state = 'open'")
    return found


async def count_about(tx: Tx, target_id: int) -> int:
    """How many reports there ever were about somebody."""
    found: int = await tx.fetchval("SELECT count(*) FROM reports WHERE target_id = $1", target_id)
    return found


async def count_of_host(tx: Tx, host: str, since: datetime) -> int:
    """How many reports a host sent lately."""
    found: int = await tx.fetchval(
        "SELECT count(*) FROM reports WHERE source_host = $1 AND source_host <> '' AND created_at > $2",
        host,
        since,
    )
    return found


async def lock_host(tx: Tx, host: str) -> None:
    """Let the reports of a host be counted one after the other."""
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended('reports:' || $1, 0))", host)


async def list_evidence(tx: Tx, report_id: int) -> list[Evidence]:
    """What was reported, oldest first."""
    records = await tx.fetch(
        """SELECT uri, post_id, html, warning, media, published_at FROM report_posts WHERE report_id = $1
           ORDER BY published_at, uri""",
        report_id,
    )
    return rows.many(Evidence, records)


async def list_notes(tx: Tx, report_id: int) -> list[Note]:
    """What moderators wrote, oldest first."""
    records = await tx.fetch(
        "SELECT id, author_id, text, created_at FROM report_notes WHERE report_id = $1 ORDER BY id", report_id
    )
    return rows.many(Note, records)


async def put_note(tx: Tx, report_id: int, author_id: int, text: str) -> None:
    """Keep a note for the others."""
    await tx.execute(
        "INSERT INTO report_notes (id, report_id, author_id, text, created_at) VALUES ($1, $2, $3, $4, $5)",
        tx.new_id(),
        report_id,
        author_id,
        text,
        tx.now,
    )


async def put_assigned(tx: Tx, report_id: int, moderator_id: int | None) -> None:
    """Who takes care of it; None gives it back."""
    await tx.execute("UPDATE reports SET assigned_id = $2 WHERE id = $1", report_id, moderator_id)


async def put_closed(tx: Tx, report_id: int, moderator_id: int) -> bool:
    """Close a report; False when it was closed already."""
    found = await tx.fetchval(
        """UPDATE reports SET state = 'closed', closed_by_id = $2, closed_at = $3
           WHERE id = $1 AND state = 'open' RETURNING id""",
        report_id,
        moderator_id,
        tx.now,
    )
    return found is not None


async def put_open(tx: Tx, report_id: int) -> None:
    """Open a closed report again."""
    await tx.execute(
        "UPDATE reports SET state = 'open', closed_by_id = NULL, closed_at = NULL WHERE id = $1", report_id
    )


async def count_about_open(tx: Tx, target_id: int) -> int:
    """How many reports about somebody wait."""
    found: int = await tx.fetchval(
        "SELECT count(*) FROM reports WHERE target_id = $1 AND state = 'open'", target_id
    )
    return found


async def list_local_people(tx: Tx, uris: Sequence[str]) -> list[int]:
    """Those of the addresses that are people or groups of ours."""
    records = await tx.fetch(
        """SELECT id FROM actors WHERE uri = ANY($1) AND local AND kind <> 'Application' AND deleted_at IS NULL
           ORDER BY id""",
        list(uris),
    )
    return [record["id"] for record in records]


async def delete_closed(tx: Tx, before: datetime, limit: int) -> int:
    """Forget reports that were closed before then, with their notes and copies; how many it were."""
    return count_of(
        await tx.execute(
            """DELETE FROM reports WHERE id IN (
                   SELECT id FROM reports WHERE state = 'closed' AND closed_at < $1 ORDER BY id LIMIT $2)""",
            before,
            limit,
        )
    )

"""Who holds which handle, and which hosts give handles of another name than their own."""

from datetime import datetime

from node.db.database import Tx


async def find_handle_holder(tx: Tx, username: str, host: str, uri: str) -> int | None:
    """Another actor that has this handle, if one does."""
    found: int | None = await tx.fetchval(
        "SELECT id FROM actors WHERE lower(username) = lower($1) AND host = $2 AND uri <> $3",
        username,
        host,
        uri,
    )
    return found


async def put_displaced(tx: Tx, actor_id: int) -> None:
    """Take the handle from an actor whose host gave it to another id."""
    await tx.execute("UPDATE actors SET username = username || '.' || id WHERE id = $1", actor_id)


async def is_host_plain(tx: Tx, host: str, asked_after: datetime) -> bool:
    """Whether a host was asked lately and gives handles of its own name."""
    found = await tx.fetchval(
        "SELECT 1 FROM hosts WHERE host = $1 AND handles_checked_at > $2", host, asked_after
    )
    return found is not None


async def put_host_plain(tx: Tx, host: str) -> None:
    """A host gives handles of its own name."""
    await tx.execute(
        """INSERT INTO hosts (host, first_seen_at, handles_checked_at) VALUES ($1, $2, $2)
           ON CONFLICT (host) DO UPDATE SET handles_checked_at = EXCLUDED.handles_checked_at""",
        host,
        tx.now,
    )


async def put_handle_host(tx: Tx, actor_id: int, handle_host: str) -> None:
    """Remember at which host somebody's handle is; confirmed both ways."""
    await tx.execute("UPDATE actors SET handle_host = $2 WHERE id = $1", actor_id, handle_host)


async def list_unasked(tx: Tx, host: str, limit: int) -> list[int]:
    """Others of a host whose handles nobody asked about, newest first."""
    records = await tx.fetch(
        """SELECT a.id FROM actors a
           WHERE a.host = $1 AND a.handle_host = a.host AND a.deleted_at IS NULL AND NOT a.local
             AND NOT EXISTS (SELECT 1 FROM wants w WHERE w.kind = 'handle' AND w.subject_id = a.id)
           ORDER BY a.id DESC LIMIT $2""",
        host,
        limit,
    )
    return [record["id"] for record in records]

"""SQL of `sessions`: browser sign-ins, found by the SHA-256 of their cookie."""

from datetime import datetime

import msgspec

from node.db.database import Tx
from node.db.rows import many, maybe


class SessionRow(msgspec.Struct, frozen=True):
    """A session together with its person, as every request of a browser needs them."""

    session_id: int
    csrf: bytes
    seen_at: datetime
    actor_id: int
    username: str
    display_name: str
    avatar_url: str
    role: str
    state: str
    locale: str
    time_zone: str
    default_audience: str
    default_language: str
    unread: int


class SessionEntry(msgspec.Struct, frozen=True):
    """A session as its owner sees it in the list."""

    id: int
    user_agent: str
    created_at: datetime
    seen_at: datetime


class NewSession(msgspec.Struct, frozen=True, kw_only=True):
    """The row `put_session` writes."""

    token_hash: bytes
    id: int
    actor_id: int
    csrf: bytes
    user_agent: str
    expires_at: datetime


async def find_session(tx: Tx, token_hash: bytes) -> SessionRow | None:
    """The session and its person; a suspended person counts as disabled."""
    row = await tx.fetchrow(
        """
        SELECT s.id AS session_id, s.csrf, s.seen_at, a.actor_id, p.username, p.display_name, p.avatar_url,
               a.role, CASE WHEN p.suspended_at IS NOT NULL THEN 'disabled' ELSE a.state END AS state,
               a.locale, a.time_zone, a.default_audience, a.default_language,
               (SELECT count(*) FROM (SELECT 1 FROM notifications n
                                      WHERE n.owner_id = a.actor_id AND n.id > a.notifications_read_id
                                      LIMIT 99) AS unseen) AS unread
        FROM sessions s
        JOIN accounts a ON a.actor_id = s.actor_id
        JOIN actors p ON p.id = s.actor_id
        WHERE s.token_hash = $1 AND s.expires_at > $2 AND p.deleted_at IS NULL
        """,
        token_hash,
        tx.now,
    )
    return maybe(SessionRow, row)


async def put_session(tx: Tx, new: NewSession) -> None:
    """Write a new session."""
    await tx.execute(
        """
        INSERT INTO sessions (token_hash, id, actor_id, csrf, user_agent, created_at, seen_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $6, $7)
        """,
        new.token_hash,
        new.id,
        new.actor_id,
        new.csrf,
        new.user_agent,
        tx.now,
        new.expires_at,
    )


async def put_seen(tx: Tx, session_id: int, actor_id: int, expires_at: datetime) -> None:
    """Note that the session was used, and its person on which day."""
    await tx.execute(
        """
        WITH used AS (UPDATE sessions SET seen_at = $3, expires_at = $4 WHERE id = $1)
        UPDATE accounts SET last_seen_on = $3::date
        WHERE actor_id = $2 AND last_seen_on IS DISTINCT FROM $3::date
        """,
        session_id,
        actor_id,
        tx.now,
        expires_at,
    )


async def list_sessions(tx: Tx, actor_id: int) -> list[SessionEntry]:
    """A person's living sessions, last used first."""
    rows = await tx.fetch(
        """
        SELECT id, user_agent, created_at, seen_at FROM sessions
        WHERE actor_id = $1 AND expires_at > $2 ORDER BY seen_at DESC, id DESC LIMIT 100
        """,
        actor_id,
        tx.now,
    )
    return many(SessionEntry, rows)


async def delete_session(tx: Tx, actor_id: int, session_id: int) -> bool:
    """End one of the person's own sessions; False when there is no such."""
    status = await tx.execute("DELETE FROM sessions WHERE actor_id = $1 AND id = $2", actor_id, session_id)
    return bool(status.endswith(" 1"))


async def delete_other_sessions(tx: Tx, actor_id: int, keep_id: int) -> None:
    """End all of a person's sessions but one (0: all)."""
    await tx.execute("DELETE FROM sessions WHERE actor_id = $1 AND id <> $2", actor_id, keep_id)


async def delete_tokens(tx: Tx, actor_id: int) -> None:
    """End every program's access for this person, codes not yet redeemed included."""
    tx.tell_changed(actor_id)
    await tx.execute("DELETE FROM oauth_tokens WHERE actor_id = $1", actor_id)
    await tx.execute("DELETE FROM oauth_codes WHERE actor_id = $1", actor_id)


async def delete_expired(tx: Tx) -> None:
    """Remove sessions nobody can use any more."""
    await tx.execute("DELETE FROM sessions WHERE expires_at <= $1", tx.now)

"""SQL of the `accounts` table: who can sign in here, with what role and in which state.

Called by the services of accounts; pages read through those.
"""

from datetime import datetime

import msgspec

from node.db.database import Tx
from node.db.rows import many, maybe, one

_ACCOUNT = """
SELECT a.actor_id, p.username, p.display_name, p.avatar_url, p.uri, a.email, a.role, a.state, a.answer,
       a.invite_id, a.locale, a.time_zone, a.default_audience, a.default_language, a.created_at,
       a.confirmed_at, a.last_seen_on
FROM accounts a JOIN actors p ON p.id = a.actor_id
"""


class Account(msgspec.Struct, frozen=True):
    """One local person who can sign in, without the password."""

    actor_id: int
    username: str
    display_name: str
    avatar_url: str
    uri: str
    email: str
    role: str
    state: str
    answer: str
    invite_id: int | None
    locale: str
    time_zone: str
    default_audience: str
    default_language: str
    created_at: datetime
    confirmed_at: datetime | None
    last_seen_on: object


class Credentials(msgspec.Struct, frozen=True):
    """What a sign-in is checked against."""

    actor_id: int
    username: str
    email: str
    password_hash: str
    state: str


class NewAccount(msgspec.Struct, frozen=True, kw_only=True):
    """The row `put_account` writes."""

    actor_id: int
    email: str
    password_hash: str
    role: str
    state: str
    answer: str = ""
    invite_id: int | None = None
    locale: str = ""
    confirmed_at: datetime | None = None


class Preferences(msgspec.Struct, frozen=True, kw_only=True):
    """What a person chose for reading and writing; empty means the house's choice."""

    locale: str = ""
    time_zone: str = ""
    default_audience: str = "public"
    default_language: str = ""


async def get_account(tx: Tx, actor_id: int) -> Account:
    """Raises: NodeError `not_found`."""
    return one(
        Account, await tx.fetchrow(_ACCOUNT + " WHERE a.actor_id = $1 AND p.deleted_at IS NULL", actor_id)
    )


async def find_account_by_email(tx: Tx, email: str) -> Account | None:
    """The account of an address (lower case)."""
    return maybe(Account, await tx.fetchrow(_ACCOUNT + " WHERE a.email = $1 AND p.deleted_at IS NULL", email))


async def find_account_by_username(tx: Tx, username: str) -> Account | None:
    """The account of a local username (lower case)."""
    row = await tx.fetchrow(
        _ACCOUNT + " WHERE lower(p.username) = $1 AND p.local AND p.deleted_at IS NULL", username
    )
    return maybe(Account, row)


async def find_credentials(tx: Tx, email_or_username: str) -> Credentials | None:
    """What to check a password against; the name is lower case, without a leading @."""
    row = await tx.fetchrow(
        """
        SELECT a.actor_id, p.username, a.email, a.password_hash, a.state
        FROM accounts a JOIN actors p ON p.id = a.actor_id
        WHERE p.deleted_at IS NULL AND (a.email = $1 OR (lower(p.username) = $1 AND p.local))
        ORDER BY (a.email = $1) DESC LIMIT 1
        """,
        email_or_username,
    )
    return maybe(Credentials, row)


async def list_accounts(tx: Tx, *, state: str = "", before_id: int = 0, limit: int = 50) -> list[Account]:
    """Accounts, newest first; `state` narrows, `before_id` pages (0: from the start)."""
    rows = await tx.fetch(
        _ACCOUNT
        + """
        WHERE p.deleted_at IS NULL AND ($1 = '' OR a.state = $1) AND ($2::bigint = 0 OR a.actor_id < $2)
        ORDER BY a.actor_id DESC LIMIT $3
        """,
        state,
        before_id,
        limit,
    )
    return many(Account, rows)


async def list_staff(tx: Tx) -> list[Account]:
    """Active moderators and admins, oldest first, at most twenty."""
    rows = await tx.fetch(
        _ACCOUNT
        + """
        WHERE p.deleted_at IS NULL AND a.state = 'active' AND a.role IN ('moderator', 'admin')
        ORDER BY a.actor_id LIMIT 20
        """
    )
    return many(Account, rows)


async def count_by_state(tx: Tx) -> dict[str, int]:
    """How many accounts are in each state."""
    rows = await tx.fetch("SELECT state, count(*) AS number FROM accounts GROUP BY state")
    return {row["state"]: row["number"] for row in rows}


async def lock_names(tx: Tx, *names: str) -> None:
    """Hold names against a registration at the same moment, until the transaction ends."""
    for name in sorted(names):  # one order for everybody, so that two can never wait for each other
        await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended('account:' || $1, 0))", name)


async def count_handles(tx: Tx, username: str) -> int:
    """1 when the name is or was anybody's here: a deleted person's name is never given again."""
    number = await tx.fetchval("SELECT count(*) FROM actors WHERE lower(username) = $1 AND local", username)
    return int(number)


async def put_account(tx: Tx, new: NewAccount) -> None:
    """Write a new account; the actor is there already."""
    await tx.execute(
        """
        INSERT INTO accounts (actor_id, email, password_hash, role, state, answer, invite_id, locale, created_at,
                              confirmed_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """,
        new.actor_id,
        new.email,
        new.password_hash,
        new.role,
        new.state,
        new.answer,
        new.invite_id,
        new.locale,
        tx.now,
        new.confirmed_at,
    )


async def put_state(tx: Tx, actor_id: int, old: tuple[str, ...], new: str) -> bool:
    """Move an account from one of `old` to `new`; False when it was in none of them."""
    tx.tell_changed(actor_id)
    status = await tx.execute(
        """
        UPDATE accounts SET state = $3, confirmed_at = CASE WHEN $3 IN ('active', 'waiting')
               THEN coalesce(confirmed_at, $4) ELSE confirmed_at END
        WHERE actor_id = $1 AND state = ANY($2::text[])
        """,
        actor_id,
        list(old),
        new,
        tx.now,
    )
    return bool(status.endswith(" 1"))


async def put_role(tx: Tx, actor_id: int, role: str) -> None:
    """Give a role."""
    tx.tell_changed(actor_id)
    await tx.execute("UPDATE accounts SET role = $2 WHERE actor_id = $1", actor_id, role)


async def lock_admins(tx: Tx) -> list[int]:
    """The active admins' actor ids, locked, so that two cannot step down at once."""
    rows = await tx.fetch(
        "SELECT actor_id FROM accounts WHERE role = 'admin' AND state = 'active' ORDER BY actor_id FOR UPDATE"
    )
    return [row["actor_id"] for row in rows]


async def put_password(tx: Tx, actor_id: int, password_hash: str) -> None:
    """Store a new password's hash."""
    await tx.execute("UPDATE accounts SET password_hash = $2 WHERE actor_id = $1", actor_id, password_hash)


async def put_email(tx: Tx, actor_id: int, email: str) -> None:
    """Store a proven address."""
    await tx.execute("UPDATE accounts SET email = $2 WHERE actor_id = $1", actor_id, email)


async def put_preferences(tx: Tx, actor_id: int, chosen: Preferences) -> None:
    """Store language, time zone and what a new post starts with."""
    tx.tell_changed(actor_id)
    await tx.execute(
        """
        UPDATE accounts SET locale = $2, time_zone = $3, default_audience = $4, default_language = $5
        WHERE actor_id = $1
        """,
        actor_id,
        chosen.locale,
        chosen.time_zone,
        chosen.default_audience,
        chosen.default_language,
    )


async def find_quote_policy(tx: Tx, actor_id: int) -> str:
    """Who may quote what this person writes from now on; '' for who has no account."""
    found: str | None = await tx.fetchval(
        "SELECT default_quote_policy FROM accounts WHERE actor_id = $1", actor_id
    )
    return found or ""


async def put_quote_policy(tx: Tx, actor_id: int, policy: str) -> None:
    """Store who may quote what this person writes from now on."""
    await tx.execute("UPDATE accounts SET default_quote_policy = $2 WHERE actor_id = $1", actor_id, policy)


async def list_stale_unconfirmed(tx: Tx, before: datetime, limit: int = 100) -> list[tuple[int, int | None]]:
    """(actor id, invite id) of people who never confirmed their address since `before`."""
    rows = await tx.fetch(
        """
        SELECT actor_id, invite_id FROM accounts WHERE state = 'unconfirmed' AND created_at < $1
        ORDER BY actor_id LIMIT $2 FOR UPDATE SKIP LOCKED
        """,
        before,
        limit,
    )
    return [(row["actor_id"], row["invite_id"]) for row in rows]


async def delete_never_seen(tx: Tx, actor_id: int) -> None:
    """Remove a person nobody ever saw: unconfirmed or refused, so nothing was published."""
    await tx.execute(
        """
        DELETE FROM actors p USING accounts a
        WHERE p.id = $1 AND a.actor_id = p.id AND a.state IN ('unconfirmed', 'waiting')
        """,
        actor_id,
    )

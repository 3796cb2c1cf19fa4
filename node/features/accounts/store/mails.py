"""SQL of `mails`: outgoing mail, one row per mail, written by the transaction that causes it."""

from datetime import datetime

import msgspec

from node.db.database import Tx
from node.db.rows import maybe


class Mail(msgspec.Struct, frozen=True):
    """A mail that is due."""

    id: int
    recipient: str
    subject: str
    body_text: str
    body_html: str
    attempts: int
    created_at: datetime


class NewMail(msgspec.Struct, frozen=True, kw_only=True):
    """The row `put_mail` writes."""

    recipient: str
    subject: str
    body_text: str
    body_html: str = ""


async def put_mail(tx: Tx, new: NewMail) -> int:
    """Write a due mail and give its id."""
    mail_id = tx.new_id()
    await tx.execute(
        """
        INSERT INTO mails (id, recipient, subject, body_text, body_html, next_attempt_at, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $6)
        """,
        mail_id,
        new.recipient,
        new.subject,
        new.body_text,
        new.body_html,
        tx.now,
    )
    return mail_id


async def lock_recipient(tx: Tx, recipient: str) -> None:
    """Count and write for one address at a time, so that parallel requests cannot pass the cap."""
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended('mail:' || $1, 0))", recipient)


async def count_mails(tx: Tx, recipient: str, since: datetime) -> tuple[int, int]:
    """(to this address, to anybody) since `since`, whatever became of them."""
    row = await tx.fetchrow(
        "SELECT count(*) FILTER (WHERE recipient = $1) AS here, count(*) AS everywhere FROM mails WHERE created_at > $2",
        recipient,
        since,
    )
    return (row["here"], row["everywhere"]) if row else (0, 0)


async def lease_mail(tx: Tx, mail_id: int, until: datetime) -> Mail | None:
    """Take a due mail for sending; None when another worker has it or it is done.

    The next attempt is moved on before the first byte is sent, so that a worker that dies in
    the middle leaves the mail to the sweep, and two workers never send it at once.
    """
    row = await tx.fetchrow(
        """
        UPDATE mails SET attempts = attempts + 1, next_attempt_at = $3
        WHERE id = $1 AND state = 'due' AND next_attempt_at <= $2
        RETURNING id, recipient, subject, body_text, body_html, attempts, created_at
        """,
        mail_id,
        tx.now,
        until,
    )
    return maybe(Mail, row)


async def put_sent(tx: Tx, mail_id: int) -> None:
    """The mail is out; its text, which may hold a link, is kept no longer."""
    await tx.execute(
        "UPDATE mails SET state = 'sent', body_text = '', body_html = '', code = '' WHERE id = $1", mail_id
    )


async def put_later(tx: Tx, mail_id: int, at: datetime, code: str) -> None:
    """Try again at `at`."""
    await tx.execute(
        "UPDATE mails SET next_attempt_at = $2, code = $3 WHERE id = $1 AND state = 'due'", mail_id, at, code
    )


async def put_failed(tx: Tx, mail_id: int, code: str) -> None:
    """Given up."""
    await tx.execute(
        "UPDATE mails SET state = 'failed', code = $2, body_text = '', body_html = '' WHERE id = $1",
        mail_id,
        code,
    )


async def list_due(tx: Tx, limit: int = 50) -> list[int]:
    """Ids of mails whose time has come, oldest first."""
    rows = await tx.fetch(
        "SELECT id FROM mails WHERE state = 'due' AND next_attempt_at <= $1 ORDER BY next_attempt_at LIMIT $2",
        tx.now,
        limit,
    )
    return [row["id"] for row in rows]


async def delete_old(tx: Tx, before: datetime) -> None:
    """Remove what was sent or given up before `before`."""
    await tx.execute("DELETE FROM mails WHERE state <> 'due' AND created_at < $1", before)

"""Sending mail: one row in `mails` is one mail, sent by a job, found again by a sweep.

`queue_mail` writes the row in the caller's transaction; nothing is sent before that commits.
Without an SMTP address in the configuration a mail becomes a file in `mail/` of the data
directory. An address and the node as a whole have an hourly cap, so that nobody can use the
house to flood a mailbox.
"""

import asyncio
import logging
import os
from collections.abc import Sequence
from datetime import timedelta
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from pathlib import Path
from urllib.parse import unquote, urlsplit

import aiosmtplib

from node.db.database import Tx
from node.errors import NodeError
from node.features.accounts.store import mails
from node.features.house import service as house
from node.runtime import Node

log = logging.getLogger("node.mail")

PER_ADDRESS_AN_HOUR = 5
EVERYBODY_AN_HOUR = 500
RETRY_DELAYS: Sequence[timedelta] = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=8),
    timedelta(hours=24),
)
_LEASE = timedelta(minutes=2)
_KEPT = timedelta(days=2)
_TIMEOUT_S = 20.0


async def queue_mail(tx: Tx, recipient: str, subject: str, text: str, html: str = "") -> bool:
    """Write a mail that is sent after the commit; False when the address had too many lately.

    Raises: NodeError `too_many_requests` when the whole node has sent too many this hour.
    """
    await mails.lock_recipient(tx, recipient)
    here, everywhere = await mails.count_mails(tx, recipient, tx.now - timedelta(hours=1))
    if everywhere >= EVERYBODY_AN_HOUR:
        raise NodeError("too_many_requests", detail="mail cap of the node", retry_after_s=3600)
    if here >= PER_ADDRESS_AN_HOUR:
        log.info("a mail was not written: its address had %d within the hour", here)
        return False
    new = mails.NewMail(
        recipient=recipient, subject=" ".join(subject.split())[:200], body_text=text, body_html=html
    )
    mail_id = await mails.put_mail(tx, new)
    tx.wake(f"mail:{mail_id}")
    return True


async def send_mail(node: Node, mail_id: str) -> None:
    """Job `mail`: send one mail, or note when to try again. Safe to run twice."""
    async with node.db.tx() as tx:
        mail = await mails.lease_mail(tx, int(mail_id), tx.now + _LEASE)
        name = (await house.get_settings(tx)).name
    if mail is None:
        return
    message = compose(node, mail, name)
    try:
        if node.config.mail.smtp_url:
            await _send_smtp(node, message)
        else:
            await asyncio.to_thread(_write_file, node.config.data_dir / "mail", mail.id, message)
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        await _note_failure(node, mail, error)
        return
    async with node.db.tx() as tx:
        await mails.put_sent(tx, mail.id)


def compose(node: Node, mail: mails.Mail, house_name: str) -> EmailMessage:
    """The mail as it goes out. Its id makes the Message-ID, so a repeated mail is recognised."""
    sender_host = urlsplit(node.origin).hostname or "localhost"
    message = EmailMessage()
    message["From"] = formataddr((house_name, node.config.mail.sender or f"noreply@{sender_host}"))
    message["To"] = mail.recipient
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(mail.created_at)
    message["Message-ID"] = f"<{mail.id}@{sender_host}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's out-of-office answers this
    message["Precedence"] = "bulk"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(mail.body_text)
    if mail.body_html:
        message.add_alternative(mail.body_html, subtype="html")
    return message


async def _send_smtp(node: Node, message: EmailMessage) -> None:
    address = urlsplit(node.config.mail.smtp_url)
    client = aiosmtplib.SMTP(
        hostname=address.hostname or "localhost",
        port=address.port or (465 if address.scheme == "smtps" else 587),
        use_tls=address.scheme == "smtps",
        # A lab's mail catcher has no TLS; everywhere else the letters hold secret links.
        start_tls=None if node.config.node.lab else address.scheme != "smtps",
        timeout=_TIMEOUT_S,
    )
    await client.connect()
    try:
        if address.username:
            await client.login(
                unquote(address.username), _password(node.config.mail.password_file, address.password)
            )
        await client.send_message(message)
    finally:
        # Not QUIT: a server that accepted the mail and then hangs would make us send it again.
        client.close()


def _password(password_file: str, in_url: str | None) -> str:
    return Path(password_file).read_text().strip() if password_file else unquote(in_url or "")


def _write_file(folder: Path, mail_id: int, message: EmailMessage) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{mail_id}.eml"
    with open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(message.as_bytes())
    log.info("mail %d was written to a file, because no SMTP address is configured", mail_id)


async def _note_failure(node: Node, mail: mails.Mail, error: Exception) -> None:
    permanent = isinstance(error, aiosmtplib.SMTPRecipientsRefused | aiosmtplib.SMTPSenderRefused) or (
        isinstance(error, aiosmtplib.SMTPResponseException) and 500 <= error.code < 600
    )
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        permanent = all(500 <= refused.code < 600 for refused in error.recipients)
    code = str(getattr(error, "code", "") or type(error).__name__)
    log.warning("mail %d did not go out: %s", mail.id, code)
    async with node.db.tx() as tx:
        if permanent or mail.attempts > len(RETRY_DELAYS):
            await mails.put_failed(tx, mail.id, code)
        else:
            await mails.put_later(tx, mail.id, tx.now + RETRY_DELAYS[mail.attempts - 1], code)


async def sweep_mails(node: Node) -> None:
    """Wake what is due and was not sent: its wake was lost, or its next try has come."""
    async with node.db.tx() as tx:
        for mail_id in await mails.list_due(tx):
            tx.wake(f"mail:{mail_id}")


async def forget_old_mails(node: Node) -> None:
    """Remove what was sent or given up two days ago."""
    async with node.db.tx() as tx:
        await mails.delete_old(tx, tx.now - _KEPT)

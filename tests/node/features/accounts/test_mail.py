"""Mail: one row is one mail, whatever the SMTP server does, and it says what it is."""

import asyncio
import email
import email.policy

import msgspec
import pytest

from node.config import MailConfig
from node.features.accounts import letters, mail
from node.features.house import service as house


class Postbox:
    """An SMTP server on loopback that accepts, refuses or hangs, as it is told."""

    def __init__(self, *, answer="250 OK", hang_at_quit=False, hang_after_data=False):
        self.answer, self.hang_at_quit, self.hang_after_data = answer, hang_at_quit, hang_after_data
        self.taken = []
        self._server = None

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self._server.close()

    async def _talk(self, reader, writer):
        writer.write(b"220 postbox\r\n")
        while line := (await reader.readline()).decode().strip():
            word = line.split(":")[0].split()[0].upper()
            if word == "DATA":
                writer.write(b"354 go on\r\n")
                body = await reader.readuntil(b"\r\n.\r\n")
                if self.answer.startswith("250"):
                    self.taken.append(email.message_from_bytes(body[:-5], policy=email.policy.default))
                if self.hang_after_data:
                    await reader.read()
                    break
                writer.write(self.answer.encode() + b"\r\n")
            elif word == "QUIT" and self.hang_at_quit:
                continue
            else:
                writer.write(b"250 OK\r\n")
        writer.close()


def with_smtp(node, port):
    node.config = msgspec.structs.replace(
        node.config, mail=MailConfig(smtp_url=f"smtp://127.0.0.1:{port}", sender="house@example.org")
    )


async def queue(node, **changes):
    given = {"recipient": "amina@example.org", "subject": "Hello", "text": "Good day.\n"} | changes
    async with node.db.tx() as tx:
        await mail.queue_mail(tx, **given)
        return str(await tx.fetchval("SELECT id FROM mails WHERE state = 'due' ORDER BY ctid DESC LIMIT 1"))


async def states(node):
    async with node.db.read() as tx:
        return [
            (row["state"], row["attempts"], row["code"])
            for row in await tx.fetch("SELECT state, attempts, code FROM mails ORDER BY ctid")
        ]


async def test_without_smtp_a_mail_becomes_a_file_only_its_owner_reads(node):
    mail_id = await queue(node)
    await mail.send_mail(node, mail_id)
    path = node.config.data_dir / "mail" / f"{mail_id}.eml"
    assert b"Good day." in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    assert await states(node) == [("sent", 1, "")]


async def test_eml_03_a_mail_says_it_is_automatic_and_keeps_its_id(node):
    async with Postbox() as box:
        with_smtp(node, box.port)
        mail_id = await queue(node)
        await mail.send_mail(node, mail_id)
    (message,) = box.taken
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Precedence"] == "bulk"
    assert message["Message-ID"].startswith(f"<{mail_id}@")
    assert message["From"].addresses[0].addr_spec == "house@example.org"


async def test_eml_03_a_server_that_hangs_at_quit_gets_the_mail_once(node):
    async with Postbox(hang_at_quit=True) as box:
        with_smtp(node, box.port)
        mail_id = await queue(node)
        await mail.send_mail(node, mail_id)
        await mail.send_mail(node, mail_id)
    assert len(box.taken) == 1
    assert await states(node) == [("sent", 1, "")]


async def test_rel_41_a_server_that_hangs_after_the_mail_is_asked_again_with_the_same_mail(
    node, clock, monkeypatch
):
    """It may have it and may not: the next try carries the same Message-ID, by which it is one mail to its reader."""
    monkeypatch.setattr(mail, "_TIMEOUT_S", 0.2)
    async with Postbox(hang_after_data=True) as box:
        with_smtp(node, box.port)
        mail_id = await queue(node)
        await mail.send_mail(node, mail_id)
        await mail.send_mail(node, mail_id)  # too early: nothing happens
        assert len(box.taken) == 1
        ((state, attempts, code),) = await states(node)
        assert (state, attempts) == ("due", 1) and code
        box.hang_after_data = False
        clock.advance(seconds=mail.RETRY_DELAYS[0].total_seconds())
        await mail.send_mail(node, mail_id)
        await mail.send_mail(node, mail_id)
    assert [state for state, *_ in await states(node)] == ["sent"]
    assert len(box.taken) == 2 and len({message["Message-ID"] for message in box.taken}) == 1


async def test_rel_41_nobody_waits_for_a_mail_server(node, monkeypatch):
    """Asking for a mail is a row; the server is met by a job, in no transaction."""
    async with Postbox(hang_after_data=True) as box:
        with_smtp(node, box.port)
        await queue(node)
        assert box.taken == []
    assert [state for state, *_ in await states(node)] == ["due"]


async def test_two_workers_send_a_mail_once(node):
    async with Postbox() as box:
        with_smtp(node, box.port)
        mail_id = await queue(node)
        await asyncio.gather(*(mail.send_mail(node, mail_id) for _ in range(4)))
    assert len(box.taken) == 1


async def test_a_sent_mail_keeps_no_text(node):
    await mail.send_mail(node, await queue(node))
    async with node.db.read() as tx:
        assert await tx.fetchval("SELECT body_text || body_html FROM mails") == ""


@pytest.mark.parametrize(
    ("answer", "state"),
    [pytest.param("451 later", "due", id="passing"), pytest.param("550 never", "failed", id="permanent")],
)
async def test_rel_41_a_refusal_is_tried_again_or_given_up_as_the_server_says(node, answer, state):
    async with Postbox(answer=answer) as box:
        with_smtp(node, box.port)
        await mail.send_mail(node, await queue(node))
    assert await states(node) == [(state, 1, answer[:3])]


async def test_rel_41_an_unreachable_server_is_tried_again_by_the_schedule_and_then_given_up(node, clock):
    with_smtp(node, 1)
    mail_id = await queue(node)
    for delay in mail.RETRY_DELAYS:
        await mail.send_mail(node, mail_id)
        await mail.send_mail(node, mail_id)  # too early: nothing happens
        clock.advance(seconds=delay.total_seconds())
    await mail.send_mail(node, mail_id)
    ((state, attempts, code),) = await states(node)
    assert (state, attempts) == ("failed", len(mail.RETRY_DELAYS) + 1)
    assert code


async def test_a_mail_whose_wake_was_lost_is_found_by_the_sweep(node):
    woken = []

    async def wake(names):
        woken.extend(names)

    mail_id = await queue(node)
    node.db.wake = wake
    await mail.sweep_mails(node)
    assert woken == [f"mail:{mail_id}"]


async def test_eml_02_what_people_type_is_text_in_both_parts(node):
    async with node.db.tx() as tx:
        await house.put_settings(tx, house.HouseSettings(name="<b>Linden</b>"))
        to = letters.Recipient(
            "amina@example.org", "en", letters.one_line("<a href=//evil>A</a>\n\nhttp://evil.test/")
        )
        values = {
            "username": "bob",
            "answer": "<script>alert(1)</script>",
            "manage_url": f"{node.origin}/manage",
        }
        await letters.send_letter(tx, node, to, "somebody_waits", values)
        row = await tx.fetchrow("SELECT subject, body_text, body_html FROM mails")
    assert "<script>" not in row["body_html"]
    assert "<a href=//evil" not in row["body_html"]
    assert row["body_html"].count("<a ") == 1
    assert "\n\nhttp://evil.test" not in row["body_text"]
    assert "\n" not in row["subject"]


async def test_eml_04_links_lead_to_the_configured_address(node):
    async with node.db.tx() as tx:
        to = letters.Recipient("amina@example.org", "en", "Amina")
        await letters.send_letter(tx, node, to, "approved", {"sign_in_url": f"{node.origin}/sign-in"})
        text = await tx.fetchval("SELECT body_text FROM mails")
    assert f"{node.config.node.origin}/sign-in" in text


async def test_a_subject_cannot_carry_another_header(node):
    mail_id = await queue(node, subject="Hello\r\nBcc: all@example.org")
    await mail.send_mail(node, mail_id)
    message = email.message_from_bytes(
        (node.config.data_dir / "mail" / f"{mail_id}.eml").read_bytes(), policy=email.policy.default
    )
    assert message["Bcc"] is None


async def test_old_mails_are_removed_and_due_ones_kept(node, clock):
    await mail.send_mail(node, await queue(node))
    await queue(node)
    clock.advance(days=3)
    await mail.forget_old_mails(node)
    async with node.db.read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM mails") == 1


async def test_a_formal_house_writes_formal_letters(node):
    async with node.db.tx() as tx:
        await house.put_settings(tx, house.HouseSettings(name="Linden", formal=True))
        to = letters.Recipient("amina@example.org", "de", "Amina")
        await letters.send_letter(tx, node, to, "approved", {"sign_in_url": f"{node.origin}/sign-in"})
        text = await tx.fetchval("SELECT body_text FROM mails")
    assert "Sie sind dabei. Hier können Sie sich anmelden:" in text


@pytest.mark.parametrize(("chosen", "subject"), [("", "Willkommen bei Linden"), ("en", "Welcome to Linden")])
async def test_a_letter_speaks_its_readers_language_or_the_houses(node, chosen, subject):
    async with node.db.tx() as tx:
        await house.put_settings(tx, house.HouseSettings(name="Linden", languages=["de", "en"]))
        to = letters.Recipient("amina@example.org", chosen, "Amina")
        await letters.send_letter(tx, node, to, "approved", {"sign_in_url": f"{node.origin}/sign-in"})
        assert await tx.fetchval("SELECT subject FROM mails") == subject

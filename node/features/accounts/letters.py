"""The letters this feature writes: one template each, in the reader's language.

A letter is `templates/mail/<name>.txt`: its first line is the subject, the rest the text. The HTML
part is the same text, escaped as a whole and laid out by `mail/letter.html`, so that no name or
answer somebody typed can put markup or hidden links into it. Called by the services of accounts
and leaving.
"""

from collections.abc import Mapping

import msgspec

from node import i18n
from node.db.database import Tx
from node.features.accounts import mail
from node.features.accounts.store.people import Account
from node.features.house import service as house
from node.runtime import Node
from node.web.render import render_text


class Recipient(msgspec.Struct, frozen=True):
    """Where a letter goes, in which language (empty: the house's), and what to call its reader."""

    email: str
    locale: str
    name: str


class Paragraph(msgspec.Struct, frozen=True):
    """One paragraph of the HTML part; a paragraph that is only an address becomes a link."""

    text: str
    is_link: bool


def to(account: Account) -> Recipient:
    """A letter to the owner of an account."""
    return Recipient(account.email, account.locale, one_line(account.display_name or account.username))


def one_line(text: str) -> str:
    """Text somebody typed, without line breaks that could look like our own words."""
    return " ".join(text.split())


async def send_letter(
    tx: Tx, node: Node, recipient: Recipient, name: str, values: Mapping[str, object]
) -> bool:
    """Write the letter into the queue; False when the address had too many lately.

    Raises: NodeError `too_many_requests` when the node has sent too many this hour.
    """
    settings = await house.get_settings(tx)
    locale = recipient.locale or (settings.languages or node.config.node.languages)[0]
    context = {"house_name": settings.name, "name": recipient.name, "origin": node.origin, **values}
    with i18n.use(locale, formal=settings.formal):
        subject, _, text = render_text(f"mail/{name}.txt", locale, context).strip().partition("\n")
        text = text.strip() + "\n"
        blocks = [block.strip() for block in text.split("\n\n") if block.strip()]
        paragraphs = [Paragraph(block, _is_link(block, node.origin)) for block in blocks]
        laid_out = {**context, "subject": subject, "paragraphs": paragraphs}
        html = render_text("mail/letter.html", locale, laid_out)
    return await mail.queue_mail(tx, recipient.email, subject, text, html)


def _is_link(block: str, origin: str) -> bool:
    return block.startswith(origin + "/") and not any(letter.isspace() for letter in block)

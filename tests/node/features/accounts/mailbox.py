"""What the node wrote to somebody, read from its own mail queue."""

import re

from node.features.accounts.store.mails import Mail


async def letters_to(node, email):
    """The letters to an address in the order they were written (a still clock gives ids no order)."""
    async with node.db.read() as tx:
        rows = await tx.fetch(
            """
            SELECT id, recipient, subject, body_text, body_html, attempts, created_at FROM mails
            WHERE recipient = $1 ORDER BY ctid
            """,
            email,
        )
    return [Mail(**row) for row in rows]


def secret_in(letter, path):
    """The secret of the link in a letter that leads to `path`."""
    return re.search(re.escape(path) + r"([A-Za-z0-9_-]+)", letter.body_text)[1]

"""What accounts do without being asked: send mail, and forget what is over."""

from node.features.accounts import mail, registration
from node.features.accounts.store import links, sessions
from node.runtime import Node

JOBS = {"mail": mail.send_mail}
SWEEPS = (mail.sweep_mails,)


async def forget(node: Node) -> None:
    """Remove sessions and links that ran out, people who never came, mails that are done."""
    async with node.db.tx() as tx:
        await sessions.delete_expired(tx)
        await links.delete_expired(tx)
        await registration.forget_unconfirmed(tx)
    await mail.forget_old_mails(node)


RETENTION = (forget,)

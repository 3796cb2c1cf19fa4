"""Links into a group: made by who may invite, counted in the statement that uses them, closed at any time.

Whoever holds the link gets in, also where others ask first. Only a hash is kept; a link sent by mail is
for one person.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from node.db.database import Tx
from node.errors import N_, NodeError
from node.features.accounts import letters, names, tokens
from node.features.actors.store.reads import get_actor
from node.features.follows import store as follows
from node.features.groups.service import belonging, rights
from node.features.groups.service.belonging import Asking
from node.features.groups.store import groups, invites
from node.features.groups.store.groups import Group
from node.features.groups.store.invites import Invite
from node.runtime import Node

MOST_USES: Final = 1000
MAIL_DAYS: Final = 14
_MAIL_TIME: Final = timedelta(days=MAIL_DAYS)


class LinkWish(msgspec.Struct, frozen=True, kw_only=True):
    """For how many, until when, and to which address a link goes; '' to none."""

    max_uses: int = 1
    expires_at: datetime | None = None
    email: str = ""


def needed_to_invite(group: Group) -> str:
    """What one must be allowed to bring others in: anybody where all may join, else those who answer requests."""
    return "invite" if group.openness == "open" else "moderate"


async def make_link(tx: Tx, by_id: int, group_id: int, wish: LinkWish) -> str:
    """A new link's code, shown once. Raises: NodeError `not_found`, `not_allowed`, `invalid`."""
    group = await groups.get_group(tx, group_id)
    await rights.require(tx, group, by_id, needed_to_invite(group))
    if not group.local or group.archived_at is not None:
        raise NodeError("not_allowed", detail="no links into this group")
    if not 1 <= wish.max_uses <= MOST_USES:
        raise NodeError(
            "invalid",
            field="max_uses",
            text=N_("Please choose a number between 1 and %(most)d."),
            values={"most": MOST_USES},
        )
    code, code_hash = tokens.new_secret()
    row = Invite(tx.new_id(), group_id, wish.email, by_id, wish.max_uses, 0, wish.expires_at, None, tx.now)
    await invites.put_invite(tx, row, code_hash)
    return code


async def find_open(tx: Tx, code: str) -> Group:
    """The group a link leads to. Raises: NodeError `link_expired`."""
    found = await invites.find_open(tx, tokens.digest_of(code))
    group = await groups.find_group(tx, found.group_id) if found is not None else None
    if group is None or group.archived_at is not None:
        raise NodeError("link_expired")
    return group


async def join_by_link(tx: Tx, node: Node, actor_id: int, code: str) -> int:
    """Let somebody in who holds a link; who belongs already uses nothing up. Returns the group.

    Raises: NodeError `link_expired`, `not_allowed` for who is kept out.
    """
    group = await groups.lock_group(tx, (await find_open(tx, code)).actor_id)
    found = await rights.standing_in(tx, group, actor_id)
    if found.ban is not None or await follows.find_block_between(tx, actor_id, group.actor_id):
        raise NodeError("not_allowed", detail="kept out")
    if found.role:
        return group.actor_id
    if await invites.put_used(tx, tokens.digest_of(code)) is None:
        raise NodeError("link_expired")
    known = found.member
    asking = (
        Asking(known.id, known.uri, known.form, known.answer)
        if known is not None
        else Asking(*belonging.new_uri(tx, node), "Join", "")
    )
    await belonging.admit(tx, group, await get_actor(tx, actor_id), asking)
    return group.actor_id


async def invite_by_mail(tx: Tx, node: Node, by_id: int, group_id: int, email: str) -> None:
    """Send somebody a link that is theirs alone. Raises: NodeError as `make_link`, `too_many_requests`."""
    address = names.clean_email(email)
    by, group = await get_actor(tx, by_id), await groups.get_group(tx, group_id)
    until = tx.now + _MAIL_TIME
    code = await make_link(tx, by_id, group_id, LinkWish(expires_at=until, email=address))
    values = {
        "by": letters.one_line(by.name),
        "group": letters.one_line(group.name),
        "link": f"{node.origin}/group-invite/{code}",
        "days": MAIL_DAYS,
    }
    sent = await letters.send_letter(
        tx, node, letters.Recipient(address, "", address), "group_invite", values
    )
    if not sent:
        raise NodeError("too_many_requests", field="email")


async def revoke(tx: Tx, by_id: int, group_id: int, invite_id: int) -> None:
    """Close a link. Raises: NodeError `not_found`, `not_allowed`."""
    group = await groups.get_group(tx, group_id)
    await rights.require(tx, group, by_id, needed_to_invite(group))
    if not await invites.put_revoked(tx, group_id, invite_id):
        raise NodeError("not_found", detail="no open link")

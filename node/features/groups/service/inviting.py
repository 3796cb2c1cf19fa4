"""Links into a group, handed on by anybody or sent to one address by mail.

Only a hash of a code is kept. Whoever holds the link is let in, whatever the openness; a ban holds
against it. From another house the code is sent as the answer to the group's question.
"""

from datetime import timedelta
from typing import Final

import msgspec

from node.db.database import Tx
from node.errors import N_, NodeError
from node.features.accounts import letters, names, tokens
from node.features.actors.store.reads import get_actor
from node.features.groups.service import belonging, log, rights
from node.features.groups.service.belonging import Asking
from node.features.groups.store import groups, invites, members
from node.features.groups.store.groups import Group
from node.features.groups.store.invites import Invite
from node.runtime import Node

LONGEST: Final = timedelta(days=90)
MOST_USES: Final = 500


class Terms(msgspec.Struct, frozen=True):
    """For how many a link is good, and for how long (None: `LONGEST`)."""

    max_uses: int = 1
    lasts: timedelta | None = None


async def make_link(tx: Tx, by_id: int, group_id: int, terms: Terms, email: str = "") -> str:
    """A fresh code; it is shown once. Raises: NodeError `not_found`, `not_allowed`, `invalid`."""
    group = await groups.get_group(tx, group_id)
    await rights.require(tx, group, by_id, "moderate")
    if not group.local or group.archived_at is not None:
        raise NodeError("not_allowed", detail="not ours, or archived")
    if not 1 <= terms.max_uses <= MOST_USES:
        raise NodeError("invalid", field="max_uses", text=N_("Please enter a number from 1 to 500."))
    code, digest = tokens.new_secret()
    lasts = min(terms.lasts or LONGEST, LONGEST)
    row = Invite(tx.new_id(), group_id, email, by_id, terms.max_uses, 0, tx.now + lasts, None, tx.now)
    await invites.put_invite(tx, row, digest)
    return code


async def look_up(tx: Tx, code: str) -> Group:
    """The group a link leads into. Raises: NodeError `link_expired`."""
    found = await invites.find_open(tx, tokens.digest_of(code))
    group = await groups.find_group(tx, found.group_id) if found is not None else None
    if group is None or group.archived_at is not None:
        raise NodeError("link_expired")
    return group


async def join_by_link(tx: Tx, node: Node, actor_id: int, code: str) -> int:
    """Let one of our people in who holds a link; the group's id. Raises: NodeError `link_expired`, `not_allowed`."""
    group = await groups.lock_group(tx, (await look_up(tx, code)).actor_id)
    member = await members.find_member(tx, group.actor_id, actor_id)
    if member is not None and member.state == "member":
        return group.actor_id
    if await rights.is_kept_out(tx, group, actor_id):
        raise NodeError("not_allowed", text=N_("This person may not join the group at the moment."))
    if await invites.put_used(tx, tokens.digest_of(code)) is None:
        raise NodeError("link_expired")
    asking = Asking(*belonging.new_uri(tx, node), "Join", "")
    await belonging.admit(tx, group, await get_actor(tx, actor_id), asking)
    return group.actor_id


async def is_open(tx: Tx, group: Group, code: str) -> bool:
    """Whether what somebody elsewhere answered is a code into this very group."""
    if not 20 <= len(code) <= 100 or any(letter.isspace() for letter in code):
        return False
    found = await invites.find_open(tx, tokens.digest_of(code))
    return found is not None and found.group_id == group.actor_id and group.archived_at is None


async def opens(tx: Tx, group: Group, code: str) -> bool:
    """As `is_open`, and its use is counted."""
    return await is_open(tx, group, code) and await invites.put_used(tx, tokens.digest_of(code)) is not None


async def revoke(tx: Tx, by_id: int, group_id: int, invite_id: int) -> None:
    """Close a link. Raises: NodeError `not_found`, `not_allowed`."""
    await rights.require(tx, await groups.get_group(tx, group_id), by_id, "moderate")
    if not await invites.put_revoked(tx, group_id, invite_id):
        raise NodeError("not_found", detail="no such link")


async def invite_by_mail(tx: Tx, node: Node, by_id: int, group_id: int, email: str) -> None:
    """Send a link for one person. Raises: NodeError as `make_link`, `invalid`, `too_many_requests`."""
    address = names.clean_email(email)
    code = await make_link(tx, by_id, group_id, Terms(), address)
    group, by = await groups.get_group(tx, group_id), await get_actor(tx, by_id)
    values = {
        "group_name": letters.one_line(group.name),
        "by_name": letters.one_line(by.name),
        "link": node.uri(f"/groups/join/{code}"),
    }
    await letters.send_letter(tx, node, letters.Recipient(address, "", ""), "group_invite", values)
    await log.write(tx, group_id, by_id, "invite", by_mail=True)

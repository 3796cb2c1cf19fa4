"""The one place where a membership begins, waits and ends, always with the follow that belongs to it.

Decides nothing: `joining` and `roles` do, and hold the group's row while they call here.
"""

import msgspec

from node.db.database import Tx
from node.features.actors.store.reads import Actor
from node.features.follows import store as follows
from node.features.groups.service import telling
from node.features.groups.service.rights import MODERATING
from node.features.groups.store import groups, members
from node.features.groups.store.groups import Group
from node.features.groups.store.members import Member
from node.features.notifications import service as notifications
from node.features.notifications.service import withdraw_about_group
from node.features.timelines import store as timelines
from node.runtime import Node


class Asking(msgspec.Struct, frozen=True):
    """What somebody said to get in: its number and address, its type, and the answer to the question."""

    id: int
    uri: str
    form: str
    answer: str


def new_uri(tx: Tx, node: Node) -> tuple[int, str]:
    """The number and address of a new membership of this house's making."""
    member_id = tx.new_id()
    return member_id, node.uri(f"/ap/members/{member_id}")


def row_of(tx: Tx, group: Group, actor: Actor, asking: Asking, state: str) -> Member:
    """How somebody stands from now on."""
    return Member(
        id=asking.id,
        uri=asking.uri,
        group_id=group.actor_id,
        actor_id=actor.id,
        state=state,
        answer=asking.answer,
        joined_at=tx.now if state == "member" else None,
        created_at=tx.now,
        form=asking.form,
    )


def is_older(uri: str, other: str) -> bool:
    """Whether of two Joins of one house, numbered by it as ours are, the first was said earlier."""
    (folder, _, number), (other_folder, _, other_number) = uri.rpartition("/"), other.rpartition("/")
    numbered = number.isdecimal() and other_number.isdecimal()
    return folder == other_folder and numbered and int(number) < int(other_number)


async def admit(tx: Tx, group: Group, actor: Actor, asking: Asking) -> Member:
    """They belong from now on; who does already keeps role and date."""
    known = await members.find_member(tx, group.actor_id, actor.id)
    row = row_of(tx, group, actor, asking, "member")
    if known is not None:
        row = msgspec.structs.replace(
            row, role=known.role, invited_by=known.invited_by, answer=asking.answer or known.answer
        )
    member = await members.put_member(tx, row)
    new = known is None or known.state != "member"
    await _put_follow(tx, member, "accepted")
    if new:
        await timelines.put_recent_of(tx, actor.id, group.actor_id)
        await _recount(tx, group)
        await withdraw_about_group(tx, "group_request", actor.id, group.actor_id)
    return member


async def ask(tx: Tx, group: Group, actor: Actor, asking: Asking) -> Member:
    """They wait for an answer; those who moderate one of ours are told."""
    known = await members.find_member(tx, group.actor_id, actor.id)
    member = await members.put_member(tx, row_of(tx, group, actor, asking, "asked"))
    await _put_follow(tx, member, "asked")
    if group.local and known is None:
        leading = await members.list_leading(tx, group.actor_id, MODERATING)
        await telling.notice(tx, group, "group_request", actor.id, [one.actor_id for one in leading])
    return member


async def end(tx: Tx, group: Group, actor_id: int) -> Member | None:
    """Nothing stands between them any more; returns what did."""
    ended = await members.delete_member(tx, group.actor_id, actor_id)
    followed = await follows.delete_follow(tx, actor_id, group.actor_id)
    if ended is None and followed is None:
        return None
    await timelines.delete_of_author(tx, actor_id, group.actor_id)
    await _recount(tx, group)
    for kind in ("group_request", "group_invite"):
        await withdraw_about_group(tx, kind, actor_id, group.actor_id)
    await notifications.withdraw_from(tx, actor_id, "group_joined", group.actor_id)
    return ended


async def is_last_owner(tx: Tx, member: Member) -> bool:
    """Whether nobody else owns the group."""
    owners = await members.list_leading(tx, member.group_id, ["owner"])
    return [one.actor_id for one in owners] == [member.actor_id]


async def _put_follow(tx: Tx, member: Member, state: str) -> None:
    accepted_at = tx.now if state == "accepted" else None
    row = follows.Follow(
        tx.new_id(), member.uri, member.actor_id, member.group_id, state, True, False, tx.now, accepted_at
    )
    await follows.put_follow(tx, row)


async def _recount(tx: Tx, group: Group) -> None:
    if group.local:
        await groups.put_members_count(tx, group.actor_id)
        tx.tell_changed(group.actor_id)

"""What those who run a group do, as activities that arrive: who moderates, who is put out or kept out.

For a group of ours a moderator of any house is obeyed as far as their role goes, and everybody who
follows the group is told in their own words. Of others' groups the group's word alone counts; our copy
follows it. Called by the handlers of groups, follows (Block) and posts (Add, Remove), and by group_posts
for what a group announces.
"""

from collections.abc import Awaitable
from typing import Final

from federation import vocab
from node.db.database import Tx
from node.errors import NodeError
from node.features.actors.store.reads import Actor, find_by_uri, get_actor
from node.features.groups.service import belonging, roles, telling
from node.features.groups.service.rights import MODERATING, ROLES
from node.features.groups.store import bans, groups, members
from node.features.groups.store.bans import Ban
from node.features.groups.store.groups import Group
from node.features.groups.store.members import Member
from node.features.groups.translate import ROLES_READ
from node.runtime import Node
from node.wire.incoming import Ignored, Incoming, Refused

NOT_A_DEED: Final = Ignored("unknown_target")
_REASON_CHARS: Final = 1000


async def take(tx: Tx, node: Node, incoming: Incoming) -> Ignored | None:
    """A Block, Add, Remove or Undo about a group that came to us directly; `NOT_A_DEED` when it is none.

    Raises: Refused for who may not.
    """
    activity = incoming.activity
    group = await _group_of(tx, activity)
    if group is None:
        return NOT_A_DEED
    if not group.local:
        if incoming.sender.id != group.actor_id:
            raise Refused("not_moderator")
        return await apply(tx, node, group, activity)
    doer = await get_actor(tx, incoming.sender.id)
    ended = await _obey(tx, node, group, doer, activity)
    if ended is None:
        await telling.announce(tx, group, activity.raw)
    return ended


async def _group_of(tx: Tx, activity: vocab.Activity) -> Group | None:
    """The group a deed is about: its target, the moderators of which are its target, or its origin."""
    inner = activity.object if activity.type == "Undo" else activity
    if not isinstance(inner, vocab.Activity):
        return None
    origin = inner.origin.id if isinstance(inner.origin, vocab.Thing) else inner.origin
    for uri in (
        inner.target_id,
        (inner.target_id or "").removesuffix("/moderators"),
        origin,
        *inner.audience,
    ):
        actor = await find_by_uri(tx, uri) if uri else None
        found = await groups.find_group(tx, actor.id) if actor is not None and actor.kind == "Group" else None
        if found is not None:
            return found if _is_meant(found, inner) else None
    return None


def _is_meant(group: Group, activity: vocab.Activity) -> bool:
    """Whether a deed and the audience it names are about the same group (GRP-03), and about belonging."""
    if activity.audience and group.uri not in activity.audience:
        return False
    if activity.type == "Block":
        return activity.target_id == group.uri
    return not activity.target_id or activity.target_id in (group.moderators_uri, group.uri)


async def _done(deed: Awaitable[None]) -> Ignored | None:
    """A deed of a moderator elsewhere. Raises: Refused `not_moderator` for who may not."""
    try:
        await deed
    except NodeError as error:
        if error.code == "not_allowed":
            raise Refused("not_moderator") from None
        return Ignored("member_unknown")
    return None


async def _obey(tx: Tx, node: Node, group: Group, doer: Actor, activity: vocab.Activity) -> Ignored | None:
    """Do in a group of ours what somebody of another house asks, if their role allows it."""
    uri = activity.id or f"{doer.uri}#deeds/{tx.new_id()}"
    reason = (activity.summary or activity.content or "")[:_REASON_CHARS]
    inner = activity.object if activity.type == "Undo" else activity
    assert isinstance(inner, vocab.Activity)
    if activity.type == "Remove" and not activity.target_id:
        member = await members.find_member_by_uri(tx, activity.object_id or "")
        if member is None or member.group_id != group.actor_id:
            return Ignored("member_unknown")
        return await _done(roles.remove(tx, node, doer.id, group.actor_id, member.actor_id, reason, uri=uri))
    target = await find_by_uri(tx, inner.object_id or "")
    if target is None:
        return Ignored("actor_unknown")
    if activity.type == "Block":
        until = activity.end_time
        return await _done(roles.ban(tx, node, doer.id, group.actor_id, target.id, reason, until, uri=uri))
    if activity.type == "Undo":
        return await _done(roles.unban(tx, node, doer.id, group.actor_id, target.id, reason, uri=uri))
    member = await members.find_member(tx, group.actor_id, target.id)
    role = _appointed(member, moderates=activity.type == "Add")
    return await _done(roles.set_role(tx, node, doer.id, group.actor_id, target.id, role, uri=uri))


def _appointed(member: Member | None, *, moderates: bool) -> str:
    """The role after an Add to or a Remove from the moderators; who stands higher keeps it."""
    before = member.role if member is not None else "member"
    if moderates:
        return before if before in MODERATING else "moderator"
    return "member" if before in MODERATING else before


async def apply(tx: Tx, node: Node, group: Group, activity: vocab.Activity) -> Ignored | None:
    """Have our copy of somebody else's group follow what the group says was done in it."""
    inner = activity.object if activity.type == "Undo" else activity
    if not isinstance(inner, vocab.Activity) or not _is_meant(group, inner):
        return NOT_A_DEED
    if activity.type == "Remove" and not activity.target_id:
        return await _expelled(tx, group, activity)
    target = await find_by_uri(tx, inner.object_id or "")
    if target is None:
        return Ignored("actor_unknown")
    by = await find_by_uri(tx, activity.actor)
    if activity.type == "Block":
        reason = (activity.summary or "")[:_REASON_CHARS]
        uri = activity.id or f"{group.uri}#blocks/{target.id}"
        row = Ban(
            tx.new_id(), uri, group.actor_id, target.id, by.id if by is not None else None, reason,
            activity.end_time, tx.now,
        )  # fmt: skip
        await bans.put_ban(tx, row)
        if target.local and await belonging.end(tx, group, target.id) is not None:
            await telling.notice(tx, group, "group_left", group.actor_id, [target.id])
    elif activity.type == "Undo":
        await bans.delete_ban(tx, group.actor_id, target.id)
    elif activity.type in ("Add", "Remove"):
        await copy_moderator(tx, group, target, moderates=activity.type == "Add")
    else:
        return NOT_A_DEED
    return None


async def copy_moderator(tx: Tx, group: Group, target: Actor, *, moderates: bool) -> None:
    """Keep that somebody moderates a group of another house, or no longer."""
    member = await members.find_member(tx, group.actor_id, target.id)
    if member is not None and member.state == "member":
        role = _appointed(member, moderates=moderates)
        if role == "member" and not target.local:
            await members.delete_member(tx, group.actor_id, target.id)
        elif role != member.role:
            await members.put_role(tx, member.id, role)
            await telling.notice(tx, group, "group_role", group.actor_id, [target.id])
    elif moderates and not target.local:
        await members.put_member(
            tx,
            Member(
                id=tx.new_id(), uri=f"{group.uri}#moderators/{target.id}", group_id=group.actor_id,
                actor_id=target.id, state="member", role="moderator", created_at=tx.now,
            ),
        )  # fmt: skip


async def _expelled(tx: Tx, group: Group, activity: vocab.Activity) -> Ignored | None:
    """The house of a group put one of ours out, or took an invitation back."""
    member = await members.find_member_by_uri(tx, activity.object_id or "")
    if member is None or member.group_id != group.actor_id:
        return Ignored("member_unknown")
    await belonging.end(tx, group, member.actor_id)
    if member.state == "member":
        await telling.notice(tx, group, "group_left", group.actor_id, [member.actor_id])
    return None


async def take_role(tx: Tx, node: Node, incoming: Incoming) -> Ignored | None:
    """`Update{Member}`: the house of a group tells one of ours their role, or an admin elsewhere gives one."""
    said = incoming.activity.object
    assert isinstance(said, vocab.Object)
    raw = said.raw
    word = raw.get("groupRole") if raw.get("groupRole") in ROLES else ROLES_READ.get(str(raw.get("role")), "")
    member = await members.find_member_by_uri(tx, said.id or "")
    if member is None or member.state != "member" or word not in ROLES:
        return Ignored("member_unknown")
    group = await groups.get_group(tx, member.group_id)
    if group.local:
        uri = incoming.activity.id or f"{incoming.sender.uri}#deeds/{tx.new_id()}"
        doer = incoming.sender.id
        return await _done(roles.set_role(tx, node, doer, group.actor_id, member.actor_id, word, uri=uri))
    if incoming.sender.id != group.actor_id:
        raise Refused("not_moderator")
    if member.role != word:
        await members.put_role(tx, member.id, word)
        await telling.notice(tx, group, "group_role", group.actor_id, [member.actor_id])
    return None

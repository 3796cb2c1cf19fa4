"""Who runs a group, and what they do to members: roles, handing over, putting out, keeping out.

Nobody gives a role above their own or touches who stands as high, except owners. A group of ours is
changed here; of others' groups we ask their house with the activity it understands, and our copy follows
when it says so.
"""

from datetime import datetime

from federation import vocab
from node.db.database import Tx
from node.errors import N_, NodeError
from node.features.actors.store.reads import Actor, get_actor
from node.features.groups import translate
from node.features.groups.service import belonging, log, rights, telling
from node.features.groups.service.rights import MODERATING, ROLES, Standing, rank
from node.features.groups.store import bans, groups, members
from node.features.groups.store import log as log_store
from node.features.groups.store.bans import Ban
from node.features.groups.store.groups import Group
from node.features.groups.store.members import Member
from node.runtime import Node


def _deed_uri(tx: Tx, node: Node) -> str:
    return node.uri(f"/ap/activities/{tx.new_id()}")


def _check_above(standing: Standing, member: Member | None) -> None:
    """Those as high as oneself are left alone, except by owners."""
    if member is None or member.state != "member" or standing.may_own():
        return
    if rank(member.role) >= rank(standing.role):
        raise NodeError(
            "not_allowed", text=N_("You cannot decide over somebody with the same role or a higher one.")
        )


async def set_role(
    tx: Tx, node: Node, by_id: int, group_id: int, actor_id: int, role: str, *, uri: str = ""
) -> None:
    """Give a member another role. `uri`: of the activity with which somebody elsewhere did it.

    Raises: NodeError `not_found`, `not_allowed`, `invalid`.
    """
    if role not in ROLES:
        raise NodeError("invalid", field="role", text=N_("Please choose one of these."))
    group = await groups.lock_group(tx, group_id)
    standing = await rights.require(tx, group, by_id, "administer")
    member = await members.find_member(tx, group_id, actor_id)
    if member is None or member.state != "member":
        raise NodeError("not_found", detail="no member")
    if member.role == role:
        return
    if by_id != actor_id:
        _check_above(standing, member)
    if rank(role) > rank(standing.role):
        raise NodeError("not_allowed", text=N_("You cannot give a role that is higher than your own."))
    if group.local and member.role == "owner" and await belonging.is_last_owner(tx, member):
        raise NodeError(
            "not_allowed", text=N_("A group needs an owner. Please hand it over to somebody first.")
        )
    by = await get_actor(tx, by_id)
    if group.local:
        await apply_role(tx, group, by, member, role, uri=uri)
    await _say_role(tx, node, group, by, member, role, said=bool(uri))


async def apply_role(
    tx: Tx, group: Group, by: Actor | None, member: Member, role: str, *, uri: str = ""
) -> None:
    """Write down a role, with its entry in the log; the member is told."""
    await members.put_role(tx, member.id, role)
    by_id = by.id if by is not None else None
    await log.write(
        tx, group.actor_id, by_id, "role", target_id=member.actor_id, uri=uri, before=member.role, after=role
    )
    tx.tell_changed(group.actor_id)
    if by_id != member.actor_id:
        await telling.notice(tx, group, "group_role", group.actor_id, [member.actor_id])


async def _say_role(
    tx: Tx, node: Node, group: Group, by: Actor, member: Member, role: str, *, said: bool
) -> None:
    """Others learn who moderates; the member's house learns the role itself. `said`: the doer told already."""
    target = await get_actor(tx, member.actor_id)
    moderates = role in MODERATING
    if moderates != (member.role in MODERATING) and not said:
        deed = translate.appoint(group, _deed_uri(tx, node), by.uri, target.uri, moderates=moderates)
        await telling.tell_deed(tx, group, by, deed)
    about = translate.member(member.uri, target.uri, group.uri, role)
    update = vocab.Update(
        id=_deed_uri(tx, node),
        actor=group.uri if group.local else by.uri,
        attributed_to=group.uri,
        object=translate.with_role(about, role),
        to=(target.uri if group.local else group.uri,),
    )
    if group.local:
        await telling.tell_member(tx, group, target, update)
    else:
        await telling.tell_deed(tx, group, by, update)


async def transfer(tx: Tx, node: Node, by_id: int, group_id: int, actor_id: int) -> None:
    """Hand the group over: the other owns it, and oneself is an admin from now on."""
    group = await groups.lock_group(tx, group_id)
    await rights.require(tx, group, by_id, "own")
    if by_id == actor_id:
        raise NodeError("invalid", field="role")
    await set_role(tx, node, by_id, group_id, actor_id, "owner")
    await set_role(tx, node, by_id, group_id, by_id, "admin")
    await log.write(tx, group_id, by_id, "transfer", target_id=actor_id)


async def remove(
    tx: Tx, node: Node, by_id: int, group_id: int, actor_id: int, reason: str = "", *, uri: str = ""
) -> None:
    """Put a member out, or take an invitation back; they may come again. Raises: NodeError as `set_role`."""
    group, standing = await _held(tx, by_id, group_id)
    member = await members.find_member(tx, group_id, actor_id)
    if member is None:
        raise NodeError("not_found", detail="no member")
    _check_above(standing, member)
    by, target = await get_actor(tx, by_id), await get_actor(tx, actor_id)
    if not group.local:
        deed = translate.expel(group, _deed_uri(tx, node), by.uri, member.uri, reason)
        await telling.tell_deed(tx, group, by, deed)
        return
    await _check_not_last(tx, member)
    await put_out(tx, node, group, member, target, reason)
    await log.write(tx, group_id, by_id, "remove", target_id=actor_id, reason=reason, uri=uri)


async def put_out(tx: Tx, node: Node, group: Group, member: Member, target: Actor, reason: str) -> None:
    """End a membership of one of our groups, and say so to the member's house."""
    await belonging.end(tx, group, target.id)
    await telling.notice(tx, group, "group_left", group.actor_id, [target.id])
    if member.form != "Follow":
        expel = translate.expel(group, _deed_uri(tx, node), group.uri, member.uri, reason)
        await telling.tell_member(tx, group, target, expel)
    if member.form != "Invite":
        await telling.answer(tx, group, target, member, accept=False, reason=reason)


async def _held(tx: Tx, by_id: int, group_id: int) -> tuple[Group, Standing]:
    group = await groups.lock_group(tx, group_id)
    return group, await rights.require(tx, group, by_id, "moderate")


async def _check_not_last(tx: Tx, member: Member) -> None:
    if member.role == "owner" and await belonging.is_last_owner(tx, member):
        raise NodeError(
            "not_allowed", text=N_("A group needs an owner. Please hand it over to somebody first.")
        )


async def ban(
    tx: Tx,
    node: Node,
    by_id: int,
    group_id: int,
    actor_id: int,
    reason: str = "",
    expires_at: datetime | None = None,
    *,
    uri: str = "",
) -> None:
    """Keep somebody out, member or not, for a while or for good. Raises: NodeError as `set_role`."""
    group, standing = await _held(tx, by_id, group_id)
    member = await members.find_member(tx, group_id, actor_id)
    _check_above(standing, member)
    by, target = await get_actor(tx, by_id), await get_actor(tx, actor_id)
    if by_id == actor_id or target.kind != "Person":
        raise NodeError("invalid", detail="nobody to keep out")
    row = Ban(
        tx.new_id(),
        uri or _deed_uri(tx, node),
        group_id,
        actor_id,
        by_id,
        reason.strip()[:1000],
        expires_at,
        tx.now,
    )
    if group.local:
        if member is not None:
            await _check_not_last(tx, member)
        await bans.put_ban(tx, row)
        if member is not None:
            await put_out(tx, node, group, member, target, row.reason)
        until = expires_at.isoformat() if expires_at is not None else ""
        await log.write(
            tx, group_id, by_id, "ban", target_id=actor_id, reason=reason, uri=row.uri, until=until
        )
    if not uri:
        await telling.tell_deed(tx, group, by, translate.block(group, row, by.uri, target.uri))


async def unban(
    tx: Tx, node: Node, by_id: int, group_id: int, actor_id: int, reason: str = "", *, uri: str = ""
) -> None:
    """Let somebody come back; they are no member by that. Raises: NodeError as `set_role`."""
    group, _ = await _held(tx, by_id, group_id)
    standing = await bans.find_ban(tx, group_id, actor_id)
    if standing is None:
        raise NodeError("not_found", detail="no ban")
    by, target = await get_actor(tx, by_id), await get_actor(tx, actor_id)
    deed_uri = uri or f"{standing.uri}#undo"
    if group.local:
        await bans.delete_ban(tx, group_id, actor_id)
        before = await log_store.find_last(tx, group_id, "ban", target_id=actor_id)
        await log.write(
            tx, group_id, by_id, "unban", target_id=actor_id, reason=reason, uri=deed_uri, undoes=before
        )
    if not uri:
        lifted = translate.block(group, standing, by.uri, target.uri)
        await telling.tell_deed(tx, group, by, translate.unblock(group, deed_uri, by.uri, lifted))


async def sweep_bans(node: Node) -> None:
    """Bans whose time is over end by themselves; the log says so."""
    async with node.db.tx() as tx:
        for ban_row in await bans.list_expired(tx, 50):
            await bans.delete_ban(tx, ban_row.group_id, ban_row.actor_id)
            before = await log_store.find_last(tx, ban_row.group_id, "ban", target_id=ban_row.actor_id)
            await log.write(
                tx, ban_row.group_id, None, "unban", target_id=ban_row.actor_id, undoes=before, expired=True
            )

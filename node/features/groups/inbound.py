"""What arrives about belonging to groups: questions, answers, invitations, goodbyes.

A Follow of a group asks to join it, as a Join does; an Undo of either or a Leave ends it. An answer
counts only from the group's own house.
"""

from federation import vocab
from federation.dispatch import Inbound
from node.db.database import Tx
from node.errors import NodeError
from node.features.actors.store.reads import Actor, find_by_uri, get_actor
from node.features.groups import deeds
from node.features.groups.service import joining
from node.features.groups.service.belonging import Asking
from node.features.groups.store import groups, members
from node.features.groups.store.groups import Group
from node.features.groups.store.members import Member
from node.runtime import Node
from node.wire.incoming import Ignored, Incoming, Refused, Registry
from node.wire.store import arrivals

inbound: Registry = Inbound()


async def _our_group(tx: Tx, incoming: Incoming, uri: str | None) -> Group | None:
    known = incoming.known.get(uri or "")
    if known is None or not known.local or known.deleted or known.kind != "Group":
        return None
    return await groups.find_group(tx, known.id)


@inbound.on("Follow", "Group", needs=("actor",))
@inbound.on("Join", "Group", needs=("actor",))
async def joining_asked(tx: Tx, node: Node, incoming: Incoming) -> Ignored | None:
    """Somebody asks to belong to one of our groups."""
    activity = incoming.activity
    group = await _our_group(tx, incoming, activity.object_id)
    if group is None:
        return Ignored("not_ours")
    word = "follows" if activity.type == "Follow" else "joins"
    uri = activity.id or f"{incoming.sender.uri}#{word}/{group.actor_id}"
    if await arrivals.list_tombstoned(tx, [uri]):
        return Ignored("known_already")  # its Undo or Leave came first
    said = activity.content or activity.participation_message or ""
    asking = Asking(tx.new_id(), uri, activity.type, said[: joining.MOST_ANSWER_CHARS])
    sender = await get_actor(tx, incoming.sender.id)
    if await joining.receive_asking(tx, node, group, sender, asking) == "hidden":
        return Ignored("not_ours")
    return None


@inbound.on("Leave", "Group", needs=("actor",))
async def left(tx: Tx, node: Node, incoming: Incoming) -> Ignored | None:
    """Somebody belongs to one of our groups no longer."""
    group = await _our_group(tx, incoming, incoming.activity.object_id)
    if group is None:
        return Ignored("not_ours")
    uri = incoming.activity.id or ""
    joined = uri.removesuffix("#leave") if uri.endswith("#leave") else ""
    return await _end(tx, group, incoming, joined, exact=bool(joined))


@inbound.on("Undo", "Join", needs=("actor",))
async def joining_undone(tx: Tx, node: Node, incoming: Incoming) -> Ignored | None:
    """Somebody takes a Join back, answered or not."""
    undone = incoming.activity.object
    assert isinstance(undone, vocab.Activity)
    if undone.actor != incoming.sender.uri:
        raise Refused("not_owner")
    known = await find_by_uri(tx, undone.object_id or "")
    group = await groups.find_group(tx, known.id) if known is not None and known.local else None
    if group is None:
        return Ignored("not_ours")
    return await _end(tx, group, incoming, undone.id or "", exact=bool(undone.id))


async def _end(tx: Tx, group: Group, incoming: Incoming, joined: str, *, exact: bool) -> Ignored | None:
    """End what a Join began. `exact`: only what this very one began; a later one stands."""
    member = await members.find_member(tx, group.actor_id, incoming.sender.id)
    if member is not None and (not exact or member.uri == joined or member.form == "Invite"):
        await joining.receive_leaving(tx, group, incoming.sender.id)
        return None
    if joined and vocab.same_host(joined, incoming.sender.uri):
        await arrivals.put_tombstone(tx, joined, "Join", incoming.sender.uri)
    return Ignored("member_unknown")


@inbound.on("Invite", "*", needs=("actor", "object"))
async def invited(tx: Tx, node: Node, incoming: Incoming) -> Ignored | None:
    """A group asks one of ours in; or a member elsewhere wants somebody asked into one of our groups."""
    activity = incoming.activity
    known = incoming.known.get(activity.object_id or "")
    group = await groups.find_group(tx, known.id) if known is not None and known.kind == "Group" else None
    invitee = await find_by_uri(tx, activity.target_id or "")
    if group is None or invitee is None or invitee.deleted_at is not None:
        return Ignored("not_ours")
    if group.local:
        return await _invited_from_afar(tx, node, incoming, group, invitee)
    if not invitee.local or not vocab.same_host(group.uri, incoming.sender.uri):
        return Ignored("not_ours")
    uri = activity.id or f"{incoming.sender.uri}#invites/{invitee.id}"
    if await arrivals.list_tombstoned(tx, [uri]):
        return Ignored("known_already")  # it was taken back first
    await joining.receive_invitation(tx, node, group, invitee, incoming.sender.id, uri)
    return None


async def _invited_from_afar(
    tx: Tx, node: Node, incoming: Incoming, group: Group, invitee: Actor
) -> Ignored | None:
    try:
        await joining.invite(tx, node, incoming.sender.id, group.actor_id, invitee.id)
    except NodeError:
        raise Refused("not_moderator") from None
    return None


async def _our_member(tx: Tx, node: Node, incoming: Incoming) -> Member | None:
    """The membership that an answer means: by its address, else by its two ends."""
    uri = incoming.activity.object_id or ""
    found = await members.find_member_by_uri(tx, uri) if uri else None
    asked = incoming.activity.object
    if found is None and isinstance(asked, vocab.Activity) and not node.is_ours(uri):
        actor = await find_by_uri(tx, asked.actor)
        if actor is not None and actor.local and asked.object_id == incoming.sender.uri:
            found = await members.find_member(tx, incoming.sender.id, actor.id)
    return found


def _speaks_for(incoming: Incoming, group: Group) -> bool:
    """Whether the sender is the group, or somebody of its own house who says that they speak for it."""
    if incoming.sender.id == group.actor_id:
        return True
    named = incoming.activity.attributed_to or ""
    return named == group.uri and vocab.same_host(named, incoming.sender.uri)


@inbound.on("Accept", "Join", needs=("actor",))
@inbound.on("Accept", "Invite", needs=("actor",))
@inbound.on("Accept", "Member", needs=("actor",))
async def joining_accepted(tx: Tx, node: Node, incoming: Incoming) -> Ignored | None:
    """A group let one of ours in; somebody comes who was invited; or a moderator elsewhere lets somebody in."""
    return await _answered(tx, node, incoming, accept=True)


@inbound.on("Reject", "Join", needs=("actor",))
@inbound.on("Reject", "Invite", needs=("actor",))
@inbound.on("Reject", "Member", needs=("actor",))
async def joining_rejected(tx: Tx, node: Node, incoming: Incoming) -> Ignored | None:
    """A group turned one of ours away, or put them out; or somebody will not come."""
    return await _answered(tx, node, incoming, accept=False)


async def _answered(tx: Tx, node: Node, incoming: Incoming, *, accept: bool) -> Ignored | None:
    member = await _our_member(tx, node, incoming)
    if member is None:
        if accept and incoming.activity.object_type == "Invite":
            await _say_too_late(tx, incoming)
        return Ignored("member_unknown")
    group = await groups.get_group(tx, member.group_id)
    if not group.local:
        if not _speaks_for(incoming, group):
            raise Refused("not_asked")
        await joining.receive_answer(tx, member, accept=accept)
    elif member.actor_id == incoming.sender.id:
        if member.state == "asked":
            raise Refused("not_asked")  # nobody lets themselves in
        await joining.receive_invitation_answer(tx, group, member, accept=accept)
    elif member.state == "asked":
        try:
            by_id, about = incoming.sender.id, member.actor_id
            await joining.answer_request(tx, node, by_id, group.actor_id, about, accept=accept)
        except NodeError:
            raise Refused("not_moderator") from None
    elif member.state != "member" or not accept:
        raise Refused("not_asked")
    return None


async def _say_too_late(tx: Tx, incoming: Incoming) -> None:
    """An invitation of ours was taken back before the yes came: whoever said it must learn that it holds nothing."""
    invitation = incoming.activity.object
    assert isinstance(invitation, vocab.Activity)
    known = await find_by_uri(tx, invitation.object_id or "")
    group = await groups.find_group(tx, known.id) if known is not None and known.local else None
    if group is None or invitation.target_id != incoming.sender.uri:
        return
    if await members.find_member(tx, group.actor_id, incoming.sender.id) is None:
        actor = await get_actor(tx, incoming.sender.id)
        await joining.say_no(tx, group, actor, invitation.id or "")


@inbound.on("Update", "Member", needs=("actor",))
async def role_given(tx: Tx, node: Node, incoming: Incoming) -> Ignored | None:
    """Somebody has another role."""
    return await deeds.take_role(tx, node, incoming)

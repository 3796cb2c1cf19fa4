"""How people get into a group and out of it: of our groups the truth, of others' what was asked and answered.

A membership and the follow that carries its posts are written together, here and nowhere else. Every
arrival may be late, doubled or out of order: what counts is the address of the Join, Follow or Invite
a membership came from.
"""

from typing import Final

import msgspec

from federation import vocab
from node.db.database import Tx
from node.errors import N_, NodeError
from node.features.actors.store.reads import Actor, get_actor
from node.features.follows import store as follows
from node.features.follows import translate as follow_words
from node.features.groups import translate
from node.features.groups.service import belonging, inviting, log, rights, telling
from node.features.groups.service.belonging import Asking
from node.features.groups.store import groups, members
from node.features.groups.store.groups import Group
from node.features.groups.store.members import Member
from node.features.notifications.service import withdraw_about_group
from node.runtime import Node
from node.wire.publish import Destinations, publish

MOST_ANSWER_CHARS: Final = 2000


async def join(tx: Tx, node: Node, actor_id: int, group_id: int, answer: str = "") -> str:
    """One of our people asks to belong. Returns `member` or `asked`.

    Raises: NodeError `not_found`, `not_allowed` (kept out, by invitation only, no longer open), `invalid` (answer).
    """
    group = await groups.lock_group(tx, group_id)
    found = await rights.standing_in(tx, group, actor_id)
    if found.member is not None and found.member.state != "invited":
        return found.member.state
    if await follows.find_block_between(tx, actor_id, group_id) or found.ban is not None:
        raise NodeError("not_allowed", detail="kept out")
    actor = await get_actor(tx, actor_id)
    if found.member is not None:
        await answer_invitation(tx, node, actor_id, group_id, accept=True)
        return "member"
    answer = answer.strip()[:MOST_ANSWER_CHARS]
    if not group.local:
        return await _ask_elsewhere(tx, node, group, actor, answer)
    _check_open(found, answer)
    asking = Asking(*belonging.new_uri(tx, node), "Join", answer)
    if group.openness == "open":
        await belonging.admit(tx, group, actor, asking)
        return "member"
    await belonging.ask(tx, group, actor, asking)
    return "asked"


def _check_open(found: rights.Standing, answer: str) -> None:
    if not found.may_see():
        raise NodeError("not_found", detail="group")
    if found.group.archived_at is not None:
        raise NodeError("not_allowed", text=N_("This group has been closed; nobody can join it any more."))
    if found.group.openness == "invite_only":
        raise NodeError("not_allowed", text=N_("This group can be joined by invitation only."))
    if found.group.openness == "moderated" and found.group.question and not answer:
        raise NodeError("invalid", field="answer", text=N_("Please answer the group's question."))


async def _ask_elsewhere(tx: Tx, node: Node, group: Group, actor: Actor, answer: str) -> str:
    """A group of another house is asked in the words it understands; its answer decides."""
    member_id, uri = belonging.new_uri(tx, node)
    form = "Join" if group.members_uri else "Follow"
    if form == "Follow":
        uri = node.uri(f"/ap/follows/{member_id}")
    await belonging.ask(tx, group, actor, Asking(member_id, uri, form, answer))
    said = (
        translate.join(uri, actor.uri, group.uri, answer)
        if form == "Join"
        else follow_words.follow(uri, actor.uri, group.uri)
    )
    await publish(tx, actor.id, said, Destinations(actors=(group.actor_id,), personal=True))
    return "asked"


async def leave(tx: Tx, node: Node, actor_id: int, group_id: int) -> None:
    """One of our people belongs no longer, or takes the question back. Nothing happens to who does not belong.

    Raises: NodeError `not_allowed` for the last owner.
    """
    group = await groups.lock_group(tx, group_id)
    member = await members.find_member(tx, group_id, actor_id)
    if member is None:
        return
    if member.state == "invited":
        await answer_invitation(tx, node, actor_id, group_id, accept=False)
        return
    if group.local and member.role == "owner" and await belonging.is_last_owner(tx, member):
        raise NodeError(
            "not_allowed",
            detail="last owner",
            text=N_(
                "You are the group's last owner. Please hand it over to somebody first, or end the group."
            ),
        )
    await belonging.end(tx, group, actor_id)
    if not group.local:
        await _say_goodbye(tx, group, member)


async def _say_goodbye(tx: Tx, group: Group, member: Member) -> None:
    actor = await get_actor(tx, member.actor_id)
    said = (
        follow_words.undo_follow(f"{member.uri}#undo", member.uri, actor.uri, group.uri)
        if member.form == "Follow"
        else translate.leave(member.uri, actor.uri, group.uri)
    )
    await publish(tx, actor.id, said, Destinations(actors=(group.actor_id,), personal=True))


async def receive_asking(tx: Tx, node: Node, group: Group, actor: Actor, asking: Asking) -> str:
    """Somebody elsewhere asks to belong to one of ours. Returns `member`, `asked`, `refused`, or `hidden`.

    A repeated question is answered again; a group that does not show itself to them does not answer at all.
    """
    group = await groups.lock_group(tx, group.actor_id)
    found = await rights.standing_in(tx, group, actor.id)
    if group.visibility == "local":
        return "hidden"
    if not found.may_see() and not await inviting.is_open(tx, group, asking.answer):
        return "hidden"
    blocked = await follows.find_block_between(tx, actor.id, group.actor_id)
    known = found.member
    state = known.state if known is not None else ""
    invited = found.ban is None and not blocked and await inviting.opens(tx, group, asking.answer)
    if not invited and (blocked or found.ban is not None or (not state and not found.may_ask())):
        refused = belonging.row_of(tx, group, actor, asking, "asked")
        await telling.answer(tx, group, actor, refused, accept=False)
        return "refused"
    if known is not None and state == "member" and belonging.is_older(asking.uri, known.uri):
        late = belonging.row_of(tx, group, actor, asking, "member")
        await telling.answer(tx, group, actor, late, accept=True)
        return "member"
    if invited or state in ("member", "invited") or group.openness == "open":
        member = await belonging.admit(tx, group, actor, asking)
        await telling.answer(tx, group, actor, member, accept=True)
        return "member"
    await belonging.ask(tx, group, actor, asking)
    return "asked"


async def receive_leaving(tx: Tx, group: Group, actor_id: int) -> bool:
    """Somebody elsewhere belongs to one of ours no longer; False when they did not."""
    group = await groups.lock_group(tx, group.actor_id)
    return await belonging.end(tx, group, actor_id) is not None


async def receive_answer(tx: Tx, member: Member, *, accept: bool) -> None:
    """The house of a group answered one of ours, or ended a membership.

    A yes counts for who asked: nobody becomes a member without having said so themselves.
    """
    group = await groups.lock_group(tx, member.group_id)
    actor = await get_actor(tx, member.actor_id)
    if not accept:
        await belonging.end(tx, group, member.actor_id)
        return
    if member.state != "asked":
        return
    asking = Asking(member.id, member.uri, member.form, member.answer)
    await belonging.admit(tx, group, actor, asking)
    await telling.notice(tx, group, "group_joined", group.actor_id, [actor.id])


async def answer_request(
    tx: Tx, node: Node, by_id: int, group_id: int, actor_id: int, *, accept: bool, reason: str = ""
) -> None:
    """Let in who asked, or turn them away. Raises: NodeError `not_found`, `not_allowed`."""
    group = await groups.lock_group(tx, group_id)
    await rights.require(tx, group, by_id, "moderate")
    asked = await members.find_member(tx, group_id, actor_id)
    if asked is None or asked.state != "asked":
        raise NodeError("not_found", detail="nobody asked")
    actor, by = await get_actor(tx, actor_id), await get_actor(tx, by_id)
    if not group.local:
        await _answer_elsewhere(tx, node, group, by, translate.member(
            asked.uri, actor.uri, group.uri, "member"), accept=accept)  # fmt: skip
        return
    if accept:
        asking = Asking(asked.id, asked.uri, asked.form, asked.answer)
        await belonging.admit(tx, group, actor, asking)
        await telling.notice(tx, group, "group_joined", group.actor_id, [actor_id])
    else:
        await belonging.end(tx, group, actor_id)
    await telling.answer(tx, group, actor, asked, accept=accept, reason=reason)
    action = "let_in" if accept else "turn_away"
    await log.write(tx, group_id, by_id, action, target_id=actor_id, reason=reason)


async def _answer_elsewhere(
    tx: Tx, node: Node, group: Group, by: Actor, about: vocab.Verbatim, *, accept: bool
) -> None:
    uri = node.uri(f"/ap/activities/{tx.new_id()}")
    said = translate.invitation_answer(uri, about, by.uri, group.uri, accept=accept)
    await publish(tx, by.id, said, Destinations(actors=(group.actor_id,), personal=True))


async def invite(tx: Tx, node: Node, by_id: int, group_id: int, invitee_id: int) -> str:
    """Ask somebody in. Who asked to join already is let in when the inviter moderates. Returns the state.

    Raises: NodeError `not_found`, `not_allowed`, `invalid`.
    """
    group = await groups.lock_group(tx, group_id)
    act = "invite" if group.openness == "open" else "moderate"
    standing = await rights.require(tx, group, by_id, act)
    by, invitee = await get_actor(tx, by_id), await get_actor(tx, invitee_id)
    if invitee.deleted_at is not None or invitee.kind != "Person":
        raise NodeError("invalid", text=N_("Only people can be invited."))
    if group.visibility == "local" and not invitee.local:
        raise NodeError("invalid", text=N_("This group is for people of this house only."))
    if await rights.is_kept_out(tx, group, invitee_id):
        raise NodeError("not_allowed", text=N_("This person may not join the group at the moment."))
    if group.archived_at is not None or await follows.find_block_between(tx, by_id, invitee_id):
        raise NodeError("not_allowed", detail="archived or blocked")
    known = await members.find_member(tx, group_id, invitee_id)
    if known is not None and known.state == "asked" and standing.may_moderate():
        await answer_request(tx, node, by_id, group_id, invitee_id, accept=True)
        return "member"
    if known is not None:
        return known.state
    member_id, uri = belonging.new_uri(tx, node)
    if group.local:
        asking = Asking(member_id, uri, "Invite", "")
        row = belonging.row_of(tx, group, invitee, asking, "invited")
        await members.put_member(tx, msgspec.structs.replace(row, invited_by=by_id))
        await telling.notice(tx, group, "group_invite", by_id, [invitee_id])
    await _say_invitation(tx, group, by, invitee, uri)
    return "invited"


async def _say_invitation(tx: Tx, group: Group, by: Actor, invitee: Actor, uri: str) -> None:
    """Said by the inviter where they live beside the group, else by the group; others' groups decide."""
    if group.local and invitee.local:
        return
    if not group.local:
        said = translate.invite(uri, by.uri, group, invitee.uri)
        await publish(tx, by.id, said, Destinations(actors=(group.actor_id,), personal=True))
        return
    speaker = by if by.local else await get_actor(tx, group.actor_id)
    said = translate.invite(uri, speaker.uri, group, invitee.uri)
    await publish(tx, speaker.id, said, Destinations(actors=(invitee.id,), personal=True))


async def answer_invitation(tx: Tx, node: Node, actor_id: int, group_id: int, *, accept: bool) -> None:
    """One of our people says yes or no to an invitation. Raises: NodeError `not_found`."""
    group = await groups.lock_group(tx, group_id)
    invited = await members.find_member(tx, group_id, actor_id)
    if invited is None or invited.state != "invited":
        raise NodeError("not_found", detail="nobody invited")
    actor = await get_actor(tx, actor_id)
    if accept:
        asking = Asking(invited.id, invited.uri, invited.form, "")
        await belonging.admit(tx, group, actor, asking)
    else:
        await belonging.end(tx, group, actor_id)
    if not group.local:
        about = translate.member(invited.uri, actor.uri, group.uri, "member")
        await _answer_elsewhere(tx, node, group, actor, about, accept=accept)
    for kind in ("group_invite",):
        if invited.invited_by is not None:
            await withdraw_about_group(tx, kind, invited.invited_by, group_id)


async def receive_invitation(tx: Tx, node: Node, group: Group, invitee: Actor, by_id: int, uri: str) -> None:
    """A group of another house asks one of ours in; who asked to join already says yes at once."""
    group = await groups.lock_group(tx, group.actor_id)
    known = await members.find_member(tx, group.actor_id, invitee.id)
    if known is not None and known.state == "member":
        return
    if await follows.find_block_between(tx, invitee.id, by_id):
        return
    asking = Asking(tx.new_id(), uri, "Invite", "")
    if known is not None and known.state == "asked":
        await belonging.end(tx, group, invitee.id)
    row = belonging.row_of(tx, group, invitee, asking, "invited")
    await members.put_member(tx, msgspec.structs.replace(row, invited_by=by_id))
    if known is not None and known.state == "asked":
        await answer_invitation(tx, node, invitee.id, group.actor_id, accept=True)
    else:
        await telling.notice(tx, group, "group_invite", by_id, [invitee.id])


async def receive_invitation_answer(tx: Tx, group: Group, member: Member, *, accept: bool) -> None:
    """Somebody elsewhere says yes or no to an invitation of ours; a later no ends the membership."""
    group = await groups.lock_group(tx, group.actor_id)
    actor = await get_actor(tx, member.actor_id)
    kept_out = await rights.is_kept_out(tx, group, actor.id) or group.archived_at is not None
    if accept and kept_out:
        await belonging.end(tx, group, actor.id)
        await say_no(tx, group, actor, member.uri)
    elif accept:
        await belonging.admit(tx, group, actor, Asking(member.id, member.uri, member.form, ""))
    else:
        await belonging.end(tx, group, actor.id)


async def say_no(tx: Tx, group: Group, actor: Actor, uri: str) -> None:
    """Tell somebody elsewhere that what they said to get in holds nothing."""
    asking = Asking(tx.new_id(), uri, "Join", "")
    row = belonging.row_of(tx, group, actor, asking, "asked")
    await telling.answer(tx, group, actor, row, accept=False)

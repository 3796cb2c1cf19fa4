"""How a group tells others: everybody who follows it, one person, or nobody.

A group of this house alone never says anything outside. What is said in a closed group goes to its
members' houses only. Called by the services and handlers of groups, and by group_posts.
"""

from collections.abc import Sequence
from typing import Any

from federation import vocab
from node.db.database import Tx
from node.features.actors import service as actors
from node.features.actors.store.reads import Actor, get_actor
from node.features.groups import translate
from node.features.groups.store.groups import Group
from node.features.groups.store.members import Member
from node.features.notifications.service import Notice, notify_several
from node.runtime import Node
from node.wire.publish import Destinations, publish


async def document_of(tx: Tx, activity: vocab.Activity, by: Actor, group: Group) -> dict[str, Any]:
    """What one of our people did, ready to be passed on; with their proof where it is for everybody."""
    document = vocab.write(activity)
    return await tx.prove(by.id, document) if group.shown_to_strangers else document


async def announce(tx: Tx, group: Group, inner: dict[str, Any]) -> None:
    """Pass on to all who follow one of our groups what somebody did in it (FEP-1b12)."""
    if group.local and group.visibility != "local":
        told = translate.announce(group, f"{group.uri}#announces/{tx.new_id()}", inner)
        await publish(tx, group.actor_id, told, Destinations(followers_of=group.actor_id))


async def tell_deed(tx: Tx, group: Group, by: Actor | None, activity: vocab.Activity) -> None:
    """Make a deed known: ours pass it on to all, others' groups are asked to do it.

    `by` None or of another house: whoever did it said so themselves; ours is announced as the group's.
    """
    if group.local:
        author = by if by is not None and by.local else await get_actor(tx, group.actor_id)
        await announce(tx, group, await document_of(tx, activity, author, group))
    elif by is not None and by.local:
        await publish(tx, by.id, activity, Destinations(actors=(group.actor_id,), personal=True))


async def tell_member(tx: Tx, group: Group, actor: Actor, activity: vocab.Activity) -> None:
    """Say something to one person elsewhere, as the group."""
    if group.local and not actor.local and group.visibility != "local":
        await publish(tx, group.actor_id, activity, Destinations(actors=(actor.id,), personal=True))


async def answer(
    tx: Tx, group: Group, actor: Actor, member: Member, *, accept: bool, reason: str = ""
) -> None:
    """Answer what somebody elsewhere said to get in; the same words end a membership."""
    word = "accepts" if accept else "rejects"
    asked = translate.asking(member.form, member.uri, actor.uri, group.uri)
    uri = f"{group.uri}#{word}/{tx.new_id()}"
    said = translate.answer(uri, asked, group.uri, accept=accept, reason=reason)
    await tell_member(tx, group, actor, said)


async def notice(tx: Tx, group: Group, kind: str, actor_id: int, owners: Sequence[int]) -> None:
    """Tell some of our people of something in a group; `actor_id` did it."""
    await notify_several(tx, [Notice(owner, kind, actor_id, None, group.actor_id) for owner in owners])


async def publish_change(tx: Tx, node: Node, group: Group) -> None:
    """Tell that one of our groups describes itself anew."""
    tx.tell_changed(group.actor_id)
    if group.visibility != "local":
        await actors.publish_update(tx, node, await get_actor(tx, group.actor_id))

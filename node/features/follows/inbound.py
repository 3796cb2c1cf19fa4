"""Follows, answers and blocks that arrive from other nodes.

An answer counts only from whom was asked; an Undo only from whom did it.
"""

import msgspec

from federation import vocab
from federation.dispatch import Inbound
from node.db.database import Tx
from node.features.actors.store.reads import Actor, find_by_uri, get_actor, is_reachable
from node.features.follows import moves, service, store
from node.features.house import service as house
from node.runtime import Node
from node.wire.incoming import Ignored, Incoming, Refused, Registry
from node.wire.store import arrivals
from node.wire.store.arrivals import Known

inbound: Registry = Inbound()


@inbound.on("Follow", "*", needs=("actor",))
async def follow_asked(tx: Tx, node: Node, incoming: Incoming) -> Ignored | None:
    """Somebody asks to follow one of ours."""
    known = incoming.known.get(incoming.activity.object_id or "")
    if known is None or not known.local or known.deleted:
        return Ignored("not_ours")
    followee = await get_actor(tx, known.id)
    if not await is_reachable(tx, followee):
        return Ignored("not_ours")
    if followee.kind == "Application":
        followee = await _as_neighbour(tx, incoming.sender, followee)
    uri = incoming.activity.id or f"{incoming.sender.uri}#follows/{followee.id}"
    if await arrivals.list_tombstoned(tx, [uri]):
        return Ignored("known_already")  # its Undo came first
    await service.receive_follow(tx, node, uri, incoming.sender.id, followee)
    return None


async def _as_neighbour(tx: Tx, sender: Known, house_actor: Actor) -> Actor:
    """Our house's own actor as it answers this one: only to machines, by the policy, and always to its relays."""
    if sender.kind not in ("Application", "Service"):
        raise Refused("not_followable")
    if await store.find_follow(tx, house_actor.id, sender.id) is not None:
        return msgspec.structs.replace(house_actor, locked=False)  # a relay we asked follows back
    policy = (await house.get_settings(tx)).neighbours
    if policy == "closed":
        raise Refused("not_followable")
    return msgspec.structs.replace(house_actor, locked=policy == "approval")


async def _our_follow(tx: Tx, incoming: Incoming) -> store.Follow | None:
    """The follow of ours that an answer means: by its id, else by its two ends."""
    asked = incoming.activity.object
    uri = incoming.activity.object_id or ""
    found = await store.find_follow_by_uri(tx, uri) if uri else None
    if found is None and isinstance(asked, vocab.Activity):
        follower = await find_by_uri(tx, asked.actor)
        if follower is not None and follower.local and asked.object_id == incoming.sender.uri:
            found = await store.find_follow(tx, follower.id, incoming.sender.id)
    if found is not None and found.followee_id != incoming.sender.id:
        raise Refused("not_asked")
    return found


@inbound.on("Accept", "Follow", needs=("actor",))
async def follow_accepted(tx: Tx, node: Node, incoming: Incoming) -> Ignored | None:
    """They said yes."""
    follow = await _our_follow(tx, incoming)
    if follow is None:
        return Ignored("follow_unknown")
    await service.accepted_by(tx, node, follow, incoming.sender.kind)
    return None


@inbound.on("Reject", "Follow", needs=("actor",))
async def follow_rejected(tx: Tx, node: Node, incoming: Incoming) -> Ignored | None:
    """They said no, or no longer."""
    follow = await _our_follow(tx, incoming)
    if follow is None:
        return Ignored("follow_unknown")
    await service.rejected_by(tx, node, follow, incoming.sender.kind)
    return None


@inbound.on("Undo", "Accept", needs=("actor",))
async def acceptance_undone(tx: Tx, node: Node, incoming: Incoming) -> Ignored | None:
    """Rare; means the same as a Reject."""
    accept = incoming.activity.object
    inner = accept.object if isinstance(accept, vocab.Activity) else None
    if not isinstance(inner, vocab.Activity):
        return Ignored("follow_unknown")
    follower = await find_by_uri(tx, inner.actor)
    follow = await store.find_follow(tx, follower.id, incoming.sender.id) if follower else None
    if follow is None or follower is None or not follower.local:
        return Ignored("follow_unknown")
    await service.rejected_by(tx, node, follow, incoming.sender.kind)
    return None


@inbound.on("Undo", "Follow", needs=("actor",))
async def follow_undone(tx: Tx, node: Node, incoming: Incoming) -> Ignored | None:
    """They follow no more, or took the request back."""
    undone = incoming.activity.object
    assert isinstance(undone, vocab.Activity)
    if undone.actor != incoming.sender.uri:
        raise Refused("not_owner")
    followee = incoming.known.get(undone.object_id or "") or await find_by_uri(tx, undone.object_id or "")
    if followee is None or not followee.local:
        return Ignored("not_ours")
    if not await service.unfollowed_by(tx, node, incoming.sender.id, followee.id, followee.kind):
        await incoming.note_undone_first(tx)
        return Ignored("follow_unknown")
    return None


@inbound.on("Block", "*", needs=("actor",))
async def blocked(tx: Tx, node: Node, incoming: Incoming) -> Ignored | None:
    """They want nothing to do with one of ours. With a `target` it is a group's ban."""
    if incoming.activity.target_id:
        ended: Ignored | None = await node.hooks.groups.take_deed(tx, node, incoming)
        return ended
    target = incoming.known.get(incoming.activity.object_id or "")
    if target is None or not target.local:
        return Ignored("not_ours")
    uri = incoming.activity.id or f"{incoming.sender.uri}#blocks/{target.id}"
    if await arrivals.list_tombstoned(tx, [uri]):
        return Ignored("known_already")  # its Undo came first
    await service.blocked_by(tx, node, uri, incoming.sender.id, target.id)
    return None


@inbound.on("Undo", "Block", needs=("actor",))
async def block_undone(tx: Tx, node: Node, incoming: Incoming) -> Ignored | None:
    """They lifted a block."""
    undone = incoming.activity.object
    assert isinstance(undone, vocab.Activity)
    if undone.actor != incoming.sender.uri:
        raise Refused("not_owner")
    if undone.target_id:
        ended: Ignored | None = await node.hooks.groups.take_deed(tx, node, incoming)
        return ended
    target = await find_by_uri(tx, undone.object_id or "")
    if target is None or not target.local:
        return Ignored("not_ours")
    if await store.delete_block(tx, incoming.sender.id, target.id) is None:
        await incoming.note_undone_first(tx)
    return None


@inbound.on("Move", "*", needs=("actor", "target"))
async def actor_moved(tx: Tx, node: Node, incoming: Incoming) -> Ignored | None:
    """Somebody moved: our people who followed them ask to follow the new account.

    Only when the new account, as its own origin serves it, names the old one (ORG-21).
    """
    activity = incoming.activity
    if activity.object_id != incoming.sender.uri:
        if activity.object_id not in incoming.known:
            return Ignored("unknown_object")  # a folder or a thread that goes elsewhere
        raise Refused("not_owner")
    target = await find_by_uri(tx, activity.target_id or "")
    if target is None or target.deleted_at or target.id == incoming.sender.id:
        return Ignored("target_unknown")
    if incoming.sender.uri not in target.also_known_as:
        raise Refused("not_an_alias")
    if target.moved_to_uri:
        return Ignored("target_moved")
    if not await moves.arrive(tx, await get_actor(tx, incoming.sender.id), target):
        return Ignored("moved_before")
    return None

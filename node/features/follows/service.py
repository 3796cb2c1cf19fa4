"""What may be done between two people: follow, answer, part, block, mute.

Whoever is followed owns the answer: a follow of a remote actor is `asked` until their node
accepts. A block ends follows both ways. Everything here runs in the caller's transaction.
"""

from datetime import datetime, timedelta

from node.db.database import Tx
from node.errors import NodeError
from node.features.actors.store.reads import Actor, get_actor, list_actors
from node.features.follows import store, translate
from node.features.notifications.service import notify, withdraw
from node.features.timelines import store as timelines
from node.runtime import Node
from node.wire import wants
from node.wire.publish import Destinations, publish

BACKFILL_COOLDOWN = timedelta(days=1)


async def _pair(tx: Tx, one_id: int, other_id: int) -> tuple[Actor, Actor]:
    found = await list_actors(tx, [one_id, other_id])
    if len(found) != 2 or any(a.deleted_at or a.suspended_at for a in found):
        raise NodeError("not_found", detail="actor")
    return found[0], found[1]


async def follow(tx: Tx, node: Node, follower_id: int, followee_id: int) -> str:
    """Follow somebody, or ask to. Returns the follow's state: `asked` or `accepted`.

    Raises: NodeError `not_found`, `invalid` (oneself), `not_allowed` (a block stands between).
    """
    if follower_id == followee_id:
        raise NodeError("invalid", detail="self-follow")
    follower, followee = await _pair(tx, follower_id, followee_id)
    if await store.find_block_between(tx, follower_id, followee_id):
        raise NodeError("not_allowed", detail="blocked")
    if followee.kind == "Group":
        return await node.hooks.groups.join(tx, node, follower_id, followee_id)
    existing = await store.find_follow(tx, follower_id, followee_id)
    if existing is not None:
        return existing.state
    follow_id = tx.new_id()
    accepted = followee.local and not followee.locked
    state = "accepted" if accepted else "asked"
    uri = node.uri(f"/ap/follows/{follow_id}")
    await store.put_follow(
        tx,
        store.Follow(
            follow_id, uri, follower_id, followee_id, state, True, False, tx.now, tx.now if accepted else None
        ),
    )
    if not followee.local:
        await publish(
            tx,
            follower_id,
            translate.follow(uri, follower.uri, followee.uri),
            Destinations(actors=(followee_id,), personal=True),
        )
        return state
    if accepted:
        await _now_follows(tx, follower_id, followee_id)
    await notify(tx, followee_id, "follow" if accepted else "follow_request", follower_id)
    return state


async def _now_follows(tx: Tx, follower_id: int, followee_id: int) -> None:
    await timelines.put_recent_of(tx, follower_id, followee_id)


async def receive_follow(tx: Tx, node: Node, uri: str, follower_id: int, followee: Actor) -> None:
    """A remote actor asks to follow one of ours. A repeated Follow is answered again."""
    if await store.find_block_between(tx, follower_id, followee.id):
        await _answer(tx, node, uri, follower_id, followee, accept=False)
        return
    existing = await store.find_follow(tx, follower_id, followee.id)
    accepted = not followee.locked or (existing is not None and existing.state == "accepted")
    state = "accepted" if accepted else "asked"
    row = store.Follow(
        tx.new_id(), uri, follower_id, followee.id, state, True, False, tx.now, tx.now if accepted else None
    )
    await store.put_follow(tx, row)
    if accepted:
        await _answer(tx, node, uri, follower_id, followee, accept=True)
    if existing is None and followee.kind != "Application":
        await notify(tx, followee.id, "follow" if accepted else "follow_request", follower_id)


async def _answer(
    tx: Tx, node: Node, follow_uri: str, follower_id: int, followee: Actor, *, accept: bool
) -> None:
    follower = await get_actor(tx, follower_id)
    if follower.local:
        return
    word = "accepts" if accept else "rejects"
    uri = f"{followee.uri}#{word}/{tx.new_id()}"
    activity = translate.answer(uri, follow_uri, follower.uri, followee.uri, accept=accept)
    await publish(tx, followee.id, activity, Destinations(actors=(follower_id,), personal=True))


async def answer_request(tx: Tx, node: Node, owner_id: int, follower_id: int, *, accept: bool) -> None:
    """Let somebody follow, or not. Raises: NodeError `not_found` when nobody asked."""
    asked = await store.find_follow(tx, follower_id, owner_id)
    if asked is None or asked.state != "asked":
        raise NodeError("not_found", detail="follow request")
    owner = await get_actor(tx, owner_id)
    if accept:
        await store.put_accepted(tx, asked.id)
        await _now_follows(tx, follower_id, owner_id)
        await notify(tx, owner_id, "follow", follower_id)
    else:
        await store.delete_follow(tx, follower_id, owner_id)
    await withdraw(tx, owner_id, "follow_request", follower_id)
    await _answer(tx, node, asked.uri, follower_id, owner, accept=accept)


async def accepted_by(tx: Tx, node: Node, follow: store.Follow, kind: str) -> None:
    """The other node said yes to one of ours: what they wrote before is worth looking for.

    `kind` is the followee's: a group's yes makes a member.
    """
    if kind == "Group":
        await node.hooks.groups.answered(tx, follow.follower_id, follow.followee_id, accept=True)
    elif await store.put_accepted(tx, follow.id):
        await _now_follows(tx, follow.follower_id, follow.followee_id)
    else:
        return
    if follow.state == "asked":
        await wants.ask(tx, "backfill", follow.followee_id, cooldown=BACKFILL_COOLDOWN)


async def rejected_by(tx: Tx, node: Node, follow: store.Follow, kind: str) -> None:
    """The other node said no, or ended a follow of one of ours, or knows nothing of it."""
    if kind == "Group":
        await node.hooks.groups.answered(tx, follow.follower_id, follow.followee_id, accept=False)
    await _end(tx, follow.follower_id, follow.followee_id)


async def _end(tx: Tx, follower_id: int, followee_id: int) -> store.Follow | None:
    ended = await store.delete_follow(tx, follower_id, followee_id)
    if ended is not None:
        await timelines.delete_of_author(tx, follower_id, followee_id)
        await withdraw(tx, followee_id, "follow", follower_id)
        await withdraw(tx, followee_id, "follow_request", follower_id)
    return ended


async def unfollow(tx: Tx, node: Node, follower_id: int, followee_id: int) -> None:
    """Follow no more, or take a request back."""
    follower, followee = await _pair(tx, follower_id, followee_id)
    if followee.kind == "Group":
        await node.hooks.groups.leave(tx, node, follower_id, followee_id)
        return
    ended = await _end(tx, follower_id, followee_id)
    if ended is not None and not followee.local:
        undo = translate.undo_follow(f"{ended.uri}#undo", ended.uri, follower.uri, followee.uri)
        await publish(tx, follower_id, undo, Destinations(actors=(followee_id,), personal=True))


async def unfollowed_by(tx: Tx, node: Node, follower_id: int, followee_id: int, kind: str) -> bool:
    """A remote actor follows one of ours no more; False when they did not. `kind` is the followee's."""
    if kind == "Group":
        return await node.hooks.groups.left(tx, follower_id, followee_id)
    return await _end(tx, follower_id, followee_id) is not None


async def remove_follower(tx: Tx, node: Node, owner_id: int, follower_id: int) -> None:
    """Let somebody follow no more, without blocking them."""
    ended = await _end(tx, follower_id, owner_id)
    if ended is not None:
        await _answer(tx, node, ended.uri, follower_id, await get_actor(tx, owner_id), accept=False)


async def block(tx: Tx, node: Node, actor_id: int, target_id: int) -> None:
    """Have nothing to do with somebody: follows end both ways, nothing is shown or delivered."""
    if actor_id == target_id:
        raise NodeError("invalid", detail="self-block")
    actor, target = await _pair(tx, actor_id, target_id)
    block_id = tx.new_id()
    uri = node.uri(f"/ap/blocks/{block_id}")
    if not await store.put_block(tx, block_id, uri, actor_id, target_id):
        return
    await unfollow(tx, node, actor_id, target_id)
    await remove_follower(tx, node, actor_id, target_id)
    if not target.local:
        activity = translate.block(uri, actor.uri, target.uri)
        await publish(tx, actor_id, activity, Destinations(actors=(target_id,), personal=True))


async def blocked_by(tx: Tx, node: Node, uri: str, actor_id: int, target_id: int) -> None:
    """A remote actor blocked one of ours."""
    await store.put_block(tx, tx.new_id(), uri, actor_id, target_id)
    for actor, group in await _ends_that_are_groups(tx, actor_id, target_id):
        await node.hooks.groups.left(tx, actor, group)
    await _end(tx, actor_id, target_id)
    await _end(tx, target_id, actor_id)


async def _ends_that_are_groups(tx: Tx, one_id: int, other_id: int) -> list[tuple[int, int]]:
    """(who, group) for each of the two that is a group."""
    kinds = {actor.id: actor.kind for actor in await list_actors(tx, [one_id, other_id])}
    pairs = ((one_id, other_id), (other_id, one_id))
    return [(actor, group) for actor, group in pairs if kinds.get(group) == "Group"]


async def unblock(tx: Tx, node: Node, actor_id: int, target_id: int) -> None:
    """Lift a block; follows do not come back by themselves."""
    actor, target = await _pair(tx, actor_id, target_id)
    uri = await store.delete_block(tx, actor_id, target_id)
    if uri is not None and not target.local:
        activity = translate.undo_block(f"{uri}#undo", uri, actor.uri, target.uri)
        await publish(tx, actor_id, activity, Destinations(actors=(target_id,), personal=True))


async def mute(
    tx: Tx, actor_id: int, target_id: int, *, notifications: bool = True, expires_at: datetime | None = None
) -> None:
    """Not see somebody for a while, or for good; they never learn of it."""
    if actor_id == target_id:
        raise NodeError("invalid", detail="self-mute")
    await _pair(tx, actor_id, target_id)
    await store.put_mute(tx, actor_id, target_id, notifications, expires_at)


async def unmute(tx: Tx, actor_id: int, target_id: int) -> None:
    """See somebody again."""
    await store.delete_mute(tx, actor_id, target_id)

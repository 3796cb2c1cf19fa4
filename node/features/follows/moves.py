"""Somebody goes on under another address, from elsewhere or from here, and our people go along.

A move counts only when the new account names the old one. Followers go along in small
transactions, as a job that can stop anywhere and go on (`follow_along`). Called by the handlers
and pages of follows and settings.
"""

from datetime import timedelta

import msgspec

from federation import vocab
from node.db.database import Tx
from node.errors import N_, NodeError
from node.features.actors import service as actors
from node.features.actors.store.reads import Actor, get_actor
from node.features.actors.store.writes import put_moved
from node.features.follows import service, store
from node.features.notifications.service import notify
from node.runtime import Node
from node.wire.publish import Destinations, publish

REST_IN = timedelta(days=7)
"""Within this time a second move of the same account from elsewhere changes nothing."""
REST_OUT = timedelta(days=30)
"""So long one of ours stays where they moved to, before they can move again."""
MOST_ALIASES = 10
_AT_ONCE = 25


async def arrive(tx: Tx, origin: Actor, target: Actor) -> bool:
    """An account elsewhere went on as `target`; False when it moved only lately."""
    last = await store.find_last_move(tx, origin.id)
    if last is not None and last.created_at > tx.now - REST_IN:
        return False
    await put_moved(tx, origin.id, target.uri)
    tx.wake(f"move:{await store.put_move(tx, origin.id, target.id)}")
    return True


async def follow_along(node: Node, argument: str) -> None:
    """Job `move`: our people who followed the old account follow the new one, some at a time."""
    while True:
        async with node.db.tx() as tx:
            move = await store.find_open_move(tx, int(argument))
            if move is None:
                return
            followers = await store.list_movers(tx, move.actor_id, move.target_id, _AT_ONCE)
            if not followers or not await _can_be_followed(tx, move.target_id):
                await store.put_move_ended(tx, move.id)
                return
            for follower_id in followers:
                await service.follow(tx, node, follower_id, move.target_id)
                await service.unfollow(tx, node, follower_id, move.actor_id)
                await notify(tx, follower_id, "move", move.target_id)


async def _can_be_followed(tx: Tx, target_id: int) -> bool:
    target = await get_actor(tx, target_id)
    return target.deleted_at is None and target.suspended_at is None


async def sweep_moves(node: Node) -> None:
    """Wake the moves that are not through."""
    async with node.db.tx() as tx:
        for move_id in await store.list_open_moves(tx):
            tx.wake(f"move:{move_id}")


async def add_alias(tx: Tx, node: Node, actor_id: int, other: Actor) -> None:
    """Say that another account is one's own too, so that it can move here.

    Raises: NodeError `invalid` on `alias`.
    """
    actor = await get_actor(tx, actor_id)
    if other.id == actor_id:
        raise NodeError("invalid", field="alias", text=N_("This is the account you are using now."))
    aliases = list(dict.fromkeys([*actor.also_known_as, other.uri]))
    if len(aliases) > MOST_ALIASES:
        raise NodeError("invalid", field="alias", text=N_("There is room for ten other addresses."))
    await actors.update_profile(tx, node, actor_id, actors.ProfileChange(also_known_as=tuple(aliases)))


async def remove_alias(tx: Tx, node: Node, actor_id: int, alias_uri: str) -> None:
    """Say so no more."""
    actor = await get_actor(tx, actor_id)
    kept = tuple(uri for uri in actor.also_known_as if uri != alias_uri)
    if len(kept) != len(actor.also_known_as):
        await actors.update_profile(tx, node, actor_id, actors.ProfileChange(also_known_as=kept))


async def move_out(tx: Tx, node: Node, actor_id: int, target: Actor) -> None:
    """One of ours goes on as `target`, fetched a moment ago: followers everywhere are told.

    Raises: NodeError `invalid` on `target`.
    """
    actor = await get_actor(tx, actor_id)
    last = await store.find_last_move(tx, actor_id)
    if target.id == actor_id:
        problem = N_("This is the account you are using now.")
    elif actor.uri not in target.also_known_as:
        problem = N_("The new account does not name this one yet. Add this address there first.")
    elif target.moved_to_uri or target.deleted_at is not None:
        problem = N_("The new account has moved on itself.")
    elif last is not None and last.created_at > tx.now - REST_OUT:
        problem = N_("You moved less than 30 days ago. Please wait until then.")
    else:
        problem = ""
    if problem:
        raise NodeError("invalid", field="target", text=problem)
    await put_moved(tx, actor_id, target.uri)
    moved = msgspec.structs.replace(actor, moved_to_uri=target.uri, updated_at=tx.now)
    await actors.publish_update(tx, node, moved)
    move_id = await store.put_move(tx, actor_id, target.id)
    activity = vocab.Move(
        id=f"{actor.uri}#moves/{move_id}",
        actor=actor.uri,
        object=actor.uri,
        target=target.uri,
        to=(actor.followers_uri,),
    )
    await publish(tx, actor_id, activity, Destinations(followers_of=actor_id))
    tx.wake(f"move:{move_id}")


async def come_back(tx: Tx, node: Node, actor_id: int) -> None:
    """Be here again; who went along stays there until they follow anew. Nothing when not moved."""
    actor = await get_actor(tx, actor_id)
    if actor.moved_to_uri:
        await put_moved(tx, actor_id, "")
        back = msgspec.structs.replace(actor, moved_to_uri="", updated_at=tx.now)
        await actors.publish_update(tx, node, back)

"""Houses that follow houses, and relays: how public posts reach people nobody there follows yet.

Our own actor for the whole house announces public posts to the houses that follow it, and follows
others'. What comes from them is only an address: the post is fetched from its own host, and stands in
the list of posts from everywhere. Spec: FEP-2677, FEP-d556, FEP-ae0c, AP §7.1.
"""

from typing import Final

import msgspec

from federation import vocab
from node.db.database import Tx
from node.errors import NodeError
from node.features.actors import service as actors
from node.features.follows import service as follows
from node.features.follows import store as follow_store
from node.features.follows import translate
from node.features.house import service as house
from node.features.house.service import NeighbourPolicy
from node.features.neighbours import store
from node.features.neighbours.store import Form, Neighbour, Reach
from node.runtime import Node
from node.wire.incoming import Incoming
from node.wire.publish import Destinations, publish

MOST_SHOWN: Final = 200
_MACHINES: Final = ("Application", "Service")


class Neighbours(msgspec.Struct, frozen=True):
    """Everything the page shows."""

    policy: NeighbourPolicy
    followers: list[Neighbour]
    followed: list[Neighbour]
    relays: list[Neighbour]


async def list_neighbours(tx: Tx, node: Node) -> Neighbours:
    """Who follows our house, whom it follows, and its relays."""
    instance = await actors.ensure_instance_actor(tx, node)
    return Neighbours(
        policy=(await house.get_settings(tx)).neighbours,
        followers=await store.list_followers(tx, instance.id, MOST_SHOWN),
        followed=await store.list_followed(tx, instance.id, MOST_SHOWN, relays=False),
        relays=await store.list_followed(tx, instance.id, MOST_SHOWN, relays=True),
    )


async def choose_policy(tx: Tx, policy: NeighbourPolicy) -> None:
    """Whether other houses may follow ours: `open`, `approval` or `closed`. Raises: NodeError `invalid`."""
    await house.change_settings(tx, neighbours=policy)


async def answer(tx: Tx, node: Node, actor_id: int, *, accept: bool) -> None:
    """Let a house follow ours, or not, or no longer. Raises: NodeError `not_found`."""
    instance = await actors.ensure_instance_actor(tx, node)
    standing = await follow_store.find_follow(tx, actor_id, instance.id)
    if standing is None:
        raise NodeError("not_found", detail="no such neighbour")
    if standing.state == "asked":
        await follows.answer_request(tx, node, instance.id, actor_id, accept=accept)
    elif not accept:
        await follows.remove_follower(tx, node, instance.id, actor_id)


async def follow_house(tx: Tx, node: Node, actor_id: int) -> str:
    """Have the public posts of a house come here. Returns `asked` or `accepted`."""
    instance = await actors.ensure_instance_actor(tx, node)
    return await follows.follow(tx, node, instance.id, actor_id)


async def add_relay(tx: Tx, node: Node, actor_id: int, form: Form) -> str:
    """Ask a relay to pass our public posts on and those of others to us. Returns its state."""
    instance = await actors.ensure_instance_actor(tx, node)
    standing = await follow_store.find_follow(tx, instance.id, actor_id)
    if standing is not None:
        return standing.state
    await store.put_relay(tx, actor_id, form)
    if form == "actor":
        return await follows.follow(tx, node, instance.id, actor_id)
    follow_id = tx.new_id()
    row = follow_store.Follow(
        follow_id,
        node.uri(f"/ap/follows/{follow_id}"),
        instance.id,
        actor_id,
        "asked",
        True,
        False,
        tx.now,
        None,
    )
    await follow_store.put_follow(tx, row)
    asking = translate.follow(row.uri, instance.uri, vocab.PUBLIC)
    await publish(tx, instance.id, asking, Destinations(actors=(actor_id,), personal=True))
    return "asked"


async def leave(tx: Tx, node: Node, actor_id: int) -> None:
    """Follow a house or a relay no more."""
    instance = await actors.ensure_instance_actor(tx, node)
    form = await store.find_relay_form(tx, actor_id)
    await store.delete_relay(tx, actor_id)
    if form != "public":
        await follows.unfollow(tx, node, instance.id, actor_id)
        return
    ended = await follow_store.delete_follow(tx, instance.id, actor_id)
    if ended is not None:
        undo = translate.undo_follow(f"{ended.uri}#undo", ended.uri, instance.uri, vocab.PUBLIC)
        await publish(tx, instance.id, undo, Destinations(actors=(actor_id,), personal=True))


async def is_source(tx: Tx, actor_id: int, kind: str) -> bool:
    """Whether what somebody passes on is no boost of a person: another house's actor, or a relay."""
    if kind not in _MACHINES:
        return False
    return kind == "Application" or await store.find_relay_form(tx, actor_id) is not None


async def is_relayed(tx: Tx, incoming: Incoming) -> bool:
    """Whether a relay of ours brought something as it came, and the author's own house confirmed it."""
    return incoming.refetched and await store.is_relay_key(tx, incoming.bearer_key_id)


async def reach_of(tx: Tx, node: Node) -> Reach | None:
    """Who gets our public posts besides followers; None for nobody."""
    found = await store.find_reach(tx, node.uri(actors.INSTANCE_PATH))
    return found if found and (found.relay_ids or found.house_ids) else None


async def spread(tx: Tx, reach: Reach, post_id: int, post_uri: str) -> None:
    """Tell the houses that follow ours of a public post: its address, which they fetch."""
    if not reach.house_ids:
        return
    announce = vocab.Announce(
        id=f"{reach.instance_uri}#announces/{post_id}",
        actor=reach.instance_uri,
        object=post_uri,
        to=(vocab.PUBLIC,),
        cc=(reach.followers_uri,),
        published=tx.now,
    )
    await publish(tx, reach.instance_id, announce, Destinations(followers_of=reach.instance_id))

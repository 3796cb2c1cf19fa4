"""What others tell us about actors: they changed, they left."""

from federation import vocab
from federation.dispatch import Inbound
from node.db.database import Tx
from node.features.actors import store
from node.runtime import Node
from node.wire.incoming import Ignored, Incoming, Refused, Registry
from node.wire.store import arrivals

inbound: Registry = Inbound()


@inbound.on("Update", "Person", needs=("actor",))
@inbound.on("Update", "Group", needs=("actor",))
@inbound.on("Update", "Organization", needs=("actor",))
@inbound.on("Update", "Service", needs=("actor",))
@inbound.on("Update", "Application", needs=("actor",))
async def actor_updated(tx: Tx, node: Node, incoming: Incoming) -> Ignored | None:
    """An actor changed. `gather` fetched it from its origin and the wire stored it already."""
    if incoming.activity.object_id not in incoming.known:
        return Ignored("actor_unknown")
    key_id = (await store.get_actor(tx, incoming.sender.id)).public_key_id
    if key_id:
        tx.wake(f"forget-key:{key_id}")
    return None


@inbound.on("Delete", "Person")
@inbound.on("Delete", "Group")
@inbound.on("Delete", "Organization")
@inbound.on("Delete", "Service")
@inbound.on("Delete", "Application")
async def actor_deleted(tx: Tx, node: Node, incoming: Incoming) -> Ignored | None:
    """An actor left: everything of theirs goes, and a tombstone stays. Only about oneself."""
    if incoming.activity.object_id != incoming.sender.uri:
        raise Refused("not_owner")
    return await bury(tx, incoming.sender.id, incoming.sender.uri, incoming.sender.kind)


async def bury(tx: Tx, actor_id: int, uri: str, kind: str) -> None:
    """Delete an actor's doings and empty its row."""
    await store.delete_everything_of(tx, actor_id)
    await store.put_deleted(tx, actor_id)
    await arrivals.put_tombstone(tx, uri, kind, uri)

"""What others tell us about actors: they changed. That they left is a Delete like any other (posts)."""

from federation.dispatch import Inbound
from node.db.database import Tx
from node.features.actors.store import reads
from node.runtime import Node
from node.wire.incoming import Ignored, Incoming, Registry
from node.wire.store import hosts

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
    key_id = (await reads.get_actor(tx, incoming.sender.id)).public_key_id
    # The next signature has it fetched anew; keys never come out of an activity (SIG-20).
    await hosts.delete_key(tx, key_id)
    return None

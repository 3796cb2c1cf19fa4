"""Reports from other nodes, in every shape they have: a person, posts, both, one or a list.

Only what concerns people of this house is kept; whatever else a report lists is left out.
"""

from federation.dispatch import Inbound
from node.db.database import Tx
from node.features.reports import service
from node.runtime import Node
from node.wire.incoming import Ignored, Incoming, Registry
from node.wire.store.arrivals import Known

inbound: Registry = Inbound()


def _uri_of(incoming: Incoming, target_id: int) -> str:
    return incoming.activity.id or f"{incoming.sender.uri}#flags/{target_id}"


@inbound.on("Flag", "*", needs=("actor",))
async def somebody_reported(tx: Tx, node: Node, incoming: Incoming) -> Ignored | None:
    """Somebody elsewhere asks our moderators to look at one of ours."""
    activity, sender = incoming.activity, incoming.sender
    found = await service.find_reportable(tx, activity.objects)
    if not found:
        return Ignored("not_ours")
    new = [await service.take_report(tx, node, _report(incoming, sender, one, found[one])) for one in found]
    return None if any(new) else Ignored("known_already")


def _report(incoming: Incoming, sender: Known, target_id: int, post_ids: list[int]) -> service.Arrived:
    activity = incoming.activity
    return service.Arrived(
        uri=_uri_of(incoming, target_id),
        host=sender.host,
        reporter_id=sender.id,
        target_id=target_id,
        post_ids=tuple(post_ids),
        comment=activity.content or activity.summary or "",
    )

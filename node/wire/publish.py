"""The only way out: write an activity and one delivery row per inbox, in the caller's transaction.

The body is frozen as bytes here, once for all who get it, so what is sent is what was decided.
What is for everybody carries its author's proof, so that others may hand it on. No network: the
rows are worked off by `deliver`.
"""

from collections.abc import Sequence

from federation import strict_json, vocab
from node.db.database import Tx
from node.wire.store import deliveries as store
from node.wire.store import handed
from node.wire.store.deliveries import Destinations
from node.wire.store.handed import HandedOn

__all__ = ["Destinations", "HandedOn", "hand_on", "publish"]


async def publish(
    tx: Tx, sender_id: int, activity: vocab.Activity, whom: Destinations, *, proved: bool = False
) -> None:
    """Say `activity` as one of our actors to `whom`. Saying the same id twice says it once.

    `proved`: it carries its author's proof although it is not for everybody, for a group to pass on.
    """
    assert activity.id is not None
    document = vocab.write(activity)
    public = vocab.PUBLIC in (*activity.to, *activity.cc)
    if public or proved:
        document = await tx.prove(sender_id, document)
    activity_id = await store.put_activity(
        tx,
        activity.id,
        activity.type,
        sender_id,
        activity.object_id or "",
        strict_json.dumps(document),
        for_followers=whom.followers_of == sender_id and not public,
    )
    if activity_id is None:
        return
    if activity.type in ("Delete", "Undo") and activity.object_id:
        # Who did not get it yet shall not get it now, and never after it was taken back.
        await store.put_superseded(tx, activity.object_id, activity_id)
    if await store.put_deliveries(tx, activity_id, sender_id, whom):
        tx.wake("deliver")


async def hand_on(tx: Tx, several: Sequence[HandedOn]) -> None:
    """Pass on what people of other houses said, byte for byte; what was handed on before is not again.

    Spec: AP §7.1.2.
    """
    deleted = [one.object_uri for one in several if one.kind == "Delete"]
    if deleted:
        await handed.put_deleted_first(tx, deleted)
    if await handed.put_handed_on(tx, several):
        tx.wake("deliver")

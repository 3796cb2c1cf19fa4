"""Leaving the house: take everything along, or have everything removed.

Deleting removes what the person wrote, did and was; what stays is an emptied row that keeps the
name from being given to somebody else, the keys that sign the farewell, and addresses of what
was deleted. The farewell goes to every place that ever heard from the person. Never asks for the
password: the page did.
"""

from federation import vocab
from node.db.database import Tx
from node.features.accounts import letters
from node.features.accounts import service as accounts
from node.features.actors.burial import bury
from node.features.actors.store import reads as actors
from node.features.leaving import store
from node.runtime import Node
from node.wire.publish import Destinations, publish


async def delete_account(tx: Tx, node: Node, actor_id: int) -> None:
    """Remove a person and everything of theirs, and tell everybody who knew them.

    Raises: NodeError `not_found`; `invalid` when the house would lose its last admin.
    """
    account = await accounts.get_account(tx, actor_id)
    await accounts.check_not_last_admin(tx, actor_id)
    actor = await actors.get_actor(tx, actor_id)
    touched = await store.list_touched(tx, actor_id)
    inboxes = {*touched.inboxes, *await actors.list_inboxes_knowing(tx, actor_id)}
    await letters.send_letter(tx, node, letters.to(account), "goodbye", {})
    await store.put_tombstones(tx, actor_id)
    await store.delete_said(tx, actor_id)
    await bury(tx, actor_id, actor.uri, actor.kind)
    await store.delete_account(tx, actor_id, account.email)
    await store.put_post_counts(tx, touched.post_ids)
    farewell = vocab.Delete(
        id=f"{actor.uri}#delete", actor=actor.uri, object=actor.uri, to=(vocab.PUBLIC,), published=tx.now
    )
    await publish(tx, actor_id, farewell, Destinations(inboxes=tuple(sorted(inboxes))))

"""What features below this one ask of groups (`node.runtime.GroupsDoor`): they may not import it.

Following a group is joining it, whoever asks; its document says more than a person's; and not everybody
may know that it exists.
"""

from federation import vocab
from node.db.database import Tx
from node.features.actors.store.reads import find_by_uri
from node.features.groups import copies, deeds, translate
from node.features.groups.service import joining, rights
from node.features.groups.store import groups, members
from node.runtime import Node
from node.wire.incoming import Ignored, Incoming


async def join(tx: Tx, node: Node, actor_id: int, group_id: int) -> str:
    """One of our people follows a group. Returns the follow's state: `asked` or `accepted`."""
    return "accepted" if await joining.join(tx, node, actor_id, group_id) == "member" else "asked"


async def leave(tx: Tx, node: Node, actor_id: int, group_id: int) -> None:
    """One of our people follows a group no more."""
    await joining.leave(tx, node, actor_id, group_id)


async def answered(tx: Tx, actor_id: int, group_id: int, *, accept: bool) -> None:
    """The house of a group answered the follow of one of ours, or ended it."""
    member = await members.find_member(tx, group_id, actor_id)
    if member is not None:
        await joining.receive_answer(tx, member, accept=accept)


async def left(tx: Tx, actor_id: int, group_id: int) -> bool:
    """Whoever it was belongs no longer to one of our groups; False when they did not."""
    return await joining.receive_leaving(tx, await groups.get_group(tx, group_id), actor_id)


async def take_deed(tx: Tx, node: Node, incoming: Incoming) -> Ignored | None:
    """Somebody is kept out of a group, or let in again; bans of whole houses are their own affair."""
    ended = await deeds.take(tx, node, incoming)
    return Ignored("not_ours") if ended is deeds.NOT_A_DEED else ended


async def describe(tx: Tx, document: vocab.Actor) -> vocab.Actor:
    """The document of one of our groups, with what only groups say."""
    actor = await find_by_uri(tx, document.id)
    group = await groups.find_group(tx, actor.id) if actor is not None else None
    return translate.describe(document, group) if group is not None else document


async def remember(tx: Tx, actor_id: int, document: vocab.Actor) -> None:
    """Keep what a group of another house says of itself."""
    await copies.remember(tx, actor_id, document)


async def is_shown(tx: Tx, group_id: int, viewer_id: int | None) -> bool:
    """Whether somebody (None: anybody) may know that one of our groups exists."""
    group = await groups.find_group(tx, group_id)
    return group is not None and (await rights.standing_in(tx, group, viewer_id)).may_see()


async def is_shown_at(tx: Tx, group_id: int, host: str) -> bool:
    """Whether another house may know that one of our groups exists; '' for nobody in particular."""
    group = await groups.find_group(tx, group_id)
    if group is None or group.visibility == "local":
        return False
    return group.shown_to_strangers or bool(host and await members.is_host_inside(tx, group_id, host))

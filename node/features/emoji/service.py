"""What may be done with emoji reactions. They are no likes: neither counts for the other."""

from collections.abc import Sequence
from typing import Final

from federation import vocab
from node.db.database import Tx
from node.features.emoji import store
from node.features.emoji.store import NewReaction, Reacted, Reaction
from node.features.emoji.translate import emoji_of
from node.features.notifications.service import notify, withdraw

MOST_OF_ONE: Final = 10
"""Different emoji of one person on one post; what comes after does not count."""

MOST_SHOWN: Final = 12
"""Different emoji shown under one post, most given first."""


async def react(tx: Tx, new: NewReaction, author_id: int) -> bool:
    """Keep a reaction and tell the post's author; False when it does not count."""
    if not await store.put_reaction(tx, new, MOST_OF_ONE):
        return False
    await notify(tx, author_id, "reaction", new.actor_id, new.post_id)
    return True


async def take_back(tx: Tx, reaction: Reaction, author_id: int) -> None:
    """Forget a reaction; its author hears no more of it once none of that person is left."""
    if await store.delete_reaction(tx, reaction):
        await withdraw(tx, author_id, "reaction", reaction.actor_id, reaction.post_id)


async def find_undone(tx: Tx, undo: vocab.Activity, actor_id: int) -> Reaction | None:
    """The reaction an Undo names by its id, or by what it embeds: the same emoji on the same post."""
    undone = undo.object
    found = await store.find_by_uri(tx, undo.object_id or "")
    if found is not None or not isinstance(undone, vocab.EmojiReact) or undone.actor != undo.actor:
        return found
    given = emoji_of(undone)
    if given is None:
        return None
    return await store.find_by_emoji(tx, actor_id, undone.object_id or "", given.text)


async def list_reacted(tx: Tx, post_ids: Sequence[int], viewer_id: int | None) -> dict[int, list[Reacted]]:
    """The emoji under these posts; the caller knows that the viewer may see the posts."""
    return await store.list_reacted(tx, post_ids, viewer_id, MOST_SHOWN)

"""Emoji that arrive in answer to posts we hold. Taking them back is an Undo like any other (`inbound_marks`)."""

from federation.dispatch import Inbound
from node.db.database import Tx
from node.features.emoji import service as emoji
from node.features.emoji.store import NewReaction
from node.features.emoji.translate import emoji_of
from node.features.posts import in_groups
from node.features.posts.inbound_marks import posts_liked
from node.features.posts.store import writes
from node.runtime import Node
from node.wire.incoming import Ignored, Incoming, Refused, Registry
from node.wire.store import arrivals

inbound: Registry = Inbound()


@inbound.on("EmojiReact", "*", needs=("actor",))
async def post_reacted(tx: Tx, node: Node, incoming: Incoming) -> Ignored | None:
    """Somebody answers a post we hold with one emoji, which is no like; without an emoji it is one."""
    activity, sender = incoming.activity, incoming.sender
    if not activity.content:
        (ended,) = await posts_liked(tx, node, [incoming])
        if isinstance(ended, Refused):
            raise ended
        return ended
    post = await writes.find_by_uri(tx, activity.object_id or "")
    if post is None:
        return Ignored("post_unknown")
    if not await writes.may_see(tx, post.id, sender.id):
        raise Refused("not_visible")
    given = emoji_of(activity)
    if given is None:
        return Ignored("not_an_emoji")
    uri = activity.id or f"{sender.uri}#reactions/{post.id}"
    if await arrivals.list_tombstoned(tx, [uri]):
        return Ignored("known_already")  # its Undo came first
    new = NewReaction(
        uri=uri, actor_id=sender.id, post_id=post.id, emoji=given.text, picture_url=given.picture_url
    )
    if not await emoji.react(tx, new, post.author_id):
        return Ignored("known_already")
    await in_groups.pass_on(tx, [incoming], [post.uri])
    return None

"""Give leave to quote, refuse it, and take it back.

Everything runs in the caller's transaction. Who is quoted decides; what their policy allows is
answered at once, since nobody should have to sit by a queue of wishes.
"""

from federation import vocab
from node.db.database import Tx
from node.errors import NodeError
from node.features.actors.store.reads import Actor, get_actor
from node.features.notifications.service import notify, withdraw
from node.features.posts import quoting, views
from node.features.posts import service as posts
from node.features.posts.store import quotes, writes
from node.features.posts.store.quotes import Quote
from node.features.posts.store.writes import PostRow
from node.features.quotes import translate
from node.runtime import Node
from node.wire.publish import Destinations, publish


async def may_quote(tx: Tx, quoted: PostRow, asker_id: int) -> bool:
    """Whether the author of a post of ours lets this person quote it, by the rule they set."""
    if quoted.author_id == asker_id:
        return True
    policy = (await views.get_post(tx, quoted.id, quoted.author_id)).quote_policy
    follows = await quoting.follows_author(tx, asker_id, quoted.author_id)
    return quoting.answer_of(policy, quoted.audience, is_local=True, follows=follows) == "automatic"


async def give_leave(tx: Tx, node: Node, quoted: PostRow, asker_id: int, quoting_uri: str) -> str:
    """Leave for one post to quote one of ours; '' when it was taken back before."""
    stamp = await quotes.put_stamp(tx, quoted.id, asker_id, quoting_uri)
    if stamp.revoked:
        return ""
    uri = quoting.stamp_uri(node, stamp.id)
    row = await writes.find_by_uri(tx, quoting_uri)
    if row is not None and row.author_id == asker_id:
        await quotes.put_quote(tx, Quote(row.id, quoted.uri, quoted.id, "accepted", uri))
        await notify(tx, quoted.author_id, "quote", asker_id, row.id)
    return uri


async def answer_request(
    tx: Tx, quoted: PostRow, asker_id: int, request: vocab.Activity, stamp_uri: str
) -> None:
    """Send yes (with the leave) or no."""
    author = await get_actor(tx, quoted.author_id)
    word = "accepts" if stamp_uri else "rejects"
    activity = translate.answer(f"{author.uri}#{word}/{tx.new_id()}", request, author.uri, stamp_uri)
    await publish(tx, author.id, activity, Destinations(actors=(asker_id,), personal=True))


async def take_back(tx: Tx, node: Node, author_id: int, quoted_id: int, quoting_id: int) -> None:
    """Somebody wants a post of theirs shown in another's no more. Cannot be undone.

    Raises: NodeError `not_found` when that post does not quote this one of theirs.
    """
    sides = await quotes.find_sides(tx, quoting_id)
    if sides is None or sides.quoted_id != quoted_id or sides.quoted_author_id != author_id:
        raise NodeError("not_found", detail="no such quote")
    if sides.author_id == author_id or sides.state != "accepted":
        raise NodeError("not_allowed", detail=f"quote is {sides.state}")
    stamp = await quotes.find_stamp(tx, quoted_id, sides.post_uri)
    await posts.settle_quote(tx, node, sides, "revoked")
    await withdraw(tx, author_id, "quote", sides.author_id, quoting_id)
    if stamp is None:
        return
    await quotes.put_revoked(tx, stamp.id)
    author, quoter = await get_actor(tx, author_id), await get_actor(tx, sides.author_id)
    await _tell_taken_back(tx, author, quoter, quoting.stamp_uri(node, stamp.id))


async def _tell_taken_back(tx: Tx, author: Actor, quoter: Actor, stamp_uri: str) -> None:
    activity = translate.taken_back(stamp_uri, author.uri, (quoter.uri, author.followers_uri))
    # Whoever follows the author may have met the quote, and holds it as agreed to.
    await publish(tx, author.id, activity, Destinations(followers_of=author.id, actors=(quoter.id,)))


async def set_policy(tx: Tx, node: Node, author_id: int, post_id: int, policy: str) -> None:
    """Change who may quote a post of one's own; quotes that are there stay.

    Raises: NodeError `not_found`, `invalid`.
    """
    post = await views.get_post(tx, post_id, author_id)
    if post.author.id != author_id:
        raise NodeError("not_found", detail="somebody else's post")
    if policy not in quoting.POLICIES:
        raise NodeError("invalid", field="quote_approval_policy")
    kept = quoting.kept_policy(policy, post.audience)
    if kept == post.quote_policy:
        return
    await quotes.put_policy(tx, post_id, kept)
    if post.audience != "local":
        await posts.publish_edit(tx, node, author_id, post_id)

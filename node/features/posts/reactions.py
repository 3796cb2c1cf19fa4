"""What people do with posts of others: like, pass on (boost), keep, pin.

Every one of them can be repeated without harm and taken back; each runs in the caller's
transaction and answers for whoever may see the post.
"""

from federation import vocab
from node.db.database import Tx
from node.errors import N_, NodeError
from node.features.actors.store.reads import Actor, get_actor
from node.features.notifications.service import notify, withdraw
from node.features.posts import in_groups, translate, views
from node.features.posts.store import marks
from node.features.posts.views import PostView
from node.features.timelines import store as timelines
from node.runtime import Node
from node.wire.publish import Destinations, publish

MAX_PINNED = 5


async def like(tx: Tx, node: Node, actor_id: int, post_id: int) -> None:
    """Say thanks for a post; its author learns of it."""
    post = await views.get_post(tx, post_id, actor_id)
    like_id = tx.new_id()
    uri = node.uri(f"/ap/likes/{like_id}")
    if not await marks.put_like(tx, like_id, uri, actor_id, post_id):
        return
    await notify(tx, post.author.id, "favourite", actor_id, post_id)
    if post.audience != "local":
        actor = await get_actor(tx, actor_id)
        await _to_author(tx, actor, translate.like(uri, actor.uri, post.uri, post.author.uri), post)


async def unlike(tx: Tx, node: Node, actor_id: int, post_id: int) -> None:
    """Take a like back."""
    post = await views.get_post(tx, post_id, actor_id)
    uri = await marks.delete_like(tx, actor_id, post_id)
    if uri is None:
        return
    await withdraw(tx, post.author.id, "favourite", actor_id, post_id)
    if post.audience != "local":
        actor = await get_actor(tx, actor_id)
        liked = translate.like(uri, actor.uri, post.uri, post.author.uri)
        await _to_author(tx, actor, translate.undo(liked), post)


async def _to_author(tx: Tx, actor: Actor, activity: vocab.Activity, post: PostView) -> None:
    """To the author's own inbox, and through the group the post stands in."""
    to_author = () if post.author.local or post.audience == "group" else (post.author.id,)
    await in_groups.mark(tx, post, activity, actor.id, to_author)


def _boost_audience(post: PostView, actor_id: int, wanted: str) -> str:
    if post.audience in ("public", "unlisted"):
        return wanted
    if post.audience == "local":
        return "local"
    if post.audience == "followers" and post.author.id == actor_id:
        return "followers"
    raise NodeError(
        "not_allowed",
        text=N_("This was not written for everyone, so it cannot be passed on."),
        detail=post.audience,
    )


async def boost(tx: Tx, node: Node, actor_id: int, post_id: int, *, audience: str = "public") -> int:
    """Pass a post on to one's followers; returns the boost's id.

    Raises: NodeError `not_allowed` for what was not written for everyone.
    """
    post = await views.get_post(tx, post_id, actor_id)
    audience = _boost_audience(post, actor_id, audience)
    boost_id = tx.new_id()
    uri = node.uri(f"/ap/announces/{boost_id}")
    new = marks.Boost(boost_id, uri, actor_id, post_id, audience, tx.now)
    if not await marks.put_boost(tx, new):
        return await marks.get_boost_id(tx, actor_id, post_id)
    await timelines.put_boost(tx, boost_id)
    await notify(tx, post.author.id, "reblog", actor_id, post_id)
    if audience != "local":
        actor = await get_actor(tx, actor_id)
        activity = _announce(tx, actor, uri, post, audience)
        await publish(tx, actor_id, activity, Destinations(followers_of=actor_id, actors=(post.author.id,)))
    return boost_id


def _announce(tx: Tx, actor: Actor, uri: str, post: PostView, audience: str) -> vocab.Announce:
    return translate.announce(
        uri, actor.uri, actor.followers_uri, post.uri, post.author.uri, audience=audience, now=tx.now
    )


async def unboost(tx: Tx, node: Node, actor_id: int, post_id: int) -> None:
    """Take a boost back."""
    post = await views.get_post(tx, post_id, actor_id)
    uri = await marks.delete_boost(tx, actor_id, post_id)
    if uri is None:
        return
    await withdraw(tx, post.author.id, "reblog", actor_id, post_id)
    if post.audience != "local":
        actor = await get_actor(tx, actor_id)
        activity = translate.undo(_announce(tx, actor, uri, post, "public"))
        await publish(tx, actor_id, activity, Destinations(followers_of=actor_id, actors=(post.author.id,)))


async def bookmark(tx: Tx, actor_id: int, post_id: int) -> None:
    """Keep a post for later; nobody else learns of it."""
    await views.get_post(tx, post_id, actor_id)
    await marks.put_bookmark(tx, actor_id, post_id)


async def unbookmark(tx: Tx, actor_id: int, post_id: int) -> None:
    """Keep it no more."""
    await marks.delete_bookmark(tx, actor_id, post_id)


async def pin(tx: Tx, node: Node, actor_id: int, post_id: int) -> None:
    """Keep one's own public post at the top of one's profile."""
    post = await _own(tx, actor_id, post_id)
    if post.audience not in ("public", "unlisted"):
        raise NodeError(
            "invalid", text=N_("Only what everyone may read can stay at the top of your profile.")
        )
    if post.pinned:
        return
    if await marks.count_pinned(tx, actor_id) >= MAX_PINNED:
        raise NodeError(
            "invalid", text=N_("There is room for %(most)s posts at the top."), values={"most": MAX_PINNED}
        )
    await marks.put_pinned(tx, post_id, tx.now)
    await _publish_pin(tx, post, add=True)


async def unpin(tx: Tx, node: Node, actor_id: int, post_id: int) -> None:
    """Let it sink back to its place."""
    post = await _own(tx, actor_id, post_id)
    if post.pinned:
        await marks.put_pinned(tx, post_id, None)
        await _publish_pin(tx, post, add=False)


async def _own(tx: Tx, actor_id: int, post_id: int) -> PostView:
    post = await views.get_post(tx, post_id, actor_id)
    if post.author.id != actor_id:
        raise NodeError("not_allowed", detail="not the author")
    return post


async def _publish_pin(tx: Tx, post: PostView, *, add: bool) -> None:
    author = post.author
    uri = f"{author.featured_uri}#{tx.new_id()}"
    activity = translate.pinned(uri, author.uri, author.featured_uri, post.uri, add=add)
    await publish(tx, author.id, activity, Destinations(followers_of=author.id))

"""Likes and boosts that arrive from other nodes, and what is taken back.

A boost of somebody followed brings its post along; a house or a relay only points at posts.
"""

from collections.abc import Sequence

from federation import vocab
from federation.dispatch import Inbound
from node.db.database import Tx
from node.features.actors.store.reads import get_actor
from node.features.emoji import service as emoji
from node.features.follows import service as follows
from node.features.follows.store import find_follow_by_uri
from node.features.neighbours import service as neighbours
from node.features.notifications.service import Notice, notify_several, withdraw
from node.features.posts import in_groups, translate
from node.features.posts.arriving import Taken, take_looked_up
from node.features.posts.store import marks, writes
from node.features.posts.store.in_groups import put_boosted_in_groups
from node.features.timelines import store as timelines
from node.runtime import Node
from node.wire.incoming import Ended, Ignored, Incoming, Refused, Registry

inbound: Registry = Inbound()


def _passed_on(incoming: Incoming) -> tuple[str, vocab.Object | None]:
    """What a mark is about: its address and, if it came along or was fetched, the thing itself.

    Of somebody's passing on it is the post that was passed on; and what was fetched may say that
    its id is another.
    """
    uri = incoming.activity.object_id or ""
    thing = incoming.activity.object
    if not isinstance(thing, vocab.Thing):
        thing = incoming.gathered.thing(uri)
    if isinstance(thing, vocab.Announce) and vocab.same_host(uri, thing.actor):
        uri = thing.object_id or uri
        thing = incoming.gathered.thing(uri)
    return (thing.id or uri, thing) if isinstance(thing, vocab.Object) else (uri, None)


def _asked(tx: Tx, incoming: Incoming, collection: str) -> marks.Asked:
    activity, sender = incoming.activity, incoming.sender
    post_uri, _thing = _passed_on(incoming)
    published = tx.now if activity.published is None else min(activity.published, tx.now)
    return marks.Asked(
        tx.new_id() if collection == "likes" else tx.new_id(published),
        activity.id or f"{sender.uri}#{collection}/{post_uri}",
        sender.id,
        post_uri,
        "public" if vocab.PUBLIC in activity.to else "unlisted",
        published,
    )


async def _answer_marked(
    tx: Tx, kind: str, incomings: Sequence[Incoming], marked: Sequence[marks.Marked]
) -> list[Ended]:
    """How likes or boosts ended; authors here are told of the new ones."""
    liked = kind == "favourite"
    ended: list[Ended] = []
    news: list[Notice] = []
    for incoming, mark in zip(incomings, marked, strict=True):
        sender = incoming.sender
        if mark.post_id is None or mark.author_id is None:
            asked = liked or sender.followed_here
            ended.append(Ignored("post_unknown" if asked else "nobody_here_asked"))
        elif not mark.allowed:
            ended.append(Refused("not_visible" if liked else "not_public"))
        elif not mark.new:
            ended.append(Ignored("known_already"))
        else:
            ended.append(None)
            if mark.author_local:
                news.append(Notice(mark.author_id, kind, sender.id, mark.post_id))
    await notify_several(tx, news)
    return ended


@inbound.together("Like", "*", needs=("actor",))
async def posts_liked(tx: Tx, node: Node, incomings: Sequence[Incoming]) -> list[Ended]:
    """People like posts we hold."""
    marked = await marks.put_arrived_likes(tx, [_asked(tx, incoming, "likes") for incoming in incomings])
    new = [incoming for incoming, mark in zip(incomings, marked, strict=True) if mark.new]
    await in_groups.pass_on(tx, new, [incoming.activity.object_id or "" for incoming in new])
    return await _answer_marked(tx, "favourite", incomings, marked)


@inbound.together("Announce", "*", needs=("actor", "object"))
async def posts_boosted(tx: Tx, node: Node, incomings: Sequence[Incoming]) -> list[Ended]:
    """People pass posts on, fetched from their own host; a house or a relay only points at them."""
    settled: dict[int, Ended] = {}
    for number, incoming in enumerate(incomings):
        if not await _take_announced(tx, incoming):
            settled[number] = Refused("author_suspended")
        elif await neighbours.is_source(tx, incoming.sender.id, incoming.sender.kind):
            settled[number] = None if incoming.sender.followed_here else Ignored("nobody_here_asked")
    taken = [incoming for number, incoming in enumerate(incomings) if number not in settled]
    asked = [_asked(tx, incoming, "announces") for incoming in taken]
    marked = await marks.put_arrived_boosts(tx, asked)
    new = [boost.id for boost, mark in zip(asked, marked, strict=True) if mark.new]
    if new:
        await put_boosted_in_groups(tx, new)
        await timelines.put_boosts(tx, new)
    answers = iter(await _answer_marked(tx, "reblog", taken, marked))
    return [settled[number] if number in settled else next(answers) for number in range(len(incomings))]


async def _take_announced(tx: Tx, incoming: Incoming) -> bool:
    """Store what was fetched for a boost; False when its author may not be shown here."""
    _uri, thing = _passed_on(incoming)
    if thing is None or not incoming.sender.followed_here or thing.type not in translate.POST_TYPES:
        return True
    author = incoming.known.get(thing.attributed_to or "")
    if author is None or author.local or await writes.find_by_uri(tx, thing.id or ""):
        return True
    if author.suspended or author.deleted:
        return False
    await take_looked_up(tx, Taken(incoming, thing, author))
    return True


@inbound.on("Undo", "*", needs=("actor",))
async def thing_undone(tx: Tx, node: Node, incoming: Incoming) -> Ignored | None:
    """A like, boost or follow is taken back, named by its id or by what it was about.

    Whatever is not here yet is remembered, should it come later (REL-27).
    """
    undone = incoming.activity.object
    reaction = await emoji.find_undone(tx, incoming.activity, incoming.sender.id)
    if reaction is not None:
        if reaction.actor_id != incoming.sender.id:
            raise Refused("not_owner")
        reacted = await writes.get_post(tx, reaction.post_id)
        await in_groups.pass_on(tx, [incoming], [reacted.uri])
        await emoji.take_back(tx, reaction, reacted.author_id)
        return None
    done = await marks.find_done(tx, incoming.activity.object_id or "")
    if done is None and isinstance(undone, vocab.EmojiReact) and undone.content:
        await incoming.note_undone_first(tx)
        return Ignored("unknown_object")
    if done is None and isinstance(undone, vocab.Activity):
        post = await writes.find_by_uri(tx, undone.object_id or "")
        if post is not None and undone.actor == incoming.sender.uri:
            done = (undone.type, incoming.sender.id, post.id)
    if done is None:
        return await _follow_or_unknown_undone(tx, node, incoming)
    kind, actor_id, post_id = done
    if actor_id != incoming.sender.id:
        raise Refused("not_owner")
    post = await writes.get_post(tx, post_id)
    author_id = post.author_id
    if kind != "Announce":
        await in_groups.pass_on(tx, [incoming], [post.uri])
    if kind == "Announce":
        was = await marks.delete_boost(tx, actor_id, post_id)
        await withdraw(tx, author_id, "reblog", actor_id, post_id)
    elif kind in ("Like", "EmojiReact"):
        was = await marks.delete_like(tx, actor_id, post_id)
        await withdraw(tx, author_id, "favourite", actor_id, post_id)
    else:
        return Ignored("unknown_object")
    if was is None:
        await incoming.note_undone_first(tx)
    return None


async def _follow_or_unknown_undone(tx: Tx, node: Node, incoming: Incoming) -> Ignored | None:
    """An Undo that names a Follow by a bare id we no longer hold the activity of, or nothing we know."""
    follow = await find_follow_by_uri(tx, incoming.activity.object_id or "")
    if follow is None:
        await incoming.note_undone_first(tx)
        return Ignored("unknown_object")
    if follow.follower_id != incoming.sender.id:
        raise Refused("not_owner")
    followee = await get_actor(tx, follow.followee_id)
    await follows.unfollowed_by(tx, node, follow.follower_id, followee.id, followee.kind)
    return None

"""Posts, likes and boosts that arrive from other nodes.

The author's node owns the post: only the author may create, change or delete it, and what is
deleted stays deleted. What nobody here asked for is not kept.
"""

from collections.abc import Sequence

import msgspec

from federation import vocab
from federation.dispatch import Inbound
from node.db.database import Tx
from node.features.actors import service as actors
from node.features.follows import service as follows
from node.features.follows.store import find_follow_by_uri
from node.features.media import service as media
from node.features.notifications.service import Notice, notify, notify_several, withdraw
from node.features.posts import translate
from node.features.posts.store import marks, writes
from node.features.timelines import store as timelines
from node.runtime import Node
from node.wire.incoming import Ended, Ignored, Incoming, Refused, Registry
from node.wire.store import arrivals
from node.wire.store.arrivals import Known

inbound: Registry = Inbound()

_POST_NEEDS = ("actor", "object", "mentions", "in_reply_to")


class Taken(msgspec.Struct, frozen=True):
    """A proved post of another node, about to be stored; `wanted` by somebody here, or only as an answer."""

    incoming: Incoming
    thing: vocab.Object
    author: Known
    wanted: bool = True


async def take_posts(tx: Tx, several: Sequence[Taken]) -> list[int | None]:
    """Store posts of other nodes; None for one that is not kept or not new. No two may answer one another."""
    posts = [_row_of(tx, one) for one in several]
    stored = await writes.put_posts(tx, posts)
    news: list[Notice] = []
    for one, post in zip(several, posts, strict=True):
        kept = stored.get(post.id)
        if kept is None:
            continue
        if one.thing.attachments:
            await media.put_remote(tx, post.id, one.author.id, one.thing.attachments)
        known, mentions = one.incoming.known, one.thing.mentions
        named = {known[uri].id for uri in mentions if uri in known and known[uri].local}
        if kept.answers_us and kept.in_reply_to_actor_id is not None:
            named.add(kept.in_reply_to_actor_id)
        news += [Notice(owner_id, "mention", one.author.id, post.id) for owner_id in sorted(named)]
    await notify_several(tx, news)
    return [post.id if post.id in stored else None for post in posts]


async def take_post(tx: Tx, one: Taken) -> int | None:
    """As `take_posts`, for one."""
    return (await take_posts(tx, [one]))[0]


def _row_of(tx: Tx, one: Taken) -> writes.NewPost:
    published = min(one.thing.published or tx.now, tx.now)
    post_id = tx.new_id(published)
    return translate.from_vocab(one.thing, one.author, one.incoming.known, post_id, tx.now, wanted=one.wanted)


def _is_wanted(incoming: Incoming, thing: vocab.Object) -> bool:
    """Somebody here follows the author, or is named or addressed."""
    if incoming.sender.followed_here:
        return True
    names = (*thing.mentions, *incoming.addressed())
    return any(uri in incoming.known and incoming.known[uri].local for uri in names)


async def _take_parent(tx: Tx, incoming: Incoming, thing: vocab.Object) -> None:
    parent = incoming.gathered.thing(thing.in_reply_to)
    if isinstance(parent, vocab.Object) and parent.type in translate.POST_TYPES:
        author = incoming.known.get(parent.attributed_to or "")
        if author is not None and not author.local and not author.suspended and not author.deleted:
            await take_post(tx, Taken(incoming, parent, author))


@inbound.together("Create", "*", needs=_POST_NEEDS)
async def posts_created(tx: Tx, node: Node, incomings: Sequence[Incoming]) -> list[Ended]:
    """People wrote something."""
    ended: list[Ended] = [None] * len(incomings)
    several: dict[int, Taken] = {}
    for number, incoming in enumerate(incomings):
        thing = incoming.object_as(vocab.Object)
        if thing is None or thing.id is None or thing.type not in translate.POST_TYPES:
            ended[number] = Ignored("unknown_object")
        elif isinstance(thing, vocab.Note) and thing.is_vote:
            ended[number] = Ignored("vote")
        else:
            wanted = _is_wanted(incoming, thing)
            if wanted and incoming.gathered.things:
                await _take_parent(tx, incoming, thing)
            several[number] = Taken(incoming, thing, incoming.sender, wanted)
    stored = await take_posts(tx, list(several.values()))
    left = [number for number, post_id in zip(several, stored, strict=True) if post_id is None]
    known = (
        await writes.list_known_uris(tx, [several[number].thing.id or "" for number in left]) if left else ()
    )
    for number in left:
        ended[number] = Ignored("known_already" if several[number].thing.id in known else "nobody_here_asked")
    return ended


@inbound.on("Update", "*", needs=("actor", "object", "mentions"))
async def post_updated(tx: Tx, node: Node, incoming: Incoming) -> Ignored | None:
    """Somebody edited a post. Older than what we hold is ignored (RPL-03)."""
    thing = incoming.object_as(vocab.Object)
    if thing is None or thing.id is None or thing.type not in translate.POST_TYPES:
        return Ignored("unknown_object")
    known = await writes.find_by_uri(tx, thing.id)
    if known is None:
        return Ignored("post_unknown")
    if known.author_id != incoming.sender.id or known.local:
        raise Refused("not_owner")
    standing = known.edited_at or known.published_at
    if thing.updated is None or thing.updated <= standing:
        return Ignored("not_newer")
    post = translate.from_vocab(thing, incoming.sender, incoming.known, known.id, tx.now, wanted=True)
    await writes.put_revision(tx, known.id)
    await writes.put_edit(tx, post)
    await media.replace_remote(tx, known.id, incoming.sender.id, thing.attachments)
    return None


@inbound.on("Delete", "*")
async def thing_deleted(tx: Tx, node: Node, incoming: Incoming) -> Ignored | None:
    """A post is no more, or its author is. Seen before the post, it still counts (DEL-02)."""
    uri = incoming.activity.object_id or ""
    if uri == incoming.sender.uri:
        await actors.bury(tx, incoming.sender.id, uri, incoming.sender.kind)
        return None
    known = await writes.find_by_uri(tx, uri)
    if known is not None and known.author_id != incoming.sender.id:
        raise Refused("not_owner")
    if known is None and not vocab.same_host(uri, incoming.sender.uri):
        raise Refused("not_owner")
    await arrivals.put_tombstone(tx, uri, known.kind if known else "", incoming.sender.uri)
    if known is None:
        return Ignored("post_unknown")
    await writes.delete_post(tx, known.id)
    return None


@inbound.on("Like", "*", needs=("actor",))
@inbound.on("EmojiReact", "*", needs=("actor",))
async def post_liked(tx: Tx, node: Node, incoming: Incoming) -> Ignored | None:
    """Somebody likes a post we hold; a reaction counts as a like."""
    post = await writes.find_by_uri(tx, incoming.activity.object_id or "")
    if post is None:
        return Ignored("post_unknown")
    if not await writes.may_see(tx, post.id, incoming.sender.id):
        raise Refused("not_visible")
    like_id = tx.new_id()
    uri = incoming.activity.id or f"{incoming.sender.uri}#likes/{post.id}"
    if await arrivals.list_tombstoned(tx, [uri]):
        return Ignored("known_already")  # its Undo came first
    if not await marks.put_like(tx, like_id, uri, incoming.sender.id, post.id):
        return Ignored("known_already")
    await notify(tx, post.author_id, "favourite", incoming.sender.id, post.id)
    return None


@inbound.on("Announce", "*", needs=("actor", "object"))
async def post_boosted(tx: Tx, node: Node, incoming: Incoming) -> Ignored | None:
    """Somebody passes a post on; an unknown one was fetched from its own host."""
    activity = incoming.activity
    post = await writes.find_by_uri(tx, activity.object_id or "")
    if post is None:
        if not incoming.sender.followed_here:
            return Ignored("nobody_here_asked")
        thing = incoming.object_as(vocab.Object)
        author = incoming.known.get(thing.attributed_to or "") if thing else None
        if thing is None or author is None or thing.type not in translate.POST_TYPES or author.local:
            return Ignored("post_unknown")
        if author.suspended or author.deleted:
            raise Refused("author_suspended")
        await take_post(tx, Taken(incoming, thing, author))
        post = await writes.find_by_uri(tx, thing.id or "")
    if post is None:
        return Ignored("post_unknown")
    if post.audience not in ("public", "unlisted") and post.author_id != incoming.sender.id:
        raise Refused("not_public")
    published = min(activity.published or tx.now, tx.now)
    uri = activity.id or f"{incoming.sender.uri}#announces/{post.id}"
    audience = "public" if vocab.PUBLIC in activity.to else "unlisted"
    if await arrivals.list_tombstoned(tx, [uri]):
        return Ignored("known_already")  # its Undo came first
    boost = marks.Boost(tx.new_id(published), uri, incoming.sender.id, post.id, audience, published)
    if not await marks.put_boost(tx, boost):
        return Ignored("known_already")
    await timelines.put_boost(tx, boost.id)
    await notify(tx, post.author_id, "reblog", incoming.sender.id, post.id)
    return None


@inbound.on("Undo", "*", needs=("actor",))
async def thing_undone(tx: Tx, node: Node, incoming: Incoming) -> Ignored | None:
    """A like, boost or follow is taken back, named by its id or by what it was about.

    Whatever is not here yet is remembered, should it come later (REL-27).
    """
    undone = incoming.activity.object
    done = await marks.find_done(tx, incoming.activity.object_id or "")
    if done is None and isinstance(undone, vocab.Activity):
        post = await writes.find_by_uri(tx, undone.object_id or "")
        if post is not None and undone.actor == incoming.sender.uri:
            done = (undone.type, incoming.sender.id, post.id)
    if done is None:
        return await _follow_or_unknown_undone(tx, incoming)
    kind, actor_id, post_id = done
    if actor_id != incoming.sender.id:
        raise Refused("not_owner")
    author_id = (await writes.get_post(tx, post_id)).author_id
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


async def _follow_or_unknown_undone(tx: Tx, incoming: Incoming) -> Ignored | None:
    """An Undo that names a Follow by a bare id we no longer hold the activity of, or nothing we know."""
    follow = await find_follow_by_uri(tx, incoming.activity.object_id or "")
    if follow is None:
        await incoming.note_undone_first(tx)
        return Ignored("unknown_object")
    if follow.follower_id != incoming.sender.id:
        raise Refused("not_owner")
    await follows.unfollowed_by(tx, follow.follower_id, follow.followee_id)
    return None


async def _pin(tx: Tx, incoming: Incoming, *, add: bool) -> Ignored | None:
    featured = await marks.find_featured_uri(tx, incoming.sender.id)
    if not featured or incoming.activity.target_id != featured:
        return Ignored("unknown_target")
    post = await writes.find_by_uri(tx, incoming.activity.object_id or "")
    if post is None:
        return Ignored("post_unknown")
    if post.author_id != incoming.sender.id:
        raise Refused("not_owner")
    await marks.put_pinned(tx, post.id, tx.now if add else None)
    return None


@inbound.on("Add", "*", needs=("actor",))
async def post_pinned(tx: Tx, node: Node, incoming: Incoming) -> Ignored | None:
    """Somebody keeps a post at the top of their profile."""
    return await _pin(tx, incoming, add=True)


@inbound.on("Remove", "*", needs=("actor",))
async def post_unpinned(tx: Tx, node: Node, incoming: Incoming) -> Ignored | None:
    """Somebody lets it sink back."""
    return await _pin(tx, incoming, add=False)

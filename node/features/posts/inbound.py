"""Posts, likes and boosts that arrive from other nodes.

The author's node owns the post: only the author may create, change or delete it, and what is
deleted stays deleted. What nobody here asked for is not kept.
"""

from collections.abc import Mapping, Sequence

import msgspec

from federation import vocab
from federation.dispatch import Inbound
from node.db.database import Tx
from node.features.actors import service as actors
from node.features.emoji import service as emoji
from node.features.follows import service as follows
from node.features.follows.store import find_follow_by_uri
from node.features.media import service as media
from node.features.neighbours import service as neighbours
from node.features.notifications.service import Notice, notify_several, withdraw
from node.features.polls import service as polls
from node.features.polls import translate as poll_translate
from node.features.posts import polling, quoting, service, translate
from node.features.posts.forwarding import Answer, hand_on_answers, is_candidate
from node.features.posts.store import marks, quotes, writes
from node.features.timelines import store as timelines
from node.runtime import Node
from node.wire.incoming import Ended, Ignored, Incoming, Refused, Registry
from node.wire.store import arrivals
from node.wire.store.arrivals import Known

inbound: Registry = Inbound()

_POST_NEEDS = ("actor", "object", "mentions", "in_reply_to", "quote")


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
        if one.thing.quote:
            await quoting.take_quote(tx, one.thing, post.id, one.author, one.incoming.gathered.things)
        if isinstance(one.thing, vocab.Question):
            await polls.take_told(tx, post.id, poll_translate.from_vocab(one.thing), edited=True)
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


async def _take_context(tx: Tx, incoming: Incoming, uri: str | None) -> None:
    """Keep what a post answers or quotes, when it was fetched with it."""
    found = incoming.gathered.thing(uri)
    if isinstance(found, vocab.Object) and found.type in translate.POST_TYPES:
        author = incoming.known.get(found.attributed_to or "")
        if author is not None and not author.local and not author.suspended and not author.deleted:
            await take_post(tx, Taken(incoming, found, author))


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
            ended[number] = await _cast(tx, incoming, thing)
        else:
            wanted = _is_wanted(incoming, thing) or await neighbours.is_relayed(tx, incoming)
            if wanted and incoming.gathered.things:
                await _take_context(tx, incoming, thing.in_reply_to)
                await _take_context(tx, incoming, thing.quote)
            several[number] = Taken(incoming, thing, incoming.sender, wanted)
    stored = await take_posts(tx, list(several.values()))
    left = [number for number, post_id in zip(several, stored, strict=True) if post_id is None]
    known = (
        await writes.list_known_uris(tx, [several[number].thing.id or "" for number in left]) if left else ()
    )
    answers = [
        Answer(one.incoming, post_id)
        for one, post_id in zip(several.values(), stored, strict=True)
        if post_id is not None and is_candidate(one.incoming, one.thing)
    ]
    await hand_on_answers(tx, answers)
    for number in left:
        ended[number] = Ignored("known_already" if several[number].thing.id in known else "nobody_here_asked")
    return ended


async def _cast(tx: Tx, incoming: Incoming, thing: vocab.Note) -> Ended:
    """A choice in a poll of ours. It is no post: it is counted, and never shown."""
    match await polling.take_vote(tx, thing, incoming.sender.id):
        case "":
            return None
        case "not_visible":
            return Refused("not_visible")
        case "poll_ended":
            return Refused("poll_ended")
        case "voted_already":
            return Ignored("voted_already")
        case "no_such_choice":
            return Ignored("no_such_choice")
        case _:
            return Ignored("vote")


@inbound.on("Update", "*", needs=("actor", "object", "mentions", "quote"))
async def post_updated(tx: Tx, node: Node, incoming: Incoming) -> Ignored | None:
    """Somebody edited a post. Older than what we hold is ignored (RPL-03).

    The counts of a poll come with the same `updated`, and are taken.
    """
    thing = incoming.object_as(vocab.Object)
    if thing is None or thing.id is None or thing.type not in translate.POST_TYPES:
        return Ignored("unknown_object")
    known = await writes.find_by_uri(tx, thing.id)
    if known is None:
        return Ignored("post_unknown")
    if known.author_id != incoming.sender.id or known.local:
        raise Refused("not_owner")
    await _take_context(tx, incoming, thing.quote)
    # An answer to a wish to quote, and who may quote, change without the text being any newer.
    await quoting.take_quote(tx, thing, known.id, incoming.sender, incoming.gathered.things)
    await quotes.put_policy(tx, known.id, quoting.policy_of(thing, incoming.sender))
    standing = known.edited_at or known.published_at
    asked = poll_translate.from_vocab(thing)
    if thing.updated is None or thing.updated <= standing:
        counted = await polls.take_told(tx, known.id, asked, edited=False)
        return None if counted else Ignored("not_newer")
    if thing.quote is None:
        await quotes.delete_quote(tx, known.id)
    post = translate.from_vocab(thing, incoming.sender, incoming.known, known.id, tx.now, wanted=True)
    await writes.put_revision(tx, known.id)
    await writes.put_edit(tx, post)
    await polls.take_told(tx, known.id, asked, edited=True)
    await media.replace_remote(tx, known.id, incoming.sender.id, thing.attachments)
    await quoting.tell_quoters(tx, incoming.sender.id, known.id)
    if is_candidate(incoming, thing):
        await hand_on_answers(tx, [Answer(incoming, known.id)])
    return None


def _unknown_to(known: Mapping[str, writes.PostRow], incomings: Sequence[Incoming]) -> list[str]:
    named = (incoming.activity.object_id or "" for incoming in incomings)
    return [uri for uri in named if uri and uri not in known]


async def _take_leave_back(tx: Tx, node: Node, leave: quotes.Sides, sender: Known) -> Ended:
    """Somebody wants to be quoted no more."""
    if leave.quoted_author_id not in (None, sender.id) or not vocab.same_host(leave.stamp_uri, sender.uri):
        return Refused("not_owner")
    await service.settle_quote(tx, node, leave, "revoked")
    return None


@inbound.together("Delete", "*")
async def things_deleted(tx: Tx, node: Node, incomings: Sequence[Incoming]) -> list[Ended]:
    """Posts are no more, or their authors are. Seen before the post, it still counts (DEL-02)."""
    known = await writes.list_by_uri(tx, [incoming.activity.object_id or "" for incoming in incomings])
    leaves = await quotes.list_by_stamps(tx, _unknown_to(known, incomings))
    ended: list[Ended] = []
    gone: list[int] = []
    tombstones: list[arrivals.Tombstone] = []
    answers: list[Answer] = []
    for incoming in incomings:
        uri, sender = incoming.activity.object_id or "", incoming.sender
        post = known.get(uri)
        if uri == sender.uri:
            await actors.bury(tx, sender.id, uri, sender.kind)
            ended.append(None)
        elif uri in leaves:
            ended.append(await _take_leave_back(tx, node, leaves[uri], sender))
        elif post.author_id != sender.id if post else not vocab.same_host(uri, sender.uri):
            ended.append(Refused("not_owner"))
        else:
            tombstones.append(arrivals.Tombstone(uri, post.kind if post else "", sender.uri))
            if post:
                gone.append(post.id)
                if post.in_reply_to_id is not None and is_candidate(incoming, None):
                    answers.append(Answer(incoming, post.id))
            ended.append(None if post else Ignored("post_unknown"))
    if tombstones:
        await arrivals.put_tombstones(tx, tombstones)
    if gone:
        await hand_on_answers(tx, answers)
        await writes.delete_posts(tx, gone)
    return ended


@inbound.together("Like", "*", needs=("actor",))
async def posts_liked(tx: Tx, node: Node, incomings: Sequence[Incoming]) -> list[Ended]:
    """People like posts we hold."""
    marked = await marks.put_arrived_likes(tx, [_asked(tx, incoming, "likes") for incoming in incomings])
    return await _answer_marked(tx, "favourite", incomings, marked)


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
    await take_post(tx, Taken(incoming, thing, author))
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
        await emoji.take_back(tx, reaction, (await writes.get_post(tx, reaction.post_id)).author_id)
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

"""Posts that arrive from other nodes, are changed, pinned and deleted.

The author's node owns the post: only the author may create, change or delete it, and what is
deleted stays deleted. What nobody here asked for is not kept. Likes and boosts are `inbound_marks`'.
"""

from collections.abc import Mapping, Sequence

from federation import groups, vocab
from federation.dispatch import Inbound
from node.db.database import Tx
from node.features.actors import burial
from node.features.groups import deeds
from node.features.media import service as media
from node.features.neighbours import service as neighbours
from node.features.polls import service as polls
from node.features.polls import translate as poll_translate
from node.features.posts import group_acts, in_groups, polling, quoting, service, translate
from node.features.posts.arriving import Taken, take_context, take_posts
from node.features.posts.forwarding import Answer, hand_on_answers, is_candidate
from node.features.posts.store import in_groups as groups_store
from node.features.posts.store import marks, quotes, writes
from node.runtime import Node
from node.wire.incoming import Ended, Ignored, Incoming, Refused, Registry
from node.wire.store import arrivals
from node.wire.store.arrivals import Known

inbound: Registry = Inbound()

_POST_NEEDS = ("actor", "object", "mentions", "in_reply_to", "quote")


def _is_wanted(incoming: Incoming, thing: vocab.Object) -> bool:
    """Somebody here follows the author, or is named or addressed."""
    if incoming.sender.followed_here:
        return True
    names = (*thing.mentions, *incoming.addressed())
    return any(uri in incoming.known and incoming.known[uri].local for uri in names)


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
                await take_context(tx, incoming, thing.in_reply_to)
                await take_context(tx, incoming, thing.quote)
            several[number] = Taken(incoming, thing, incoming.sender, wanted)
    stored = await take_posts(tx, list(several.values()))
    left = [number for number, post in zip(several, stored, strict=True) if post is None]
    known = (
        await writes.list_known_uris(tx, [several[number].thing.id or "" for number in left]) if left else ()
    )
    answers = [
        Answer(one.incoming, post.id)
        for one, post in zip(several.values(), stored, strict=True)
        if post is not None and is_candidate(one.incoming, one.thing)
    ]
    await hand_on_answers(tx, answers)
    for number in left:
        ended[number] = Ignored("known_already" if several[number].thing.id in known else "nobody_here_asked")
    for number, end in (await _settle_in_groups(tx, node, several, stored)).items():
        ended[number] = end
    if known:
        for number, end in (await _settle_known(tx, node, {n: several[n] for n in left})).items():
            ended[number] = end
    return ended


async def _settle_known(tx: Tx, node: Node, several: Mapping[int, Taken]) -> dict[int, Ended]:
    """Posts that somebody here looked up before their Create came: into the groups they are meant for."""
    wanted = {
        number: one
        for number, one in several.items()
        if one.thing.in_reply_to or in_groups.named_group(one.incoming, one.thing) is not None
    }
    if not wanted:
        return {}
    outside = await groups_store.list_outside(tx, [one.thing.id or "" for one in wanted.values()])
    arrived = {
        number: in_groups.Arrived(one.incoming, one.thing, post, fresh=False)
        for number, one in wanted.items()
        if (post := outside.get((one.thing.id or "", one.author.id))) is not None
        and in_groups.concerns(one.incoming, one.thing, post)
    }
    if not arrived:
        return {}
    ends = await in_groups.settle(tx, node, list(arrived.values()))
    return dict(zip(arrived, ends, strict=True))


async def _settle_in_groups(
    tx: Tx, node: Node, several: Mapping[int, Taken], stored: Sequence[writes.Stored | None]
) -> dict[int, Ended]:
    """Those that are meant for a group, or answer in one: into it, or away."""
    arrived = {
        number: in_groups.Arrived(one.incoming, one.thing, post)
        for (number, one), post in zip(several.items(), stored, strict=True)
        if post is not None and in_groups.concerns(one.incoming, one.thing, post)
    }
    if not arrived:
        return {}
    ends = await in_groups.settle(tx, node, list(arrived.values()))
    return dict(zip(arrived, ends, strict=True))


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
    await take_context(tx, incoming, thing.quote)
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
    await in_groups.pass_on(tx, [incoming], [known.uri])
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
            await burial.bury(tx, sender.id, uri, sender.kind)
            ended.append(None)
        elif uri in leaves:
            ended.append(await _take_leave_back(tx, node, leaves[uri], sender))
        elif post and post.author_id != sender.id and groups.is_removal(incoming.activity):
            ended.append(await group_acts.take_act(tx, incoming))
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
        done = [incoming for incoming, end in zip(incomings, ended, strict=True) if end is None]
        await in_groups.pass_on(tx, done, [incoming.activity.object_id or "" for incoming in done])
        await writes.delete_posts(tx, gone)
    return ended


async def _pin(tx: Tx, incoming: Incoming, *, add: bool) -> Ignored | None:
    featured = await marks.find_featured_uri(tx, incoming.sender.id)
    if not featured or incoming.activity.target_id != featured:
        ended = await group_acts.take_act(tx, incoming)
        if isinstance(ended, Refused):
            raise ended
        return Ignored("unknown_target") if ended and ended.code != "known_already" else ended
    post = await writes.find_by_uri(tx, incoming.activity.object_id or "")
    if post is None:
        return Ignored("post_unknown")
    if post.author_id != incoming.sender.id:
        raise Refused("not_owner")
    await marks.put_pinned(tx, post.id, tx.now if add else None)
    return None


@inbound.on("Add", "*", needs=("actor",))
async def post_pinned(tx: Tx, node: Node, incoming: Incoming) -> Ignored | None:
    """Somebody keeps a post at the top of their profile, or makes somebody a moderator of a group."""
    ended = await deeds.take(tx, node, incoming)
    return ended if ended is not deeds.NOT_A_DEED else await _pin(tx, incoming, add=True)


@inbound.on("Remove", "*", needs=("actor",))
async def post_unpinned(tx: Tx, node: Node, incoming: Incoming) -> Ignored | None:
    """Somebody lets it sink back, or takes a role from somebody or puts them out of a group."""
    ended = await deeds.take(tx, node, incoming)
    return ended if ended is not deeds.NOT_A_DEED else await _pin(tx, incoming, add=False)

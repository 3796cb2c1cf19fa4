"""What groups of other nodes pass on (FEP-1b12), to people here who belong to them.

The wire took each activity out of its Announce and saw to its proof (`federation.groups`); here it is
asked whether the group may say it: a post must be meant for the group or answer in it, a vote be about
a post in it, and who removes, locks or pins must be of the group's house or one of its moderators.
What is the author's own word (a post, an edit, a deletion) then goes the way it goes when it comes directly.
"""

from collections.abc import Awaitable, Callable

from federation import groups, vocab
from federation.dispatch import Inbound
from node.db.database import Tx
from node.features.groups import deeds
from node.features.groups.store import groups as known_groups
from node.features.posts import group_acts as acts
from node.features.posts import in_groups, inbound_emoji, inbound_marks, translate
from node.features.posts import inbound as posts
from node.features.posts.arriving import Taken, take_context, take_post
from node.features.posts.in_groups import Entering
from node.features.posts.store import in_groups as store
from node.features.posts.store import marks, writes
from node.features.timelines import store as timelines
from node.runtime import Node
from node.wire.incoming import Ended, Ignored, Incoming, Refused, Registry
from node.wire.store.arrivals import Known

inbound: Registry = Inbound()

Told = Callable[[Tx, Node, Incoming, Known], Awaitable[Ended]]
_POST_NEEDS = ("actor", "object", "mentions", "in_reply_to", "quote")


def _from_group(function: Told) -> Callable[[Tx, Node, Incoming], Awaitable[Ignored | None]]:
    """Only what a group that somebody here belongs to passes on is handled."""

    async def handle(tx: Tx, node: Node, incoming: Incoming) -> Ignored | None:
        group = incoming.announcer
        if group is None or not group.followed_here or group.local:
            return Ignored("nobody_here_asked")
        ended = await function(tx, node, incoming, group)
        if isinstance(ended, Refused):
            raise ended
        return ended

    return handle


async def _deed(tx: Tx, node: Node, incoming: Incoming, group: Known) -> Ignored | None:
    """Who belongs to a group and who runs it: its word alone counts."""
    copy = await known_groups.find_group(tx, group.id)
    return await deeds.apply(tx, node, copy, incoming.activity) if copy is not None else deeds.NOT_A_DEED


@inbound.on("Announce", "Block", needs=("actor",))
@_from_group
async def ban_passed_on(tx: Tx, node: Node, incoming: Incoming, group: Known) -> Ended:
    """Those who run a group keep somebody out."""
    return await _deed(tx, node, incoming, group)


def _is_meant_for(group: Known, incoming: Incoming, thing: vocab.Object) -> bool:
    """Whether its author named the group: by itself, or by the collection of who belongs to it."""
    named = {*incoming.addressed(), *thing.mentions}
    return group.uri in named or (group.followers_uri != "" and group.followers_uri in named)


@inbound.on("Announce", "Create", needs=_POST_NEEDS)
@_from_group
async def post_passed_on(tx: Tx, node: Node, incoming: Incoming, group: Known) -> Ended:
    """Somebody wrote in a group; the group says that it stands there."""
    thing = incoming.object_as(vocab.Object)
    if thing is None or thing.id is None or thing.type not in translate.POST_TYPES:
        return Ignored("unknown_object")
    if isinstance(thing, vocab.Note) and thing.is_vote:
        return Ignored("vote")
    await take_context(tx, incoming, thing.in_reply_to)
    meant = _is_meant_for(group, incoming, thing)
    if not meant and not await _answers_in(tx, group, thing):
        return Refused("not_in_group")  # else a group could show what was never said in it (GRP-02)
    known = await writes.find_by_uri(tx, thing.id)
    if known is None and not incoming.sender.local:
        await take_post(tx, Taken(incoming, thing, incoming.sender))
        known = await writes.find_by_uri(tx, thing.id)
    if known is None:
        return Ignored("post_unknown")  # deleted before it came
    if known.audience not in ("public", "unlisted", "group"):
        # A leaked letter stays a letter: nothing a group says makes it the group's.
        return Refused("not_for_this_group")
    await store.put_in_group(tx, group.id, known.id)
    answers = thing.in_reply_to is not None
    await in_groups.tell_listening(tx, group.id, Entering(known.id, known.author_id, {}, answers))
    if known.in_reply_to_id is None and not answers:
        await _show(tx, node, group, known)
    return None


async def _answers_in(tx: Tx, group: Known, thing: vocab.Object) -> bool:
    parent = await writes.find_by_uri(tx, thing.in_reply_to) if thing.in_reply_to else None
    return parent is not None and await store.stands_in(tx, group.id, parent.id)


async def _show(tx: Tx, node: Node, group: Known, post: writes.PostRow) -> None:
    """As if the group had passed the post on in the plain way: once, whichever way comes first."""
    boost_id = tx.new_id(post.published_at)
    boost = marks.Boost(
        boost_id,
        groups.passing_on_id(group.uri, post.uri),
        group.id,
        post.id,
        post.audience,
        tx.now,
    )
    if await marks.put_boost(tx, boost):
        await timelines.put_boost(tx, boost_id)


@inbound.on("Announce", "Update", needs=("actor", "object", "mentions", "quote"))
@_from_group
async def edit_passed_on(tx: Tx, node: Node, incoming: Incoming, group: Known) -> Ended:
    """Somebody edited what they wrote in a group, or those who run it what it says of itself."""
    if incoming.activity.object_id == group.uri:
        said = incoming.activity.object
        if not isinstance(said, vocab.Actor) or said.id != group.uri:
            return Ignored("unknown_object")
        # The wire read it at the group's own address.
        await node.hooks.remember_actor(tx, node, said)
        return None
    if incoming.sender.local:
        return Ignored("known_already")
    return await posts.post_updated(tx, node, incoming)


async def _is_about_group(tx: Tx, group: Known, incoming: Incoming) -> bool:
    """Whether the post an activity, or what it takes back, is about stands in the group."""
    about = incoming.activity.object
    uri = about.object_id if isinstance(about, vocab.Activity) else incoming.activity.object_id
    post = await writes.find_by_uri(tx, uri or "")
    return post is not None and await store.stands_in(tx, group.id, post.id)


async def _vote(tx: Tx, node: Node, incoming: Incoming, group: Known) -> Ended:
    if incoming.sender.local:
        return Ignored("known_already")
    if not await _is_about_group(tx, group, incoming):
        return Ignored("not_in_group")
    if incoming.activity.type == "EmojiReact":
        return await inbound_emoji.post_reacted(tx, node, incoming)
    (ended,) = await inbound_marks.posts_liked(tx, node, [incoming])
    return ended


@inbound.on("Announce", "Like", needs=("actor",))
@_from_group
async def like_passed_on(tx: Tx, node: Node, incoming: Incoming, group: Known) -> Ended:
    """Somebody likes a post in a group, as the group says: at most a number below that post."""
    return await _vote(tx, node, incoming, group)


@inbound.on("Announce", "Dislike", needs=("actor",))
@_from_group
async def dislike_passed_on(tx: Tx, node: Node, incoming: Incoming, group: Known) -> Ended:
    """Votes against what somebody wrote are counted nowhere here."""
    return Ignored("votes_against")


@inbound.on("Announce", "EmojiReact", needs=("actor",))
@_from_group
async def reaction_passed_on(tx: Tx, node: Node, incoming: Incoming, group: Known) -> Ended:
    """Somebody answered a post in a group with an emoji."""
    return await _vote(tx, node, incoming, group)


@inbound.on("Announce", "Undo", needs=("actor",))
@_from_group
async def undone_passed_on(tx: Tx, node: Node, incoming: Incoming, group: Known) -> Ended:
    """Somebody takes back a vote, or those who run the group a lock or a removal."""
    undone = incoming.activity.object
    kind = incoming.activity.object_type
    if kind == "Block":
        return await _deed(tx, node, incoming, group)
    if kind == "Dislike":
        return Ignored("votes_against")
    if not isinstance(undone, vocab.Activity) or not await _is_about_group(tx, group, incoming):
        return Ignored("not_in_group")
    if kind in ("Lock", "Delete"):
        return await acts.take_act(tx, incoming, group)
    if incoming.sender.local:
        return Ignored("known_already")
    return await inbound_marks.thing_undone(tx, node, incoming)


@inbound.on("Announce", "Delete", needs=("actor",))
@_from_group
async def deletion_passed_on(tx: Tx, node: Node, incoming: Incoming, group: Known) -> Ended:
    """An author deleted a post; or those who run the group took it out of the group."""
    post = await writes.find_by_uri(tx, incoming.activity.object_id or "")
    own = post is None or post.author_id == incoming.sender.id
    if groups.is_removal(incoming.activity) or not own:
        return await acts.take_act(tx, incoming, group)
    if incoming.sender.local:
        return Ignored("known_already")
    (ended,) = await posts.things_deleted(tx, node, [incoming])
    return ended


@inbound.on("Undo", "Lock", needs=("actor",))
@inbound.on("Undo", "Delete", needs=("actor",))
@inbound.on("Lock", "*", needs=("actor",))
async def moderated_from_afar(tx: Tx, node: Node, incoming: Incoming) -> Ignored | None:
    """A moderator of one of our groups, who lives elsewhere, closes a conversation or takes a deed back."""
    ended = await acts.take_act(tx, incoming)
    if isinstance(ended, Refused):
        raise ended
    return ended


@inbound.on("Announce", "Lock", needs=("actor",))
@_from_group
async def lock_passed_on(tx: Tx, node: Node, incoming: Incoming, group: Known) -> Ended:
    """Those who run a group closed a conversation in it."""
    return await acts.take_act(tx, incoming, group)


@inbound.on("Announce", "Add", needs=("actor",))
@_from_group
async def pin_passed_on(tx: Tx, node: Node, incoming: Incoming, group: Known) -> Ended:
    """Those who run a group keep a post at its top, or let somebody moderate."""
    ended = await _deed(tx, node, incoming, group)
    return ended if ended is not deeds.NOT_A_DEED else await acts.take_act(tx, incoming, group)


@inbound.on("Announce", "Remove", needs=("actor",))
@_from_group
async def unpin_passed_on(tx: Tx, node: Node, incoming: Incoming, group: Known) -> Ended:
    """Those who run a group let a post sink back, or take a role from somebody."""
    ended = await _deed(tx, node, incoming, group)
    return ended if ended is not deeds.NOT_A_DEED else await acts.take_act(tx, incoming, group)

"""What circulates in the groups of this house: which posts get in, and how they are passed on.

Owns the rule who may post in a group and when a post waits, the boost by the group's actor, and the
Announce of what its members do, word for word with their proofs (FEP-1b12). The rows are written by
`posts.store.in_groups`; those who run a group act through `group_posts`. `inbound`, `inbound_marks`,
`service` and `reactions` call this in the transaction that stored the thing.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from federation import groups, strict_json, vocab
from node.db.database import Tx
from node.errors import N_, NodeError
from node.features.actors.store.reads import get_actor
from node.features.notifications.service import notify_several, withdraw_about_post
from node.features.notifications.store import Notice
from node.features.posts import translate
from node.features.posts.store import in_groups as store
from node.features.posts.store import marks, writes
from node.features.posts.store.in_groups import Case, Place
from node.features.posts.views import PostView
from node.features.timelines import store as timelines
from node.runtime import Node
from node.wire.incoming import Ended, Ignored, Incoming, Refused
from node.wire.publish import Destinations, publish
from node.wire.store.arrivals import Known

LEADING: Final = ("moderator", "admin", "owner")
WAITS: Final = "waits"
NEWS_FOR: Final = timedelta(days=1)  # what a group tells of its past is no news
# Programs that show a group's Announce of a post's id, and can make nothing of an announced activity.
MICROBLOGS: Final = (
    "mastodon", "hometown", "glitch-soc", "misskey", "sharkey", "firefish", "iceshrimp", "foundkey",
    "pleroma", "akkoma", "gotosocial", "pixelfed", "snac", "takahe", "mitra", "mobilizon", "hollo",
)  # fmt: skip
# Programs that read announced activities; the plain form would only tell them again.
FORUMS: Final = ("allmende", "lemmy", "piefed", "mbin", "kbin", "nodebb", "lotide")


REFUSALS: Final[Mapping[str, str]] = {
    "group_closed": N_("This group has been closed. What was written in it can still be read."),
    "banned_from_group": N_("You cannot write in this group at the moment."),
    "thread_locked": N_("This conversation is closed: nobody can answer any more."),
    "not_a_member": N_("To write here, please join the group first."),
    "moderators_only": N_("In this group only those who look after it begin new conversations."),
    "too_fast": N_("This group takes it slowly. Please wait a little before you write again."),
}


class Arrived(msgspec.Struct, frozen=True):
    """A post of another node that may be meant for a group of ours; `fresh` when it was just stored."""

    incoming: Incoming
    thing: vocab.Object
    post: writes.Stored
    fresh: bool = True


def named_group(incoming: Incoming, thing: vocab.Object) -> Known | None:
    """The group of ours a post is written to: addressed, or only mentioned, as from Mastodon.

    Groups and programs write into no group: two that followed each other would never stop (GRP-10).
    """
    if incoming.sender.kind in ("Group", "Application", "Service"):
        return None
    for uri in (*thing.audience, *incoming.addressed(), *thing.mentions):
        found = incoming.known.get(uri)
        if found is not None and found.local and found.kind == "Group":
            return found
    return None


def concerns(incoming: Incoming, thing: vocab.Object, post: writes.Stored) -> bool:
    """Whether a post is worth a look here: it answers in a group, or is written to one."""
    return post.group_id is not None or named_group(incoming, thing) is not None


def refusal(case: Case, now: datetime) -> str:
    """Why a post may not circulate in a group: '' when it may, `WAITS` when somebody looks at it first."""
    member, leads = case.state == "member", case.state == "member" and case.role in LEADING
    inner = case.visibility in ("private", "local")
    if case.closed:
        return "group_closed"
    if case.banned:
        return "banned_from_group"
    if case.locked and not leads:
        return "thread_locked"
    # What anybody may read in the group anybody may answer; a thread is begun by members.
    if not member and (inner or not case.answers):
        return "not_a_member"
    if case.posting == "moderators" and not case.answers and not leads:
        return "moderators_only"
    if leads:
        return ""
    slow = case.slow_mode_s and case.last_post_at is not None
    if slow and case.last_post_at and (now - case.last_post_at).total_seconds() < case.slow_mode_s:
        return "too_fast"
    return WAITS if case.let_through < case.newcomer_posts else ""


def fits(audience: str, visibility: str) -> bool:
    """Whether a post of this audience is for the readers of such a group."""
    if visibility in ("public", "unlisted"):
        return audience in ("public", "unlisted")
    return audience == ("group" if visibility == "private" else "local")


async def settle(tx: Tx, node: Node, arrived: Sequence[Arrived]) -> list[Ended]:
    """Posts of other nodes into the groups of ours they are meant for; who may not, stays out.

    An answer that may not be given there is dropped, and so is what nobody else here asked for; what
    its author's followers here would read anyway stays, outside the group.
    """
    wanted: list[tuple[int, int]] = []
    for one in arrived:
        group = named_group(one.incoming, one.thing)
        wanted.append((one.post.id, one.post.group_id or (group.id if group else 0)))
    cases = {case.post_id: case for case in await store.list_cases(tx, wanted) if case.hosted}
    ended: list[Ended] = []
    for one in arrived:
        case = cases.get(one.post.id)
        ended.append(None if case is None else await _settle_one(tx, node, one, case))
    return ended


async def turn_out(tx: Tx, post: writes.Stored) -> bool:
    """Whether a post that was only looked up answers in a group of ours where its author may not; then it goes.

    Else whoever was kept out, or waits, would still be read below the group's posts. One that may be
    there stands beside the group until its author's node sends it.
    """
    if post.group_id is None:
        return False
    for case in await store.list_cases(tx, [(post.id, post.group_id)]):
        if case.hosted and refusal(case, tx.now) not in ("", "too_fast"):
            await writes.delete_posts(tx, [post.id])
            return True
    return False


async def _settle_one(tx: Tx, node: Node, one: Arrived, case: Case) -> Ended:
    why = refusal(case, tx.now)
    if not fits(case.audience, case.visibility):
        why = "not_for_this_group"
    if why and why != WAITS:
        if one.fresh and (one.post.group_id is not None or not one.incoming.sender.followed_here):
            await writes.delete_posts(tx, [one.post.id])
        return Refused(why)
    await store.put_in_group(tx, case.group_id, one.post.id, state="waiting" if why else "")
    # Whom it names was told when it was stored, before anybody asked about the group.
    await withdraw_about_post(tx, one.post.id, unwanted_only=not why)
    if why:
        return Ignored("waits_in_group")
    place = await store.find_place(tx, case.group_id)
    assert place is not None
    await enter(
        tx, node, place, Entering(one.post.id, case.author_id, document_of(one.incoming), case.answers)
    )
    return None


def document_of(incoming: Incoming) -> dict[str, Any]:
    """What somebody sent, byte for byte where their own word came, so that its proof holds."""
    if incoming.refetched or incoming.announcer is not None:
        return dict(incoming.activity.raw)
    found: dict[str, Any] = strict_json.loads_again(incoming.body)
    return found


class Entering(msgspec.Struct, frozen=True):
    """A post that may circulate: its Create as its author sent it, and whether it answers another there."""

    post_id: int
    author_id: int
    create: Mapping[str, Any]
    answers: bool


async def enter(tx: Tx, node: Node, place: Place, entering: Entering) -> None:
    """The group passes a post on: to its own page and its members' homes here, to their nodes elsewhere.

    Threads are boosted, too, for those whose program knows no groups; answers are not, or their homes
    would be full of them.
    """
    await store.put_let_through(tx, place.id, entering.author_id)
    await tell_listening(tx, place.id, entering)
    await announce(tx, place, entering.create)
    if entering.answers:
        return
    boost_id = tx.new_id()
    boost = marks.Boost(
        boost_id, node.uri(f"/ap/announces/{boost_id}"), place.id, entering.post_id, place.audience, tx.now
    )
    if not await marks.put_boost(tx, boost):
        return
    await timelines.put_boost(tx, boost_id)
    if place.is_public:
        post = await writes.get_post(tx, entering.post_id)
        author_uri = (await get_actor(tx, entering.author_id)).uri
        plain = translate.announce(
            boost.uri, place.uri, place.followers_uri, post.uri, author_uri, audience="public", now=tx.now
        )
        await publish(tx, place.id, plain, Destinations(followers_of=place.id, not_software=FORUMS))


async def tell_named(tx: Tx, post_id: int, author_id: int) -> None:
    """News of a post that waited, for whom it names or answers."""
    named = await store.list_named(tx, post_id)
    await notify_several(tx, [Notice(owner, "mention", author_id, post_id) for owner in named])


async def tell_listening(tx: Tx, group_id: int, entering: Entering) -> None:
    """News for members of this house who want to hear of every post, or of every new conversation."""
    levels = ("everything",) if entering.answers else ("everything", "posts")
    since = tx.now - NEWS_FOR
    listening = await store.list_listening(tx, group_id, entering.post_id, levels, since)
    await notify_several(
        tx, [Notice(owner, "status", entering.author_id, entering.post_id) for owner in listening]
    )


async def announce(tx: Tx, place: Place, document: Mapping[str, Any]) -> None:
    """Send on what somebody did in a group of ours, to its members' nodes; the same thing once only."""
    if place.visibility == "local" or not isinstance(document.get("id"), str):
        return
    activity = groups.pass_on(place.uri, place.followers_uri, dict(document), tx.now, public=place.is_public)
    whom = Destinations(followers_of=place.id, not_software=MICROBLOGS)
    await publish(tx, place.id, activity, whom)


async def pass_on(tx: Tx, incomings: Sequence[Incoming], post_uris: Sequence[str]) -> None:
    """What people of other nodes did with posts in groups of ours, sent on to the members' nodes.

    Only at first hand: what a group passed on is not passed on again (GRP-10).
    """
    fresh = {
        uri: incoming
        for incoming, uri in zip(incomings, post_uris, strict=True)
        if incoming.announcer is None and uri
    }
    if not fresh:
        return
    places = await store.list_places_of(tx, list(fresh))
    for incoming, uri in zip(incomings, post_uris, strict=True):
        place = places.get(uri)
        if place is not None and incoming.announcer is None and incoming.activity.type != "Announce":
            await announce(tx, place, document_of(incoming))


async def place_for(tx: Tx, group_id: int | None, parent: PostView | None, audience: str) -> Place | None:
    """The group a new post goes to: the one chosen, else that of what it answers.

    An answer to a few people or to one's followers is no part of the group's thread.
    Raises: NodeError `not_found` for a group that is not here, `invalid` for a thread of another group.
    """
    placed = parent.placed if parent else None
    if placed is not None and group_id not in (None, placed.id):
        raise NodeError("invalid", field="group_id")
    open_to_all = parent is not None and parent.audience in ("public", "unlisted")
    aside = audience == "direct" or (audience == "followers" and open_to_all)
    wanted = group_id if placed is None else None if aside else placed.id
    if wanted is None:
        return None
    place = await store.find_place(tx, wanted)
    if place is None:
        raise NodeError("not_found", detail=f"group {wanted}")
    return place


def audience_in(place: Place, wanted: str) -> str:
    """The audience of a post in a group: the group's, or quieter where the group is public."""
    return wanted if place.visibility == "public" and wanted == "unlisted" else place.audience


async def admit(tx: Tx, place: Place, post_id: int, topic_id: int | None) -> bool:
    """A post of one of our people into a group, ours or another's; False when it waits to be let through.

    Raises: NodeError `not_allowed` or `too_many_requests`, with what is in the way.
    """
    case = (await store.list_cases(tx, [(post_id, place.id)]))[0]
    why = refusal(case, tx.now)
    if why and why != WAITS:
        code = "too_many_requests" if why == "too_fast" else "not_allowed"
        raise NodeError(code, text=REFUSALS[why], detail=why)
    waits = why == WAITS and place.local
    await store.put_in_group(tx, place.id, post_id, state="waiting" if waits else "", topic_id=topic_id)
    return not waits


async def spread(tx: Tx, post: PostView, activity: vocab.Activity, whom: Destinations) -> None:
    """Send what one of our people says of a post: to whom it goes, and through the group it stands in.

    What is for a group's members goes nowhere but through the group's house, with its author's proof.
    """
    author_id, placed = post.author.id, post.placed
    if placed is None:
        await publish(tx, author_id, activity, whom)
    elif post.group_state == "waiting":
        return
    elif not placed.local:
        closed = post.audience == "group"
        only = Destinations(actors=(placed.id,))
        more = msgspec.structs.replace(whom, actors=(*whom.actors, placed.id))
        await publish(tx, author_id, activity, only if closed else more, proved=closed)
    else:
        if post.audience != "group":
            await publish(tx, author_id, activity, whom)
        await _pass_on_ours(tx, placed.id, activity, author_id)


async def let_in(tx: Tx, node: Node, place: Place, post: PostView, create: vocab.Create | None) -> None:
    """A post of one of our people begins to circulate in a group of ours; `create` None: in this house only."""
    document = await tx.prove(post.author.id, vocab.write(create)) if create is not None else {}
    answers = post.in_reply_to_id is not None
    await enter(tx, node, place, Entering(post.id, post.author.id, document, answers))


async def mark(
    tx: Tx, post: PostView, activity: vocab.Activity, actor_id: int, others: tuple[int, ...]
) -> None:
    """A like of one of our people, or its end: to `others`, and to the group in which the post stands."""
    placed = post.placed
    if placed is not None:
        activity = msgspec.structs.replace(activity, audience=(placed.uri,))
    if placed is not None and not placed.local:
        others = (*others, placed.id)
    if others:
        whom = Destinations(actors=others, personal=True)
        await publish(tx, actor_id, activity, whom, proved=post.audience == "group")
    if placed is not None and placed.local:
        await _pass_on_ours(tx, placed.id, activity, actor_id)


async def _pass_on_ours(tx: Tx, group_id: int, activity: vocab.Activity, author_id: int) -> None:
    place = await store.find_place(tx, group_id)
    if place is not None and place.visibility != "local":
        await announce(tx, place, await tx.prove(author_id, vocab.write(activity)))

"""What circulates in the groups of this house: which posts get in, and how they are passed on.

Owns the rule who may post in a group and when a post waits, the boost by the group's actor, and the
Announce of what its members do, word for word with their proofs (FEP-1b12). The rows are written by
`posts.store.in_groups`; those who run a group act through `group_posts`. `inbound`, `inbound_marks`,
`service` and `reactions` call this in the transaction that stored the thing.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from federation import groups, strict_json, vocab
from node.db.database import Tx
from node.features.posts import translate
from node.features.posts.store import in_groups as store
from node.features.posts.store import marks, writes
from node.features.posts.store.in_groups import Case, Place
from node.features.timelines import store as timelines
from node.runtime import Node
from node.wire.incoming import Ended, Ignored, Incoming, Refused
from node.wire.publish import Destinations, publish
from node.wire.store.arrivals import Known

LEADING: Final = ("moderator", "admin", "owner")
WAITS: Final = "waits"
# Programs that show a group's Announce of a post's id, and can make nothing of an announced activity.
MICROBLOGS: Final = (
    "mastodon", "hometown", "glitch-soc", "misskey", "sharkey", "firefish", "iceshrimp", "foundkey",
    "pleroma", "akkoma", "gotosocial", "pixelfed", "snac", "takahe", "mitra", "mobilizon", "hollo",
)  # fmt: skip
# Programs that read announced activities; the plain form would only tell them again.
FORUMS: Final = ("allmende", "lemmy", "piefed", "mbin", "kbin", "nodebb", "lotide")


class Arrived(msgspec.Struct, frozen=True):
    """A post of another node that was just stored and may be meant for a group of ours."""

    incoming: Incoming
    thing: vocab.Object
    post: writes.Stored


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
    cases = {case.post_id: case for case in await store.list_cases(tx, wanted)}
    ended: list[Ended] = []
    for one in arrived:
        case = cases.get(one.post.id)
        ended.append(None if case is None else await _settle_one(tx, node, one, case))
    return ended


async def _settle_one(tx: Tx, node: Node, one: Arrived, case: Case) -> Ended:
    why = refusal(case, tx.now)
    if not fits(case.audience, case.visibility):
        why = "not_for_this_group"
    if why and why != WAITS:
        if one.post.group_id is not None or not one.incoming.sender.followed_here:
            await writes.delete_posts(tx, [one.post.id])
        return Refused(why)
    await store.put_in_group(tx, case.group_id, one.post.id, state="waiting" if why else "")
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
        author_uri = str(entering.create.get("actor", ""))
        plain = translate.announce(
            boost.uri, place.uri, place.followers_uri, post.uri, author_uri, audience="public", now=tx.now
        )
        await publish(tx, place.id, plain, Destinations(followers_of=place.id, not_software=FORUMS))


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


async def pass_on_ours(tx: Tx, activity: vocab.Activity, author_id: int, post_uri: str) -> None:
    """What one of our people did with a post in a group of ours."""
    place = (await store.list_places_of(tx, [post_uri])).get(post_uri)
    if place is not None and place.visibility != "local":
        await announce(tx, place, await tx.prove(author_id, vocab.write(activity)))

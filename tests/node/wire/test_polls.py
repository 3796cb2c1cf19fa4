"""Polls over the wire: votes in and out, counts told and taken, ends."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from node.db.rows import Window
from node.features.actors import lookup
from node.features.actors.store.reads import Actor
from node.features.follows import service as follows
from node.features.polls.service import PollDraft
from node.features.polls.store import Poll
from node.features.posts import polling, service, views
from node.features.posts.service import Draft
from node.features.reading import store as reading
from node.runtime import Node
from tests.node.wire.strangers import (
    CONTEXT,
    PUBLIC,
    Inboxes,
    Stranger,
    counted,
    faults,
    known_as,
    outcome,
    run,
    stamp,
)
from tests.rig import Rig, RigNode

ANSWERS = ("Samstag", "Sonntag", "Nie")


class House:
    """One node, its clock, and what happens there."""

    def __init__(self, rig: Rig, node: RigNode) -> None:
        self.rig = rig
        self.node = node

    async def ask(self, author: Actor, **draft: Any) -> tuple[int, str]:
        """A poll of ours: its id and address."""
        asked = {"titles": ANSWERS, "open_s": 86_400} | {
            name: draft.pop(name) for name in ("multiple", "hide_totals") if name in draft
        }
        async with self.node.db.tx() as tx:
            wanted = Draft(**{"source": "Wann?", "poll": PollDraft(**asked), **draft})
            post_id = await service.write_post(tx, self.node.node, author.id, wanted)
        return post_id, f"{self.node.origin}/ap/notes/{post_id}"

    async def hear(self, who: Stranger, *activities: dict[str, Any]) -> list[tuple[str, str]]:
        """Take in activities one by one, each a moment later; how each ended."""
        ends = []
        for activity in activities:
            self.rig.clock.advance(milliseconds=7)
            assert await who.send(self.node, activity, now=self.rig.clock.now()) == 202
            await run(self.node)
            ends.append(await outcome(self.node, activity))
        return ends

    async def sweep(self, **later: float) -> None:
        """Let time pass, then what a worker does every half minute."""
        self.rig.clock.advance(**later)
        await self.node.sweep()
        await run(self.node)

    async def poll(self, post_id: int, viewer: Actor | None = None) -> Poll:
        async with self.node.db.read() as tx:
            found = await views.get_post(tx, post_id, viewer.id if viewer else None)
        assert found.poll is not None
        return found.poll

    async def told(self, owner: Actor) -> list[str]:
        async with self.node.db.read() as tx:
            return [one.kind for one in await reading.list_notifications(tx, owner.id, Window())]

    async def id_of(self, uri: str) -> int:
        async with self.node.db.read() as tx:
            found: int = await tx.fetchval("SELECT id FROM posts WHERE uri = $1", uri)
        return found


@pytest.fixture
def house(rig: Rig, lindenhof: RigNode) -> House:
    return House(rig, lindenhof)


def vote(who: Stranger, poll_uri: str, title: str, author_uri: str = "", **more: Any) -> dict[str, Any]:
    """A vote as Mastodon sends it."""
    to = author_uri or poll_uri
    note = {
        "id": who.new_id("votes"), "type": "Note", "name": title, "attributedTo": who.uri,
        "inReplyTo": poll_uri, "to": to, **more,
    }  # fmt: skip
    return who.does("Create", note, to=to)


def question(who: Stranger, *counts: int | None, **more: Any) -> dict[str, Any]:
    """A poll of a stranger's."""
    options = [
        {"type": "Note", "name": title, "replies": {"type": "Collection", "totalItems": count}}
        for title, count in zip(ANSWERS, counts or (0, 0, 0), strict=True)
    ]
    fields = {"type": "Question", "oneOf": options, "endTime": "2026-11-24T10:15:00Z"}
    fields["votersCount"] = sum(filter(None, counts))
    return who.note("<p>Wann?</p>", **(fields | more))


async def test_a_vote_from_elsewhere_counts_once_and_is_no_post(
    house: House, amina: Actor, eve: Stranger
) -> None:
    post_id, uri = await house.ask(amina)
    before = await counted(house.node, ("posts", "notifications", "home_entries"))
    ends = await house.hear(
        eve,
        vote(eve, uri, "Sonntag"),
        vote(eve, uri, "Sonntag"),
        vote(eve, uri, "Samstag"),
        vote(eve, uri, "Montag"),
    )
    assert ends == [
        ("done", ""),
        ("ignored", "voted_already"),
        ("ignored", "voted_already"),
        ("ignored", "no_such_choice"),
    ]
    poll = await house.poll(post_id)
    assert (poll.votes, poll.voters_count) == ([0, 1, 0], 1)
    assert await counted(house.node, ("posts", "notifications", "home_entries")) == before


async def test_where_several_may_be_chosen_each_counts_once(
    house: House, amina: Actor, eve: Stranger, vera: Stranger
) -> None:
    post_id, uri = await house.ask(amina, multiple=True)
    assert await house.hear(eve, vote(eve, uri, "Samstag"), vote(eve, uri, "Nie"), vote(eve, uri, "Nie")) == [
        ("done", ""),
        ("done", ""),
        ("ignored", "voted_already"),
    ]
    assert await house.hear(vera, vote(vera, uri, "Nie", content="")) == [("done", "")]
    poll = await house.poll(post_id)
    assert (poll.votes, poll.voters_count) == ([1, 0, 2], 2)


async def test_gotosocial_sends_several_choices_in_one_activity(
    house: House, amina: Actor, eve: Stranger
) -> None:
    post_id, uri = await house.ask(amina, multiple=True)
    both = [vote(eve, uri, title)["object"] for title in ("Samstag", "Nie")]
    assert await house.hear(eve, eve.does("Create", both, to=amina.uri)) == [("done", "")]
    assert (await house.poll(post_id)).votes == [1, 0, 1]


async def test_several_objects_that_are_no_votes_of_one_poll_are_still_refused(
    house: House, amina: Actor, eve: Stranger
) -> None:
    _, uri = await house.ask(amina)
    one = vote(eve, uri, "Samstag")["object"]
    for other in (
        eve.note(),
        {**one, "inReplyTo": uri + "0"},
        {**one, "attributedTo": amina.uri},
        {**one, "name": None},
    ):
        activity = eve.does("Create", [one, other], to=amina.uri)
        assert await eve.send(house.node, activity, now=house.rig.clock.now()) in (202, 400)
        await run(house.node)
        assert await outcome(house.node, activity) in (("", ""), ("refused", "bad_object"))


class NoVote(msgspec.Struct, frozen=True):
    """A poll and why a stranger's vote in it does not count."""

    draft: dict[str, Any]
    ended: tuple[str, str]
    late_h: int = 0


@pytest.mark.parametrize(
    "case",
    [
        NoVote({"audience": "followers"}, ("refused", "not_visible")),
        NoVote({"audience": "direct"}, ("refused", "not_visible")),
        NoVote({"audience": "local"}, ("refused", "not_visible")),
        NoVote({}, ("refused", "poll_ended"), late_h=25),
    ],
    ids=lambda case: f"{case.draft.get('audience', 'late')}",
)
async def test_who_may_not_see_it_or_comes_too_late_does_not_vote(
    house: House, amina: Actor, eve: Stranger, case: NoVote
) -> None:
    post_id, uri = await house.ask(amina, **case.draft)
    await known_as(house.node, eve)
    house.rig.clock.advance(hours=case.late_h)
    assert await house.hear(eve, vote(eve, uri, "Samstag")) == [case.ended]
    assert (await house.poll(post_id, amina)).votes == [0, 0, 0]


async def test_a_named_note_below_a_plain_post_is_no_vote_and_no_answer(
    house: House, amina: Actor, eve: Stranger
) -> None:
    async with house.node.db.tx() as tx:
        post_id = await service.write_post(tx, house.node.node, amina.id, Draft(source="Nur so"))
    uri = f"{house.node.origin}/ap/notes/{post_id}"
    assert await house.hear(eve, vote(eve, uri, "Samstag")) == [("ignored", "no_such_choice")]
    assert await house.hear(eve, vote(eve, "https://elsewhere.example/p", "x")) == [("ignored", "vote")]


async def test_deleting_a_vote_takes_nothing_back_and_so_does_leaving(
    house: House, amina: Actor, eve: Stranger
) -> None:
    post_id, uri = await house.ask(amina)
    given = vote(eve, uri, "Nie")
    await house.hear(eve, given, eve.does("Delete", given["object"]["id"]), eve.does("Delete", eve.uri))
    poll = await house.poll(post_id)
    assert (poll.votes, poll.voters_count) == ([0, 0, 1], 1)
    assert await counted(house.node, ("poll_votes",)) == {"poll_votes": 0}
    assert await faults(house.node) == []


async def test_votes_sent_three_times_at_once_count_once(house: House, amina: Actor, eve: Stranger) -> None:
    post_id, uri = await house.ask(amina)
    await known_as(house.node, eve)
    given = [vote(eve, uri, "Nie"), vote(eve, uri, "Samstag")]
    for activity, _ in itertools.product(given, range(3)):
        assert await eve.send(house.node, activity) == 202
    await run(house.node)
    assert sum((await house.poll(post_id)).votes) == 1


async def test_counts_are_told_to_followers_and_voters_at_most_once_a_minute(
    house: House, amina: Actor, eve: Stranger, vera: Stranger
) -> None:
    _, uri = await house.ask(amina)
    doors = {who: Inboxes(who.peer, f"/u/{who.name}/inbox") for who in (eve, vera)}
    assert await house.hear(eve, eve.does("Follow", amina.uri)) == [("done", "")]
    assert await house.hear(vera, vote(vera, uri, "Nie")) == [("done", "")]
    await house.sweep(seconds=30)
    assert doors[eve].of_type("Update") == []
    await house.sweep(seconds=31)
    await house.hear(eve, vote(eve, uri, "Nie"))
    await house.sweep(seconds=30)
    for door in doors.values():
        (told,) = door.of_type("Update")
        assert told["object"]["id"] == uri and "updated" not in told["object"]
        assert [option["replies"]["totalItems"] for option in told["object"]["oneOf"]] == [0, 0, 1]
        assert told["object"]["votersCount"] == 1
        assert "vera" not in str(told)
    await house.sweep(seconds=31)
    assert [len(door.of_type("Update")) for door in doors.values()] == [2, 2]
    await house.sweep(minutes=5)
    assert [len(door.of_type("Update")) for door in doors.values()] == [2, 2]


async def test_at_the_end_the_last_counts_are_told_and_everybody_concerned_hears_of_it_once(
    house: House, amina: Actor, eve: Stranger
) -> None:
    jonas = await house.node.person("jonas")
    door = Inboxes(eve.peer, "/u/eve/inbox")
    post_id, uri = await house.ask(amina, hide_totals=True)
    await house.hear(eve, vote(eve, uri, "Nie"))
    async with house.node.db.tx() as tx:
        await polling.vote(tx, house.node.node, jonas.id, post_id, [2])
    await house.sweep(minutes=2)
    (kept_back,) = door.of_type("Update")
    assert [option["replies"] for option in kept_back["object"]["oneOf"]] == [{"type": "Collection"}] * 3
    assert kept_back["object"]["votersCount"] == 2 and "closed" not in kept_back["object"]
    for _ in range(3):
        await house.sweep(hours=24)
    last = door.of_type("Update")[-1]["object"]
    assert len(door.of_type("Update")) == 2
    assert [option["replies"]["totalItems"] for option in last["oneOf"]] == [0, 0, 2]
    assert last["closed"] == last["endTime"] == "2026-11-24T10:15:00Z"
    assert await house.told(jonas) == ["poll"]
    assert (await house.told(amina)).count("poll") == 1


async def test_a_poll_for_this_house_counts_and_is_never_told_outside(
    house: House, amina: Actor, eve: Stranger
) -> None:
    jonas = await house.node.person("jonas")
    await house.hear(eve, eve.does("Follow", amina.uri))
    post_id, _ = await house.ask(amina, audience="local")
    async with house.node.db.tx() as tx:
        await polling.vote(tx, house.node.node, jonas.id, post_id, [1])
    before = await counted(house.node, ("activities",))
    await house.sweep(hours=25)
    assert await counted(house.node, ("activities",)) == before
    assert (await house.poll(post_id, jonas)).votes == [0, 1, 0]
    assert await house.told(jonas) == ["poll"]


async def test_a_strangers_poll_is_kept_with_its_counts(
    house: House, follower: Actor, vera: Stranger
) -> None:
    asked = question(vera, 3, 0, 7)
    assert await house.hear(vera, vera.does("Create", asked)) == [("done", "")]
    poll = await house.poll(await house.id_of(asked["id"]), follower)
    assert (poll.titles, poll.votes, poll.voters_count) == (list(ANSWERS), [3, 0, 7], 10)
    assert not poll.is_over and not poll.multiple and not poll.hide_totals


async def test_counts_come_without_a_newer_date_and_other_answers_only_with_one(
    house: House, follower: Actor, vera: Stranger
) -> None:
    asked = question(vera, 0, 0, 0)
    await house.hear(vera, vera.does("Create", asked))
    post_id = await house.id_of(asked["id"])
    async with house.node.db.tx() as tx:
        await polling.vote(tx, house.node.node, follower.id, post_id, [1])
    counts = {**question(vera, 1, 1, 0), "id": asked["id"]}
    other = {**question(vera, 5, 5, 5), "id": asked["id"]}
    other["oneOf"] = [{**option, "name": option["name"] + "!"} for option in other["oneOf"]]
    assert await house.hear(vera, vera.does("Update", counts), vera.does("Update", other)) == [
        ("done", ""),
        ("ignored", "not_newer"),
    ]
    poll = await house.poll(post_id, follower)
    assert (poll.votes, poll.own) == ([1, 1, 0], [1])
    other["updated"] = stamp(house.rig.clock.now() + timedelta(seconds=1))
    assert await house.hear(vera, vera.does("Update", other)) == [("done", "")]
    poll = await house.poll(post_id, follower)
    assert (poll.titles[0], poll.votes, poll.own) == ("Samstag!", [5, 5, 5], [])


async def test_only_the_author_tells_the_counts(
    house: House, follower: Actor, vera: Stranger, eve: Stranger
) -> None:
    asked = question(vera, 1, 0, 0)
    await house.hear(vera, vera.does("Create", asked))
    forged = {**question(eve, 99, 0, 0), "id": asked["id"]}
    activity = eve.does("Update", forged)
    await eve.send(house.node, activity)
    await run(house.node)
    assert (await house.poll(await house.id_of(asked["id"]), follower)).votes == [1, 0, 0]


async def test_a_poll_that_closed_early_is_over(house: House, follower: Actor, vera: Stranger) -> None:
    asked = question(vera, 1, 0, 0)
    await house.hear(vera, vera.does("Create", asked))
    closed = {**asked, "closed": stamp(house.rig.clock.now())}
    assert await house.hear(vera, vera.does("Update", closed)) == [("done", "")]
    assert (await house.poll(await house.id_of(asked["id"]), follower)).is_over


class Dialect(msgspec.Struct, frozen=True):
    """How a program writes a poll, and how it is understood."""

    name: str
    fields: dict[str, Any]
    multiple: bool = False
    hide_totals: bool = False
    voters: int | None = None
    endless: bool = False


def _options(**replies: Any) -> list[dict[str, Any]]:
    return [{"type": "Note", "name": title, **replies} for title in ANSWERS]


def _counted(count: Any, **more: Any) -> dict[str, Any]:
    return {"replies": {"type": "Collection", "totalItems": count, **more}}


DIALECTS = [
    Dialect(
        "Mastodon, counts kept back",
        {"oneOf": _options(**_counted(None)), "votersCount": 2},
        hide_totals=True,
        voters=2,
    ),
    Dialect(
        "Pleroma, several",
        {"oneOf": [], "anyOf": _options(**_counted(4)), "votersCount": 4},
        multiple=True,
        voters=4,
    ),
    Dialect(
        "Misskey, no end",
        {"oneOf": _options(**_counted(4), _misskey_votes=4), "endTime": None, "votersCount": None},
        endless=True,
    ),
    Dialect(
        "GoToSocial, an empty warning",
        {"oneOf": _options(**_counted(4, id="https://x.example/r")), "votersCount": 4, "summary": ""},
        voters=4,
    ),
    Dialect(
        "Friendica, a title, counts as text",
        {"oneOf": _options(**_counted("4")), "name": "Wann", "votersCount": "4"},
        voters=4,
    ),
]


@pytest.mark.parametrize("case", DIALECTS, ids=[case.name for case in DIALECTS])
async def test_polls_of_other_programs_are_understood(
    house: House, follower: Actor, vera: Stranger, case: Dialect
) -> None:
    given = question(vera, 0, 0, 0)
    given = {
        name: value for name, value in (given | case.fields).items() if value is not None and value != []
    }
    assert await house.hear(vera, vera.does("Create", given)) == [("done", "")]
    poll = await house.poll(await house.id_of(given["id"]), follower)
    assert poll.titles == list(ANSWERS)
    assert poll.multiple == case.multiple and poll.hide_totals == case.hide_totals
    assert poll.voters_count == case.voters and (poll.ends_at is None) == case.endless
    assert poll.hide_totals or poll.votes == [4, 4, 4]


async def test_res_08_a_poll_of_thousands_of_answers_is_cut_or_refused(
    house: House, follower: Actor, vera: Stranger
) -> None:
    huge = question(vera) | {"oneOf": [{"type": "Note", "name": str(n)} for n in range(12_000)]}
    assert await vera.send(house.node, vera.does("Create", huge)) == 400
    given = question(vera) | {"oneOf": [{"type": "Note", "name": str(n)} for n in range(1_000)]}
    assert await house.hear(vera, vera.does("Create", given)) == [("done", "")]
    assert len((await house.poll(await house.id_of(given["id"]), follower)).titles) == 100


async def test_a_question_without_answers_is_a_plain_post(
    house: House, follower: Actor, vera: Stranger
) -> None:
    given = question(vera) | {"oneOf": []}
    assert await house.hear(vera, vera.does("Create", given)) == [("done", "")]
    async with house.node.db.read() as tx:
        post = await views.get_post(tx, await house.id_of(given["id"]), follower.id)
    assert post.poll is None and post.kind == "Question"


async def test_a_vote_goes_to_the_author_alone_as_a_note_with_a_name(
    house: House, follower: Actor, vera: Stranger
) -> None:
    door = Inboxes(vera.peer, "/u/vera/inbox")
    await house.sweep(minutes=30)  # the wish to follow, which found no door at first, goes out before
    asked = question(vera, 0, 0, 0)
    asked["anyOf"] = asked.pop("oneOf")
    await house.hear(vera, vera.does("Create", asked))
    post_id = await house.id_of(asked["id"])
    async with house.node.db.tx() as tx:
        await polling.vote(tx, house.node.node, follower.id, post_id, [2, 0, 2])
    await run(house.node)
    sent = door.of_type("Create")
    assert [activity["object"]["name"] for activity in sent] == ["Nie", "Samstag"]
    assert len({activity["object"]["id"] for activity in sent}) == 2
    for activity in sent:
        note = activity["object"]
        assert activity["to"] == note["to"] == [vera.uri] and activity["cc"] == note["cc"] == []
        assert note["type"] == "Note" and note["inReplyTo"] == asked["id"] and "content" not in note
    poll = await house.poll(post_id, follower)
    assert (poll.votes, poll.own) == ([1, 0, 1], [0, 2])


async def test_old_counts_are_asked_for_anew_once(house: House, follower: Actor, vera: Stranger) -> None:
    asked = question(vera, 0, 0, 0)
    await house.hear(vera, vera.does("Create", asked))
    post_id = await house.id_of(asked["id"])
    path = asked["id"].removeprefix(vera.peer.origin)
    fresh = {"@context": CONTEXT, **question(vera, 2, 3, 4), "id": asked["id"]}
    vera.peer.documents[path] = fresh
    before = len(vera.peer.requests)
    await polling.refresh(house.node.node, post_id)
    assert len(vera.peer.requests) == before, "fresh enough"
    house.rig.clock.advance(minutes=4)
    await polling.refresh(house.node.node, post_id)
    await polling.refresh(house.node.node, post_id)
    assert len(vera.peer.requests) == before + 1
    assert (await house.poll(post_id, follower)).votes == [2, 3, 4]


async def test_a_poll_its_node_does_not_give_keeps_its_counts(
    house: House, follower: Actor, vera: Stranger
) -> None:
    asked = question(vera, 1, 1, 1)
    await house.hear(vera, vera.does("Create", asked))
    post_id = await house.id_of(asked["id"])
    house.rig.clock.advance(minutes=4)
    await polling.refresh_job(house.node.node, str(post_id))
    assert (await house.poll(post_id, follower)).votes == [1, 1, 1]


async def local(node: Node, handle: str) -> int:
    found = await lookup.resolve_handle(node, handle)
    return found.id


async def test_two_nodes_ask_vote_count_and_end_together(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    amina, olena = await lindenhof.person("amina"), await lernwerk.person("olena")
    far = await local(lindenhof.node, f"@olena@{lernwerk.host}")
    async with lindenhof.db.tx() as tx:
        await follows.follow(tx, lindenhof.node, amina.id, far)
    await rig.settle()
    there, here = House(rig, lernwerk), House(rig, lindenhof)
    post_id, uri = await there.ask(olena)
    await rig.settle()
    copy = await here.id_of(uri)
    async with lindenhof.db.tx() as tx:
        await polling.vote(tx, lindenhof.node, amina.id, copy, [1])
    await rig.settle()
    assert (await there.poll(post_id)).votes == [0, 1, 0]
    rig.clock.advance(minutes=2)
    await lernwerk.sweep()
    await rig.settle()
    poll = await here.poll(copy, amina)
    assert (poll.votes, poll.voters_count, poll.own) == ([0, 1, 0], 1, [1])
    rig.clock.advance(hours=25)
    for node in (lernwerk, lindenhof):
        await node.sweep()
    await rig.settle()
    assert (await here.poll(copy, amina)).is_over
    assert (await here.told(amina)).count("poll") == 1
    assert (await there.told(olena)).count("poll") == 1


async def test_changing_the_answers_drops_the_votes_and_changing_the_end_keeps_them(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    amina, olena = await lindenhof.person("amina"), await lernwerk.person("olena")
    far = await local(lindenhof.node, f"@olena@{lernwerk.host}")
    async with lindenhof.db.tx() as tx:
        await follows.follow(tx, lindenhof.node, amina.id, far)
    await rig.settle()
    there, here = House(rig, lernwerk), House(rig, lindenhof)
    post_id, uri = await there.ask(olena)
    await rig.settle()
    copy = await here.id_of(uri)
    async with lindenhof.db.tx() as tx:
        await polling.vote(tx, lindenhof.node, amina.id, copy, [1])
    await rig.settle()

    async def edit(titles: tuple[str, ...]) -> None:
        rig.clock.advance(minutes=5)
        async with lernwerk.db.tx() as tx:
            draft = Draft(source="Wann denn?", poll=PollDraft(titles=titles, open_s=3600))
            await service.edit_post(tx, lernwerk.node, olena.id, post_id, draft)
        await rig.settle()

    await edit(ANSWERS)
    for where, which in ((there, post_id), (here, copy)):
        poll = await where.poll(which, amina if where is here else olena)
        assert poll.votes == [0, 1, 0] and poll.ends_at is not None
        assert poll.ends_at.hour == 11
    await edit((*ANSWERS, "Immer"))
    for where, which in ((there, post_id), (here, copy)):
        poll = await where.poll(which, amina if where is here else olena)
        assert (poll.votes, poll.own, poll.titles[3]) == ([0, 0, 0, 0], [], "Immer")
    async with lernwerk.db.read() as tx:
        _, versions = await views.list_revisions(tx, post_id, olena.id)
    assert [len(version.poll_options) for version in versions] == [3, 3, 4]


async def test_a_deleted_poll_leaves_a_tombstone_of_its_kind(
    house: House, amina: Actor, eve: Stranger
) -> None:
    door = Inboxes(eve.peer, "/u/eve/inbox")
    await house.hear(eve, eve.does("Follow", amina.uri))
    post_id, uri = await house.ask(amina)
    async with house.node.db.tx() as tx:
        await service.delete_post(tx, house.node.node, amina.id, post_id)
    await run(house.node)
    (gone,) = door.of_type("Delete")
    assert gone["object"]["formerType"] == "Question" and gone["object"]["id"] == uri
    assert await house.hear(eve, vote(eve, uri, "Nie")) == [("ignored", "vote")]
    assert PUBLIC in gone["to"]

"""Polls of ours: votes that arrive, counts told, ends."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
import pytest

from node.features.actors.store.reads import Actor
from node.features.posts import polling, service
from node.features.posts.service import Draft
from node.wire import applying
from tests.node.wire.polls import House, vote
from tests.node.wire.strangers import (
    PUBLIC,
    Inboxes,
    Stranger,
    counted,
    faults,
    known_as,
    outcome,
    run,
)


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


async def test_a_vote_that_is_refused_does_not_send_the_others_of_its_batch_one_by_one(
    house: House, amina: Actor, eve: Stranger, vera: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is refused is returned: raised, it would undo the batch, and each would be worked off alone."""
    _, uri = await house.ask(amina)
    _, hidden = await house.ask(amina, audience="followers")
    for who in (eve, vera):
        await known_as(house.node, who)
    rounds: list[bool] = []
    original = applying.Applying.apply

    async def watched(self: Any, *given: Any, one_by_one: bool = False) -> None:
        rounds.append(one_by_one)
        await original(self, *given, one_by_one=one_by_one)

    monkeypatch.setattr(applying.Applying, "apply", watched)
    given = [(eve, hidden), (eve, uri), (vera, hidden), (vera, uri)]
    votes = [(who, vote(who, where, "Nie")) for who, where in given]
    for who, activity in votes:
        assert await who.send(house.node, activity) == 202
    await run(house.node)
    ends = [await outcome(house.node, activity) for _, activity in votes]
    assert ends == [("refused", "not_visible"), ("done", "")] * 2
    assert rounds and not any(rounds)

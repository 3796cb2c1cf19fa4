"""Polls of strangers in their dialects, and our votes in them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from node.features.actors.store.reads import Actor
from node.features.posts import polling, views
from tests.node.wire.polls import ANSWERS, House, question
from tests.node.wire.strangers import (
    CONTEXT,
    Inboxes,
    Stranger,
    run,
    stamp,
)


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

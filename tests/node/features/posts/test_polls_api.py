"""Polls by programs: asking, looking, voting, and what is refused in Mastodon's words."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from node.features.emoji import store as emoji
from tests.node.features.api_client import (
    EDIT,
    NOTIFICATION,
    POLL,
    POLL_FOR_ANYBODY,
    STATUS,
    ApiClient,
    check,
)
from tests.rig import Rig, RigNode

POLLS = "/api/v1/polls"
ASKED: dict[str, Any] = {"options": ["Samstag", "Sonntag"], "expires_in": 86_400}


async def ask(who: ApiClient, **more: Any) -> dict[str, Any]:
    status: dict[str, Any] = await who.write("Wann?", poll=ASKED | more)
    return status


async def test_a_poll_is_asked_seen_and_answered(
    alice: ApiClient, bob: ApiClient, anybody: ApiClient
) -> None:
    status = await ask(alice)
    check(status, STATUS)
    poll = status["poll"]
    assert (poll["id"], poll["voted"], poll["own_votes"]) == (status["id"], True, [])
    for_anybody = await anybody.get(f"{POLLS}/{poll['id']}")
    check(for_anybody, POLL_FOR_ANYBODY)
    assert "voted" not in for_anybody
    assert (await bob.get(f"{POLLS}/{poll['id']}"))["voted"] is False
    after = await bob.post(f"{POLLS}/{poll['id']}/votes", choices=[1])
    check(after, POLL)
    assert (after["voted"], after["own_votes"], after["votes_count"], after["voters_count"]) == (
        True,
        [1],
        1,
        1,
    )
    assert [option["votes_count"] for option in after["options"]] == [0, 1]
    assert (await bob.get(f"/api/v1/statuses/{status['id']}"))["poll"] == after


@pytest.mark.parametrize(
    "sent", [{"data": {"choices[]": "1"}}, {"json": {"choices": ["1"]}}, {"json": {"choices": [1]}}]
)
async def test_choices_may_come_in_any_form(alice: ApiClient, bob: ApiClient, sent: dict[str, Any]) -> None:
    status = await ask(alice)
    after = await bob.ok("POST", f"{POLLS}/{status['id']}/votes", **sent)
    assert after["own_votes"] == [1]


async def test_a_poll_may_be_asked_by_a_form(alice: ApiClient) -> None:
    form = [
        ("status", "Wann?"), ("poll[options][]", "Ja"), ("poll[options][]", "Nein"), ("poll[expires_in]", "3600"),
        ("poll[multiple]", "true"), ("poll[hide_totals]", "true"),
    ]  # fmt: skip
    status = await alice.ok("POST", "/api/v1/statuses", data=form)
    assert status["poll"]["multiple"] and status["poll"]["options"][0] == {"title": "Ja", "votes_count": None}


class Refused(msgspec.Struct, frozen=True):
    """Choices that do not count, and Mastodon's words for it."""

    choices: list[Any]
    words: str
    poll: dict[str, Any] = {}
    before: list[int] = []
    hours: int = 0
    own: bool = False


REFUSED = {
    "a choice there is not": Refused([2], "The chosen vote option does not exist"),
    "a word": Refused(["Samstag"], "The chosen vote option does not exist"),
    "a negative number": Refused([-1], "The chosen vote option does not exist"),
    "nothing": Refused([], "The chosen vote option does not exist"),
    "two of which one may be chosen": Refused([0, 1], "You have already voted on this poll"),
    "a second time": Refused([1], "You have already voted on this poll", before=[0]),
    "the same again": Refused(
        [0], "You have already voted on this poll", poll={"multiple": True}, before=[0]
    ),
    "too late": Refused([0], "The poll has already ended", hours=25),
    "one's own": Refused([0], "You cannot vote in your own polls", own=True),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
async def test_a_vote_that_cannot_count_is_refused_in_words(
    rig: Rig, alice: ApiClient, bob: ApiClient, case: Refused
) -> None:
    path = f"{POLLS}/{(await ask(alice, **case.poll))['id']}/votes"
    if case.before:
        await bob.post(path, choices=case.before)
    rig.clock.advance(hours=case.hours)
    answer = await (alice if case.own else bob).call("POST", path, json={"choices": case.choices})
    assert (answer.status, answer.body) == (422, {"error": f"Validation failed: {case.words}"})


async def test_where_several_may_be_chosen_more_may_be_added(alice: ApiClient, bob: ApiClient) -> None:
    path = f"{POLLS}/{(await ask(alice, multiple=True))['id']}/votes"
    await bob.post(path, choices=[1])
    after = await bob.post(path, choices=[0])
    assert (after["own_votes"], after["votes_count"], after["voters_count"]) == ([0, 1], 2, 1)


async def test_a_poll_one_may_not_see_is_not_there(
    alice: ApiClient, bob: ApiClient, anybody: ApiClient
) -> None:
    hidden = await alice.write("Wann?", poll=ASKED, visibility="private")
    plain = await alice.write("Nur so")
    for who, poll_id in ((bob, hidden["id"]), (anybody, hidden["id"]), (bob, plain["id"]), (bob, "1")):
        answer = await who.call("GET", f"{POLLS}/{poll_id}")
        assert (answer.status, answer.body) == (404, {"error": "Record not found"})
    for poll_id in (hidden["id"], plain["id"], "1"):
        answer = await bob.call("POST", f"{POLLS}/{poll_id}/votes", json={"choices": [0]})
        assert answer.status == 404


async def test_kept_back_counts_are_shown_at_the_end(rig: Rig, alice: ApiClient, bob: ApiClient) -> None:
    status = await ask(alice, hide_totals=True)
    path = f"{POLLS}/{status['id']}"
    after = await bob.post(f"{path}/votes", choices=[0])
    assert [option["votes_count"] for option in after["options"]] == [None, None]
    rig.clock.advance(hours=25)
    ended = await alice.get(path)
    assert ended["expired"] and [option["votes_count"] for option in ended["options"]] == [1, 0]


async def test_an_edit_with_other_answers_begins_anew_and_the_history_tells(
    rig: Rig, alice: ApiClient, bob: ApiClient
) -> None:
    status = await ask(alice)
    path = f"/api/v1/statuses/{status['id']}"
    await bob.post(f"{POLLS}/{status['id']}/votes", choices=[0])
    rig.clock.advance(minutes=5)
    same = await alice.ok("PUT", path, json={"status": "Wann denn?"})
    assert same["poll"]["votes_count"] == 1
    rig.clock.advance(minutes=5)
    longer = await alice.ok(
        "PUT", path, json={"status": "Wann denn?", "poll": ASKED | {"expires_in": 172_800}}
    )
    assert longer["poll"]["votes_count"] == 1 and longer["poll"]["expires_at"].startswith("2026-11-25")
    rig.clock.advance(minutes=5)
    other = await alice.ok("PUT", path, json={"poll": {"options": ["Ja", "Nein", "Nie"], "expires_in": 3600}})
    assert (other["poll"]["votes_count"], len(other["poll"]["options"])) == (0, 3)
    assert (await bob.get(f"{POLLS}/{status['id']}"))["voted"] is False
    versions = await alice.get(f"{path}/history")
    for version in versions:
        check(version, EDIT)
    assert [len(version["poll"]["options"]) for version in versions] == [2, 2, 2, 3]


async def test_a_post_cannot_become_a_poll(alice: ApiClient) -> None:
    status = await alice.write("Nur so")
    answer = await alice.call(
        "PUT", f"/api/v1/statuses/{status['id']}", json={"status": "Wann?", "poll": ASKED}
    )
    assert (answer.status, answer.body["error"]) == (422, "Validation failed: Poll cannot be added to a post")


async def test_repeating_a_post_asks_once(alice: ApiClient) -> None:
    sent = {"json": {"status": "Wann?", "poll": ASKED}, "headers": {"Idempotency-Key": "k"}}
    first, second = [await alice.ok("POST", "/api/v1/statuses", **sent) for _ in range(2)]
    assert first["id"] == second["id"] and first["poll"] == second["poll"]


async def test_everybody_concerned_is_told_of_the_end(
    rig: Rig, lindenhof: RigNode, alice: ApiClient, bob: ApiClient
) -> None:
    status = await ask(alice)
    await bob.post(f"{POLLS}/{status['id']}/votes", choices=[0])
    rig.clock.advance(hours=25)
    await lindenhof.sweep()
    for who in (alice, bob):
        (told,) = await who.get("/api/v1/notifications", **{"types[]": "poll"})
        check(told, NOTIFICATION)
        assert told["status"]["id"] == status["id"] and told["account"]["id"] == alice.id


async def test_a_poll_in_a_timeline_is_whole(alice: ApiClient, bob: ApiClient) -> None:
    for number in range(3):
        await ask(alice, options=[f"Ja {number}", "Nein"])
    for status in await bob.get("/api/v1/timelines/public", local="true"):
        check(status, STATUS)
        assert status["poll"]["options"][0]["title"].startswith("Ja")


async def test_reactions_stand_beside_favourites(
    lindenhof: RigNode, alice: ApiClient, bob: ApiClient
) -> None:
    status = await alice.write("Hallo")
    async with lindenhof.db.tx() as tx:
        for text, picture in (("🎉", ""), (":bee:", "https://peer.example/bee.png")):
            new = emoji.NewReaction(
                uri=f"https://peer.example/{text}", actor_id=int(bob.id), post_id=int(status["id"]), emoji=text,
                picture_url=picture,
            )  # fmt: skip
            assert await emoji.put_reaction(tx, new, 10)
        await tx.execute(
            """INSERT INTO notifications (id, owner_id, kind, actor_id, post_id, created_at)
               VALUES ($1, $2, 'reaction', $3, $4, now())""",
            tx.new_id(), int(alice.id), int(bob.id), int(status["id"]),
        )  # fmt: skip
    shown = await bob.get(f"/api/v1/statuses/{status['id']}")
    check(shown, STATUS)
    party, bee = shown["emoji_reactions"]
    assert party == {"name": "🎉", "count": 1, "me": True} and shown["favourites_count"] == 0
    assert (bee["name"], bee["url"].startswith(f"{lindenhof.origin}/media/proxy/")) == ("bee", True)
    (told,) = await alice.get("/api/v1/notifications", **{"types[]": "pleroma:emoji_reaction"})
    check(told, NOTIFICATION)
    assert (told["type"], told["emoji"]) == ("pleroma:emoji_reaction", ":bee:")
    assert await alice.get("/api/v1/notifications", **{"exclude_types[]": "pleroma:emoji_reaction"}) == []
    (group,) = (await alice.get("/api/v2/notifications"))["notification_groups"]
    assert group["type"] == "pleroma:emoji_reaction"

"""Quotes from other programs: every way they are said, and leave that is only believed when it is true."""

from __future__ import annotations

from typing import Any

import pytest

from node.features.actors.store.reads import Actor
from node.features.posts import service as posts
from node.features.posts import views
from node.features.posts.service import Draft
from node.features.posts.store import writes
from tests.node.wire.strangers import PUBLIC, Inboxes, Stranger, counted, known_as, outcome, run
from tests.rig import Rig, RigNode

QUOTED = "https://misskey-hub.net/ns#_misskey_quote"


async def work(rig: Rig, node: RigNode, who: Stranger, activity: dict[str, Any]) -> tuple[str, str]:
    rig.clock.advance(seconds=1)
    assert await who.send(node, activity) == 202
    await run(node)
    return await outcome(node, activity)


async def written(node: RigNode, author: Actor, **draft: Any) -> str:
    async with node.db.tx() as tx:
        post_id = await posts.write_post(tx, node.node, author.id, Draft(source="Bread in the yard", **draft))
        return (await writes.get_post(tx, post_id)).uri


async def state_of(node: RigNode, uri: str) -> str:
    async with node.db.read() as tx:
        row = await writes.find_by_uri(tx, uri)
        assert row is not None
        post = await views.get_post(tx, row.id, None)
    return post.quote.shown_state if post.quote else "none"


def leave(who: Stranger, quoting: str, quoted: str, **more: Any) -> str:
    """Serve a QuoteAuthorization at who's house; its address."""
    uri = who.peer.uri("/leave/1")
    who.peer.documents["/leave/1"] = {
        "@context": "https://www.w3.org/ns/activitystreams", "id": uri, "type": "QuoteAuthorization",
        "attributedTo": who.uri, "interactingObject": quoting, "interactionTarget": quoted, **more,
    }  # fmt: skip
    return uri


WAYS = {
    "FEP-044f": lambda uri: {"quote": uri},
    "Misskey": lambda uri: {"_misskey_quote": uri, "quoteUrl": uri},
    "Fedibird": lambda uri: {"quoteUri": uri},
    "Akkoma": lambda uri: {"quoteUri": uri, "quoteUrl": uri},
    "Threads": lambda uri: {"tag": [{
        "type": "Link", "rel": QUOTED, "href": uri, "name": f"RE: {uri}",
        "mediaType": 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'}]},
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
async def test_a_quote_without_leave_stays_a_link_however_it_is_said(
    rig: Rig, lindenhof: RigNode, follower: Actor, vera: Stranger, way: str
) -> None:
    quoted = await written(lindenhof, follower)
    note = vera.note(**WAYS[way](quoted))
    assert await work(rig, lindenhof, vera, vera.does("Create", note)) == ("done", "")
    assert await state_of(lindenhof, note["id"]) == "pending"


async def test_a_quote_of_oneself_needs_no_leave(
    rig: Rig, lindenhof: RigNode, follower: Actor, vera: Stranger
) -> None:
    first = vera.note()
    vera.peer.documents["/n/vera-1"] = first
    second = vera.note(quote=first["id"])
    await work(rig, lindenhof, vera, vera.does("Create", first))
    await work(rig, lindenhof, vera, vera.does("Create", second))
    assert await state_of(lindenhof, second["id"]) == "accepted"


async def quote_of_eve(vera: Stranger, eve: Stranger, **more: Any) -> tuple[dict[str, Any], str]:
    first = eve.note()
    eve.peer.documents[first["id"].removeprefix(eve.peer.uri(""))] = first
    return vera.note(quote=first["id"], **more), first["id"]


async def test_leave_served_by_the_quoted_host_counts(
    rig: Rig, lindenhof: RigNode, follower: Actor, vera: Stranger, eve: Stranger
) -> None:
    note, quoted = await quote_of_eve(vera, eve)
    note["quoteAuthorization"] = leave(eve, note["id"], quoted)
    assert await work(rig, lindenhof, vera, vera.does("Create", note)) == ("done", "")
    assert await state_of(lindenhof, note["id"]) == "accepted"


FORGED = {
    "for another post": {"interactingObject": "https://elsewhere.example/1"},
    "of another post": {"interactionTarget": "https://elsewhere.example/1"},
    "by somebody else": {"attributedTo": "https://elsewhere.example/u"},
    "of another kind": {"type": "Note"},
}


@pytest.mark.parametrize("fault", FORGED)
async def test_leave_that_does_not_fit_does_not_count(
    rig: Rig, lindenhof: RigNode, follower: Actor, vera: Stranger, eve: Stranger, fault: str
) -> None:
    note, quoted = await quote_of_eve(vera, eve)
    note["quoteAuthorization"] = leave(eve, note["id"], quoted, **FORGED[fault])
    await work(rig, lindenhof, vera, vera.does("Create", note))
    assert await state_of(lindenhof, note["id"]) == "pending"


async def test_leave_written_by_the_quoting_host_does_not_count(
    rig: Rig, lindenhof: RigNode, follower: Actor, vera: Stranger, eve: Stranger
) -> None:
    note, quoted = await quote_of_eve(vera, eve)
    note["quoteAuthorization"] = leave(vera, note["id"], quoted, attributedTo=eve.uri)
    await work(rig, lindenhof, vera, vera.does("Create", note))
    assert await state_of(lindenhof, note["id"]) == "pending"


async def test_leave_that_comes_later_counts_without_a_newer_text(
    rig: Rig, lindenhof: RigNode, follower: Actor, vera: Stranger, eve: Stranger
) -> None:
    note, quoted = await quote_of_eve(vera, eve)
    await work(rig, lindenhof, vera, vera.does("Create", note))
    assert await state_of(lindenhof, note["id"]) == "pending"
    agreed = note | {"quoteAuthorization": leave(eve, note["id"], quoted)}
    assert await work(rig, lindenhof, vera, vera.does("Update", agreed)) == ("ignored", "not_newer")
    assert await state_of(lindenhof, note["id"]) == "accepted"
    gone = eve.does("Delete", agreed["quoteAuthorization"])
    fake = vera.does("Delete", agreed["quoteAuthorization"])
    assert await work(rig, lindenhof, vera, fake) == ("refused", "not_owner")
    assert await work(rig, lindenhof, eve, gone) == ("done", "")
    assert await state_of(lindenhof, note["id"]) == "revoked"
    await work(rig, lindenhof, vera, vera.does("Update", agreed))
    assert await state_of(lindenhof, note["id"]) == "revoked", "what was taken back stays so"


async def test_a_boost_is_no_post_to_quote(  # ORG-18
    rig: Rig, lindenhof: RigNode, follower: Actor, vera: Stranger, eve: Stranger
) -> None:
    boost = eve.does("Announce", follower.uri)
    eve.peer.documents[boost["id"].removeprefix(eve.peer.uri(""))] = boost
    note = vera.note(quote=boost["id"])
    before = await counted(lindenhof, ("posts", "boosts"))
    assert await work(rig, lindenhof, vera, vera.does("Create", note)) == ("done", "")
    assert await counted(lindenhof, ("posts", "boosts")) == before | {"posts": before["posts"] + 1}
    assert await state_of(lindenhof, note["id"]) == "pending"


def wish(who: Stranger, quoted: str, **note: Any) -> dict[str, Any]:
    shown = who.note(quote=quoted, **note)
    return who.does("QuoteRequest", quoted, instrument=shown)


async def answers(rig: Rig, node: RigNode, boxes: Inboxes) -> list[dict[str, Any]]:
    await rig.settle()
    return [document for _, document in boxes.received if document["type"] in ("Accept", "Reject")]


async def test_a_wish_is_answered_with_leave_that_can_be_fetched(
    rig: Rig, lindenhof: RigNode, amina: Actor, vera: Stranger
) -> None:
    boxes = Inboxes(vera.peer, "/u/vera/inbox", "/inbox")
    quoted = await written(lindenhof, amina)
    asked = wish(vera, quoted)
    assert await work(rig, lindenhof, vera, asked) == ("done", "")
    answer = (await answers(rig, lindenhof, boxes))[0]
    assert (answer["type"], answer["object"]["id"]) == ("Accept", asked["id"])
    assert answer["object"]["instrument"] == asked["instrument"]["id"]
    assert answer["result"].startswith(lindenhof.origin)
    assert await state_of(lindenhof, asked["instrument"]["id"]) == "accepted"
    again = {**asked, "id": vera.new_id("a")}
    assert await work(rig, lindenhof, vera, again) == ("done", "")
    repeated = await answers(rig, lindenhof, boxes)
    assert [one["result"] for one in repeated] == [answer["result"]] * 2, "asked twice, the same leave"


async def test_a_wish_that_names_its_post_by_address_has_it_fetched(
    rig: Rig, lindenhof: RigNode, amina: Actor, vera: Stranger
) -> None:
    boxes = Inboxes(vera.peer, "/u/vera/inbox", "/inbox")
    asked = wish(vera, await written(lindenhof, amina))
    vera.peer.documents["/n/vera-1"] = asked["instrument"]
    asked["instrument"] = asked["instrument"]["id"]
    assert await work(rig, lindenhof, vera, asked) == ("done", "")
    assert (await answers(rig, lindenhof, boxes))[0]["type"] == "Accept"


async def test_a_wish_for_what_nobody_may_quote_gets_no(
    rig: Rig, lindenhof: RigNode, amina: Actor, vera: Stranger
) -> None:
    boxes = Inboxes(vera.peer, "/u/vera/inbox", "/inbox")
    quoted = await written(lindenhof, amina, quote_policy="nobody")
    asked = wish(vera, quoted)
    assert await work(rig, lindenhof, vera, asked) == ("done", "")
    assert (await answers(rig, lindenhof, boxes))[0]["type"] == "Reject"
    assert (await counted(lindenhof, ("quotes", "quote_stamps"))) == {"quotes": 0, "quote_stamps": 0}


BAD_WISHES = {
    "another's post": (lambda w, v, e: w["instrument"].update(attributedTo=e.uri), ("ignored", "quoting_post_unknown")),
    "quotes something else": (lambda w, v, e: w["instrument"].update(quote=v.uri), ("refused", "not_owner")),
    "names no post": (lambda w, v, e: w.pop("instrument"), ("ignored", "quoting_post_unknown")),
}  # fmt: skip


@pytest.mark.parametrize("fault", BAD_WISHES)
async def test_a_wish_that_is_not_straight_has_no_effect(
    rig: Rig, lindenhof: RigNode, amina: Actor, vera: Stranger, eve: Stranger, fault: str
) -> None:
    spoil, end = BAD_WISHES[fault]
    asked = wish(vera, await written(lindenhof, amina))
    spoil(asked, vera, eve)
    assert await work(rig, lindenhof, vera, asked) == end
    assert (await counted(lindenhof, ("quotes", "quote_stamps"))) == {"quotes": 0, "quote_stamps": 0}


async def test_a_wish_for_a_hidden_or_unknown_post_is_told_nothing(
    rig: Rig, lindenhof: RigNode, amina: Actor, vera: Stranger
) -> None:
    await known_as(lindenhof, vera)
    hidden = await written(lindenhof, amina, audience="followers")
    assert await work(rig, lindenhof, vera, wish(vera, hidden)) == ("refused", "not_visible")
    nowhere = f"{lindenhof.origin}/ap/notes/77"
    assert await work(rig, lindenhof, vera, wish(vera, nowhere)) == ("ignored", "post_unknown")


async def test_only_who_was_asked_can_answer(
    rig: Rig, lindenhof: RigNode, follower: Actor, vera: Stranger, eve: Stranger
) -> None:
    note = vera.note(interactionPolicy={"canQuote": {"manualApproval": [PUBLIC]}})
    vera.peer.documents["/n/vera-1"] = note
    await work(rig, lindenhof, vera, vera.does("Create", note))
    async with lindenhof.db.read() as tx:
        quoted = await writes.find_by_uri(tx, note["id"])
    assert quoted is not None
    mine = await written(lindenhof, follower, quoted_id=quoted.id)
    assert await state_of(lindenhof, mine) == "pending"
    uri, said = f"{mine}#quote-request", {"result": eve.peer.uri("/leave/1")}
    await known_as(lindenhof, eve)
    assert await work(rig, lindenhof, eve, eve.does("Accept", uri, **said)) == ("refused", "not_asked")
    assert await work(rig, lindenhof, vera, vera.does("Accept", uri, **said)) == ("refused", "no_leave_named")
    assert await work(rig, lindenhof, vera, vera.does("Accept", uri)) == ("refused", "no_leave_named")
    agreed = vera.does("Accept", uri, result=leave(vera, mine, note["id"]))
    assert await work(rig, lindenhof, vera, agreed) == ("done", "")
    assert await state_of(lindenhof, mine) == "accepted"
    assert await work(rig, lindenhof, vera, vera.does("Reject", uri)) == ("done", "")
    assert await state_of(lindenhof, mine) == "revoked"
    assert await work(rig, lindenhof, vera, {**agreed, "id": vera.new_id("a")}) == (
        "ignored",
        "known_already",
    )

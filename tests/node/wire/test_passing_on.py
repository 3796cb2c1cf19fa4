"""Announces of announces, of one's own, and of what is no more; Tombstones wherever they turn up."""

from __future__ import annotations

from typing import Any

import pytest

from node.features.actors.store.reads import Actor
from node.features.posts import reactions, views
from tests.node.wire.strangers import CONTEXT, Stranger, counted, faults, outcome, run
from tests.node.wire.test_states import Line, one_post, shown_to, told
from tests.rig import Rig, RigNode


@pytest.fixture
def line(rig: Rig, lindenhof: RigNode) -> Line:
    return Line(rig, lindenhof)


async def boosts(node: RigNode, uri: str) -> int:
    async with node.db.read() as tx:
        found: int = await tx.fetchval("SELECT boosts_count FROM posts WHERE uri = $1", uri)
    return found


def put_up(who: Stranger, document: dict[str, Any]) -> str:
    """Let the stranger's house give a document under its id."""
    path = document["id"].removeprefix(who.peer.origin)
    who.peer.documents[path] = {"@context": CONTEXT, **document}
    uri: str = document["id"]
    return uri


async def test_passing_on_our_own_boost_passes_the_post_on(line: Line, amina: Actor, eve: Stranger) -> None:
    post_id, uri = await one_post(line.node, amina)
    async with line.node.db.tx() as tx:
        boost_id = await reactions.boost(tx, line.node.node, amina.id, post_id)
    ours = f"{line.node.origin}/ap/announces/{boost_id}"
    assert await line.work(eve, eve.does("Announce", ours)) == [("done", "")]
    assert await boosts(line.node, uri) == 2
    assert "reblog" in await told(line.node, amina.id)


async def test_passing_on_a_boost_we_hold_asks_nobody(
    line: Line, follower: Actor, vera: Stranger, eve: Stranger
) -> None:
    _, uri = await one_post(line.node, follower)
    first = eve.does("Announce", uri)
    await line.work(eve, first)
    before = len(eve.peer.requests)
    assert await line.work(vera, vera.does("Announce", first["id"])) == [("done", "")]
    assert len(eve.peer.requests) == before
    assert await boosts(line.node, uri) == 2


async def test_passing_on_a_boost_nobody_knows_fetches_the_post_it_is_of(
    line: Line, follower: Actor, vera: Stranger, eve: Stranger
) -> None:
    note = eve.note("<p>Weit her</p>")
    put_up(eve, note)
    middle = put_up(eve, eve.does("Announce", note["id"]))
    assert await line.work(vera, vera.does("Announce", middle)) == [("done", "")]
    assert await boosts(line.node, note["id"]) == 1
    assert len(await shown_to(line.node, follower.id)) == 1
    assert await faults(line.node) == []


async def test_a_boost_that_lies_on_a_foreign_host_is_no_way_to_a_post(
    line: Line, follower: Actor, vera: Stranger, eve: Stranger
) -> None:
    note = eve.note("<p>Weit her</p>")
    put_up(eve, note)
    lying = put_up(vera, {**eve.does("Announce", note["id"]), "id": vera.new_id("a")})
    (end,) = await line.work(vera, vera.does("Announce", lying))
    assert end[0] in ("ignored", "refused")
    assert await counted(line.node, ("posts", "boosts")) == {"posts": 0, "boosts": 0}


async def test_boosts_of_boosts_in_a_ring_end(line: Line, follower: Actor, vera: Stranger) -> None:
    first, second = vera.new_id("a"), vera.new_id("a")
    put_up(vera, {**vera.does("Announce", second), "id": first})
    put_up(vera, {**vera.does("Announce", first), "id": second})
    assert await line.work(vera, vera.does("Announce", first)) == [("ignored", "post_unknown")]


async def test_somebody_passes_on_their_own_followers_post_and_others_cannot(
    line: Line, follower: Actor, vera: Stranger, eve: Stranger
) -> None:
    note = vera.note(to=[f"{vera.uri}/followers"], cc=[])
    ends = await line.work(vera, vera.does("Create", note), vera.does("Announce", note["id"]))
    assert ends == [("done", ""), ("done", "")]
    assert await line.work(eve, eve.does("Announce", note["id"])) == [("refused", "not_public")]
    assert await boosts(line.node, note["id"]) == 1
    assert len(await shown_to(line.node, follower.id)) == 1


async def test_a_member_passing_on_a_boost_passes_on_the_post(line: Line, amina: Actor) -> None:
    jonas = await line.node.person("jonas")
    post_id, uri = await one_post(line.node, amina)
    async with line.node.db.tx() as tx:
        await reactions.boost(tx, line.node.node, amina.id, post_id)
        await reactions.boost(tx, line.node.node, jonas.id, post_id)
        assert (await views.get_post(tx, post_id, jonas.id)).boosts_count == 2
    assert await boosts(line.node, uri) == 2


async def test_a_tombstone_is_nothing_to_create_pass_on_or_like(
    line: Line, follower: Actor, vera: Stranger
) -> None:
    gone = {"id": vera.new_id("n"), "type": "Tombstone", "formerType": "Note"}
    put_up(vera, gone)
    before = await counted(line.node, ("posts", "boosts", "likes"))
    ends = await line.work(
        vera,
        vera.does("Create", gone),
        vera.does("Update", gone),
        vera.does("Announce", gone["id"]),
        vera.does("Like", gone["id"]),
    )
    assert ends == [
        ("ignored", "unknown_object"),
        ("ignored", "unknown_object"),
        ("ignored", "post_unknown"),
        ("ignored", "post_unknown"),
    ]
    assert await counted(line.node, ("posts", "boosts", "likes")) == before


@pytest.mark.parametrize("spelled", ["id", "Tombstone", "Question", "with a former type", "without a type"])
async def test_a_poll_may_be_deleted_in_every_spelling(
    line: Line, follower: Actor, vera: Stranger, spelled: str
) -> None:
    asked = vera.note(type="Question", oneOf=[{"type": "Note", "name": name} for name in "ab"])
    uri = asked["id"]
    thing: Any = {
        "id": uri,
        "Tombstone": {"id": uri, "type": "Tombstone"},
        "Question": {"id": uri, "type": "Question"},
        "with a former type": {
            "id": uri,
            "type": "Tombstone",
            "formerType": "Question",
            "deleted": "2026-11-23T10:00:00Z",
        },
        "without a type": {"id": uri},
    }[spelled]
    assert await line.work(vera, vera.does("Create", asked), vera.does("Delete", thing)) == [("done", "")] * 2
    assert await counted(line.node, ("posts", "polls", "poll_options")) == dict.fromkeys(
        ("posts", "polls", "poll_options"), 0
    )
    again = vera.does("Create", asked)
    await line.work(vera, again)
    assert (await outcome(line.node, again))[0] == "ignored"
    await run(line.node)

"""A group moves: from elsewhere to elsewhere, to a group or to something that is none, and back and forth."""

from __future__ import annotations

from typing import Any

import pytest

from node.features.actors.store.reads import Actor
from node.features.follows import service as follows
from tests.federation.peers import Peer
from tests.node.wire.conftest import amina, eve, peers, vera  # noqa: F401  (people of elsewhere)
from tests.node.wire.strangers import Inboxes, Stranger, known_as, outcome, run
from tests.rig import Rig, RigNode


class Circle(Stranger):
    """A group of another house: Lemmy's, Mbin's or Friendica's moves look alike."""

    def __init__(self, peer: Peer, name: str, **more: Any) -> None:
        super().__init__(peer, name, type="Group", **more)
        self.door = Inboxes(peer, f"/u/{name}/inbox")


@pytest.fixture
async def old(rig: Rig, lindenhof: RigNode, amina: Actor, peers: list[Peer]) -> Circle:  # noqa: F811
    """A group Amina follows."""
    made = Circle(peers[0], "seeds")
    there = await known_as(lindenhof, made)
    async with lindenhof.db.tx() as tx:
        await follows.follow(tx, lindenhof.node, amina.id, there.id)
        uri = await tx.fetchval("SELECT uri FROM follows WHERE follower_id = $1", amina.id)
    await run(lindenhof)
    assert await made.send(lindenhof, made.does("Accept", uri)) == 202
    await run(lindenhof)
    return made


async def followed(node: RigNode, who: Actor) -> list[tuple[str, str, str]]:
    """Whom somebody follows: kind, name, state."""
    async with node.db.read() as tx:
        rows = await tx.fetch(
            """SELECT a.kind, a.username, f.state FROM follows f JOIN actors a ON a.id = f.followee_id
               WHERE f.follower_id = $1 ORDER BY f.id""",
            who.id,
        )
    return [(row["kind"], row["username"], row["state"]) for row in rows]


async def test_a_group_that_moves_takes_its_followers_along(
    rig: Rig, lindenhof: RigNode, amina: Actor, old: Circle, peers: list[Peer]  # noqa: F811
) -> None:  # fmt: skip
    new = Circle(peers[1], "seeds_new", alsoKnownAs=[old.uri])
    move = old.does("Move", {"id": old.uri, "type": "Group"}, target=new.uri)
    rig.clock.advance(seconds=1)
    assert await old.send(lindenhof, move, now=rig.clock.now()) == 202
    await run(lindenhof)
    assert await outcome(lindenhof, move) == ("done", "")
    assert await followed(lindenhof, amina) == [("Group", "seeds_new", "asked")]
    assert [act["object"] for act in new.door.of_type("Follow")] == [new.uri]
    assert [act["object"]["object"] for act in old.door.of_type("Undo")] == [old.uri]
    accept = new.does("Accept", new.door.of_type("Follow")[0])
    rig.clock.advance(seconds=1)
    await new.send(lindenhof, accept, now=rig.clock.now())
    await run(lindenhof)
    assert await followed(lindenhof, amina) == [("Group", "seeds_new", "accepted")]


@pytest.mark.parametrize(
    ("target", "end"),
    [
        ({}, ("refused", "not_an_alias")),
        ({"alsoKnownAs": ["https://elsewhere.example/c/seeds"]}, ("refused", "not_an_alias")),
    ],
    ids=["no alias", "another's alias"],
)
async def test_a_group_moves_only_where_it_is_named(
    rig: Rig, lindenhof: RigNode, amina: Actor, old: Circle, peers: list[Peer],  # noqa: F811
    target: dict[str, Any], end: tuple[str, str],
) -> None:  # fmt: skip
    new = Circle(peers[1], "seeds_new", **target)
    move = old.does("Move", old.uri, target=new.uri)
    await old.send(lindenhof, move)
    await run(lindenhof)
    assert await outcome(lindenhof, move) == end
    assert await followed(lindenhof, amina) == [("Group", "seeds", "accepted")]


async def test_nobody_else_moves_a_group(
    lindenhof: RigNode, amina: Actor, old: Circle, eve: Stranger, peers: list[Peer]  # noqa: F811
) -> None:  # fmt: skip
    """Not even somebody of the group's own house."""
    new = Circle(peers[1], "seeds_new", alsoKnownAs=[old.uri])
    move = eve.does("Move", old.uri, target=new.uri)
    await eve.send(lindenhof, move)
    await run(lindenhof)
    assert await outcome(lindenhof, move) == ("refused", "not_owner")
    assert await followed(lindenhof, amina) == [("Group", "seeds", "accepted")]

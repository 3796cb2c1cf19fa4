"""Houses that follow houses, and relays: public posts reach who follows nobody there, and nothing else does."""

from __future__ import annotations

from typing import Any

import pytest

from node.db.rows import Window
from node.errors import NodeError
from node.features.actors.store.reads import Actor
from node.features.neighbours import finding, service
from node.features.posts import service as posts
from node.features.posts import views
from node.features.posts.service import Draft
from node.features.reading import store as reading
from tests.federation.peers import Peer
from tests.node.features.readers import signed_in, write
from tests.node.wire.strangers import PUBLIC, Inboxes, Stranger, outcome, run
from tests.rig import Rig, RigNode


async def world(node: RigNode) -> list[str]:
    """What stands under “Everyone we know”."""
    async with node.db.read() as tx:
        entries = await reading.list_public(tx, None, Window(), reading.Which(remote=True))
        return [post.html for post in await views.list_posts(tx, [e.post_id for e in entries], None)]


async def let(node: RigNode, policy: str) -> None:
    async with node.db.tx() as tx:
        await service.choose_policy(tx, policy)


async def neighbours(node: RigNode) -> service.Neighbours:
    async with node.db.tx() as tx:
        return await service.list_neighbours(tx, node.node)


async def answer(node: RigNode, *, accept: bool) -> None:
    follower = (await neighbours(node)).followers[0]
    async with node.db.tx() as tx:
        await service.answer(tx, node.node, follower.actor_id, accept=accept)


@pytest.fixture
async def linked(rig: Rig, lindenhof: RigNode, lernwerk: RigNode) -> Actor:
    """Lindenhof follows Lernwerk as a house; Olena lives there."""
    await let(lernwerk, "open")
    assert await finding.add(lindenhof.node, "house", lernwerk.host) == "asked"
    await rig.settle()
    return await lernwerk.person("olena")


async def test_public_posts_of_a_followed_house_arrive_change_and_end(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode, linked: Actor
) -> None:
    post = await write(lernwerk, linked, "The course begins")
    await write(lernwerk, linked, "quietly", audience="unlisted")
    await write(lernwerk, linked, "for followers", audience="followers")
    await write(lernwerk, linked, "for the house", audience="local")
    await rig.settle()
    assert await world(lindenhof) == ["<p>The course begins</p>"]
    async with lindenhof.db.read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM boosts") == 0
        assert await tx.fetchval("SELECT count(*) FROM posts") == 1
    rig.clock.advance(minutes=1)
    async with lernwerk.db.tx() as tx:
        await posts.edit_post(tx, lernwerk.node, linked.id, post, Draft(source="The course begins at nine"))
    await rig.settle()
    assert await world(lindenhof) == ["<p>The course begins at nine</p>"]
    async with lernwerk.db.tx() as tx:
        await posts.delete_post(tx, lernwerk.node, linked.id, post)
    await rig.settle()
    assert await world(lindenhof) == []


async def test_a_house_waits_until_somebody_says_yes_and_gets_nothing_after_a_no(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    olena = await lernwerk.person("olena")
    await finding.add(lindenhof.node, "house", lernwerk.host)
    await rig.settle()
    assert [one.state for one in (await neighbours(lernwerk)).followers] == ["asked"]
    await write(lernwerk, olena, "before")
    await rig.settle()
    await answer(lernwerk, accept=True)
    await rig.settle()
    assert [one.state for one in (await neighbours(lindenhof)).followed] == ["accepted"]
    await write(lernwerk, olena, "between")
    await rig.settle()
    await answer(lernwerk, accept=False)
    await rig.settle()
    await write(lernwerk, olena, "after")
    await rig.settle()
    assert await world(lindenhof) == ["<p>between</p>"]
    assert (await neighbours(lindenhof)).followed == []


async def test_a_closed_house_is_not_followed_and_people_never_follow_a_house(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode, eve: Stranger
) -> None:
    await let(lernwerk, "closed")
    await finding.add(lindenhof.node, "house", lernwerk.host)
    await rig.settle()
    assert (await neighbours(lernwerk)).followers == []
    await let(lernwerk, "open")
    follow = eve.does("Follow", lernwerk.node.uri("/actor"))
    assert await eve.send(lernwerk, follow) == 202
    await run(lernwerk)
    assert await outcome(lernwerk, follow) == ("refused", "not_followable")


async def test_a_house_is_left_again(rig: Rig, lindenhof: RigNode, lernwerk: RigNode, linked: Actor) -> None:
    followed = (await neighbours(lindenhof)).followed[0]
    async with lindenhof.db.tx() as tx:
        await service.leave(tx, lindenhof.node, followed.actor_id)
    await rig.settle()
    assert (await neighbours(lernwerk)).followers == (await neighbours(lindenhof)).followed == []


@pytest.mark.parametrize("text", ["", "::", "localhost", "http://localhost:1/x", "self"])
async def test_an_address_without_a_house_is_said_to_be_none(lindenhof: RigNode, text: str) -> None:
    with pytest.raises(NodeError) as refused:
        await finding.find_house(lindenhof.node, lindenhof.host if text == "self" else text)
    assert (refused.value.code, refused.value.field) == ("invalid", "address")


class Relay:
    """A relay at a stranger's house: it takes follows at its inbox and passes on what it likes."""

    def __init__(self, peer: Peer) -> None:
        peer.person("/actor", _key("relay"), type="Application", preferredUsername="relay")
        self.who = Stranger(peer, "relay")
        self.who.uri = peer.uri("/actor")
        peer.documents["/actor"]["inbox"] = peer.uri("/inbox")
        self.who.signer = self.who.signer.__class__(f"{self.who.uri}#main-key", _key("relay"))
        self.inbox = Inboxes(peer, "/inbox")
        self.address = peer.uri("/inbox")

    async def accept(self, node: RigNode) -> None:
        """Say yes to what was asked."""
        await run(node)
        follow = self.inbox.of_type("Follow")[0]
        assert await self.who.send(node, self.who.does("Accept", follow)) == 202
        await run(node)


def _key(name: str) -> Any:
    from tests.federation.peers import key

    return key(name)


@pytest.fixture
async def relay(peers: list[Peer]) -> Relay:
    return Relay(peers[1])


def served(who: Stranger, note: dict[str, Any]) -> str:
    who.peer.documents[note["id"].removeprefix(who.peer.origin)] = note
    return note["id"]


async def test_a_relay_is_asked_for_everything_and_gets_our_public_posts(
    lindenhof: RigNode, amina: Actor, relay: Relay
) -> None:
    assert await finding.add(lindenhof.node, "relay", relay.address) == "asked"
    await write(lindenhof, amina, "before it said yes")
    await relay.accept(lindenhof)
    follow = relay.inbox.of_type("Follow")[0]
    assert (follow["actor"], follow["object"]) == (lindenhof.node.uri("/actor"), PUBLIC)
    post = await write(lindenhof, amina, "for everybody")
    await write(lindenhof, amina, "quiet", audience="unlisted")
    await write(lindenhof, amina, "for few", audience="followers")
    await run(lindenhof)
    assert [said["object"]["id"] for said in relay.inbox.of_type("Create")] == [
        lindenhof.node.uri(f"/ap/notes/{post}")
    ]
    async with lindenhof.db.tx() as tx:
        await posts.delete_post(tx, lindenhof.node, amina.id, post)
        await service.leave(
            tx, lindenhof.node, (await service.list_neighbours(tx, lindenhof.node)).relays[0].actor_id
        )
    await run(lindenhof)
    assert len(relay.inbox.of_type("Delete")) == 1
    assert relay.inbox.of_type("Undo")[0]["object"]["object"] == PUBLIC


async def test_a_relay_followed_by_its_actor_follows_back_and_is_told_of_posts(
    lindenhof: RigNode, amina: Actor, relay: Relay
) -> None:
    await finding.add(lindenhof.node, "relay", relay.who.uri)
    await relay.accept(lindenhof)
    assert relay.inbox.of_type("Follow")[0]["object"] == relay.who.uri
    await relay.who.send(lindenhof, relay.who.does("Follow", lindenhof.node.uri("/actor")))
    await run(lindenhof)
    assert len(relay.inbox.of_type("Accept")) == 1
    post = await write(lindenhof, amina, "for everybody")
    await run(lindenhof)
    assert [said["object"] for said in relay.inbox.of_type("Announce")] == [
        lindenhof.node.uri(f"/ap/notes/{post}")
    ]


@pytest.mark.parametrize("form", ["announce", "raw"])
async def test_what_a_relay_points_at_is_read_at_its_own_house(
    lindenhof: RigNode, eve: Stranger, relay: Relay, form: str
) -> None:
    """What the relay says the post says counts for nothing (ORG-01)."""
    await finding.add(lindenhof.node, "relay", relay.address)
    await relay.accept(lindenhof)
    note = eve.note("<p>true</p>")
    create = eve.does("Create", note)
    served(eve, note)
    served(eve, create)
    told = {**note, "content": "<p>forged</p>"}
    activity = relay.who.does("Announce", told) if form == "announce" else {**create, "object": told}
    assert await relay.who.send(lindenhof, activity) == 202
    await run(lindenhof)
    assert await world(lindenhof) == ["<p>true</p>"]
    async with lindenhof.db.read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM boosts") == 0


@pytest.mark.parametrize("form", ["announce", "raw"])
@pytest.mark.parametrize("asked", [True, False])
async def test_nothing_is_taken_from_a_relay_that_did_not_say_yes(
    lindenhof: RigNode, eve: Stranger, relay: Relay, form: str, asked: bool
) -> None:
    if asked:
        await finding.add(lindenhof.node, "relay", relay.address)
        await run(lindenhof)
    note = eve.note("<p>true</p>")
    create = eve.does("Create", note)
    served(eve, note)
    served(eve, create)
    activity = relay.who.does("Announce", note["id"]) if form == "announce" else create
    await relay.who.send(lindenhof, activity)
    await run(lindenhof)
    assert await world(lindenhof) == []
    assert await outcome(lindenhof, activity) == ("ignored", "nobody_here_asked")
    if form == "announce":
        assert ("GET", note["id"].removeprefix(eve.peer.origin)) not in eve.peer.requests


async def test_another_may_not_say_yes_for_a_relay(lindenhof: RigNode, eve: Stranger, relay: Relay) -> None:
    """ORG-14."""
    await finding.add(lindenhof.node, "relay", relay.address)
    await run(lindenhof)
    follow = relay.inbox.of_type("Follow")[0]
    await eve.send(lindenhof, eve.does("Accept", follow))
    await run(lindenhof)
    assert [one.state for one in (await neighbours(lindenhof)).relays] == ["asked"]


async def test_an_admin_sees_the_neighbours_and_lets_them_in(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    async with signed_in(lindenhof, "amina", role="admin") as amina:
        await amina.get("/manage/neighbours")
        await amina.post("/manage/neighbours", kind="house", address="nowhere", **amina.hidden())
        assert amina.status == 422
        await amina.get("/manage/neighbours")
        await amina.post("/manage/neighbours", kind="house", address=lernwerk.host, **amina.hidden())
        assert amina.status == 303
        await rig.settle()
        await amina.get("/manage/neighbours")
        assert lernwerk.host in amina.text
    async with signed_in(lernwerk, "olena", role="admin") as olena:
        await olena.get("/manage/neighbours")
        assert lindenhof.host in olena.text
        follower = (await neighbours(lernwerk)).followers[0]
        await olena.post(f"/manage/neighbours/{follower.actor_id}/accept", **olena.hidden())
        await rig.settle()
        await olena.get("/manage/neighbours")
        await olena.post("/manage/neighbours/policy", policy="closed", **olena.hidden())
    assert (await neighbours(lernwerk)).policy == "closed"
    assert [one.state for one in (await neighbours(lindenhof)).followed] == ["accepted"]

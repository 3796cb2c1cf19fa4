"""What somebody wrote earlier: fetched when they are first followed from here or first looked at by a member."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
import pytest
from aiohttp import web

from node.db.rows import Window
from node.features.actors import lookup
from node.features.actors.store.reads import Actor
from node.features.follows import service as follows
from node.features.posts import views
from node.features.reach import backfill
from node.features.reading import store as reading
from tests.federation.peers import AP, NOW
from tests.node.features.readers import signed_in, write
from tests.node.wire.strangers import Stranger, known_as, run, stamp
from tests.rig import Rig, RigNode


def outbox_of(who: Stranger, *items: Any, **more: Any) -> None:
    """Give somebody an outbox with these entries."""
    path = who.uri.removeprefix(who.peer.origin)
    who.peer.documents[path]["outbox"] = f"{who.uri}/outbox"
    who.peer.documents[f"{path}/outbox"] = {
        "id": f"{who.uri}/outbox", "type": "OrderedCollection", "orderedItems": list(items), **more,
    }  # fmt: skip


def old_note(who: Stranger, number: int, **more: Any) -> dict[str, Any]:
    return who.note(f"<p>old {number}</p>", published=stamp(NOW - timedelta(days=number)), **more)


async def follow(node: RigNode, amina: Actor, who: Stranger) -> Actor:
    """Amina follows, they say yes, and whatever that wakes is done."""
    there = await known_as(node, who)
    async with node.db.tx() as tx:
        await follows.follow(tx, node.node, amina.id, there.id)
        uri = await tx.fetchval("SELECT uri FROM follows WHERE followee_id = $1", there.id)
    assert await who.send(node, who.does("Accept", uri)) == 202
    await run(node)
    return there


async def home(node: RigNode, actor_id: int) -> list[str]:
    async with node.db.read() as tx:
        entries = await reading.list_home(tx, actor_id, Window())
        return [post.html for post in await views.list_posts(tx, [e.post_id for e in entries], actor_id)]


async def test_the_latest_posts_of_a_node_come_with_the_first_follow(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    amina, olena = await lindenhof.person("amina"), await lernwerk.person("olena")
    for number in range(25):
        await write(lernwerk, olena, f"number {number}")
        rig.clock.advance(hours=1)
    there = await lookup.resolve_uri(lindenhof.node, olena.uri)
    async with lindenhof.db.tx() as tx:
        await follows.follow(tx, lindenhof.node, amina.id, there.id)
    await rig.settle()
    assert await home(lindenhof, amina.id) == [f"<p>number {n}</p>" for n in range(24, 4, -1)]
    async with lindenhof.db.read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM notifications WHERE owner_id = $1", amina.id) == 0


async def test_old_posts_stand_at_the_time_they_were_written(
    lindenhof: RigNode, amina: Actor, vera: Stranger
) -> None:
    await write(lindenhof, amina, "mine, today")
    outbox_of(vera, vera.does("Create", old_note(vera, 2)), vera.does("Create", old_note(vera, 3)))
    await follow(lindenhof, amina, vera)
    assert await home(lindenhof, amina.id) == ["<p>mine, today</p>", "<p>old 2</p>", "<p>old 3</p>"]


async def test_a_second_follower_causes_no_second_backfill(
    lindenhof: RigNode, amina: Actor, vera: Stranger
) -> None:
    outbox_of(vera, vera.does("Create", old_note(vera, 2)))
    await follow(lindenhof, amina, vera)
    asked = [path for _, path in vera.peer.requests if path.endswith("/outbox")]
    jonas = await lindenhof.person("jonas")
    there = await known_as(lindenhof, vera)
    async with lindenhof.db.tx() as tx:
        await follows.follow(tx, lindenhof.node, jonas.id, there.id)
        uri = await tx.fetchval("SELECT uri FROM follows WHERE follower_id = $1", jonas.id)
    await vera.send(lindenhof, vera.does("Accept", uri))
    await run(lindenhof)
    assert [path for _, path in vera.peer.requests if path.endswith("/outbox")] == asked == ["/u/vera/outbox"]
    assert await home(lindenhof, jonas.id) == ["<p>old 2</p>"]


async def test_an_outbox_is_believed_about_its_own_host_and_its_owner_only(
    lindenhof: RigNode, amina: Actor, eve: Stranger, vera: Stranger
) -> None:
    """ORG-01, ORG-08: embedded posts of others, on this host or another, are not taken as said."""
    mine = old_note(vera, 1)
    foreign = old_note(eve, 2)  # its own host serves nothing there
    neighbour = {**old_note(vera, 3), "attributedTo": vera.peer.uri("/u/other")}
    private = {**old_note(vera, 4), "to": [f"{vera.uri}/followers"], "cc": []}
    boost = vera.does("Announce", put(eve, old_note(eve, 5)))
    entries = [vera.does("Create", note) for note in (mine, foreign, neighbour, private)]
    outbox_of(vera, *entries, boost, {**entries[0], "actor": eve.uri, "object": old_note(vera, 6)})
    await follow(lindenhof, amina, vera)
    async with lindenhof.db.read() as tx:
        assert [row["html"] for row in await tx.fetch("SELECT html FROM posts")] == ["<p>old 1</p>"]
        assert await tx.fetchval("SELECT count(*) FROM boosts") == 0


def put(who: Stranger, document: dict[str, Any]) -> str:
    who.peer.documents[document["id"].removeprefix(who.peer.origin)] = document
    return document["id"]


@pytest.mark.parametrize("trap", ["itself", "fresh"])
async def test_an_endless_outbox_ends_within_the_budget(
    lindenhof: RigNode, amina: Actor, vera: Stranger, trap: str
) -> None:
    """RES-06."""

    async def page(request: web.Request) -> web.Response:
        number = int(request.path.rpartition("/")[2])
        body = {
            "id": vera.peer.uri(request.path), "type": "OrderedCollectionPage", "orderedItems": [],
            "next": vera.peer.uri(f"/p/{number + (trap == 'fresh')}"),
        }  # fmt: skip
        return web.Response(body=orjson.dumps(body), content_type=AP)

    for number in range(100):
        vera.peer.handlers[f"/p/{number}"] = page
    outbox_of(vera, first=vera.peer.uri("/p/0"))
    await follow(lindenhof, amina, vera)
    assert sum(path.startswith("/p/") for _, path in vera.peer.requests) <= backfill.FETCHES


async def test_what_they_pinned_stands_on_top_of_their_page(
    lindenhof: RigNode, amina: Actor, vera: Stranger
) -> None:
    pinned = old_note(vera, 9)
    vera.peer.documents["/u/vera"]["featured"] = f"{vera.uri}/featured"
    vera.peer.documents["/u/vera/featured"] = {
        "id": f"{vera.uri}/featured", "type": "OrderedCollection", "orderedItems": [pinned],
    }  # fmt: skip
    there = await follow(lindenhof, amina, vera)
    async with lindenhof.db.read() as tx:
        assert len(await reading.list_pinned(tx, there.id, amina.id)) == 1


async def test_what_a_group_passed_on_comes_with_the_first_follow(
    lindenhof: RigNode, amina: Actor, eve: Stranger, vera: Stranger
) -> None:
    garden = Stranger(vera.peer, "garden", type="Group")
    post = put(eve, old_note(eve, 3))
    said = {"id": post + "/create", "type": "Create", "actor": eve.uri, "object": post}
    outbox_of(garden, garden.does("Announce", said, published=stamp(NOW - timedelta(days=3))))
    await follow(lindenhof, amina, garden)
    assert await home(lindenhof, amina.id) == ["<p>old 3</p>"]


async def test_the_page_of_somebody_never_seen_is_filled_for_members_only(
    lindenhof: RigNode, vera: Stranger
) -> None:
    outbox_of(vera, vera.does("Create", old_note(vera, 2)))
    await known_as(lindenhof, vera)
    path = f"/@{vera.handle}"
    async with signed_in(lindenhof, "amina") as amina:
        visitor = type(amina)(lindenhof.origin)
        async with visitor:
            await visitor.get(path)
            await run(lindenhof)
            assert not [p for _, p in vera.peer.requests if p.endswith("/outbox")]
        await amina.get(path)
        await run(lindenhof)
        await amina.get(path)
        assert "old 2" in amina.text

"""What a document names must not make us ask for it: contexts, previews, members of collections."""

from __future__ import annotations

from typing import Any

from node.features.posts import service as posts
from node.features.posts.service import Draft
from tests.node.wire.strangers import CONTEXT, PUBLIC, run
from tests.threats.oracle import Scene


def _many(scene: Scene) -> list[Any]:
    return [CONTEXT, *(scene.eve.peer.uri(f"/context/{n}") for n in range(100))]


CONTEXTS: dict[str, Any] = {
    "loopback": lambda s: [CONTEXT, "http://127.0.0.1:5432/"],
    "peer": lambda s: [CONTEXT, s.eve.peer.uri("/context")],
    "hundred": _many,
    "import": lambda s: [CONTEXT, {"@import": s.eve.peer.uri("/context")}],
    "scoped": lambda s: [CONTEXT, {"x": {"@id": "as:x", "@context": s.eve.peer.uri("/context")}}],
    "alone": lambda s: s.eve.peer.uri("/context"),
}


async def test_ssrf_11_no_context_is_ever_fetched(scene: Scene) -> None:
    scene.eve.peer.documents["/context"] = {"@context": {"actor": "as:object"}}
    await scene.before()
    for kind, made in CONTEXTS.items():
        scene.rig.clock.advance(milliseconds=7)
        activity = {**scene.mention(), "@context": made(scene)}
        assert await scene.eve.send(scene.node, activity, now=scene.rig.clock.now()) in (202, 400), kind
        await run(scene.node)
    assert scene.connector.reached == []
    assert not [path for _, path in scene.eve.peer.requests if path.startswith("/context")]


async def test_ssrf_13_a_link_in_a_post_is_not_looked_at(scene: Scene) -> None:
    """No previews are made; whatever a page says about itself cannot lead us anywhere."""
    inside = "http://127.0.0.1:6379/"
    page = scene.eve.peer.uri("/page")
    note = scene.mention()["object"] | {
        "content": f'<p><a href="{page}">Seite</a> <a href="{inside}">innen</a></p>',
        "attachment": [{"type": "Link", "href": page}, {"type": "Page", "url": inside}],
        "preview": {"type": "Link", "href": inside},
    }
    await scene.before()
    assert await scene.works(scene.eve, scene.eve.does("Create", note)) == [("done", "")]
    assert scene.connector.reached == []


async def test_rel_34_a_link_that_everybody_passes_on_costs_its_host_nothing(scene: Scene) -> None:
    """No previews are made: two hundred posts with one address in them are not one question to it."""
    page = scene.vera.peer.uri("/page")
    notes = [
        scene.eve.note(
            to=[scene.amina.uri, PUBLIC], content=f'<p><a href="{page}">{n}</a></p>',
            tag=[{"type": "Mention", "href": scene.amina.uri}],
        )
        for n in range(200)
    ]  # fmt: skip
    await scene.before()
    for note in notes:
        scene.rig.clock.advance(milliseconds=7)
        told = scene.eve.does("Create", note)
        assert await scene.eve.send(scene.node, told, now=scene.rig.clock.now()) == 202
    async with scene.node.db.tx() as tx:
        await posts.write_post(tx, scene.node.node, scene.amina.id, Draft(source=f"Seht: {page}"))
    await run(scene.node)
    async with scene.node.db.read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM posts WHERE html LIKE '%' || $1 || '%'", page) == 201
    assert not [path for _, path in scene.vera.peer.requests if path == "/page"]
    assert page not in scene.connector.reached


async def test_ssrf_17_the_members_of_a_foreign_collection_cost_no_fetches(scene: Scene) -> None:
    items = [f"http://127.0.0.1:{port}/n" for port in (22, 25, 5432, 6379)] * 2500
    before = await scene.before()
    ends = []
    for kind in ("Collection", "OrderedCollection", "CollectionPage"):
        thing = {"id": scene.eve.new_id("c"), "type": kind, "attributedTo": scene.eve.uri, "items": items,
                 "orderedItems": items, "to": [PUBLIC]}  # fmt: skip
        ends += await scene.works(scene.eve, scene.eve.does("Create", thing))
    assert all(state in ("ignored", "refused") for state, _ in ends), ends
    assert scene.connector.reached == []
    await scene.nothing_since(before)


async def test_res_07_a_chain_of_answers_costs_a_bounded_number_of_fetches(scene: Scene) -> None:
    vera = scene.vera
    for n in range(200):
        uri = vera.peer.uri(f"/chain/{n}")
        vera.peer.documents[f"/chain/{n}"] = vera.note(id=uri, inReplyTo=vera.peer.uri(f"/chain/{n + 1}"))
    await scene.before()
    asked = len(vera.peer.requests)
    note = vera.note(inReplyTo=vera.peer.uri("/chain/0"))
    assert await scene.works(vera, vera.does("Create", note)) == [("done", "")]
    assert len(vera.peer.requests) - asked <= 40
    assert len(scene.connector.reached) <= 40


async def test_res_08_a_crowd_in_one_activity_is_one_notification_for_each(scene: Scene) -> None:
    many = [f"https://a.example/u/{n}" for n in range(3000)]
    tags = [{"type": "Mention", "href": scene.amina.uri}] * 500 + [
        {"type": "Hashtag", "name": f"#t{n}"} for n in range(500)
    ]
    note = scene.mention()["object"] | {"tag": tags, "to": [scene.amina.uri, PUBLIC, *many], "cc": many}
    before = await scene.before()
    ends = await scene.works(scene.eve, scene.eve.does("Create", note))
    assert ends[0][0] in ("done", "refused", "ignored")
    after = await scene.before()
    assert after["notifications"] - before["notifications"] <= 1
    assert after["post_tags"] - before["post_tags"] <= 100
    assert after["actors"] == before["actors"]

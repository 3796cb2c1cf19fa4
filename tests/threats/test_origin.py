"""Who may speak about what: authors that change, wrappers posing as posts, loops of moves, ids taken first."""

from __future__ import annotations

import pytest
from aiohttp import web

from tests.node.wire.strangers import PUBLIC, post, run
from tests.threats.oracle import Scene


async def test_org_12_the_author_of_a_post_never_changes(scene: Scene) -> None:
    eve = scene.eve
    note = eve.note("<p>von Eva</p>")
    other = eve.peer.uri("/u/other")
    known = {
        **note,
        "inReplyTo": None,
        "to": [PUBLIC, scene.amina.uri],
        "tag": [{"type": "Mention", "href": scene.amina.uri}],
    }
    assert await scene.works(eve, eve.does("Create", known)) == [("done", "")]
    before = await scene.before()
    stolen = {**known, "attributedTo": other, "content": "<p>falsch</p>", "updated": "2026-11-23T12:00:00Z"}
    eve.peer.documents[note["id"].removeprefix(eve.peer.origin)] = stolen
    ends = await scene.works(
        eve, eve.does("Update", stolen), eve.does("Update", note["id"]), eve.does("Create", stolen)
    )
    assert all(state in ("refused", "ignored") for state, _ in ends), ends
    async with scene.node.db.read() as tx:
        row = await tx.fetchrow(
            "SELECT p.html, a.uri FROM posts p JOIN actors a ON a.id = p.author_id WHERE p.uri = $1",
            note["id"],
        )
    assert tuple(row) == ("<p>von Eva</p>", eve.uri)
    await scene.nothing_since(before)


async def test_org_18_a_boost_is_no_post_and_cannot_be_answered_boosted_or_quoted(scene: Scene) -> None:
    vera = scene.vera
    note = vera.note()
    boost = vera.does("Announce", note["id"], to=[PUBLIC])
    assert [end[0] for end in await scene.works(vera, vera.does("Create", note), boost)] == ["done", "done"]
    vera.peer.documents[boost["id"].removeprefix(vera.peer.origin)] = boost
    async with scene.node.db.read() as tx:
        boosts = await tx.fetchval("SELECT count(*) FROM boosts")
    await scene.works(
        vera,
        vera.does("Announce", boost["id"], to=[PUBLIC]),
        vera.does("Create", vera.note("<p>Antwort</p>", inReplyTo=boost["id"])),
        vera.does("Like", boost["id"]),
    )
    async with scene.node.db.read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM boosts") == boosts
        assert await tx.fetchval("SELECT count(*) FROM posts WHERE uri = $1", boost["id"]) == 0
        assert await tx.fetchval("SELECT count(*) FROM posts WHERE in_reply_to_id IS NOT NULL") == 0
        assert await tx.fetchval("SELECT count(*) FROM likes") == 0


async def test_org_18_moves_in_a_circle_end(scene: Scene) -> None:
    eve, vera = scene.eve, scene.vera
    eve.peer.documents["/u/eve"]["alsoKnownAs"] = [vera.uri]
    vera.peer.documents["/u/vera"]["alsoKnownAs"] = [eve.uri]
    ends = await scene.works(vera, vera.does("Move", vera.uri, target=eve.uri))
    ends += await scene.works(eve, eve.does("Move", eve.uri, target=vera.uri))
    ends += await scene.works(vera, vera.does("Move", vera.uri, target=eve.uri))
    ends += await scene.works(eve, eve.does("Move", eve.uri, target=vera.uri))
    async with scene.node.db.read() as tx:
        asked = await tx.fetchval("SELECT count(*) FROM follows WHERE follower_id = $1", scene.amina.id)
    assert asked == 1
    assert ends == [("done", ""), ("done", ""), ("ignored", "moved_before"), ("ignored", "moved_before")]
    scene.rig.clock.advance(days=6)
    again = vera.does("Move", vera.uri, target=eve.uri)
    assert await scene.works(vera, again) == [("ignored", "moved_before")]
    scene.rig.clock.advance(days=2)
    again = vera.does("Move", vera.uri, target=eve.uri)
    assert await scene.works(vera, again) == [("done", "")]


async def test_org_20_whoever_names_a_post_first_does_not_keep_it_from_coming(scene: Scene) -> None:
    """A stub, a failed fetch, a reference: none of them counts as the post having come."""
    eve, vera = scene.eve, scene.vera
    note = vera.note("<p>Zitat</p>")
    path = note["id"].removeprefix(vera.peer.origin)

    async def down(_: web.Request) -> web.Response:
        return web.Response(status=404)

    vera.peer.handlers[path] = down
    stub = {**note, "content": "<p>falsch</p>"}
    await scene.works(
        eve,
        eve.does("Announce", note["id"], to=[PUBLIC]),
        eve.does("Announce", stub, to=[PUBLIC]),
        eve.does("Create", eve.note(inReplyTo=note["id"], quoteUrl=note["id"], to=[PUBLIC, scene.amina.uri])),
        eve.does("Like", note["id"]),
        eve.does("Delete", note["id"]),
    )
    del vera.peer.handlers[path]
    assert await scene.works(vera, vera.does("Create", note)) == [("done", "")]
    async with scene.node.db.read() as tx:
        assert await tx.fetchval("SELECT html FROM posts WHERE uri = $1", note["id"]) == "<p>Zitat</p>"


async def test_org_13_an_undo_by_somebody_else_takes_nothing_back(scene: Scene) -> None:
    eve, vera = scene.eve, scene.vera
    note = vera.note()
    like = vera.does("Like", note["id"])
    boost = vera.does("Announce", note["id"], to=[PUBLIC])
    follow = vera.does("Follow", scene.amina.uri)
    await scene.works(vera, vera.does("Create", note), like, boost, follow)
    before = await scene.before()
    for deed in (like, boost, follow):
        thing = {name: deed[name] for name in ("id", "type", "actor", "object")}
        for spelled in (deed["id"], thing, {**thing, "actor": eve.uri}):
            end = (await scene.works(eve, eve.does("Undo", spelled)))[0]
            assert end[0] in ("refused", "ignored"), (deed["type"], spelled, end)
    await scene.nothing_since(before)


async def test_del_01_what_was_deleted_comes_back_by_no_door(scene: Scene) -> None:
    eve, vera = scene.eve, scene.vera
    note = vera.note("<p>weg</p>")
    path = note["id"].removeprefix(vera.peer.origin)
    create = vera.does("Create", note)
    assert await scene.works(vera, create, vera.does("Delete", note["id"])) == [("done", ""), ("done", "")]
    vera.peer.documents[path] = note  # the origin still serves it
    before = await scene.before()
    await scene.works(
        vera, vera.does("Create", note), vera.does("Update", {**note, "updated": "2026-11-24T12:00:00Z"})
    )
    await scene.works(
        eve, eve.does("Announce", note["id"], to=[PUBLIC]), eve.does("Announce", note, to=[PUBLIC])
    )
    await scene.works(eve, eve.does("Announce", create, to=[PUBLIC]))
    await run(scene.node)
    async with scene.node.db.read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM posts WHERE uri = $1", note["id"]) == 0
        assert await tx.fetchval("SELECT count(*) FROM boosts") == 0
    await scene.nothing_since(before)


@pytest.mark.parametrize("answer", ["200", "404", "500", "slow", "410", "tombstone"])
async def test_del_04_only_the_origin_says_that_somebody_is_no_more(scene: Scene, answer: str) -> None:
    vera = scene.vera
    forged = scene.eve.sign(scene.node, vera.does("Delete", vera.uri), now=scene.rig.clock.now())
    good = dict(vera.peer.documents["/u/vera"])

    async def says(_: web.Request) -> web.Response:
        if answer == "200":
            return web.json_response(good, content_type="application/activity+json")
        if answer == "tombstone":
            stone = {"@context": "https://www.w3.org/ns/activitystreams", "id": vera.uri, "type": "Tombstone"}
            return web.json_response(stone, status=410, content_type="application/activity+json")
        return web.Response(status={"404": 404, "500": 500, "slow": 503, "410": 410}[answer])

    vera.peer.handlers["/u/vera"] = says
    assert (await post(scene.node, forged)).status in (202, 401, 403)
    await run(scene.node)
    async with scene.node.db.read() as tx:
        gone = await tx.fetchval("SELECT deleted_at IS NOT NULL FROM actors WHERE uri = $1", vera.uri)
    # Eve's signature proves nothing about Vera; even where the origin says 410 it is not by Eve's word.
    assert gone in ((False, None) if answer not in ("410", "tombstone") else (False, True, None))


async def test_del_05_somebody_who_comes_back_brings_nothing_old_along(scene: Scene) -> None:
    """Documented: an address once deleted stays deleted here; old content is not restored."""
    vera = scene.vera
    note = vera.note()
    await scene.works(vera, vera.does("Create", note), vera.does("Delete", vera.uri))
    async with scene.node.db.read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM posts WHERE uri = $1", note["id"]) == 0
    end = (await scene.works(vera, vera.does("Create", note)))[0]
    assert end[0] in ("refused", "ignored")
    async with scene.node.db.read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM posts WHERE uri = $1", note["id"]) == 0

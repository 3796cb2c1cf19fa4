"""The rest of a thread: fetched once a member opens it, from everybody's own host, and within limits."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
import pytest
from aiohttp import web

from federation import vocab
from federation.keys import Signer
from node.features.actors import lookup
from node.features.actors.store.reads import Actor
from node.features.follows import service as follows
from node.features.posts import fetched, serve_threads, views
from node.features.posts.service import Draft, write_post
from node.features.reach import threads
from tests.federation.peers import AP, NOW, Peer, key
from tests.node.features.readers import signed_in, write
from tests.node.wire.strangers import Stranger, get_activity, known_as, run, stamp
from tests.rig import Rig, RigNode

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"


def put_up(who: Stranger, document: dict[str, Any]) -> str:
    """Serve a document at its id."""
    who.peer.documents[document["id"].removeprefix(who.peer.origin)] = document
    return document["id"]


def after(minutes: int) -> dict[str, str]:
    """When it was written; ids of one second stand in no order."""
    return {"published": stamp(NOW - timedelta(hours=1) + timedelta(minutes=minutes))}


def listed(*items: Any, **more: Any) -> dict[str, Any]:
    return {"type": "Collection", "first": {"type": "CollectionPage", "items": list(items), **more}}


async def take(node: RigNode, who: Stranger, document: dict[str, Any]) -> int:
    """A post of a stranger that came here."""
    await known_as(node, who)
    uri = put_up(who, document)
    async with node.db.read() as tx:
        known = await tx.fetchval("SELECT id FROM posts WHERE uri = $1", uri)
    if known:
        return known
    thing = await node.node.fetcher.fetch(uri)
    post_id = await fetched.take_fetched(node.node, vocab.read(thing.document))
    assert post_id is not None
    return post_id


async def open_thread(node: RigNode, post_id: int) -> bool:
    """What a member's page does, and the job behind it."""
    async with node.db.read() as tx:
        thread = await views.list_thread(tx, post_id, None)
    looking = await fetched.look_for_more(node.node, thread)
    await run(node)
    return looking


async def texts(node: RigNode, post_id: int) -> tuple[list[str], list[str]]:
    async with node.db.read() as tx:
        thread = await views.list_thread(tx, post_id, None)
    return [p.html for p in thread.ancestors], [p.html for p in thread.descendants]


async def test_what_a_post_answers_and_what_answers_it_is_fetched_from_each_ones_host(
    lindenhof: RigNode, eve: Stranger, vera: Stranger
) -> None:
    root = vera.note("<p>root</p>", **after(0))
    middle = eve.note("<p>middle</p>", **after(1), inReplyTo=root["id"])
    opened = vera.note("<p>opened</p>", **after(2), inReplyTo=middle["id"])
    first = eve.note("<p>first</p>", **after(3), inReplyTo=opened["id"])
    below = vera.note("<p>below</p>", **after(4), inReplyTo=first["id"])
    opened["replies"] = listed(first["id"])
    first["replies"] = listed(below["id"])
    for who, note in ((vera, root), (eve, middle), (eve, first), (vera, below)):
        put_up(who, note)
    post_id = await take(lindenhof, vera, opened)
    assert await open_thread(lindenhof, post_id) is True
    assert await texts(lindenhof, post_id) == (
        ["<p>root</p>", "<p>middle</p>"],
        ["<p>first</p>", "<p>below</p>"],
    )
    async with lindenhof.db.read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM notifications") == 0


async def test_a_thread_is_looked_for_once_however_many_open_it(
    rig: Rig, lindenhof: RigNode, vera: Stranger
) -> None:
    post_id = await take(lindenhof, vera, vera.note())
    await open_thread(lindenhof, post_id)
    asked = len(vera.peer.requests)
    assert await open_thread(lindenhof, post_id) is False
    assert len(vera.peer.requests) == asked
    rig.clock.advance(minutes=16)
    assert await open_thread(lindenhof, post_id) is True
    assert len(vera.peer.requests) > asked


async def test_a_visitor_sees_the_page_and_causes_no_request(lindenhof: RigNode, vera: Stranger) -> None:
    post_id = await take(lindenhof, vera, vera.note())
    asked = len(vera.peer.requests)
    answered = await get_activity(lindenhof, f"/posts/{post_id}")
    assert answered.status == 303
    await run(lindenhof)
    assert len(vera.peer.requests) == asked


async def test_the_page_says_quietly_that_more_may_come_and_shows_it_the_next_time(
    lindenhof: RigNode, eve: Stranger, vera: Stranger
) -> None:
    opened = vera.note("<p>opened</p>")
    answer = put_up(eve, eve.note("<p>an answer from afar</p>", inReplyTo=opened["id"]))
    opened["replies"] = listed(answer)
    post_id = await take(lindenhof, vera, opened)
    async with signed_in(lindenhof, "amina") as amina:
        await amina.get(f"/posts/{post_id}")
        page = amina.location
        await amina.get(page)
        assert "Looking for more answers" in amina.text
        await run(lindenhof)
        await amina.get(page)
        assert "Looking for more answers" not in amina.text
        assert "an answer from afar" in amina.text


@pytest.mark.parametrize("trap", ["itself", "fresh", "huge", "elsewhere"])
async def test_a_hostile_list_of_answers_ends_within_the_budget(
    lindenhof: RigNode, eve: Stranger, vera: Stranger, trap: str
) -> None:
    """RES-06: `next` to itself, to fresh pages for ever, a page of ten thousand, a page of another host."""
    peer: Peer = vera.peer
    opened = vera.note("<p>opened</p>", replies=peer.uri("/r/0"))

    async def page(request: web.Request) -> web.Response:
        number = int(request.path.rpartition("/")[2])
        onward = {"itself": number, "fresh": number + 1, "huge": number, "elsewhere": 0}[trap]
        host = eve.peer if trap == "elsewhere" else peer
        items = [peer.uri(f"/missing/{number}-{i}") for i in range(10_000 if trap == "huge" else 3)]
        body = {
            "id": peer.uri(request.path), "type": "CollectionPage", "items": items, "totalItems": -1,
            "next": host.uri(f"/r/{onward}"),
        }  # fmt: skip
        return web.Response(body=orjson.dumps(body), content_type=AP)

    for number in range(200):
        peer.handlers[f"/r/{number}"] = page
    post_id = await take(lindenhof, vera, opened)
    before = len(peer.requests) + len(eve.peer.requests)
    await open_thread(lindenhof, post_id)
    assert len(peer.requests) + len(eve.peer.requests) - before <= threads.FETCHES
    assert [path for _, path in eve.peer.requests if path.startswith("/r/")] == []
    assert (await texts(lindenhof, post_id))[1] == []


async def test_a_chain_of_ten_thousand_parents_is_climbed_only_so_far(
    lindenhof: RigNode, vera: Stranger
) -> None:
    """RES-07."""
    peer = vera.peer

    async def link(request: web.Request) -> web.Response:
        number = int(request.path.rpartition("/")[2])
        note = vera.note(id=peer.uri(request.path), inReplyTo=peer.uri(f"/chain/{number + 1}"))
        return web.Response(body=orjson.dumps(note), content_type=AP)

    for number in range(1, 10_000):
        peer.handlers[f"/chain/{number}"] = link
    post_id = await take(lindenhof, vera, vera.note(inReplyTo=peer.uri("/chain/1")))
    before = len(peer.requests)
    await open_thread(lindenhof, post_id)
    assert len(peer.requests) - before <= threads.FETCHES
    assert len((await texts(lindenhof, post_id))[0]) == threads.MAX_UP


async def test_a_loop_of_parents_and_answers_is_walked_once(lindenhof: RigNode, vera: Stranger) -> None:
    one, two = vera.note("<p>one</p>"), vera.note("<p>two</p>")
    one |= {"inReplyTo": two["id"], "replies": listed(two["id"])}
    two |= {"inReplyTo": one["id"], "replies": listed(one["id"])}
    put_up(vera, two)
    post_id = await take(lindenhof, vera, one)
    before = len(vera.peer.requests)
    await open_thread(lindenhof, post_id)
    assert len(vera.peer.requests) - before <= 4


async def test_what_does_not_hang_on_the_thread_or_is_not_public_is_not_kept(
    lindenhof: RigNode, eve: Stranger, vera: Stranger
) -> None:
    """A list of answers can name anything: only answers that everybody may read count (ORG-01, ORG-08)."""
    opened = vera.note("<p>opened</p>")
    stranger = put_up(eve, eve.note("<p>about something else</p>"))
    private = put_up(eve, eve.note("<p>private</p>", inReplyTo=opened["id"], to=[vera.uri], cc=[]))
    forged = {**eve.note("<p>forged</p>", inReplyTo=opened["id"]), "id": eve.peer.uri("/n/never-said")}
    lying = put_up(eve, {**eve.note("<p>lie</p>", inReplyTo=opened["id"]), "attributedTo": vera.uri})
    opened["replies"] = listed(stranger, private, forged, lying)
    post_id = await take(lindenhof, vera, opened)
    await open_thread(lindenhof, post_id)
    async with lindenhof.db.read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM posts") == 1


@pytest.mark.parametrize("term", ["context", "contextHistory"])
async def test_a_thread_is_found_by_the_address_of_its_context_too(
    lindenhof: RigNode, eve: Stranger, vera: Stranger, term: str
) -> None:
    """FEP-7888 and FEP-f228: the owner's list of posts, or of the activities that made them."""
    context = vera.peer.uri("/contexts/1")
    opened = vera.note("<p>opened</p>", **{term: context})
    first = eve.note("<p>first</p>", **after(3), inReplyTo=opened["id"])
    below = vera.note("<p>below</p>", **after(4), inReplyTo=first["id"])
    put_up(eve, first)
    put_up(vera, below)
    vera.peer.documents["/contexts/1"] = {
        "id": context, "type": "OrderedCollection", "attributedTo": vera.uri,
        "orderedItems": [
            opened["id"],
            {"type": "Add", "actor": vera.uri, "object": {"type": "Create", "actor": vera.uri, "object": below["id"]}},
            first["id"],
        ],
    }  # fmt: skip
    post_id = await take(lindenhof, vera, opened)
    await open_thread(lindenhof, post_id)
    assert (await texts(lindenhof, post_id))[1] == ["<p>first</p>", "<p>below</p>"]


async def test_a_thread_of_ours_is_served_with_all_that_anybody_may_read(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    amina = await lindenhof.person("amina")
    root = await write(lindenhof, amina, "Who comes on Saturday?")
    rig.clock.advance(minutes=1)
    open_answer = await write(lindenhof, amina, "I do", in_reply_to_id=root)
    await write(lindenhof, amina, "for my followers", in_reply_to_id=root, audience="followers")
    await write(lindenhof, amina, "for the house", in_reply_to_id=root, audience="local")
    note = orjson.loads((await get_activity(lindenhof, f"/ap/notes/{open_answer}")).body)
    assert note["context"] == lindenhof.node.uri(f"/ap/notes/{root}/context")
    found = await get_activity(lindenhof, f"/ap/notes/{root}/context")
    assert orjson.loads(found.body)["orderedItems"] == [
        lindenhof.node.uri(f"/ap/notes/{root}"),
        lindenhof.node.uri(f"/ap/notes/{open_answer}"),
    ]
    assert orjson.loads(found.body)["attributedTo"] == amina.uri


async def test_a_thread_that_is_not_ours_or_not_public_has_no_list_here(
    lindenhof: RigNode, vera: Stranger
) -> None:
    amina = await lindenhof.person("amina")
    hidden = await write(lindenhof, amina, "for my followers", audience="followers")
    theirs = await take(lindenhof, vera, vera.note())
    for post_id in (hidden, theirs, 99):
        assert (await get_activity(lindenhof, f"/ap/notes/{post_id}/context")).status == 404


async def test_an_answer_carries_on_the_context_it_was_given(lindenhof: RigNode, vera: Stranger) -> None:
    context = vera.peer.uri("/contexts/7")
    amina: Actor = await lindenhof.person("amina")
    theirs = await take(lindenhof, vera, vera.note(context=context))
    async with lindenhof.db.tx() as tx:
        draft = Draft(source="Thank you", in_reply_to_id=theirs)
        answer = await write_post(tx, lindenhof.node, amina.id, draft)
    note = orjson.loads((await get_activity(lindenhof, f"/ap/notes/{answer}")).body)
    assert note["context"] == context


async def test_answers_on_a_third_node_come_in_when_a_thread_is_opened(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    """Jonas of the third house answers Olena; Lindenhof, where only Olena is known, finds it."""
    third = await rig.node_of("werkstatt")
    olena, jonas = await lernwerk.person("olena"), await third.person("jonas")
    root = await write(lernwerk, olena, "The course begins at nine")
    there = await lookup.resolve_uri(third.node, olena.uri)
    uri = lernwerk.node.uri(f"/ap/notes/{root}")
    assert there.uri == olena.uri
    at_third = await _found(third, uri)
    rig.clock.advance(minutes=1)
    await write(third, jonas, "I come", in_reply_to_id=at_third)
    await rig.settle()
    here = await _found(lindenhof, uri)
    await open_thread(lindenhof, here)
    assert (await texts(lindenhof, here))[1] == ["<p>I come</p>"]


async def _found(node: RigNode, uri: str) -> int:
    document = (await node.node.fetcher.fetch(uri)).document
    post_id = await fetched.take_fetched(node.node, vocab.read(document))
    assert post_id is not None
    return post_id


async def listed_by(node: RigNode, path: str, who: Stranger | None = None) -> list[str]:
    """Everything a list of ours holds for an asker, read as others do: top first, then page by page."""
    signer = Signer(f"{who.uri}#main-key", key(who.name)) if who else None
    found, onward = [], path
    for _ in range(20):
        answer = await get_activity(node, onward, signer)
        assert answer.status == 200
        document = orjson.loads(answer.body)
        found += document.get("orderedItems", [])
        onward = str(document.get("first") or document.get("next") or "").removeprefix(node.origin)
        if not onward:
            return found
    raise AssertionError("a list without an end")


@pytest.mark.parametrize("name", ["replies", "context"])
async def test_long_lists_are_given_page_by_page_and_hold_each_post_once(
    rig: Rig, lindenhof: RigNode, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(serve_threads, "PAGE", 2)
    amina = await lindenhof.person("amina")
    root = await write(lindenhof, amina, "Who comes?")
    answers = []
    for number in range(5):
        rig.clock.advance(minutes=1)
        answers.append(await write(lindenhof, amina, f"answer {number}", in_reply_to_id=root))
    path = f"/ap/notes/{root}/{name}"
    top = orjson.loads((await get_activity(lindenhof, path)).body)
    assert top["type"] == "OrderedCollection" and "orderedItems" not in top
    wanted = answers if name == "replies" else [root, *answers]
    assert top["totalItems"] == len(wanted)
    assert await listed_by(lindenhof, path) == [lindenhof.node.uri(f"/ap/notes/{one}") for one in wanted]


@pytest.mark.parametrize("name", ["replies", "context"])
async def test_a_signer_is_given_what_that_one_may_see_and_nobody_else_is(
    rig: Rig, lindenhof: RigNode, vera: Stranger, eve: Stranger, name: str
) -> None:
    """Vera follows Amina; Eve does not, and is blocked by Jonas."""
    amina, jonas = await lindenhof.person("amina"), await lindenhof.person("jonas")
    for who in (vera, eve):
        await known_as(lindenhof, who)
    await vera.send(lindenhof, vera.does("Follow", amina.uri))
    await run(lindenhof)
    stranger = await lookup.resolve_uri(lindenhof.node, eve.uri)
    async with lindenhof.db.tx() as tx:
        await follows.block(tx, lindenhof.node, jonas.id, stranger.id)
    root = await write(lindenhof, amina, "Who comes?")
    texts_of = {}
    for author, audience in ((amina, "public"), (amina, "followers"), (amina, "local"), (jonas, "public")):
        rig.clock.advance(minutes=1)
        post_id = await write(lindenhof, author, "I", in_reply_to_id=root, audience=audience)
        texts_of[lindenhof.node.uri(f"/ap/notes/{post_id}")] = (author.username, audience)
    path = f"/ap/notes/{root}/{name}"
    seen = {
        who.name if who else "": [
            texts_of[uri] for uri in await listed_by(lindenhof, path, who) if uri in texts_of
        ]
        for who in (None, vera, eve)
    }
    public = [("amina", "public"), ("jonas", "public")]
    assert seen[""] == public
    assert seen["vera"] == [public[0], ("amina", "followers"), public[1]]
    assert seen["eve"] == [public[0]]
    for signer, cache in ((None, "public"), (Signer(f"{vera.uri}#main-key", key("vera")), "private")):
        answer = await get_activity(lindenhof, path, signer)
        assert answer.cache.startswith(cache)

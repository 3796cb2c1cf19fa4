"""Answers to our people reach their followers on third nodes, byte for byte; and nothing else is passed on."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from node.features.actors import lookup
from node.features.actors.store.reads import Actor
from node.features.follows import service as follows
from node.features.posts import service, views
from node.features.posts.service import Draft
from tests.federation.peers import Peer
from tests.node.features.readers import write
from tests.node.wire.strangers import Inboxes, Stranger, known_as, outcome, run
from tests.rig import Rig, RigNode


class Three(msgspec.Struct):
    """Amina wrote at the first house; Olena of the second knows the post, Noor of the third follows Amina."""

    amina: Actor
    olena: Actor
    noor: Actor
    post: int
    post_there: int


async def follow(rig: Rig, here: RigNode, follower: Actor, whom: Actor) -> None:
    known = await lookup.resolve_uri(here.node, whom.uri)
    async with here.db.tx() as tx:
        await follows.follow(tx, here.node, follower.id, known.id)
    await rig.settle()


async def id_of(node: RigNode, uri: str) -> int | None:
    async with node.db.read() as tx:
        found: int | None = await tx.fetchval("SELECT id FROM posts WHERE uri = $1", uri)
    return found


@pytest.fixture
async def werkstatt(rig: Rig) -> RigNode:
    return await rig.node_of("werkstatt")


@pytest.fixture
async def three(rig: Rig, lindenhof: RigNode, lernwerk: RigNode, werkstatt: RigNode) -> Three:
    amina, olena = await lindenhof.person("amina"), await lernwerk.person("olena")
    noor = await werkstatt.person("noor")
    await follow(rig, lernwerk, olena, amina)
    await follow(rig, werkstatt, noor, amina)
    post = await write(lindenhof, amina, "Who has a ladder?")
    await rig.settle()
    rig.clock.advance(minutes=1)
    there = await id_of(lernwerk, lindenhof.node.uri(f"/ap/notes/{post}"))
    assert there is not None
    return Three(amina, olena, noor, post, there)


async def answers_at(node: RigNode, uri: str) -> list[str]:
    post_id = await id_of(node, uri)
    assert post_id is not None
    async with node.db.read() as tx:
        return [post.html for post in (await views.list_thread(tx, post_id, None)).descendants]


async def test_a_followers_house_sees_the_answer_of_a_third_house_its_edit_and_its_end(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode, werkstatt: RigNode, three: Three
) -> None:
    uri = lindenhof.node.uri(f"/ap/notes/{three.post}")
    answer = await write(lernwerk, three.olena, "I have", in_reply_to_id=three.post_there)
    await rig.settle()
    assert await answers_at(werkstatt, uri) == ["<p>I have</p>"]
    rig.clock.advance(minutes=1)
    async with lernwerk.db.tx() as tx:
        await service.edit_post(tx, lernwerk.node, three.olena.id, answer, Draft(source="I have two"))
    await rig.settle()
    assert await answers_at(werkstatt, uri) == ["<p>I have two</p>"]
    async with lernwerk.db.tx() as tx:
        await service.delete_post(tx, lernwerk.node, three.olena.id, answer)
    await rig.settle()
    assert await answers_at(werkstatt, uri) == []


async def test_the_bytes_that_go_on_are_those_that_came(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode, werkstatt: RigNode, three: Three
) -> None:
    await write(lernwerk, three.olena, "I have", in_reply_to_id=three.post_there)
    await rig.settle()
    query = "SELECT body FROM activities WHERE type = 'Create' AND object_uri LIKE $1"
    async with lernwerk.db.read() as tx:
        said = await tx.fetchval(query, f"{lernwerk.origin}/%")
    async with lindenhof.db.read() as tx:
        assert await tx.fetchval(query, f"{lernwerk.origin}/%") == said
    async with werkstatt.db.read() as tx:
        assert (
            await tx.fetchval(
                "SELECT body FROM inbox_items WHERE type = 'Create' AND host = $1", lernwerk.host
            )
            == said
        )


async def test_an_answer_for_few_is_not_passed_on(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode, werkstatt: RigNode, three: Three
) -> None:
    for audience in ("direct", "followers"):
        await write(lernwerk, three.olena, "psst", in_reply_to_id=three.post_there, audience=audience)
    await rig.settle()
    async with lindenhof.db.read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM posts WHERE NOT local") == 2
    assert await answers_at(werkstatt, lindenhof.node.uri(f"/ap/notes/{three.post}")) == []


class Stage(msgspec.Struct):
    """Amina here, whom a stranger of each of two houses follows; what their inboxes took."""

    amina: Actor
    uri: str
    inboxes: list[Inboxes]


@pytest.fixture
async def stage(lindenhof: RigNode, amina: Actor, eve: Stranger, vera: Stranger, peers: list[Peer]) -> Stage:
    inboxes = []
    for who in (eve, vera):
        inboxes.append(Inboxes(who.peer, f"/u/{who.name}/inbox"))
        await known_as(lindenhof, who)
        assert await who.send(lindenhof, who.does("Follow", amina.uri)) == 202
    await run(lindenhof)
    post = await write(lindenhof, amina, "Who has a ladder?")
    await run(lindenhof)
    return Stage(amina, lindenhof.node.uri(f"/ap/notes/{post}"), inboxes)


def answer(who: Stranger, stage: Stage, **more: Any) -> dict[str, Any]:
    note = who.note("<p>I have</p>", inReplyTo=stage.uri, **more)
    who.peer.documents[note["id"].removeprefix(who.peer.origin)] = note
    return who.does("Create", note)


def passed_on(stage: Stage, activity: dict[str, Any]) -> list[int]:
    """How often each house was given an activity."""
    return [inbox.ids.count(activity["id"]) for inbox in stage.inboxes]


async def test_an_answer_goes_on_once_and_never_back_to_its_own_house(
    lindenhof: RigNode, eve: Stranger, stage: Stage
) -> None:
    activity = answer(eve, stage)
    for _ in range(3):
        await eve.send(lindenhof, activity)
        await run(lindenhof)
    assert passed_on(stage, activity) == [0, 1]


async def test_an_answer_deep_in_a_thread_of_ours_goes_on_and_one_too_deep_does_not(
    lindenhof: RigNode, eve: Stranger, stage: Stage
) -> None:
    parent, sent = stage.uri, []
    for _ in range(10):
        activity = eve.does("Create", eve.note(inReplyTo=parent))
        parent = activity["object"]["id"]
        await eve.send(lindenhof, activity)
        await run(lindenhof)
        sent.append(passed_on(stage, activity)[1])
    assert sent == [1] * 8 + [0] * 2


@pytest.mark.parametrize("kind", ["elsewhere", "private", "to-her-followers", "blocked"])
async def test_what_is_not_for_our_followers_stays(
    lindenhof: RigNode, eve: Stranger, stage: Stage, kind: str
) -> None:
    activity = answer(eve, stage)
    if kind == "elsewhere":
        activity = eve.does("Create", {**eve.note(), "tag": [{"type": "Mention", "href": stage.amina.uri}]})
    elif kind == "private":
        activity = answer(eve, stage, to=[stage.amina.uri], cc=[])
    elif kind == "to-her-followers":  # and without a proof that anybody could check
        activity = answer(eve, stage, to=[stage.amina.followers_uri], cc=[stage.amina.uri])
    else:
        there = await known_as(lindenhof, eve)
        async with lindenhof.db.tx() as tx:
            await follows.block(tx, lindenhof.node, stage.amina.id, there.id)
    await eve.send(lindenhof, activity)
    await run(lindenhof)
    assert passed_on(stage, activity) == [0, 0]


async def test_a_body_that_somebody_else_brought_goes_no_further(
    lindenhof: RigNode, eve: Stranger, vera: Stranger, stage: Stage
) -> None:
    """Vera hands us what Eve is said to have written: we read it at Eve's house and pass nothing on."""
    activity = answer(eve, stage)
    eve.peer.documents[activity["id"].removeprefix(eve.peer.origin)] = activity
    assert await vera.send(lindenhof, {**activity, "forged": True}) == 202
    await run(lindenhof)
    assert await outcome(lindenhof, activity) == ("done", "")
    assert passed_on(stage, activity) == [0, 0]


@pytest.mark.parametrize(
    ("kind", "served", "ended"),
    [
        ("Delete", 410, ("done", "")),
        ("Delete", 404, ("refused", "not_found")),
        ("Delete", 200, ("refused", "not_the_author")),
        ("Create", 200, ("done", "")),
    ],
)
async def test_what_another_house_brings_is_proved_by_the_object_itself_where_the_activity_is_not_served(
    lindenhof: RigNode, eve: Stranger, vera: Stranger, stage: Stage, kind: str, served: int, ended: tuple[str, str]
) -> None:  # fmt: skip
    first = answer(eve, stage)
    path = first["object"]["id"].removeprefix(eve.peer.origin)
    if kind == "Delete":
        await eve.send(lindenhof, first)
        await run(lindenhof)
        activity = eve.does("Delete", first["object"]["id"], to=["as:Public"])
    else:
        activity = first
    if served != 200:
        del eve.peer.documents[path]
        eve.peer.handlers[path] = _answering(served)
    assert await vera.send(lindenhof, activity) == 202
    await run(lindenhof)
    assert await outcome(lindenhof, activity) == ended
    kept = kind == "Create" or served != 410
    assert (await id_of(lindenhof, first["object"]["id"]) is not None) == kept


def _answering(status: int) -> Any:
    from aiohttp import web

    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=status)

    return handler

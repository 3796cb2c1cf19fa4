"""Handles whose host is not that of the id: shown when both sides say so, and never on one side's word."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from aiohttp import web

from node.features.actors import lookup
from node.features.actors.store.reads import Actor, get_actor
from node.features.posts import views
from tests.federation.peers import Peer
from tests.node.features.readers import signed_in, write
from tests.node.wire.strangers import Stranger, known_as, run
from tests.rig import RigNode

JRD = "application/jrd+json"


def answers_webfinger(peer: Peer, table: dict[str, tuple[str, str]]) -> None:
    """Have a house answer: what was asked to (subject, actor)."""

    async def handler(request: web.Request) -> web.Response:
        found = table.get(request.query.get("resource", ""))
        if found is None:
            return web.Response(status=404)
        links = [{"rel": "self", "type": "application/activity+json", "href": found[1]}]
        return web.Response(body=orjson.dumps({"subject": found[0], "links": links}), content_type=JRD)

    peer.handlers["/.well-known/webfinger"] = handler


def claims_nothing(who: Stranger) -> None:
    """Their document does not say what their handle is, as those of many servers do not."""
    del who.peer.documents[f"/u/{who.name}"]["webfinger"]


def at(name: str, peer: Peer) -> str:
    return f"acct:{name}@localhost:{peer.port}"


def is_called_elsewhere(who: Stranger, front: Peer) -> None:
    """The house of the id and the house of the handle agree."""
    claims_nothing(who)
    subject = (at(who.name, front), who.uri)
    answers_webfinger(who.peer, {at(who.name, who.peer): subject})
    answers_webfinger(front, {at(who.name, front): subject})


async def met(node: RigNode, who: Stranger) -> Actor:
    """The stranger as this node knows them once it has asked."""
    actor = await known_as(node, who)
    await run(node)
    async with node.db.read() as tx:
        return await get_actor(tx, actor.id)


def asked(peer: Peer) -> int:
    return sum("/.well-known/webfinger" in path for _, path in peer.requests)


async def test_somebody_is_called_by_the_handle_both_houses_confirm(
    lindenhof: RigNode, vera: Stranger, eve: Stranger
) -> None:
    is_called_elsewhere(vera, eve.peer)
    actor = await met(lindenhof, vera)
    assert actor.handle == f"vera@localhost:{eve.peer.port}"
    assert actor.host == f"localhost:{vera.peer.port}"
    for host in (eve.peer.port, vera.peer.port):
        found = await lookup.find_known(lindenhof.node, f"@vera@localhost:{host}")
        assert found is not None
        assert found.id == actor.id
    async with signed_in(lindenhof, "amina") as amina:
        await amina.get(f"/@vera@localhost:{vera.peer.port}")
        assert (amina.status, amina.location) == (301, f"/@{actor.handle}")
        post = await write(lindenhof, amina.me, f"Hello @{actor.handle}")
        async with lindenhof.db.read() as tx:
            shown = await views.get_post(tx, post, None)
    assert [(one.actor_id, one.host) for one in shown.mentions] == [(actor.id, f"localhost:{eve.peer.port}")]


async def test_a_handle_that_was_typed_is_confirmed_before_it_is_shown(
    lindenhof: RigNode, vera: Stranger, eve: Stranger
) -> None:
    is_called_elsewhere(vera, eve.peer)
    actor = await lookup.resolve_handle(lindenhof.node, f"@vera@localhost:{eve.peer.port}")
    assert actor.handle == f"vera@localhost:{eve.peer.port}"


@pytest.mark.parametrize("claim", ["webfinger", "subject"])
async def test_nobody_takes_the_handle_of_another_house(
    lindenhof: RigNode, vera: Stranger, eve: Stranger, claim: str
) -> None:
    """WFG-01: Eve says she is @vera of the other house; that house knows nothing of it."""
    victim = at("vera", vera.peer)
    answers_webfinger(vera.peer, {victim: (victim, vera.uri)})
    answers_webfinger(eve.peer, {at("eve", eve.peer): (victim, eve.uri)})
    claims_nothing(eve)
    if claim == "webfinger":
        eve.peer.documents["/u/eve"]["webfinger"] = victim.removeprefix("acct:")
    actor = await met(lindenhof, eve)
    assert actor.handle == f"eve@localhost:{eve.peer.port}"
    genuine = await met(lindenhof, vera)
    assert genuine.handle == f"vera@localhost:{vera.peer.port}"


async def test_a_house_of_plain_handles_is_asked_once_for_all_its_people(
    lindenhof: RigNode, vera: Stranger
) -> None:
    table = {
        at(name, vera.peer): (at(name, vera.peer), vera.peer.uri(f"/u/{name}")) for name in ("vera", "bob")
    }
    answers_webfinger(vera.peer, table)
    for who in (vera, Stranger(vera.peer, "bob")):
        claims_nothing(who)
        await met(lindenhof, who)
    assert asked(vera.peer) == 1


async def test_who_says_that_theirs_is_plain_is_not_asked_for(lindenhof: RigNode, vera: Stranger) -> None:
    await met(lindenhof, vera)
    assert asked(vera.peer) == 0


async def test_where_one_is_called_elsewhere_the_others_are_asked_for_too(
    lindenhof: RigNode, vera: Stranger, eve: Stranger
) -> None:
    bob = Stranger(vera.peer, "bob")
    there: dict[str, Any] = {}
    here: dict[str, Any] = {}
    for who in (vera, bob):
        claims_nothing(who)
        subject = (at(who.name, eve.peer), who.uri)
        there[at(who.name, vera.peer)] = here[at(who.name, eve.peer)] = subject
    answers_webfinger(vera.peer, there)
    answers_webfinger(eve.peer, here)
    first, second = await known_as(lindenhof, vera), await known_as(lindenhof, bob)
    await run(lindenhof)
    async with lindenhof.db.read() as tx:
        handles = [(await get_actor(tx, actor.id)).handle for actor in (first, second)]
    assert handles == [f"{name}@localhost:{eve.peer.port}" for name in ("vera", "bob")]

"""What other houses run: asked once when they are first heard of, once a week later, and used for groups."""

from __future__ import annotations

import pytest
from aiohttp import web

from federation.discovery import nodeinfo
from node.features.actors import lookup
from node.features.follows import service as follows
from tests.federation.peers import Peer
from tests.node.features.group_posts.places import found, put_member, says
from tests.node.wire.strangers import Inboxes, Stranger, known_as, run
from tests.rig import Rig, RigNode

WELL_KNOWN, DOCUMENT = "/.well-known/nodeinfo", "/nodeinfo/2.0"


async def _software(node: RigNode, host: str) -> str | None:
    async with node.db.read() as tx:
        return await tx.fetchval("SELECT software FROM hosts WHERE host = $1", host)  # type: ignore[no-any-return]


def _says_it_runs(peer: Peer, name: object) -> None:
    async def index(_: web.Request) -> web.Response:
        return web.json_response(nodeinfo.well_known(peer.origin, peer.uri("/actor")))

    async def document(_: web.Request) -> web.Response:
        return web.json_response({"version": "2.0", "software": {"name": name, "version": "1"}})

    peer.handlers[WELL_KNOWN] = index
    peer.handlers["/nodeinfo/2.1"] = peer.handlers[DOCUMENT] = document


def _asked(peer: Peer) -> int:
    return sum(path == WELL_KNOWN for _, path in peer.requests)


async def _meet(node: RigNode, stranger: Stranger) -> None:
    assert await stranger.send(node, stranger.does("Create", stranger.note())) == 202
    await run(node)
    await node.sweep()
    await run(node)


async def test_two_nodes_learn_that_the_other_is_one_of_their_kind(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    amina, jonas = await lindenhof.person("amina"), await lernwerk.person("jonas")
    there = await lookup.resolve_uri(lindenhof.node, jonas.uri)
    async with lindenhof.db.tx() as tx:
        await follows.follow(tx, lindenhof.node, amina.id, there.id)
    await rig.settle()
    for node in (lindenhof, lernwerk):
        await node.sweep()
    await rig.settle()
    assert await _software(lernwerk, lindenhof.host) == "allmende"
    assert await _software(lindenhof, lernwerk.host) == "allmende"


@pytest.mark.parametrize(
    ("name", "kept"), [("Mastodon", "mastodon"), ("lemmy", "lemmy"), ("a b", ""), (["x"], ""), (None, "")]
)
async def test_a_house_is_asked_once_a_week(
    rig: Rig, lindenhof: RigNode, peers: list[Peer], name: object, kept: str
) -> None:
    peer, mallory = peers[0], Stranger(peers[0], "mallory")
    _says_it_runs(peer, name)
    await _meet(lindenhof, mallory)
    assert await _software(lindenhof, f"localhost:{peer.port}") == kept and _asked(peer) == 1
    for days, times in ((6, 1), (1, 2)):
        rig.clock.advance(days=days)
        await lindenhof.sweep()
        await run(lindenhof)
        assert _asked(peer) == times


async def _elsewhere(_: web.Request) -> web.Response:
    raise web.HTTPFound("http://127.0.0.1:1/nodeinfo")


async def test_a_house_without_an_answer_is_asked_the_next_day_and_nothing_is_forgotten(
    rig: Rig, lindenhof: RigNode, peers: list[Peer]
) -> None:
    peer, mallory = peers[0], Stranger(peers[0], "mallory")
    _says_it_runs(peer, "piefed")
    await _meet(lindenhof, mallory)
    peer.handlers[WELL_KNOWN] = _elsewhere
    for days in (7, 1):
        rig.clock.advance(days=days)
        await lindenhof.sweep()
        await run(lindenhof)
    assert _asked(peer) == 3 and await _software(lindenhof, f"localhost:{peer.port}") == "piefed"


@pytest.mark.parametrize(
    ("name", "forms"), [("mastodon", ["post"]), ("lemmy", ["activity"]), ("friendica", ["activity", "post"])]
)
async def test_a_house_is_told_in_the_form_it_reads_and_no_other(
    lindenhof: RigNode, peers: list[Peer], name: str, forms: list[str]
) -> None:
    peer, mallory = peers[0], Stranger(peers[0], "mallory")
    inboxes = Inboxes(peer, "/u/mallory/inbox")
    _says_it_runs(peer, name)
    amina = await lindenhof.person("amina")
    seat = await found(lindenhof, amina)
    known = await known_as(lindenhof, mallory)
    async with lindenhof.db.tx() as tx:
        await put_member(tx, seat.group.id, known.id, "member")
    await _meet(lindenhof, mallory)
    await says(seat, amina, "Told once")
    await run(lindenhof)
    told = inboxes.of_type("Announce")
    assert sorted("post" if isinstance(one["object"], str) else "activity" for one in told) == forms

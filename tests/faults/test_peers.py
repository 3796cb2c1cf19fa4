"""Hosts that dawdle, lie, loop and flicker: everybody else gets everything once, and what waits is seen to wait."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web

from federation import delivery
from node.features.actors.store.reads import Actor
from node.features.posts import service as posts
from node.features.posts.service import Draft
from node.wire import applying
from tests.faults.ledger import assert_counts_equal_rows, assert_every_end_is_named
from tests.federation.peers import AP, Peer
from tests.node.wire.conftest import amina, eve, follower, peers, vera  # noqa: F401  (fixtures)
from tests.node.wire.strangers import Inboxes, Stranger, faults, run
from tests.rig import Rig, RigNode

BOMB = gzip.compress(b" " * 20_000_000, 6)
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def _trickle(request: web.Request) -> web.StreamResponse:
    """A byte now and then, for ever (REL-17)."""
    response = web.StreamResponse(headers={"Content-Type": AP})
    await response.prepare(request)
    while True:
        await response.write(b" ")
        await asyncio.sleep(0.05)


async def _endless(request: web.Request) -> web.StreamResponse:
    """As much as one likes to read (REL-18)."""
    response = web.StreamResponse(headers={"Content-Type": AP})
    await response.prepare(request)
    while True:
        await response.write(b"[" * 65_536)


async def _loop(request: web.Request) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": str(request.rel_url)})


async def _bomb(_: web.Request) -> web.StreamResponse:
    return web.Response(body=BOMB, headers={"Content-Type": AP, "Content-Encoding": "gzip"})


async def _cut(request: web.Request) -> web.StreamResponse:
    """Hangs up in the middle of the answer."""
    response = web.StreamResponse(headers={"Content-Type": AP, "Content-Length": "500"})
    await response.prepare(request)
    await response.write(b"{")
    assert request.transport is not None
    request.transport.close()
    return response


async def _silent(_: web.Request) -> web.StreamResponse:
    """Takes the request and never says a word."""
    await asyncio.Event().wait()
    raise AssertionError


FAULTS: dict[str, Answer] = {
    "trickle": _trickle,
    "endless": _endless,
    "loop": _loop,
    "bomb": _bomb,
    "cut": _cut,
    "silent": _silent,
}


@pytest.fixture
async def odd(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[dict[str, Peer]]:
    """A house for each fault; the node's patience is shortened, or the test would take its half minutes."""
    monkeypatch.setattr(delivery, "DELIVERY_S", 2.0)
    monkeypatch.setattr(applying, "GATHER_S", 2.0)
    made = {name: Peer("localhost") for name in (*FAULTS, "flicker")}
    for peer in made.values():
        await peer.start()
    yield made
    for peer in made.values():
        await peer.stop()


def _flickering(taken: list[str]) -> Answer:
    """Answers 500 every other time, and once takes a delivery and says 500 all the same."""
    turns = iter(range(10_000))

    async def answer(request: web.Request) -> web.StreamResponse:
        document = await request.json()
        turn = next(turns)
        if turn % 2 == 0:
            if turn == 4:
                taken.append(document["id"])
            return web.Response(status=500)
        taken.append(document["id"])
        return web.Response(status=202)

    return answer


async def test_rel_17_hosts_that_misbehave_cost_the_others_nothing(
    rig: Rig, lindenhof: RigNode, follower: Actor, eve: Stranger, odd: dict[str, Peer]  # noqa: F811
) -> None:  # fmt: skip
    node = lindenhof
    good = Inboxes(eve.peer, "/u/eve/inbox")
    flicker: list[str] = []
    for name, peer in odd.items():
        who = Stranger(peer, name)
        assert await who.send(node, who.does("Follow", follower.uri)) == 202
        peer.handlers[f"/u/{name}/inbox"] = FAULTS.get(name) or _flickering(flicker)
    assert await eve.send(node, eve.does("Follow", follower.uri)) == 202
    await run(node)
    for n in range(4):
        rig.clock.advance(milliseconds=7)
        async with node.db.tx() as tx:
            await posts.write_post(tx, node.node, follower.id, Draft(source=f"Eintrag {n}"))
    await run(node)
    assert len(good.of_type("Create")) == 4  # at once, whatever the others do
    for _ in range(40):
        rig.clock.advance(minutes=50)
        await node.sweep()
        await run(node)
    async with node.db.read() as tx:
        rows = await tx.fetch("SELECT host, state, count(*) AS times FROM deliveries GROUP BY host, state")
        sent = [row["uri"] for row in await tx.fetch("SELECT uri FROM activities WHERE type = 'Create'")]
    await assert_counts_equal_rows(node.db)
    await assert_every_end_is_named(node.db)
    by_host: dict[str, dict[str, int]] = {}
    for row in rows:
        by_host.setdefault(row["host"], {})[row["state"]] = row["times"]
    ids = [document["id"] for document in good.of_type("Create")]
    assert sorted(ids) == sorted(sent) and len(set(ids)) == 4
    # Every delivery is either there or in a state somebody can look at; the flickering host got each one, in
    # order, at least once: twice only what it took and then denied.
    assert set(flicker) >= set(sent)
    assert len(flicker) - len(set(flicker)) <= 1
    assert by_host[f"localhost:{odd['flicker'].port}"].keys() == {"delivered"}
    for name in FAULTS:
        assert by_host[f"localhost:{odd[name].port}"].keys() <= {
            "delivered",
            "refused",
            "due",
            "failed",
            "gone",
        }, name


async def test_res_03_documents_that_never_end_are_given_up_and_named(
    rig: Rig, lindenhof: RigNode, follower: Actor, vera: Stranger, odd: dict[str, Peer]  # noqa: F811
) -> None:  # fmt: skip
    node = lindenhof
    boosts = []
    for name, answer in FAULTS.items():
        odd[name].handlers["/n/1"] = answer
        boosts.append(
            vera.does("Announce", odd[name].uri("/n/1"), to=["https://www.w3.org/ns/activitystreams#Public"])
        )
    for boost in boosts:
        rig.clock.advance(milliseconds=7)
        assert await vera.send(node, boost) == 202
    for _ in range(14):
        await run(node)
        rig.clock.advance(hours=30)
        await node.sweep()
    async with node.db.read() as tx:
        ends = {row["activity_uri"]: (row["state"], row["code"]) for row in await tx.fetch(
            "SELECT activity_uri, state, code FROM inbox_items WHERE type = 'Announce'")}  # fmt: skip
    assert {state for state, _ in ends.values()} <= {"refused", "failed", "ignored"}
    assert all(code for _, code in ends.values()), ends
    assert [fault for fault in await faults(node) if not fault[2].islower()] == []
    honest = vera.does("Create", vera.note())
    assert await vera.send(node, honest, now=rig.clock.now()) == 202
    await run(node)
    async with node.db.read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM posts WHERE NOT local") == 1

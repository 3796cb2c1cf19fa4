"""Places for deliveries: whoever keeps us waiting holds none, and nobody waits for a stranger."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from node.features.actors.store.reads import Actor
from node.wire import deliver, places
from node.wire.places import AT_HAND, PROMPT_S, Places
from node.wire.store.queue import SLOW_MS, HostState
from tests.federation.peers import Peer
from tests.node.wire.strangers import Inboxes
from tests.node.wire.test_deliveries import followed_by, rows_of, write
from tests.rig import Rig, RigNode

QUICK = HostState("quick.example", "cavage", 0, 20)
STRANGER = HostState("new.example", "", 0, 0)
SLOW = HostState("slow.example", "cavage", 0, SLOW_MS)
SILENT = HostState("silent.example", "cavage", 3, 20)


async def test_whoever_is_not_answering_gives_the_place_to_the_next() -> None:
    found = Places(1000)
    asked = [found.take(STRANGER) for _ in range(AT_HAND)]
    assert found.room() == 0
    for place in asked:
        place.ask()
    found.look(0.0)
    assert found.room() == 0  # there was no time to answer yet
    for place in asked[:10]:
        place.asked_at -= PROMPT_S
    asked[3].answered()  # just in time
    found.look(0.0)
    assert found.room() == 9
    asked[4].answered()
    assert asked[4].patient and found.room() == 9  # one that took long waits apart till it is done
    for place in asked:
        found.leave(place)
    assert (found.room(), found.at_hand) == (AT_HAND, 0)


async def test_what_we_are_late_ourselves_is_not_laid_to_the_peer() -> None:
    found = Places(1000)
    place = found.take(STRANGER)
    place.ask()
    place.asked_at -= PROMPT_S * 2
    found.look(PROMPT_S * 3)
    assert not place.patient
    found.look(0.0)
    assert place.patient


@pytest.mark.parametrize(("host", "at_hand"), [(QUICK, 1), (STRANGER, 1), (SLOW, 0), (SILENT, 0)])
async def test_who_is_known_to_be_slow_waits_apart_from_the_first_moment(
    host: HostState, at_hand: int
) -> None:
    found = Places(1000)
    found.take(host).ask()
    assert found.at_hand == at_hand


async def test_the_last_connections_are_for_those_who_answer() -> None:
    found = Places(800)
    while found.room_for_strangers():
        found.take(SILENT).ask()
    assert (len(found.open), found.room_for_strangers(), found.room()) == (700, 0, 100)


async def test_two_senders_to_one_host_count_once() -> None:
    found = Places(1000)
    place = found.take(QUICK)
    place.ask()
    place.ask()
    place.asked_at -= PROMPT_S
    place.answered()
    found.look(0.0)
    assert place.patient  # the other is still unanswered
    place.answered()
    found.leave(place)
    assert found.at_hand == 0


def test_open_files_bound_the_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = {"now": (1024, 1024)}
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits["now"])
    monkeypatch.setattr(resource, "setrlimit", lambda _, wished: limits.update(now=wished))
    assert places.most_open() == AT_HAND
    limits["now"] = (1024, 524_288)
    assert places.most_open() == 2048
    assert limits["now"] == (16_384, 524_288)


@pytest.fixture
async def crowd() -> AsyncIterator[list[Peer]]:
    made = [Peer("localhost") for _ in range(10)]
    for peer in made:
        await peer.start()
    yield made
    for peer in made:
        await peer.stop()


async def test_hosts_never_met_that_do_not_answer_delay_no_host_never_met(
    lindenhof: RigNode, amina: Actor, crowd: list[Peer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fewer places than silent strangers: before they went apart, the others waited half a minute."""
    monkeypatch.setattr(places, "AT_HAND", 2)
    monkeypatch.setattr(deliver, "LEASED_TOGETHER", 1)
    released = asyncio.Event()

    async def silence(_: web.Request) -> web.Response:
        await released.wait()
        return web.Response(status=202)

    silent, answering = crowd[:8], crowd[8:]
    doors = [Inboxes(peer, "/inbox") for peer in answering]
    for peer in silent:
        peer.handlers["/inbox"] = silence
    for peer in crowd:
        await followed_by(lindenhof, amina, peer, "f1")
    sent = await write(lindenhof, amina, "An alle")
    drain = asyncio.create_task(deliver.drain(lindenhof.node))
    async with asyncio.timeout(20):
        while not all(door.ids for door in doors):
            await asyncio.sleep(0.02)
    assert [door.ids for door in doors] == [[sent], [sent]]
    assert not drain.done()  # the silent ones are still waited for
    released.set()
    await drain
    assert {row[0] for row in await rows_of(lindenhof)} == {"delivered"}


async def test_a_host_that_takes_its_time_is_nobody_elses_meanwhile(
    rig: Rig, lindenhof: RigNode, amina: Actor, crowd: list[Peer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Leases are short, so that a dead worker's hosts are free soon; a living one draws them out."""
    monkeypatch.setattr(deliver, "RENEWED_S", 0.02)
    released = asyncio.Event()

    async def silence(_: web.Request) -> web.Response:
        await released.wait()
        return web.Response(status=202)

    crowd[0].handlers["/inbox"] = silence
    await followed_by(lindenhof, amina, crowd[0], "f1")
    await write(lindenhof, amina, "An alle")
    drain = asyncio.create_task(deliver.drain(lindenhof.node))
    leased = "SELECT max(leased_until) FROM hosts"
    async with asyncio.timeout(20):
        while await _ask(lindenhof, leased) is None:
            await asyncio.sleep(0.02)
        first = await _ask(lindenhof, leased)
        rig.clock.advance(seconds=20)
        while await _ask(lindenhof, leased) <= first:
            await asyncio.sleep(0.02)
    released.set()
    await drain
    assert await _ask(lindenhof, leased) is None


async def _ask(node: RigNode, query: str) -> Any:
    async with node.db.read() as tx:
        return await tx.fetchval(query)

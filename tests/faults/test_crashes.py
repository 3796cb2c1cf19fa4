"""Processes die in the middle of their work; nothing that was promised is lost, nothing happens twice."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from redis.asyncio import Redis

from node.configfile import load
from node.services import valkey_url
from tests.faults.houses import House
from tests.node.wire.strangers import Inboxes, Stranger


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with House(tmp_path) as made:
        yield made


async def traffic(house: House, count: int, *, posts: int = 10) -> None:
    """Letters from Vera, ten at a time, and posts by Alice among them."""
    gate = asyncio.Semaphore(10)

    async def letter() -> None:
        async with gate:
            await house.mention()

    async def diary() -> None:
        for n in range(posts):
            await house.write(f"Eintrag {n}")

    await asyncio.gather(diary(), *(letter() for _ in range(count)))


async def test_rel_04_a_worker_killed_in_the_middle_of_a_backlog(house: House) -> None:
    load_ = asyncio.create_task(traffic(house, 120))
    await house.until(lambda: len(house.sent) > 20, "nothing was taken in")
    first = house.kill("worker 1")
    await house.until(lambda: house.pid("worker 1") not in (0, first), "no new worker")
    await house.until(lambda: len(house.sent) > 80, "nothing more was taken in")
    house.kill("worker 1")
    await load_
    assert house.refused == [] and len(house.sent) == 120 and len(house.written) == 10
    await house.check_ledger()


async def test_a_web_process_killed_after_it_said_yes(house: House) -> None:
    load_ = asyncio.create_task(traffic(house, 80))
    await house.until(lambda: len(house.sent) > 30, "nothing was taken in")
    was = house.kill("web 1")
    await load_
    await house.until_back("web 1", was)
    await traffic(house, 10, posts=2)
    assert set(house.refused) <= {0} and len(house.sent) >= 40
    await house.check_ledger()


async def test_rel_02_a_queue_that_forgets_everything_or_dies(house: House) -> None:
    """Also REL-03: the worker that dies with Valkey is started again, and finds its work."""
    valkey = Redis.from_url(valkey_url(load(house.lab.data_dir)))
    load_ = asyncio.create_task(traffic(house, 60))
    for _ in range(10):
        await valkey.flushall()
        await asyncio.sleep(0.05)
    await valkey.aclose()
    await load_
    assert house.refused == []
    was = house.kill("valkey")
    await traffic(house, 20)  # posting and receiving go on without it
    assert house.refused == [] and len(house.written) == 20
    await house.until_back("valkey", was)
    await traffic(house, 10, posts=2)
    await house.check_ledger()


async def test_a_queue_that_hangs_holds_up_no_answer(house: House) -> None:
    stopped = house.kill("valkey", signal.SIGSTOP)
    try:
        async with asyncio.timeout(15):
            assert await house.write("Geht das?") == 200
            await house.mention()
    finally:
        house.kill("valkey", signal.SIGCONT)
    assert house.pid("valkey") == stopped and house.refused == []
    await house.check_ledger()


async def test_rel_36_one_process_after_the_other_asked_to_end_under_load(tmp_path: Path) -> None:
    """As at an upgrade: what is under way is finished, nobody is told of a fault of ours, nothing is lost."""
    async with House(tmp_path, WEB__PROCESSES="2") as house:
        load_ = asyncio.create_task(traffic(house, 260, posts=30))
        for name in ("web 1", "worker 1", "web 2") * 2:
            sent = len(house.sent)
            was = house.kill(name, signal.SIGTERM)
            await house.until_back(name, was)
            await house.until(lambda: house.doors() == 2, "a web process does not listen")
            await house.until(lambda sent=sent: load_.done() or len(house.sent) > sent, "nothing is taken in")
        await load_
        # A connection that met a closing door gets no answer and is tried again; no answer is ever a fault.
        assert set(house.refused) <= {0} and len(house.refused) < 26
        await house.until_written("Nachher")
        await house.check_ledger()


async def test_rel_12_a_database_restarted_at_once_under_load(house: House) -> None:
    load_ = asyncio.create_task(traffic(house, 100, posts=20))
    await house.until(lambda: len(house.sent) > 20, "nothing was taken in")
    was = house.kill("postgres", signal.SIGQUIT)
    await load_
    await house.until_back("postgres", was)
    await traffic(house, 10, posts=2)
    assert set(house.refused) <= {0, 500, 503}
    assert len(house.sent) >= 30
    await house.check_ledger()


async def test_rel_05_a_worker_killed_in_the_middle_of_a_fan_out(house: House) -> None:
    """Each inbox gets each post; none is given up because the sending of another was cut off."""
    readers = [Stranger(house.peer, f"reader{n}") for n in range(8)]
    paths = [f"/u/{reader.name}/inbox" for reader in readers]
    doors = Inboxes(house.peer, *paths)
    for reader in readers:
        follow = reader.does("Follow", house.alice)
        assert await reader.send(house, follow, now=datetime.now(UTC)) == 202  # type: ignore[arg-type]
    await house.until(lambda: len(doors.of_type("Accept")) == len(readers), "not all follows were accepted")
    doors.seconds = 0.05
    for n in range(6):
        assert await house.write(f"Rundbrief {n}") == 200
    await house.until(lambda: len(doors.of_type("Create")) > 8, "nothing was sent")
    house.kill("worker 1")
    doors.seconds = 0.0
    await house.check_ledger()
    for path in paths:
        got = [
            document["object"]["id"]
            for at, document in doors.received
            if at == path and document["type"] == "Create"
        ]
        assert set(got) == set(house.written), path
    rows = await house.ask("SELECT activity_id, inbox_uri FROM deliveries")
    assert len(rows) == len({tuple(row) for row in rows})

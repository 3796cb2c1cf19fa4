"""Wakes: many are sent as few, one job waits at most, and none that is lost loses work."""

from __future__ import annotations

import asyncio

import pytest
from arq import ArqRedis
from arq.constants import default_queue_name
from redis.exceptions import ConnectionError as Away

from node import wakes
from node.features.actors.store.reads import Actor
from node.wakes import Wakes
from tests.federation.peers import Peer
from tests.node.wire.strangers import Inboxes, run
from tests.node.wire.test_deliveries import followed_by, write
from tests.rig import RigNode


@pytest.fixture
def queue(lindenhof: RigNode) -> ArqRedis:
    valkey = lindenhof.node.valkey
    assert isinstance(valkey, ArqRedis)
    return valkey


async def jobs(queue: ArqRedis) -> list[str]:
    """Names of the jobs that wait, one for each job."""
    return sorted(str(job.args[0]) for job in await queue.queued_jobs())


async def test_the_first_wake_goes_at_once_and_those_after_it_together(queue: ArqRedis) -> None:
    wake = Wakes(queue)
    await wake({"deliver"})
    assert await jobs(queue) == ["deliver"]
    for _ in range(50):
        await wake({"inbound"})
        await wake({"deliver", "thumbnails:7"})
    assert await jobs(queue) == ["deliver"]
    await wake.close()
    assert await jobs(queue) == ["deliver", "inbound", "thumbnails:7"]


async def test_a_wake_that_comes_while_its_job_runs_makes_another_job(queue: ArqRedis) -> None:
    wake = Wakes(queue)
    await wake({"deliver"})
    await wake.close()
    await wake.started("deliver")
    await wake({"deliver"})
    await wake.close()
    await wake({"deliver"})  # this one finds the second still waiting
    await wake.close()
    assert await jobs(queue) == ["deliver", "deliver"]


async def test_a_queue_that_is_away_stops_nobody_and_what_it_missed_is_swept_up(
    lindenhof: RigNode, amina: Actor, peers: list[Peer], queue: ArqRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = Inboxes(peers[0], "/inbox")
    await followed_by(lindenhof, amina, peers[0], "f1")
    await run(lindenhof)

    async def away(*_: object, **__: object) -> None:
        raise Away

    wake, collected = Wakes(queue), lindenhof.db.wake
    lindenhof.db.wake = wake
    with monkeypatch.context() as patch:
        patch.setattr(queue, "set", away)
        sent = await write(lindenhof, amina, "Hallo")
        await wake.close()
    assert await queue.zcard(default_queue_name) == 0
    lindenhof.db.wake = collected
    await lindenhof.sweep()
    await run(lindenhof)
    assert door.ids == [sent]


async def test_a_queue_that_hangs_is_left_alone_for_a_while(
    queue: ArqRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def hangs(name: str, *_: object, **__: object) -> None:
        asked.append(name)
        await asyncio.Event().wait()

    monkeypatch.setattr(wakes, "PATIENCE_S", 0.05)
    monkeypatch.setattr(queue, "set", hangs)
    wake = Wakes(queue)
    for _ in range(5):
        await wake({"deliver"})
    await wake.close()
    assert asked == ["wake:deliver"]  # the others did not wait for it at all
    monkeypatch.undo()
    monkeypatch.setattr(wake, "_silent_until", 0.0)
    await wake({"deliver"})
    await wake.close()
    assert await jobs(queue) == ["deliver"]

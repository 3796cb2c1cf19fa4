"""What is asked of the network in the background: once for each subject, tried a few times, and found again."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest

from federation.errors import FederationError
from node.runtime import Node
from node.wire import wants
from node.wire.store.wants import find_want
from node.wire.wants import Want
from tests.rig import Rig, RigNode

HOUR = timedelta(hours=1)


async def ask(node: RigNode) -> bool:
    async with node.db.tx() as tx:
        return await wants.ask(tx, "backfill", 7, cooldown=HOUR)


async def state(node: RigNode) -> str:
    async with node.db.read() as tx:
        return await wants.state_of(tx, "backfill", 7, HOUR)


class Fetching:
    """A fetch that notes its wants and ends as told."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error
        self.seen: list[Want] = []

    async def __call__(self, node: Node, want: Want) -> None:
        self.seen.append(want)
        if self.error is not None:
            raise self.error


async def test_it_is_asked_once_and_again_after_the_cooldown(rig: Rig, lindenhof: RigNode) -> None:
    assert await state(lindenhof) == "unasked"
    assert await ask(lindenhof) is True
    assert await state(lindenhof) == "looking"
    assert await ask(lindenhof) is False
    fetching = Fetching()
    for _ in range(2):
        await wants.work(lindenhof.node, "backfill", "7", fetching)
    assert len(fetching.seen) == 1
    assert (await state(lindenhof), await ask(lindenhof)) == ("had", False)
    rig.clock.advance(hours=2)
    assert (await state(lindenhof), await ask(lindenhof)) == ("unasked", True)


@pytest.mark.parametrize(
    ("error", "tries"),
    [
        (FederationError("gone"), 1),
        (FederationError("fetch_failed", permanent=False), wants.MAX_ATTEMPTS),
        (RuntimeError("a fault of ours"), wants.MAX_ATTEMPTS),
    ],
)
async def test_what_fails_is_tried_a_few_times_and_then_ends(
    rig: Rig, lindenhof: RigNode, error: Exception, tries: int
) -> None:
    await ask(lindenhof)
    fetching = Fetching(error)
    for _ in range(10):
        with suppress(RuntimeError):  # the worker logs it; the lease ends by itself
            await wants.work(lindenhof.node, "backfill", "7", fetching)
        rig.clock.advance(hours=12)
    assert len(fetching.seen) == tries
    async with lindenhof.db.read() as tx:
        ended = await find_want(tx, "backfill", 7)
    assert ended is not None
    assert ended.ended_at is not None
    assert ended.code == getattr(error, "code", "broke_off")


async def test_two_workers_do_not_fetch_the_same_at_once(lindenhof: RigNode) -> None:
    await ask(lindenhof)
    second = Fetching()

    async def first(node: Node, want: Want) -> None:
        await wants.work(node, "backfill", "7", second)

    await wants.work(lindenhof.node, "backfill", "7", first)
    assert second.seen == []


async def test_a_lost_wake_is_found_by_the_sweep(lindenhof: RigNode) -> None:
    await ask(lindenhof)
    woken: set[str] = set()

    async def wake(names: set[str]) -> None:
        woken.update(names)

    lindenhof.node.db.wake = wake
    await wants.sweep(lindenhof.node)
    assert woken == {"backfill:7"}


async def test_what_is_no_number_is_nobodys_want(lindenhof: RigNode) -> None:
    fetching = Fetching()
    await wants.work(lindenhof.node, "backfill", "x'; --", fetching)
    assert fetching.seen == []


async def test_what_was_had_long_ago_is_forgotten(rig: Rig, lindenhof: RigNode) -> None:
    await ask(lindenhof)
    await wants.work(lindenhof.node, "backfill", "7", Fetching())
    rig.clock.advance(hours=24 * 31)
    await wants.forget(lindenhof.node)
    async with lindenhof.db.read() as tx:
        assert await find_want(tx, "backfill", 7) is None

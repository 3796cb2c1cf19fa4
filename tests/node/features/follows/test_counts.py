"""How many follow somebody: kept by what changes, also when many change it at once, and mended at night."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta

import pytest

from node.features.actors.store.reads import Actor
from node.features.follows import counts
from node.features.follows import service as follows
from node.jobs import upkeep
from tests.node.wire.strangers import faults
from tests.rig import Rig, RigNode


@pytest.fixture
async def people(lindenhof: RigNode) -> list[Actor]:
    """Six neighbours; the last one is asked first."""
    made = [await lindenhof.person(f"person{number}") for number in range(6)]
    async with lindenhof.db.tx() as tx:
        await tx.execute("UPDATE actors SET locked = true WHERE id = $1", made[-1].id)
    return made


async def counts_of(node: RigNode, who: Actor) -> tuple[int, int]:
    async with node.db.read() as tx:
        row = await tx.fetchrow("SELECT followers_count, following_count FROM actors WHERE id = $1", who.id)
    return row["followers_count"], row["following_count"]


async def test_after_any_number_of_follows_at_once_the_counts_are_those_of_the_rows(
    lindenhof: RigNode, people: list[Actor]
) -> None:
    """In both directions at the same time, so that two that lock one another would be seen."""

    async def do_something(seed: int) -> None:
        dice = random.Random(seed)
        for _ in range(12):
            one, other = dice.sample(people, 2)
            async with lindenhof.db.tx() as tx:
                match dice.randrange(4):
                    case 0 | 1:
                        await follows.follow(tx, lindenhof.node, one.id, other.id)
                    case 2:
                        await follows.unfollow(tx, lindenhof.node, one.id, other.id)
                    case _:
                        await follows.remove_follower(tx, lindenhof.node, one.id, other.id)

    await asyncio.gather(*(do_something(seed) for seed in range(8)))
    assert await faults(lindenhof) == []
    async with lindenhof.db.read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM follows WHERE state = 'accepted'") > 0


async def test_only_an_accepted_follow_counts_and_a_block_ends_both(
    lindenhof: RigNode, people: list[Actor]
) -> None:
    amina, jonas, locked = people[0], people[1], people[-1]
    async with lindenhof.db.tx() as tx:
        await follows.follow(tx, lindenhof.node, amina.id, jonas.id)
        await follows.follow(tx, lindenhof.node, jonas.id, amina.id)
        await follows.follow(tx, lindenhof.node, amina.id, locked.id)
    assert await counts_of(lindenhof, amina) == (1, 1)
    assert await counts_of(lindenhof, locked) == (0, 0)
    async with lindenhof.db.tx() as tx:
        await follows.answer_request(tx, lindenhof.node, locked.id, amina.id, accept=True)
    assert await counts_of(lindenhof, locked) == (1, 0)
    async with lindenhof.db.tx() as tx:
        await follows.block(tx, lindenhof.node, amina.id, jonas.id)
    assert await counts_of(lindenhof, amina) == (0, 1)
    assert await counts_of(lindenhof, jonas) == (0, 0)


async def test_a_follow_that_is_rolled_back_was_never_counted(
    lindenhof: RigNode, people: list[Actor]
) -> None:
    with pytest.raises(RuntimeError):
        async with lindenhof.db.tx() as tx:
            await follows.follow(tx, lindenhof.node, people[0].id, people[1].id)
            raise RuntimeError
    assert await counts_of(lindenhof, people[1]) == (0, 0)


async def test_what_was_changed_past_the_counts_is_mended_at_night_and_only_then(
    rig: Rig, lindenhof: RigNode, people: list[Actor], caplog: pytest.LogCaptureFixture
) -> None:
    amina, jonas = people[0], people[1]
    async with lindenhof.db.tx() as tx:
        await follows.follow(tx, lindenhof.node, amina.id, jonas.id)
        await tx.execute("UPDATE actors SET followers_count = 40, following_count = 7 WHERE local")
    now = rig.clock.now()
    rig.clock.advance(seconds=(now.replace(hour=12, minute=0) + timedelta(days=1) - now).total_seconds())
    await upkeep(lindenhof.node)
    assert await counts_of(lindenhof, jonas) == (40, 7)
    rig.clock.advance(hours=24 - 12 + counts.HOUR)
    await upkeep(lindenhof.node)
    assert await counts_of(lindenhof, jonas) == (1, 0)
    assert await counts_of(lindenhof, amina) == (0, 1)
    assert await faults(lindenhof) == []
    assert await counts.mend(lindenhof.node) == 0
    assert [r.message for r in caplog.records if "counts of followers" in r.message] == [
        "counts of followers were wrong and are mended"
    ]

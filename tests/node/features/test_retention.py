"""What upkeep forgets after its time, a few rows at a time, and what it never does."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from node.db import batches
from node.db.rows import Window
from node.features.posts import views
from node.features.reading import store as reading
from node.features.reports import service as reports
from node.jobs import upkeep
from node.retention_config import RetentionConfig
from tests.node.features.readers import follow, signed_in, write
from tests.rig import Rig, RigNode


@pytest.fixture
def few(lindenhof: RigNode, monkeypatch: pytest.MonkeyPatch) -> RigNode:
    """A house that keeps little, and deletes two rows at a time."""
    kept = RetentionConfig(home_posts=4, notifications_days=30, reports_days=60)
    config = msgspec.structs.replace(lindenhof.node.config, retention=kept)
    monkeypatch.setattr(lindenhof.node, "config", config)
    delete = batches.in_batches.__kwdefaults__
    assert delete is not None
    monkeypatch.setitem(delete, "rows", 2)
    return lindenhof


async def home(node: RigNode, actor_id: int) -> list[int]:
    async with node.db.read() as tx:
        return [entry.post_id for entry in await reading.list_home(tx, actor_id, Window(limit=40))]


async def test_a_home_keeps_its_newest_places_and_the_posts_themselves_stay(rig: Rig, few: RigNode) -> None:
    amina, jonas = await few.person("amina"), await few.person("jonas")
    await follow(few, jonas, amina)
    written = []
    for number in range(11):
        rig.clock.advance(minutes=1)
        written.append(await write(few, amina, f"post {number}"))
    own = await write(few, jonas, "one of mine")
    await upkeep(few.node)
    assert await home(few, amina.id) == written[:-5:-1]
    assert await home(few, jonas.id) == [own, *written[:-4:-1]]
    async with few.db.read() as tx:
        assert len(await views.list_posts(tx, written, jonas.id)) == 11


async def test_a_home_that_is_short_is_left_alone(rig: Rig, few: RigNode) -> None:
    amina = await few.person("amina")
    written = [await write(few, amina, f"post {number}") for number in range(4)]
    await upkeep(few.node)
    assert sorted(await home(few, amina.id)) == sorted(written)


async def test_who_pages_past_the_end_of_a_home_is_told_that_it_ends_there(rig: Rig, few: RigNode) -> None:
    async with signed_in(few, "amina") as browser:
        for number in range(6):
            rig.clock.advance(minutes=1)
            await write(few, browser.me, f"post {number}")
        last = (await home(few, browser.me.id))[-1]
        await upkeep(few.node)
        await browser.get(f"/?older={last + 1}")
        assert "This page goes back no further." in browser.text
        await browser.get("/")
        assert "That was everything since" in browser.text


async def test_places_that_somebody_holds_at_that_moment_are_left_for_the_next_time(
    rig: Rig, few: RigNode
) -> None:
    """Upkeep waits for nobody: a post that is being deleted keeps its places until then."""
    amina = await few.person("amina")
    for number in range(6):
        rig.clock.advance(minutes=1)
        await write(few, amina, f"post {number}")
    oldest = (await home(few, amina.id))[-1]
    async with few.db.tx() as tx:
        await tx.execute("SELECT 1 FROM home_entries WHERE post_id = $1 FOR UPDATE", oldest)
        await upkeep(few.node)
    assert oldest in await home(few, amina.id)
    await upkeep(few.node)
    assert oldest not in await home(few, amina.id)


async def test_what_happened_long_ago_is_forgotten(rig: Rig, few: RigNode) -> None:
    amina = await few.person("amina")
    others = [await few.person(name) for name in ("jonas", "olena", "tarek")]
    for other in others:
        await follow(few, other, amina)
    rig.clock.advance(days=31)
    young = await few.person("mina")
    await follow(few, young, amina)
    await upkeep(few.node)
    async with few.db.read() as tx:
        news = await reading.list_notifications(tx, amina.id, Window())
    assert [one.actor_id for one in news] == [young.id]


async def report(node: RigNode, reporter: Any, target: Any, post_ids: tuple[int, ...] = ()) -> int:
    async with node.db.tx() as tx:
        draft = reports.Draft(target_id=target.id, comment="Look", post_ids=post_ids)
        return (await reports.write_report(tx, node.node, reporter.id, draft)).id


async def test_closed_reports_are_forgotten_with_their_copies_and_open_ones_stay(
    rig: Rig, few: RigNode
) -> None:
    amina, jonas = await few.person("amina"), await few.person("jonas", role="moderator")
    post_id = await write(few, amina, "something")
    ids = [await report(few, jonas, amina, (post_id,)) for _ in range(2)]
    async with few.db.tx() as tx:
        await reports.close(tx, ids[0], jonas.id)
    rig.clock.advance(days=59)
    await upkeep(few.node)
    assert await remaining(few) == (2, 2)
    rig.clock.advance(days=2)
    await upkeep(few.node)
    assert await remaining(few) == (1, 1)


async def remaining(node: RigNode) -> tuple[int, int]:
    async with node.db.read() as tx:
        return (
            await tx.fetchval("SELECT count(*) FROM reports"),
            await tx.fetchval("SELECT count(*) FROM report_posts"),
        )


async def test_a_backlog_larger_than_one_batch_is_gone_after_one_upkeep(rig: Rig, few: RigNode) -> None:
    async with few.db.tx() as tx:
        await tx.execute(
            """INSERT INTO inbox_items (id, activity_uri, actor_uri, host, type, body,
                                        state, received_at,
                                        next_attempt_at, ended_at)
               SELECT n, 'https://peer.test/a/' || n, 'https://peer.test/u', 'peer.test', 'Like', ''::bytea,
                      'done', $1, $1, $1 FROM generate_series(1, 9) AS n""",
            tx.now,
        )
    await upkeep(few.node)
    async with few.db.read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM inbox_items") == 0

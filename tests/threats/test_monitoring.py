"""What those who look after a house are told: what lives, what is ready, what waits, what is damaged."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import aiohttp
import pytest
from redis.exceptions import ConnectionError as QueueAway

from node.cli import checks, store
from tests.node.wire.strangers import run
from tests.threats.oracle import Scene


async def health(scene: Scene) -> dict[str, tuple[int, dict[str, object]]]:
    """What both questions are answered."""
    found = {}
    async with aiohttp.ClientSession() as session:
        for name in ("live", "ready"):
            async with session.get(f"{scene.node.origin}/health/{name}") as answer:
                found[name] = (answer.status, await answer.json())
    return found


async def test_rel_46_to_live_and_to_be_ready_are_two_things(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = await health(scene)
    assert told["live"][0] == 200 and told["ready"] == (200, {"database": True, "queue": True})

    async def away() -> bool:
        raise QueueAway

    monkeypatch.setattr(scene.node.node.valkey, "ping", away)
    told = await health(scene)
    assert told["live"][0] == 200 and told["ready"] == (200, {"database": True, "queue": False})
    monkeypatch.undo()
    async with AsyncExitStack() as stack:  # every connection is taken, so nothing can be answered
        for _ in range(scene.node.node.config.database.pool_size):
            await stack.enter_async_context(scene.node.db.pool.acquire())
        async with asyncio.timeout(20):
            told = await health(scene)
    assert told["live"][0] == 200 and told["ready"] == (503, {"database": False, "queue": True})
    assert (await health(scene))["ready"][0] == 200


async def test_rel_46_what_waits_failed_or_rests_is_counted(scene: Scene) -> None:
    await run(scene.node)
    async with scene.node.db.tx() as tx:
        before = await store.get_queues(tx)
        for name, column in (("resting", "next_attempt_at"), ("dead", "gone_at")):
            await tx.execute(
                f"INSERT INTO hosts (host, first_seen_at, {column}) VALUES ($1, now(), now() + interval '1 hour')",
                f"{name}.example",
            )
        await tx.execute(
            """INSERT INTO inbox_items (id, activity_uri, type, actor_uri, object_uri, host, body, received_at,
                                        next_attempt_at, state)
               SELECT n, 'https://h.example/' || n, 'Like', '', '', 'h.example', '', now(), now() - interval '1 hour',
                      CASE n WHEN 1 THEN 'new' ELSE 'failed' END FROM generate_series(1, 3) AS n"""
        )
        after = await store.get_queues(tx)
    assert (after.hosts_resting, after.hosts_gone) == (before.hosts_resting + 1, before.hosts_gone + 1)
    assert (after.inbox_waiting, after.inbox_failed) == (before.inbox_waiting + 1, before.inbox_failed + 2)
    assert 3500 < after.inbox_oldest_s < 3700
    said = [one.what for one in await checks.check_database(scene.node.node.config) if one.state != "good"]
    assert [what for what in said if "waits since" in what] and "2 arrived activities failed" in said


# An address that only one row may have, and the rule that says so.
SINGLE = {
    "actors": ("actors_uri_key", "ALTER TABLE actors DROP CONSTRAINT actors_uri_key CASCADE"),
    "handles": ("actors_handle", "DROP INDEX actors_handle"),
    "posts": ("posts_uri_key", "ALTER TABLE posts DROP CONSTRAINT posts_uri_key CASCADE"),
}
TWICE = {
    "actors": """INSERT INTO actors (id, uri, local, host, kind, username, inbox_uri,
                                     shared_inbox_uri, created_at, updated_at)
                 SELECT 7, uri, local, 'other.example', kind, username, '', '', now(), now() FROM actors WHERE id = $1""",
    "handles": """INSERT INTO actors (id, uri, local, host, kind, username, inbox_uri,
                                     shared_inbox_uri, created_at, updated_at)
                 SELECT 7, uri || '/again', local, host, kind, upper(username), '', '', now(), now()
                 FROM actors WHERE id = $1""",
    "posts": """INSERT INTO posts (id, uri, author_id, local, html, audience, thread_id, published_at)
                SELECT n, 'https://h.example/one', $1, false, '', 'public', n, now() FROM generate_series(7, 8) AS n""",
}


@pytest.mark.parametrize("what", SINGLE)
async def test_rel_39_rows_that_stand_twice_are_found(scene: Scene, what: str) -> None:
    """A damaged index lets a second row in; the doctor reads the tables and not the index."""
    name, drop = SINGLE[what]
    config = scene.node.node.config
    assert not [one for one in await checks.check_database(config) if "stand twice" in one.what]
    async with scene.node.db.tx() as tx:
        unique = await tx.fetchval(
            "SELECT indisunique AND indisvalid FROM pg_index WHERE indexrelid = $1::regclass", name
        )
        assert unique
        await tx.execute(drop)
        await tx.execute(TWICE[what], scene.amina.id)
    found = [one for one in await checks.check_database(config) if "stand twice" in one.what]
    assert [(one.state, one.what[:2]) for one in found] == [("broken", "1 ")] and found[0].mend


async def test_rel_39_another_way_of_sorting_is_told_before_it_does_harm(scene: Scene) -> None:
    async with scene.node.db.tx() as tx:
        await tx.execute("UPDATE pg_database SET datcollversion = '1.0' WHERE datname = current_database()")
    told = [one for one in await checks.check_database(scene.node.node.config) if "sorted by 1.0" in one.what]
    assert [one.state for one in told] == ["broken"] and "REINDEX" in told[0].mend

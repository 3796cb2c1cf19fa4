"""Much of everything: a hundred thousand arrivals in front of one letter, an account of fifty thousand posts."""

from __future__ import annotations

import asyncio
from collections import Counter

import aiohttp
import pytest

from node.features.actors import burial
from node.features.actors.store.reads import Actor
from node.features.follows import service as follows
from node.features.leaving import service as leaving
from node.features.posts import service as posts
from node.features.posts.service import Draft
from node.jobs import job_table, run_job
from node.wire import process
from tests.node.wire.strangers import Inboxes, known_as, outcome, run
from tests.threats.oracle import Scene

ACCEPT = {"Accept": "application/activity+json"}
MANY = 2 * burial.AT_ONCE + 300


async def fill(scene: Scene, author_id: int, prefix: str, *, local: bool, count: int = MANY) -> None:
    """Old posts of somebody, in everybody's way."""
    async with scene.node.db.tx() as tx:
        await tx.execute(
            """INSERT INTO posts (id, uri, author_id, local, html, audience, thread_id, published_at)
               SELECT n, $2 || n, $1, $3, '<p>x</p>', 'public', n, $5 FROM generate_series(1, $4::bigint) AS n""",
            author_id,
            prefix,
            local,
            count,
            tx.now,
        )
        await tx.execute(
            "INSERT INTO home_entries (owner_id, id, post_id) SELECT $1, id, id FROM posts WHERE author_id = $2",
            scene.amina.id,
            author_id,
        )


async def left(scene: Scene, author_id: int) -> tuple[int, int]:
    """How many posts of theirs there are still, and how many stand in Amina's home."""
    async with scene.node.db.read() as tx:
        there = await tx.fetchval("SELECT count(*) FROM posts WHERE author_id = $1", author_id)
        return there, await tx.fetchval(
            "SELECT count(*) FROM home_entries h JOIN posts p ON p.id = h.post_id WHERE p.author_id = $1",
            author_id,
        )


@pytest.mark.parametrize("share", [burial._SHARE, 0.0], ids=["at a stretch", "a batch a job"])
async def test_rel_16_an_account_of_very_many_posts_is_removed_some_at_a_time(
    scene: Scene, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The news itself removes no more than a batch, so it holds up nobody; a worker that dies is followed by another."""
    monkeypatch.setattr(burial, "_SHARE", share)
    there = await known_as(scene.node, scene.vera)
    await fill(scene, there.id, scene.vera.peer.uri("/old/"), local=False)
    scene.vera.peer.documents.pop("/u/vera")
    news = scene.vera.does("Delete", scene.vera.uri)
    assert await scene.vera.send(scene.node, news, now=scene.rig.clock.now()) == 202
    await process.drain(scene.node.node)
    assert await outcome(scene.node, news) == ("done", "")
    assert await left(scene, there.id) == (MANY - burial.AT_ONCE,) * 2
    scene.node._woken.clear()  # the wake is lost, and found by the sweep
    await scene.node.sweep()
    await run(scene.node)
    assert await left(scene, there.id) == (0, 0)
    async with scene.node.db.read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM wants WHERE kind = 'burial' AND ended_at IS NULL") == 0


async def test_rel_16_a_member_with_very_many_posts_can_leave(scene: Scene) -> None:
    jonas = await scene.node.person("jonas")
    await fill(scene, jonas.id, f"{scene.node.origin}/ap/notes/", local=True)
    async with scene.node.db.tx() as tx:
        await leaving.delete_account(tx, scene.node.node, jonas.id)
    await run(scene.node)
    assert await left(scene, jonas.id) == (0, 0)
    async with scene.node.db.read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM tombstones") >= MANY


async def test_rel_45_a_post_that_a_thousand_hosts_look_up_at_once_is_served_to_all(scene: Scene) -> None:
    """Author, post, answers and address book, asked for by everybody while a letter arrives."""
    node = scene.node
    async with node.db.tx() as tx:
        post_id = await posts.write_post(tx, node.node, scene.amina.id, Draft(source="Alle kommen"))
        uri = await tx.fetchval("SELECT uri FROM posts WHERE id = $1", post_id)
    handle = f"{node.origin}/.well-known/webfinger?resource=acct:{scene.amina.username}@{node.host}"
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=250)) as session:
        note = await (await session.get(uri, headers=ACCEPT)).json(content_type=None)
        asked = [
            scene.amina.uri,
            uri,
            note["replies"] if isinstance(note["replies"], str) else note["replies"]["id"],
            handle,
        ]

        async def ask(url: str) -> tuple[str, int, bytes]:
            async with session.get(url, headers=ACCEPT) as answer:
                return url, answer.status, await answer.read()

        letter = scene.mention()
        answers, accepted = await asyncio.gather(
            asyncio.gather(*(ask(url) for _ in range(250) for url in asked)),
            scene.eve.send(node, letter, now=scene.rig.clock.now()),
        )
    assert accepted == 202
    assert Counter((url, status) for url, status, _ in answers) == {(url, 200): 250 for url in asked}
    assert len({(url, body) for url, _, body in answers}) == len(asked)
    assert node.db.pool.get_size() <= node.node.config.database.pool_size
    await run(node)
    assert await outcome(node, letter) == ("done", "")


async def test_rel_09_a_backlog_of_arrivals_keeps_no_post_of_ours_waiting(scene: Scene, amina: Actor) -> None:
    """What comes in and what goes out are two jobs; the backlog drains in bounded bites."""
    jonas = await scene.node.person("jonas")
    door = Inboxes(scene.vera.peer, "/u/vera/inbox")
    await scene.works(scene.vera, scene.vera.does("Follow", amina.uri))
    async with scene.node.db.tx() as tx:
        await follows.follow(tx, scene.node.node, jonas.id, amina.id)
        await tx.execute(
            """INSERT INTO inbox_items (id, activity_uri, type, actor_uri, object_uri, host, body, received_at,
                                        next_attempt_at)
               SELECT n, $1 || '/likes/' || n, 'Like', $1, $2, $3,
                      convert_to(format('{"id":"%s/likes/%s","type":"Like","actor":"%s","object":"%s"}',
                                        $1::text, n, $1::text, $2::text), 'UTF8'), $4, $4
               FROM generate_series(1, 3000) AS n""",
            scene.eve.uri,
            f"{amina.uri}/nothing",
            scene.eve.peer.uri("").removeprefix("http://"),
            tx.now,
        )
    async with scene.node.db.tx() as tx:
        post_id = await posts.write_post(tx, scene.node.node, amina.id, Draft(source="Sofort"))
    await run_job(scene.node.node, job_table(scene.node.node), "deliver")
    assert len(door.of_type("Create")) == 1
    async with scene.node.db.read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM home_entries WHERE owner_id = $1", jonas.id) == 1
        assert await tx.fetchval("SELECT count(*) FROM inbox_items WHERE state = 'new'") == 3000
    assert post_id
    assert 0 < len(await process.lease(scene.node.node)) <= process.BATCH
    scene.rig.clock.advance(minutes=10)
    await scene.node.sweep()
    await run(scene.node)
    async with scene.node.db.read() as tx:
        states = await tx.fetch(
            "SELECT state, count(*) AS number FROM inbox_items WHERE id <= 3000 GROUP BY state"
        )
    assert [(row["state"], row["number"]) for row in states] == [("ignored", 3000)]

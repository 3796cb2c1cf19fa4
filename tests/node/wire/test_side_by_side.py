"""Several workers and many requests at once: one effect each, counters that count, no order lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from node.app import close_node, open_node
from node.db.rows import Window
from node.features.actors.store.reads import Actor
from node.features.posts import service as posts
from node.features.posts.service import Draft
from node.features.reading import store as reading
from node.runtime import Node
from node.wire import deliver, process
from tests.federation.peers import Peer
from tests.node.wire.strangers import (
    PUBLIC,
    Inboxes,
    Stranger,
    counted,
    faults,
    known_as,
    outcome,
    post,
    run,
    wrong_counters,
)
from tests.rig import Rig, RigNode


@pytest.fixture
async def workers(rig: Rig, lindenhof: RigNode) -> AsyncIterator[list[Node]]:
    """Four more processes of the same node: connections and caches of their own, one database."""

    async def wake(names: set[str]) -> None:
        await lindenhof.db.wake(names)

    made = [await open_node(lindenhof.node.config, clock=rig.clock) for _ in range(4)]
    for worker in made:
        worker.db.wake = wake
    yield made
    for worker in made:
        await close_node(worker)


async def test_rpl_01_a_request_sent_fifty_times_has_one_effect(
    lindenhof: RigNode, follower: Actor, vera: Stranger, workers: list[Node]
) -> None:
    note = vera.note(to=[PUBLIC, follower.uri], tag=[{"type": "Mention", "href": follower.uri}])
    request = vera.sign(lindenhof, vera.does("Create", note))
    before = await counted(lindenhof)
    answers = await asyncio.gather(*(post(lindenhof, request) for _ in range(50)))
    assert {answer.status for answer in answers} == {202}
    await asyncio.gather(*(process.drain(worker) for worker in workers))
    after = await counted(lindenhof)
    changed = {name: after[name] - before[name] for name in after if after[name] != before[name]}
    assert changed == {
        "posts": 1, "post_mentions": 1, "notifications": 1, "home_entries": 1, "inbox_items": 1,
    }  # fmt: skip


async def test_dbf_03_rel_14_several_workers_count_as_one_does(
    rig: Rig, lindenhof: RigNode, follower: Actor, vera: Stranger, eve: Stranger, workers: list[Node]
) -> None:
    node = lindenhof
    async with node.db.tx() as tx:
        post_id = await posts.write_post(tx, node.node, follower.id, Draft(source="Anfang"))
    ours = f"{node.origin}/ap/notes/{post_id}"
    for who in (vera, eve):
        for n in range(12):
            like, boost = who.does("Like", ours), who.does("Announce", ours, to=[PUBLIC])
            answer = who.note(f"<p>{n}</p>", inReplyTo=ours, to=[PUBLIC, follower.uri])
            deeds = [like, boost, who.does("Create", answer), who.does("Follow", follower.uri)]
            undone = [
                who.does("Undo", {name: deed[name] for name in ("id", "type", "actor", "object")})
                for deed in (like, boost)
            ]
            for deed in (*deeds, *undone):
                rig.clock.advance(milliseconds=3)
                assert await who.send(node, deed) == 202
    await asyncio.gather(*(process.drain(worker) for worker in workers))
    await run(node)
    assert await faults(node) == []
    async with node.db.read() as tx:
        assert await wrong_counters(tx) == []
        counts = await tx.fetchrow(
            "SELECT likes_count, boosts_count, replies_count FROM posts WHERE id = $1", post_id
        )
        told = [n.kind for n in await reading.list_notifications(tx, follower.id, Window(limit=80))]
    assert tuple(counts) == (0, 0, 24)
    assert told.count("mention") == 24 and "favourite" not in told and "reblog" not in told


async def test_dbf_02_somebody_first_seen_by_many_at_once_is_one_row(
    rig: Rig,
    lindenhof: RigNode,
    follower: Actor,
    vera: Stranger,
    eve: Stranger,
    peers: list[Peer],
    workers: list[Node],
) -> None:
    unknown = Stranger(peers[0], "ulla")
    note = unknown.note()
    peers[0].documents[note["id"].removeprefix(peers[0].origin)] = note
    await known_as(lindenhof, eve)
    announces = [who.does("Announce", note["id"], to=[PUBLIC]) for who in (vera, eve) for _ in range(5)]
    for activity in announces:
        rig.clock.advance(milliseconds=3)
        assert await (vera if activity["actor"] == vera.uri else eve).send(lindenhof, activity) == 202
    await asyncio.gather(*(process.drain(worker) for worker in workers))
    async with lindenhof.db.read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM actors WHERE uri = $1", unknown.uri) == 1
        assert await tx.fetchval("SELECT count(*) FROM posts WHERE uri = $1", note["id"]) == 1
        assert await wrong_counters(tx) == []
    assert await faults(lindenhof) == []
    assert await outcome(lindenhof, announces[0]) == ("done", "")


async def test_rel_10_two_workers_send_everything_once_and_in_order(
    rig: Rig, lindenhof: RigNode, follower: Actor, vera: Stranger
) -> None:
    door = Inboxes(vera.peer, "/u/vera/inbox")
    assert await vera.send(lindenhof, vera.does("Follow", follower.uri)) == 202
    rig.clock.advance(minutes=5)  # what found no door before is tried again, and nothing waits behind it
    await lindenhof.sweep()
    await run(lindenhof)
    door.received.clear()
    sent = []
    for n in range(30):
        async with lindenhof.db.tx() as tx:
            post_id = await posts.write_post(tx, lindenhof.node, follower.id, Draft(source=f"Nummer {n}"))
        sent.append(f"{lindenhof.origin}/ap/notes/{post_id}/activity")
    await asyncio.gather(*(deliver.drain(lindenhof.node) for _ in range(4)))
    assert door.ids == sent


async def test_rel_06_work_whose_wake_was_lost_is_found_by_the_sweep(
    lindenhof: RigNode, follower: Actor, vera: Stranger
) -> None:
    async def lost(names: set[str]) -> None:
        """The process died between its commit and the wake."""

    waking, lindenhof.db.wake = lindenhof.db.wake, lost
    create = vera.does("Create", vera.note())
    assert await vera.send(lindenhof, create) == 202
    lindenhof.db.wake = waking
    assert await outcome(lindenhof, create) == ("new", "")
    await lindenhof.sweep()
    await run(lindenhof)
    assert await outcome(lindenhof, create) == ("done", "")

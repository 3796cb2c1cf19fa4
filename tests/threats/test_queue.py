"""Work that waits: nothing that was taken in is lost, jammed by one bad row, or delayed by one loud host."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta
from random import Random

import pytest

from federation import vocab
from moderation import engine
from node.errors import NodeError
from node.features.follows import service as follows
from node.features.leaving import service as leaving
from node.features.posts import reactions
from node.features.posts import service as posts
from node.features.posts.service import Draft
from node.jobs import upkeep
from node.wire import process
from tests.node.wire.strangers import Inboxes, known_as, outcome, run, wrong_counters
from tests.threats.oracle import Scene


async def test_rel_08_work_that_nobody_did_for_days_is_still_done(scene: Scene) -> None:
    """What waits lies in the database; a queue that forgot it after a day costs nothing."""
    vera = scene.vera
    door = Inboxes(vera.peer, "/u/vera/inbox")
    await scene.works(vera, vera.does("Follow", scene.amina.uri))
    letter = scene.mention(vera)
    assert await vera.send(scene.node, letter, now=scene.rig.clock.now()) == 202
    async with scene.node.db.tx() as tx:
        await posts.write_post(tx, scene.node.node, scene.amina.id, Draft(source="Bis morgen"))
    scene.node._woken.clear()  # as if Valkey had lost every job
    scene.rig.clock.advance(hours=49)
    await upkeep(scene.node.node)
    await run(scene.node)
    assert await outcome(scene.node, letter) == ("new", "")
    await scene.node.sweep()
    await run(scene.node)
    assert await outcome(scene.node, letter) == ("done", "")
    assert len(door.of_type("Create")) == 1


@pytest.mark.parametrize("where", ["reading", "handling"])
async def test_dbf_04_rel_11_one_poisonous_row_ends_named_and_stops_nobody(
    scene: Scene, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever raises, in the reader or in a handler: it alone is tried again, then failed, and listed."""
    bad = scene.mention(scene.vera)
    if where == "reading":
        read = vocab.read

        def raising(document: object) -> vocab.Thing:
            if isinstance(document, dict) and document.get("id") == bad["id"]:
                raise KeyError("poison")
            return read(document)  # type: ignore[arg-type]

        monkeypatch.setattr(vocab, "read", raising)
    else:
        handle = engine.judge

        def judging(stage: object, activity: vocab.Activity, facts: object) -> object:
            if activity.id == bad["id"]:
                raise KeyError("poison")
            return handle(stage, activity, facts)  # type: ignore[arg-type]

        monkeypatch.setattr(engine, "judge", judging)
    good = [scene.mention(scene.vera), scene.mention(scene.eve)]
    for who, activity in ((scene.vera, bad), (scene.vera, good[0]), (scene.eve, good[1])):
        scene.rig.clock.advance(milliseconds=7)
        assert await who.send(scene.node, activity, now=scene.rig.clock.now()) == 202
    await run(scene.node)
    assert [await outcome(scene.node, one) for one in good] == [("done", "")] * 2
    for _ in range(12):
        scene.rig.clock.advance(days=2)
        await scene.node.sweep()
        await run(scene.node)
    assert await outcome(scene.node, bad) == ("failed", "KeyError")


async def test_rel_11_an_arrival_that_kills_its_workers_is_given_up(scene: Scene) -> None:
    """A worker that dies writes nothing down; what it had in hand must not kill the next for ever."""
    node = scene.node
    deadly, after = scene.mention(scene.vera), scene.mention(scene.vera)
    for activity in (deadly, after):
        scene.rig.clock.advance(milliseconds=7)
        assert await scene.vera.send(node, activity, now=scene.rig.clock.now()) == 202
    for _ in range(process.DEADLY_ATTEMPTS + 1):
        assert await process.lease(node.node)  # and then it dies
        scene.rig.clock.advance(minutes=10)
    await node.sweep()
    await run(node)
    assert await outcome(node, deadly) == ("failed", "worker_died")
    assert await outcome(node, after) == ("done", "")


async def test_res_18_a_host_that_is_being_worked_on_holds_up_no_other(scene: Scene) -> None:
    for _ in range(130):
        scene.rig.clock.advance(milliseconds=1)
        assert await scene.eve.send(scene.node, scene.mention(), now=scene.rig.clock.now()) == 202
    honest = scene.mention(scene.vera)
    assert await scene.vera.send(scene.node, honest, now=scene.rig.clock.now()) == 202
    flood = await process.lease(scene.node.node)  # one worker has its hands full of Eve's
    assert flood
    if all(item.activity_uri != honest["id"] for item in flood):
        others = await process.lease(scene.node.node)
        assert [item.activity_uri for item in others] == [honest["id"]]


async def test_rel_32_counters_equal_their_rows_after_any_coming_and_going(scene: Scene) -> None:
    """Follows, blocks, likes, boosts, answers and their undoing in an order made by chance."""
    random = Random(32)
    here = [scene.amina, await scene.node.person("jonas"), await scene.node.person("mira")]
    async with scene.node.db.tx() as tx:
        ours = [
            f"{scene.node.origin}/ap/notes/{await posts.write_post(tx, scene.node.node, one.id, Draft(source='x'))}"
            for one in here
        ]
    done: list[tuple[object, dict[str, object]]] = []
    for _ in range(90):
        who = random.choice((scene.eve, scene.vera))
        thing = random.choice(ours)
        kind = random.choice(("Like", "Announce", "Follow", "Block", "Undo", "Create", "Delete"))
        if kind == "Undo" and done:
            author, deed = random.choice(done)
            who = author  # type: ignore[assignment]
            activity = who.does("Undo", {name: deed[name] for name in ("id", "type", "actor", "object")})
        elif kind in ("Follow", "Block"):
            activity = who.does(kind, random.choice(here).uri)
        elif kind == "Create":
            activity = who.does("Create", who.note(inReplyTo=thing, to=[scene.amina.uri]))
        elif kind == "Delete" and done:
            author, deed = random.choice(done)
            who = author  # type: ignore[assignment]
            inner = deed["object"]
            activity = who.does("Delete", inner["id"] if isinstance(inner, dict) else inner)
        else:
            activity = who.does("Like", thing)
        done.append((who, activity))
        scene.rig.clock.advance(milliseconds=7)
        assert await who.send(scene.node, activity, now=scene.rig.clock.now()) == 202
        if random.random() < 0.3:
            await run(scene.node)
    there = await known_as(scene.node, scene.eve)
    for one in here:
        async with scene.node.db.tx() as tx:
            with contextlib.suppress(NodeError):  # a block may stand between
                await follows.follow(tx, scene.node.node, one.id, there.id)
    await run(scene.node)
    async with scene.node.db.read() as tx:
        assert await wrong_counters(tx) == []


async def test_dbf_03_follows_of_many_at_once_are_all_counted(scene: Scene) -> None:
    """Who counts waits for the row first and looks afterwards, or of several at once only one would count."""
    people = [await scene.node.person(f"person{n}") for n in range(6)]

    async def follow(follower_id: int) -> None:
        async with scene.node.db.tx() as tx:
            await follows.follow(tx, scene.node.node, follower_id, scene.amina.id)

    await asyncio.gather(*(follow(one.id) for one in people))
    async with scene.node.db.read() as tx:
        number = await tx.fetchval("SELECT followers_count FROM actors WHERE id = $1", scene.amina.id)
        assert number == len(people)
        assert await wrong_counters(tx) == []


async def test_rel_32_counters_stay_right_when_a_member_leaves(scene: Scene) -> None:
    node, jonas, mira = scene.node, await scene.node.person("jonas"), await scene.node.person("mira")
    async with node.db.tx() as tx:
        post_id = await posts.write_post(tx, node.node, scene.amina.id, Draft(source="Frage"))
        for one, audience in ((jonas, "public"), (mira, "direct"), (mira, "followers")):
            draft = Draft(source="@amina Antwort", audience=audience, in_reply_to_id=post_id)
            await posts.write_post(tx, node.node, one.id, draft)
        await reactions.like(tx, node.node, jonas.id, post_id)
        await reactions.like(tx, node.node, mira.id, post_id)
        await follows.follow(tx, node.node, jonas.id, scene.amina.id)
    async with node.db.tx() as tx:
        await leaving.delete_account(tx, node.node, jonas.id)
    async with node.db.read() as tx:
        assert await wrong_counters(tx) == []
        row = await tx.fetchrow("SELECT likes_count, replies_count FROM posts WHERE id = $1", post_id)
        assert tuple(row) == (1, 0)


async def test_clk_01_a_clock_set_back_or_forward_loses_no_work(scene: Scene) -> None:
    """Our own clock jumps: leases and waiting times end all the same, nothing happens twice."""
    for jump in (timedelta(days=3), timedelta(days=-3), timedelta(hours=1)):
        letter = scene.mention()
        assert await scene.eve.send(scene.node, letter, now=scene.rig.clock.now()) == 202
        await process.lease(scene.node.node)  # a worker died with it in hand
        scene.rig.clock.advance(seconds=jump.total_seconds())
        scene.rig.clock.advance(minutes=10)
        await scene.node.sweep()
        await run(scene.node)
        if jump < timedelta(0):
            scene.rig.clock.advance(days=3)
            await scene.node.sweep()
            await run(scene.node)
        assert await outcome(scene.node, letter) == ("done", "")

"""What is done by the clock: once however many do it, caught up after a pause, whatever the queue forgot."""

from __future__ import annotations

import asyncio

import pytest

from node.features.accounts import mail
from node.features.polls.service import PollDraft
from node.features.posts import polling
from node.features.posts import service as posts
from node.features.posts.service import Draft
from node.jobs import sweep, upkeep
from tests.node.wire.strangers import Inboxes, outcome, run
from tests.threats.oracle import Scene


async def set_up(scene: Scene) -> Inboxes:
    """A poll that ends and is followed elsewhere, a mail that is due, an arrival and a delivery nobody was woken for."""
    door = Inboxes(scene.vera.peer, "/u/vera/inbox")
    await scene.works(scene.vera, scene.vera.does("Follow", scene.amina.uri))
    jonas = await scene.node.person("jonas")
    async with scene.node.db.tx() as tx:
        asked = PollDraft(titles=("ja", "nein"), open_s=3600)
        post_id = await posts.write_post(
            tx, scene.node.node, scene.amina.id, Draft(source="Wann?", poll=asked)
        )
        await polling.vote(tx, scene.node.node, jonas.id, post_id, [0])
        assert await mail.queue_mail(tx, "amina@example.org", "Hallo", "Guten Tag.")
    await run(scene.node)
    return door


async def effects(scene: Scene) -> dict[str, int]:
    """What the clock did."""
    async with scene.node.db.read() as tx:
        return {
            "told of the end": await tx.fetchval("SELECT count(*) FROM notifications WHERE kind = 'poll'"),
            "mails": len(list((scene.node.node.config.data_dir / "mail").glob("*.eml"))),
        }


async def test_rel_40_what_is_due_is_done_once_by_many_sweeps_at_once(scene: Scene) -> None:
    door = await set_up(scene)
    scene.rig.clock.advance(hours=2)
    await asyncio.gather(
        *(sweep(scene.node.node) for _ in range(6)), *(upkeep(scene.node.node) for _ in range(3))
    )
    await run(scene.node)
    await asyncio.gather(*(sweep(scene.node.node) for _ in range(6)))
    await run(scene.node)
    assert await effects(scene) == {"told of the end": 2, "mails": 1}
    ended = [one for one in door.of_type("Update") if one["object"].get("closed")]
    assert len(ended) == 1


@pytest.mark.parametrize("away", ["nobody worked", "the queue was away"])
async def test_rel_40_what_was_due_meanwhile_is_caught_up_once(
    scene: Scene, away: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Days without a sweep, or sweeps whose wakes all failed at the due minute."""
    door = await set_up(scene)
    letter = scene.mention()
    assert await scene.eve.send(scene.node, letter, now=scene.rig.clock.now()) == 202
    scene.node._woken.clear()
    scene.rig.clock.advance(hours=2)
    if away == "the queue was away":

        async def broken(_: set[str]) -> None:
            raise ConnectionError("the queue is away")

        monkeypatch.setattr(scene.node.db, "wake", broken)
        for _ in range(3):
            with pytest.raises(ConnectionError):
                await sweep(scene.node.node)
            scene.rig.clock.advance(minutes=1)
        monkeypatch.undo()
    else:
        scene.rig.clock.advance(days=3)
    for _ in range(2):
        await scene.node.sweep()
        await run(scene.node)
    assert await outcome(scene.node, letter) == ("done", "")
    assert len([one for one in door.of_type("Update") if one["object"].get("closed")]) == 1
    assert await effects(scene) == {"told of the end": 2, "mails": 1}

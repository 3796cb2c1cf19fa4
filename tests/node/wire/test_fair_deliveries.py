"""Order, pauses and places in the queue: what one host does is no matter of another's."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from node.features.actors import lookup
from node.features.actors.store.reads import Actor
from node.features.follows import service as follows
from node.features.posts import service as posts
from node.wire import deliver
from node.wire.outcomes import Outcomes
from tests.federation.peers import Peer
from tests.node.wire.strangers import Inboxes, Stranger, run
from tests.node.wire.test_deliveries import followed_by, rows_of, write
from tests.rig import Rig, RigNode


async def host_of(node: RigNode, peer: Peer) -> dict[str, object]:
    async with node.db.read() as tx:
        row = await tx.fetchrow(
            """SELECT scheme, failures, code, gone_at, leased_until, next_attempt_at, answer_ms
               FROM hosts WHERE host = $1""",
            f"localhost:{peer.port}",
        )
    return dict(row)


async def again(rig: Rig, node: RigNode, seconds: int) -> None:
    rig.clock.advance(seconds=seconds)
    await node.sweep()
    await run(node)


async def test_after_one_500_the_order_of_a_sender_still_holds(
    rig: Rig, lindenhof: RigNode, amina: Actor, peers: list[Peer]
) -> None:
    door = Inboxes(peers[0], "/inbox")
    await followed_by(lindenhof, amina, peers[0], "f1")
    jonas = await lindenhof.person("jonas")
    await followed_by(lindenhof, jonas, peers[0], "f2")
    door.status = 202
    await write(lindenhof, amina, "bekannt")
    await run(lindenhof)
    door.received.clear()
    door.answers["Create"] = 500
    first = await write(lindenhof, amina, "eins")
    await run(lindenhof)
    door.answers.clear()
    rig.clock.advance(seconds=1)
    second, other = await write(lindenhof, amina, "zwei"), await write(lindenhof, jonas, "daneben")
    await run(lindenhof)
    assert door.ids == [other]  # nobody else waits
    await again(rig, lindenhof, 80)
    assert door.ids == [other, first, second]


async def test_what_is_never_taken_steps_aside_but_not_for_what_is_about_it(
    rig: Rig, lindenhof: RigNode, amina: Actor, peers: list[Peer]
) -> None:
    door = Inboxes(peers[0], "/inbox", "/u/f1/inbox")
    await followed_by(lindenhof, amina, peers[0], "f1")
    await write(lindenhof, amina, "bekannt")
    await run(lindenhof)
    door.received.clear()
    door.answers["Create"] = 500
    bad = await write(lindenhof, amina, "verdorben")
    await run(lindenhof)
    rig.clock.advance(seconds=1)
    async with lindenhof.db.tx() as tx:
        there = await tx.fetchval("SELECT id FROM actors WHERE username = 'f1'")
        await follows.follow(tx, lindenhof.node, amina.id, there)
        await posts.edit_post(
            tx, lindenhof.node, amina.id, int(bad.split("/")[-2]), posts.Draft(source="neu")
        )
    for wait in (80, 400):
        await again(rig, lindenhof, wait)
        assert door.received == []
    await again(rig, lindenhof, 2400)
    assert [document["type"] for _, document in door.received] == ["Follow"]  # overtakes, the edit does not
    door.answers.clear()
    await again(rig, lindenhof, 9000)
    assert [document["type"] for _, document in door.received] == ["Follow", "Create", "Update"]


async def test_an_undo_withdraws_what_still_waits(
    rig: Rig, lindenhof: RigNode, amina: Actor, peers: list[Peer]
) -> None:
    door = Inboxes(peers[0], "/u/f1/inbox")
    (there,) = await followed_by(lindenhof, amina, peers[0], "f1", shared=False)
    door.status = 503
    async with lindenhof.db.tx() as tx:
        await follows.follow(tx, lindenhof.node, amina.id, there.id)
    await run(lindenhof)
    async with lindenhof.db.tx() as tx:
        await follows.unfollow(tx, lindenhof.node, amina.id, there.id)
    door.status = 202
    await again(rig, lindenhof, 100)
    assert [document["type"] for _, document in door.received] == ["Undo"]
    assert [row[:2] for row in await rows_of(lindenhof)] == [("refused", "superseded"), ("delivered", "")]


async def test_a_host_whose_shared_inbox_is_gone_gets_nothing_until_it_is_heard_of(
    rig: Rig, lindenhof: RigNode, amina: Actor, peers: list[Peer]
) -> None:
    door = Inboxes(peers[0], "/inbox")
    await followed_by(lindenhof, amina, peers[0], "f1")
    door.status = 410
    await write(lindenhof, amina, "eins")
    await run(lindenhof)
    assert (await host_of(lindenhof, peers[0]))["gone_at"] is not None
    await write(lindenhof, amina, "zwei")
    assert len(await rows_of(lindenhof)) == 1
    door.status = 202
    eve = Stranger(peers[0], "eve")
    rig.clock.advance(seconds=90)
    assert await eve.send(lindenhof, eve.does("Create", eve.note()), now=rig.clock.now()) == 202
    await run(lindenhof)
    sent = await write(lindenhof, amina, "drei")
    await run(lindenhof)
    assert door.ids == [sent]
    assert (await host_of(lindenhof, peers[0]))["gone_at"] is None


async def test_a_personal_inbox_that_is_gone_retires_alone(
    lindenhof: RigNode, amina: Actor, peers: list[Peer]
) -> None:
    door = Inboxes(peers[0], "/u/f2/inbox")
    Inboxes(peers[0], "/u/f1/inbox").status = 410
    await followed_by(lindenhof, amina, peers[0], "f1", "f2", shared=False)
    sent = [await write(lindenhof, amina, text) for text in ("eins", "zwei")]
    await run(lindenhof)
    sent.append(await write(lindenhof, amina, "drei"))
    await run(lindenhof)
    assert door.ids == sent
    states = [row[0] for row in await rows_of(lindenhof)]
    assert states.count("gone") == 2 and states.count("delivered") == 3
    assert (await host_of(lindenhof, peers[0]))["gone_at"] is None


async def test_a_host_silent_for_a_month_is_retired(
    rig: Rig, lindenhof: RigNode, amina: Actor, peers: list[Peer]
) -> None:
    await followed_by(lindenhof, amina, peers[0], "f1")
    Inboxes(peers[0], "/inbox").status = 503
    for _ in range(16):
        await write(lindenhof, amina, "Hallo?")
        await again(rig, lindenhof, 3 * 86_400)
    row = await host_of(lindenhof, peers[0])
    assert row["gone_at"] is not None and row["code"] == "http_503"
    before = len(await rows_of(lindenhof))
    await write(lindenhof, amina, "Lebt wohl")
    assert len(await rows_of(lindenhof)) == before


async def test_a_sign_of_life_from_a_resting_host_has_its_queue_go_on_at_once(
    rig: Rig, lindenhof: RigNode, amina: Actor, peers: list[Peer]
) -> None:
    door = Inboxes(peers[0], "/inbox")
    await followed_by(lindenhof, amina, peers[0], "f1")
    door.status = 503
    sent = [await write(lindenhof, amina, text) for text in ("eins", "zwei")]
    for _ in range(4):
        await again(rig, lindenhof, 30_000)
    row = await host_of(lindenhof, peers[0])
    assert row["next_attempt_at"] > rig.clock.now() + timedelta(minutes=5)
    door.status = 202
    rig.clock.advance(seconds=61)
    eve = Stranger(peers[0], "eve")
    assert await eve.send(lindenhof, eve.does("Create", eve.note()), now=rig.clock.now()) == 202
    await run(lindenhof)  # no sweep: the arrival wakes the deliveries
    assert door.ids == sent
    assert (await host_of(lindenhof, peers[0]))["failures"] == 0


async def test_houses_of_one_kind_sign_by_ed25519_from_the_second_time_on(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    amina, olena = await lindenhof.person("amina"), await lernwerk.person("olena")
    near = await lookup.resolve_handle(lernwerk.node, f"@amina@{lindenhof.host}")
    async with lernwerk.db.tx() as tx:
        await follows.follow(tx, lernwerk.node, olena.id, near.id)
    await rig.settle()
    for text in ("eins", "zwei"):
        rig.clock.advance(seconds=5)
        await write(lindenhof, amina, text)
        await rig.settle()
    async with lernwerk.db.read() as tx:
        keys = [
            row["signer_key_id"]
            for row in await tx.fetch("SELECT signer_key_id FROM inbox_items ORDER BY id")
        ]
        assert await tx.fetchval("SELECT count(*) FROM posts") == 2
    assert [key.rpartition("#")[2] for key in keys] == ["main-key", "ed25519-key", "ed25519-key"]


async def test_a_second_drain_in_the_same_process_has_the_first_look_again(
    lindenhof: RigNode, amina: Actor, peers: list[Peer]
) -> None:
    slow, quick = Inboxes(peers[0], "/inbox"), Inboxes(peers[1], "/inbox")
    for peer in peers:
        await followed_by(lindenhof, amina, peer, "f1")
    slow.seconds = 0.5
    await write(lindenhof, amina, "eins")
    first = asyncio.create_task(deliver.drain(lindenhof.node))
    while not quick.ids:
        await asyncio.sleep(0.01)
    more = await write(lindenhof, amina, "zwei")
    await deliver.drain(lindenhof.node)
    assert not first.done()
    while more not in quick.ids:
        await asyncio.sleep(0.01)
    assert slow.ids == []  # the quick one did not wait for it
    await first
    assert slow.ids == quick.ids


@pytest.mark.parametrize("moment", ["sent", "told"])
async def test_a_worker_that_dies_in_the_middle_loses_nothing(
    rig: Rig,
    lindenhof: RigNode,
    amina: Actor,
    peers: list[Peer],
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
) -> None:
    door = Inboxes(peers[0], "/inbox")
    await followed_by(lindenhof, amina, peers[0], "f1")
    sent = [await write(lindenhof, amina, text) for text in ("eins", "zwei", "drei")]

    async def dies(*_: object) -> None:
        raise ConnectionError("the process is gone")

    with monkeypatch.context() as patch:
        if moment == "sent":
            patch.setattr(Outcomes, "_store_once", dies)
        else:
            patch.setattr(lindenhof.node.client, "post", dies)
        await deliver.drain(lindenhof.node)
    assert {row[0] for row in await rows_of(lindenhof)} == {"due"}
    lindenhof.node.caches.pop("deliverer")
    await again(rig, lindenhof, 120)  # the lease ran out
    assert {row[0] for row in await rows_of(lindenhof)} == {"delivered"}
    assert list(dict.fromkeys(door.ids)) == sent
    assert (await host_of(lindenhof, peers[0]))["leased_until"] is None

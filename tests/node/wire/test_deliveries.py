"""What we send: to whom, in which order, and what becomes of it when the other side does not want it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta

import msgspec
import pytest
from aiohttp import web

from node.features.actors import lookup
from node.features.actors.store.reads import Actor
from node.features.follows import store as follows
from node.features.follows.service import follow
from node.features.posts import service as posts
from node.features.posts.service import Draft
from node.wire import deliver, process, rounds
from tests.federation.peers import Peer, key
from tests.node.wire.strangers import PUBLIC, Inboxes, Stranger, faults, known_as, outcome, run
from tests.rig import Rig, RigNode


async def followed_by(
    node: RigNode, amina: Actor, peer: Peer, *names: str, shared: bool = True
) -> list[Actor]:
    """People of one house who follow Amina; they share one key, which is slow to make."""
    found = []
    for name in names:
        more = {"endpoints": {"sharedInbox": peer.uri("/inbox")}} if shared else {}
        uri = peer.person(f"/u/{name}", key("eve"), followers=peer.uri(f"/u/{name}/followers"), **more)
        actor = await lookup.resolve_uri(node.node, uri)
        async with node.db.tx() as tx:
            row = follows.Follow(
                tx.new_id(), f"{uri}/follow", actor.id, amina.id, "accepted", True, False, tx.now, tx.now
            )
            await follows.put_follow(tx, row)
        found.append(actor)
    return found


async def write(node: RigNode, author: Actor, source: str, **draft: object) -> str:
    async with node.db.tx() as tx:
        post_id = await posts.write_post(tx, node.node, author.id, Draft(source=source, **draft))
    return f"{node.origin}/ap/notes/{post_id}/activity"


async def rows_of(node: RigNode) -> list[tuple[str, str, int]]:
    async with node.db.read() as tx:
        rows = await tx.fetch("SELECT state, code, attempts FROM deliveries ORDER BY id")
    return [(row["state"], row["code"], row["attempts"]) for row in rows]


def hurried(node: RigNode, seconds: int) -> None:
    """Let jobs of this node be short, so that a test need not wait for the long ones."""
    config = node.node.config
    worker = msgspec.structs.replace(config.worker, job_timeout_s=seconds)
    node.node.config = msgspec.structs.replace(config, worker=worker)


@pytest.fixture
async def third() -> AsyncIterator[Peer]:
    peer = Peer("localhost")
    await peer.start()
    yield peer
    await peer.stop()


async def test_many_followers_behind_one_shared_inbox_are_one_delivery(
    lindenhof: RigNode, amina: Actor, peers: list[Peer]
) -> None:
    door = Inboxes(peers[0], "/inbox")
    await followed_by(lindenhof, amina, peers[0], *(f"f{n}" for n in range(20)))
    sent = await write(lindenhof, amina, "Hallo")
    await run(lindenhof)
    assert door.ids == [sent]
    assert await rows_of(lindenhof) == [("delivered", "", 1)]


async def test_acl_06_a_message_goes_to_the_person_and_never_to_a_shared_inbox(
    lindenhof: RigNode, amina: Actor, peers: list[Peer]
) -> None:
    door = Inboxes(peers[0], "/inbox", "/u/f1/inbox", "/u/f2/inbox")
    await followed_by(lindenhof, amina, peers[0], "f1", "f2")
    await write(lindenhof, amina, f"@f1@localhost:{peers[0].port} nur du", audience="direct")
    await run(lindenhof)
    assert [path for path, _ in door.received] == ["/u/f1/inbox"]
    (document,) = door.of_type("Create")
    assert PUBLIC not in str(document) and "bto" not in document and "bcc" not in document
    assert document["to"] == [peers[0].uri("/u/f1")] and not document.get("cc")


class Answer(msgspec.Struct, frozen=True):
    """What a peer answers and what its delivery is then."""

    id: str
    status: int
    first: tuple[str, str]
    last: tuple[str, str]


ANSWERS = (
    Answer("taken", 202, ("delivered", ""), ("delivered", "")),
    Answer("gone for good", 410, ("gone", "gone"), ("gone", "gone")),
    Answer("not found", 404, ("due", "http_404"), ("gone", "gone")),
    Answer("not allowed", 403, ("refused", "http_403"), ("refused", "http_403")),
    Answer("not understood", 501, ("refused", "http_501"), ("refused", "http_501")),
    Answer("not proved", 401, ("due", "http_401"), ("failed", "http_401")),
    Answer("broken", 500, ("due", "http_500"), ("failed", "http_500")),
    Answer("away", 503, ("due", "http_503"), ("failed", "http_503")),
)


@pytest.mark.parametrize("case", ANSWERS, ids=[case.id for case in ANSWERS])
async def test_an_answer_ends_a_delivery_as_named(
    rig: Rig, lindenhof: RigNode, amina: Actor, peers: list[Peer], case: Answer
) -> None:
    door = Inboxes(peers[0], "/inbox")
    await followed_by(lindenhof, amina, peers[0], "f1")
    door.status = case.status
    await write(lindenhof, amina, "Hallo")
    await run(lindenhof)
    assert (await rows_of(lindenhof))[0][:2] == case.first
    for _ in range(16):
        rig.clock.advance(hours=30)
        await lindenhof.sweep()
        await run(lindenhof)
    state, code, attempts = (await rows_of(lindenhof))[0]
    assert (state, code) in (case.last, (case.last[0], "host_silent"))
    assert attempts <= rounds.MAX_ATTEMPTS
    knocks = sum(1 for method, path in peers[0].requests if (method, path) == ("POST", "/inbox"))
    assert knocks <= 2 * rounds.MAX_ATTEMPTS  # each may be tried with both ways of signing


async def test_rel_21_a_peers_wish_to_wait_holds_for_the_whole_host(
    rig: Rig, lindenhof: RigNode, amina: Actor, peers: list[Peer]
) -> None:
    door = Inboxes(peers[0], "/inbox")
    await followed_by(lindenhof, amina, peers[0], "f1")
    door.status, door.headers = 429, {"Retry-After": "120"}
    sent = [await write(lindenhof, amina, f"Nummer {n}") for n in range(3)]
    await run(lindenhof)
    asked = len(peers[0].requests)
    door.status = 202
    rig.clock.advance(seconds=110)
    await lindenhof.sweep()
    await run(lindenhof)
    assert len(peers[0].requests) == asked
    rig.clock.advance(seconds=11)
    await lindenhof.sweep()
    await run(lindenhof)
    assert door.ids == sent


async def test_a_host_that_comes_back_gets_everything_in_order(
    rig: Rig, lindenhof: RigNode, amina: Actor, peers: list[Peer]
) -> None:
    door = Inboxes(peers[0], "/inbox")
    await followed_by(lindenhof, amina, peers[0], "f1")
    door.status = 503
    sent = []
    for n in range(60):
        sent.append(await write(lindenhof, amina, f"Nummer {n}"))
        rig.clock.advance(seconds=20)
        if n % 7 == 0:
            await lindenhof.sweep()
            await run(lindenhof)
    assert door.ids == []
    door.status = 202
    rig.clock.advance(days=1)
    await lindenhof.sweep()
    await run(lindenhof)
    assert door.ids == sent


async def test_a_host_silent_for_a_week_is_given_up_and_a_sign_of_life_opens_it_again(
    rig: Rig, lindenhof: RigNode, amina: Actor, peers: list[Peer]
) -> None:
    door = Inboxes(peers[0], "/inbox")
    await followed_by(lindenhof, amina, peers[0], "f1")
    door.status = 503
    for n in range(40):
        await write(lindenhof, amina, f"Nummer {n}")
    for _ in range(14):
        await run(lindenhof)
        rig.clock.advance(hours=18)
        await lindenhof.sweep()
    assert {state for state, _, _ in await rows_of(lindenhof)} == {"failed"}
    late = await write(lindenhof, amina, "Seid ihr noch da?")
    await run(lindenhof)
    door.status = 202
    eve = Stranger(peers[0], "eve")
    assert await eve.send(lindenhof, eve.does("Create", eve.note()), now=rig.clock.now()) == 202
    await run(lindenhof)
    assert door.ids == []  # who speaks but cannot be reached is still tried only once a minute
    rig.clock.advance(seconds=61)
    await lindenhof.sweep()
    await run(lindenhof)
    assert door.ids == [late]


async def test_rel_17_slow_and_dead_hosts_hold_up_nobody_and_lose_nothing(
    lindenhof: RigNode, amina: Actor, peers: list[Peer], third: Peer
) -> None:
    hurried(lindenhof, 4)
    fast, slow, dead = peers[0], peers[1], third
    doors = {peer.port: Inboxes(peer, "/inbox") for peer in (fast, slow, dead)}
    for peer in (fast, slow, dead):
        await followed_by(lindenhof, amina, peer, "f1")
    await dead.stop()
    doors[slow.port].seconds = 0.25
    sent = [await write(lindenhof, amina, f"Nummer {n}") for n in range(15)]
    began = time.monotonic()
    await deliver.drain(lindenhof.node)
    assert time.monotonic() - began < 4
    assert doors[fast.port].ids == sent
    some = doors[slow.port].ids
    assert 0 < len(some) < len(sent) and some == sent[: len(some)]
    for _ in range(6):
        await deliver.drain(lindenhof.node)
    assert doors[slow.port].ids == sent  # once each, in order: every job wrote down how far it came
    async with lindenhof.db.read() as tx:
        due = await tx.fetch("SELECT host, attempts FROM deliveries WHERE state = 'due'")
    assert {row["host"] for row in due} == {f"localhost:{dead.port}"}
    assert sum(row["attempts"] for row in due) == 1
    await dead.start()


async def test_a_peer_whose_documents_come_slowly_holds_up_no_other_arrivals(
    rig: Rig, lindenhof: RigNode, follower: Actor, vera: Stranger, eve: Stranger, third: Peer
) -> None:
    hurried(lindenhof, 5)
    there = await known_as(lindenhof, eve)
    async with lindenhof.db.tx() as tx:  # what nobody here follows is not fetched at all
        await follow(tx, lindenhof.node, follower.id, there.id)
        await tx.execute("UPDATE follows SET state = 'accepted' WHERE followee_id = $1", there.id)
    for n in range(20):
        third.handlers[f"/n/{n}"] = tarpit
    announces = [eve.does("Announce", third.uri(f"/n/{n}"), to=[PUBLIC]) for n in range(20)]
    for activity in announces:
        rig.clock.advance(milliseconds=7)
        assert await eve.send(lindenhof, activity) == 202
    create = vera.does("Create", vera.note())
    assert await vera.send(lindenhof, create) == 202
    began = time.monotonic()
    await process.work_off(lindenhof.node, await process.lease(lindenhof.node))
    assert time.monotonic() - began < 0.6 * 5
    assert await outcome(lindenhof, create) == ("done", "")
    async with lindenhof.db.read() as tx:
        states = await tx.fetch("SELECT code, attempts FROM inbox_items WHERE host = $1", announces_host(eve))
        leases = await tx.fetchval("SELECT count(*) FROM inbox_leases")
    assert leases == 0
    assert sum(row["attempts"] for row in states) < len(announces)  # the untried cost no attempt
    assert all(code in ("", "timed_out", "budget_spent") for _, _, code in await faults(lindenhof))


async def tarpit(request: web.Request) -> web.Response:
    await asyncio.sleep(30)
    return web.Response(status=404)


def announces_host(eve: Stranger) -> str:
    return f"localhost:{eve.peer.port}"


async def test_what_was_deleted_before_a_host_came_back_is_never_sent_to_it(
    rig: Rig, lindenhof: RigNode, amina: Actor, peers: list[Peer]
) -> None:
    door = Inboxes(peers[0], "/inbox")
    await followed_by(lindenhof, amina, peers[0], "f1")
    door.status = 500
    kept, regretted = [await write(lindenhof, amina, text) for text in ("bleibt", "bereut")]
    await run(lindenhof)
    rig.clock.advance(seconds=5)
    async with lindenhof.db.tx() as tx:
        post_id = int(regretted.split("/")[-2])
        await posts.delete_post(tx, lindenhof.node, amina.id, post_id)
    door.status = 202
    rig.clock.advance(hours=1)
    await lindenhof.sweep()
    await run(lindenhof)
    assert [document["type"] for _, document in door.received] == ["Create", "Delete"]
    assert door.ids[0] == kept and "bereut" not in str(door.received)
    assert [row[:2] for row in await rows_of(lindenhof)][:2] == [("delivered", ""), ("refused", "superseded")]


async def test_rel_23_a_silent_hosts_pause_grows_and_is_bounded(
    rig: Rig, lindenhof: RigNode, amina: Actor, peers: list[Peer]
) -> None:
    door = Inboxes(peers[0], "/inbox")
    await followed_by(lindenhof, amina, peers[0], "f1")
    door.status = 503
    await write(lindenhof, amina, "Hallo")
    pauses = []
    for _ in range(7):
        await lindenhof.sweep()
        await run(lindenhof)
        async with lindenhof.db.read() as tx:
            until = await tx.fetchval("SELECT next_attempt_at FROM hosts WHERE failures > 0")
        pauses.append(until - rig.clock.now())
        rig.clock.advance(seconds=pauses[-1].total_seconds() + 1)
    assert pauses[0] < timedelta(minutes=2) < pauses[2] < pauses[-1]
    assert max(pauses) <= timedelta(hours=29)

"""Everything arrives three times at once, in any order, at any door, and several workers take it up: one effect each."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

import pytest

from node.features.actors.store.reads import Actor
from node.features.posts import service as posts
from node.features.posts.service import Draft
from node.wire import deliver, process
from tests.faults.ledger import assert_counts_equal_rows
from tests.node.wire.conftest import amina, eve, follower, peers, vera  # noqa: F401  (fixtures)
from tests.node.wire.strangers import (
    PUBLIC,
    Inboxes,
    Stranger,
    faults,
    known_as,
    post,
    run,
)
from tests.rig import Rig, RigNode


def _undo(who: Stranger, deed: dict[str, Any]) -> dict[str, Any]:
    return who.does("Undo", {name: deed[name] for name in ("id", "type", "actor", "object")})


def _day(who: Stranger, person: str, ours: str, n: int) -> list[list[dict[str, Any]]]:
    """What one stranger does in a day; things in one list may come in any order with the same end."""
    kept, gone = who.note(f"<p>bleibt {n}</p>", to=[PUBLIC, person]), who.note(f"<p>geht {n}</p>")
    edit = {**kept, "content": f"<p>neu {n}</p>", "updated": stamp_later(n)}
    like, boost, follow = (
        who.does("Like", ours),
        who.does("Announce", ours, to=[PUBLIC]),
        who.does("Follow", person),
    )
    answer = who.note(f"<p>Antwort {n}</p>", inReplyTo=ours, to=[PUBLIC, person])
    return [
        [who.does("Create", kept)],
        [who.does("Update", edit), who.does("Create", answer), like, boost, follow],
        [who.does("Create", gone), who.does("Delete", gone["id"])],
        [_undo(who, like), like],
        [_undo(who, follow), follow] if n % 2 else [follow],
    ]


def stamp_later(n: int) -> str:
    """A time after `published` that grows with `n`."""
    return f"2026-11-23T11:{n:02}:00Z"


@pytest.mark.parametrize("seed", [1, 2])
async def test_rpl_01_everything_three_times_at_once_has_its_effect_once(
    rig: Rig, lindenhof: RigNode, follower: Actor, vera: Stranger, eve: Stranger, seed: int  # noqa: F811
) -> None:  # fmt: skip
    node, random = lindenhof, Random(seed)
    async with node.db.tx() as tx:
        post_id = await posts.write_post(tx, node.node, follower.id, Draft(source="Anfang"))
    ours = f"{node.origin}/ap/notes/{post_id}"
    doors = ("/inbox", "/actor/inbox", follower.uri.removeprefix(node.origin) + "/inbox")
    for who in (vera, eve):
        await known_as(node, who)
    for step in zip(*(_day(who, follower.uri, ours, n) for n, who in enumerate((vera, eve))), strict=True):
        requests = [
            who.sign(node, activity, target=door, now=rig.clock.now())
            for who, activities in zip((vera, eve), step, strict=True)
            for activity in activities
            for door in doors
        ]
        random.shuffle(requests)
        answers = await asyncio.gather(*(post(node, request) for request in requests))
        assert {answer.status for answer in answers} == {202}
        await asyncio.gather(*(process.drain(node.node) for _ in range(3)))
        await run(node)
        rig.clock.advance(seconds=1)
    assert await faults(node) == []
    await assert_counts_equal_rows(node.db)
    async with node.db.read() as tx:
        row = await tx.fetchrow(
            "SELECT likes_count, boosts_count, replies_count FROM posts WHERE id = $1", post_id
        )
        assert tuple(row) == (0, 2, 2)
        bodies = [r["html"] for r in await tx.fetch("SELECT html FROM posts WHERE NOT local ORDER BY html")]
        assert "<p>neu 0</p>" in bodies and not [body for body in bodies if "geht" in body]
        kinds = {r["kind"]: r["times"] for r in await tx.fetch(
            "SELECT kind, count(*) AS times FROM notifications WHERE owner_id = $1 GROUP BY kind", follower.id)}  # fmt: skip
        assert kinds["reblog"] == 2 and kinds.get("favourite", 0) <= 2
        states = [r["state"] for r in await tx.fetch(
            """SELECT f.state FROM follows f WHERE f.followee_id = $1""", follower.id)]  # fmt: skip
        assert states == ["accepted"]  # Vera's; Eve took hers back


async def test_rel_30_what_is_sent_out_by_many_workers_at_once_goes_out_once(
    rig: Rig, lindenhof: RigNode, follower: Actor, vera: Stranger, eve: Stranger  # noqa: F811
) -> None:  # fmt: skip
    node = lindenhof
    doors = [Inboxes(who.peer, f"/u/{who.name}/inbox") for who in (vera, eve)]
    for who in (vera, eve):
        assert await who.send(node, who.does("Follow", follower.uri)) == 202
    await run(node)
    for n in range(12):
        rig.clock.advance(milliseconds=7)
        async with node.db.tx() as tx:
            await posts.write_post(tx, node.node, follower.id, Draft(source=f"Eintrag {n}"))
    await asyncio.gather(*(deliver.drain(node.node) for _ in range(4)))
    await run(node)
    for door in doors:
        assert len(door.of_type("Create")) == 12 and len(set(door.ids)) == len(door.ids)

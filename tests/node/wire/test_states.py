"""Every arrived activity ends in a named state, once, whatever the order it came in."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from federation.keys import Signer
from node.db.rows import Window
from node.features.actors.store.reads import Actor
from node.features.follows import service as follows
from node.features.posts import service as posts
from node.features.posts.service import Draft
from node.features.reading import store as reading
from node.wire.store import hosts
from tests.federation.peers import NOW, key
from tests.node.wire.strangers import (
    PUBLIC,
    Stranger,
    counted,
    faults,
    known_as,
    outcome,
    run,
    stamp,
    wrong_counters,
)
from tests.rig import Rig, RigNode


class Line:
    """Sends activities one after the other, each a moment later, and works them off."""

    def __init__(self, rig: Rig, node: RigNode) -> None:
        self.rig = rig
        self.node = node

    async def send(self, who: Stranger, *activities: dict[str, Any], target: str = "/inbox") -> None:
        for activity in activities:
            self.rig.clock.advance(milliseconds=7)
            assert await who.send(self.node, activity, target=target) == 202, activity["type"]

    async def work(self, who: Stranger, *activities: dict[str, Any]) -> list[tuple[str, str]]:
        """Send, work off one by one, and say how each ended."""
        ends = []
        for activity in activities:
            await self.send(who, activity)
            await run(self.node)
            ends.append(await outcome(self.node, activity))
        return ends


@pytest.fixture
async def line(rig: Rig, lindenhof: RigNode) -> Line:
    return Line(rig, lindenhof)


async def shown_to(node: RigNode, actor_id: int) -> list[int]:
    async with node.db.read() as tx:
        return [entry.post_id for entry in await reading.list_home(tx, actor_id, Window())]


async def told(node: RigNode, actor_id: int) -> list[str]:
    async with node.db.read() as tx:
        found = await reading.list_notifications(tx, actor_id, Window())
    return [notification.kind for notification in found]


async def one_post(node: RigNode, author: Actor, **draft: Any) -> tuple[int, str]:
    async with node.db.tx() as tx:
        post_id = await posts.write_post(tx, node.node, author.id, Draft(**{"source": "Hallo", **draft}))
    return post_id, f"{node.origin}/ap/notes/{post_id}"


async def test_an_unknown_kind_of_activity_is_taken_in_and_ignored(line: Line, eve: Stranger) -> None:
    assert await line.work(eve, eve.does("Dance", eve.note())) == [("ignored", "unknown_type")]
    assert await line.work(
        eve, eve.does("Create", {"type": "Waltz", "id": eve.new_id("n"), "attributedTo": eve.uri})
    ) == [("ignored", "unknown_object")]


async def test_del_02_a_delete_before_its_create_wins_also_for_somebody_unknown(
    line: Line, follower: Actor, vera: Stranger, eve: Stranger
) -> None:
    for who in (vera, eve):
        note = who.note(to=[follower.uri, PUBLIC], tag=[{"type": "Mention", "href": follower.uri}])
        before = await counted(line.node, ("posts", "notifications", "home_entries"))
        ends = await line.work(who, who.does("Delete", note["id"]), who.does("Create", note))
        assert ends[0][0] == "ignored" and ends[1] in (
            ("ignored", "nobody_here_asked"),
            ("ignored", "known_already"),
        )
        assert await counted(line.node, ("posts", "notifications", "home_entries")) == before


async def test_a_delete_may_be_spelled_as_an_id_an_object_or_a_tombstone(
    line: Line, follower: Actor, vera: Stranger
) -> None:
    for spell in (
        lambda uri: uri,
        lambda uri: {"id": uri, "type": "Note"},
        lambda uri: {"id": uri, "type": "Tombstone"},
    ):
        note = vera.note()
        ends = await line.work(vera, vera.does("Create", note), vera.does("Delete", spell(note["id"])))
        assert ends == [("done", ""), ("done", "")]
    assert await shown_to(line.node, follower.id) == []


async def test_del_03_rel_26_every_order_of_create_update_and_delete_ends_deleted(
    line: Line, follower: Actor, vera: Stranger
) -> None:
    uris = []
    for order in itertools.permutations(("Create", "Create", "Update", "Delete", "Delete")):
        note = vera.note()
        uris.append(note["id"])
        for kind in order:
            later = {**note, "content": "<p>neu</p>", "updated": stamp(NOW + timedelta(minutes=1))}
            thing = {"Create": note, "Update": later, "Delete": note["id"]}[kind]
            await line.send(vera, vera.does(kind, thing))
        await run(line.node)
    async with line.node.db.read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM posts WHERE uri = ANY($1)", uris) == 0
        assert await tx.fetchval("SELECT count(*) FROM tombstones WHERE uri = ANY($1)", uris) == len(uris)
        assert await wrong_counters(tx) == []
    assert await faults(line.node) == []


async def test_rel_27_every_order_of_a_deed_and_its_undo_ends_undone(
    line: Line, follower: Actor, vera: Stranger
) -> None:
    node = line.node
    _, note = await one_post(node, follower)
    for kind, thing in (
        ("Like", note),
        ("Announce", note),
        ("Follow", follower.uri),
        ("Block", follower.uri),
    ):
        for order in ((0, 1), (1, 0), (0, 1, 0, 1), (1, 0, 1, 0), (1, 1, 0, 0)):
            deed = vera.does(kind, thing, to=[PUBLIC])
            undo = vera.does("Undo", {name: deed[name] for name in ("id", "type", "actor", "object")})
            for which in order:
                await line.send(vera, (deed, undo)[which])
                await run(node)
            async with node.db.read() as tx:
                rows = [await tx.fetchval(f"SELECT count(*) FROM {t} WHERE uri = $1", deed["id"])
                        for t in ("likes", "boosts", "follows", "blocks")]  # fmt: skip
                assert rows == [0, 0, 0, 0], (kind, order)
                assert await wrong_counters(tx) == []
    assert await told(node, follower.id) == []
    assert await faults(node) == []


async def test_a_follow_is_undone_by_its_bare_id_long_after_it_came(
    line: Line, amina: Actor, vera: Stranger
) -> None:
    follow = vera.does("Follow", amina.uri)
    await line.work(vera, follow)
    async with line.node.db.tx() as tx:
        await tx.execute("DELETE FROM inbox_items")  # past their retention
    assert await line.work(vera, vera.does("Undo", follow["id"])) == [("done", "")]
    async with line.node.db.read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM follows") == 0
        assert await wrong_counters(tx) == []
        assert await wrong_counters(tx) == []


async def test_only_whoever_was_asked_can_answer_a_follow(
    line: Line, amina: Actor, vera: Stranger, eve: Stranger
) -> None:
    node = line.node
    there = await known_as(node, vera)
    async with node.db.tx() as tx:
        assert await follows.follow(tx, node.node, amina.id, there.id) == "asked"
        uri = await tx.fetchval("SELECT uri FROM follows")
    embedded = {"id": uri, "type": "Follow", "actor": amina.uri, "object": vera.uri}
    assert await line.work(eve, eve.does("Accept", uri), eve.does("Accept", embedded)) == [
        ("refused", "not_asked"), ("refused", "not_asked")]  # fmt: skip
    assert await line.work(vera, vera.does("Accept", f"{node.origin}/ap/follows/77")) != [("done", "")]
    async with node.db.read() as tx:
        assert await tx.fetchval("SELECT state FROM follows") == "asked"
    assert await line.work(vera, vera.does("Accept", uri)) == [("done", "")]
    async with node.db.read() as tx:
        assert await tx.fetchval("SELECT state FROM follows") == "accepted"
        assert await wrong_counters(tx) == []


async def test_a_move_counts_once_and_only_with_its_alias(
    line: Line, follower: Actor, vera: Stranger, eve: Stranger
) -> None:
    moved = vera.does("Move", vera.uri, target=eve.uri)
    assert await line.work(vera, moved) == [("refused", "not_an_alias")]
    eve.peer.documents["/u/eve"]["alsoKnownAs"] = [vera.uri]
    again = [vera.does("Move", vera.uri, target=eve.uri) for _ in range(2)]
    assert await line.work(vera, *again) == [("done", ""), ("ignored", "moved_before")]
    async with line.node.db.read() as tx:
        asked = await tx.fetch("SELECT a.uri, f.state FROM follows f JOIN actors a ON a.id = f.followee_id")
        assert [(row["uri"], row["state"]) for row in asked] == [(eve.uri, "asked")]
        assert await wrong_counters(tx) == []


async def test_what_was_not_written_for_everyone_is_not_passed_on(
    line: Line, follower: Actor, vera: Stranger, eve: Stranger
) -> None:
    note = vera.note(to=[f"{vera.uri}/followers"], cc=[])
    vera.peer.documents["/n/vera-1"] = note
    assert await line.work(vera, vera.does("Create", note)) == [("done", "")]
    assert await line.work(eve, eve.does("Announce", note["id"])) == [("refused", "not_public")]


async def test_the_same_activity_at_two_doors_has_one_effect(
    line: Line, follower: Actor, vera: Stranger
) -> None:
    node = line.node
    note = vera.note(to=[PUBLIC, follower.uri], tag=[{"type": "Mention", "href": follower.uri}])
    create = vera.does("Create", note)
    for target in ("/inbox", follower.uri.removeprefix(node.origin) + "/inbox", "/inbox"):
        await line.send(vera, create, target=target)
    await run(node)
    assert (await told(node, follower.id)).count("mention") == 1
    assert len(await shown_to(node, follower.id)) == 1


async def test_of_two_bodies_under_one_id_the_first_counts(  # RPL-02
    line: Line, follower: Actor, vera: Stranger
) -> None:
    first = vera.does("Create", vera.note("<p>eins</p>"))
    second = {**first, "object": vera.note("<p>zwei</p>")}
    await line.send(vera, first, second)
    await run(line.node)
    async with line.node.db.read() as tx:
        assert [r["html"] for r in await tx.fetch("SELECT html FROM posts")] == ["<p>eins</p>"]


async def test_an_older_edit_never_replaces_a_newer_one(  # RPL-03, REL-28
    line: Line, follower: Actor, vera: Stranger
) -> None:
    note = vera.note("<p>0</p>")
    await line.send(vera, vera.does("Create", note))
    for n in (3, 1, 2):
        edit = {**note, "content": f"<p>{n}</p>", "updated": stamp(NOW + timedelta(minutes=n))}
        await line.send(vera, vera.does("Update", edit))
    await run(line.node)
    async with line.node.db.read() as tx:
        assert await tx.fetchval("SELECT html FROM posts") == "<p>3</p>"


async def test_an_audience_is_never_widened_by_sending_again(  # ORG-15
    line: Line, follower: Actor, vera: Stranger
) -> None:
    node = line.node
    other = await node.person("jonas")
    note = vera.note(to=[f"{vera.uri}/followers"], cc=[])
    wider = {**note, "to": [f"{vera.uri}/followers", other.uri, PUBLIC]}
    await line.work(vera, vera.does("Create", note), vera.does("Create", wider))
    edited = {**wider, "updated": stamp(NOW + timedelta(minutes=1)), "content": "<p>neu</p>"}
    await line.work(vera, vera.does("Update", edited))
    async with node.db.read() as tx:
        row = await tx.fetchrow(
            """SELECT p.audience, visible_to(p, $1) AS other, visible_to(p, NULL) AS anybody,
                      visible_to(p, $2) AS follower FROM posts p""",
            other.id,
            follower.id,
        )
    assert tuple(row) == ("followers", False, False, True)


async def test_a_reply_before_its_parent_is_put_in_its_place_later(  # REL-29
    line: Line, follower: Actor, vera: Stranger
) -> None:
    parent = vera.note("<p>Frage</p>")
    answer = vera.note("<p>Antwort</p>", inReplyTo=parent["id"])
    await line.work(vera, vera.does("Create", answer), vera.does("Create", parent))
    async with line.node.db.read() as tx:
        joined = await tx.fetchval(
            "SELECT count(*) FROM posts r JOIN posts p ON p.id = r.in_reply_to_id WHERE p.uri = $1",
            parent["id"],
        )
    assert joined == 1
    assert await faults(line.node) == []


async def test_a_handler_that_breaks_is_tried_again_then_failed_and_can_be_run_again(
    line: Line, follower: Actor, vera: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = line.node
    table = node.node.hooks.inbound
    handler = table.lookup("Create", "Note")
    assert handler is not None

    async def broken(*_: object) -> None:
        raise ZeroDivisionError("by a test")

    handlers = table._handlers
    create, like = vera.does("Create", vera.note()), vera.does("Update", vera.note())
    monkeypatch.setitem(handlers, ("Create", "*"), msgspec.structs.replace(handler, function=broken))
    assert await line.work(vera, create) == [("new", "ZeroDivisionError")]
    assert await line.work(vera, like) == [("ignored", "post_unknown")]  # others go on
    for _ in range(12):
        line.rig.clock.advance(days=2)
        await node.sweep()
        await run(node)
    assert await outcome(node, create) == ("failed", "ZeroDivisionError")
    monkeypatch.setitem(handlers, ("Create", "*"), handler)
    async with node.db.tx() as tx:
        item = await tx.fetchval("SELECT id FROM inbox_items WHERE activity_uri = $1", create["id"])
        assert await hosts.put_again(tx, item)
    await node.sweep()
    await run(node)
    assert await outcome(node, create) == ("done", "")
    assert len(await shown_to(node, follower.id)) == 1


async def test_a_changed_key_is_fetched_once_and_then_counts(  # REL-23
    rig: Rig, line: Line, follower: Actor, vera: Stranger
) -> None:
    vera.peer.person("/u/vera", key("vera, renewed"), followers=f"{vera.uri}/followers")
    vera.signer = Signer(vera.signer.key_id, key("vera, renewed"))
    rig.clock.advance(minutes=10)
    await line.node.node.valkey.flushdb()  # the interval is Valkey's, and its clock cannot be set
    asked = len(vera.peer.requests)
    now = rig.clock.now()
    for _ in range(5):
        assert await vera.send(line.node, vera.does("Create", vera.note()), now=now) == 202
    vera.signer = Signer(vera.signer.key_id, key("somebody"))
    for _ in range(5):
        assert await vera.send(line.node, vera.does("Create", vera.note()), now=now) == 401
    assert len(vera.peer.requests) - asked == 1


async def test_a_suspended_sender_is_refused_and_comes_back_through_nobody(  # MOD-01
    line: Line, follower: Actor, vera: Stranger, eve: Stranger
) -> None:
    node = line.node
    there = await known_as(node, eve)
    note = eve.note()
    eve.peer.documents[note["id"].removeprefix(eve.peer.origin)] = note
    async with node.db.tx() as tx:
        await tx.execute("UPDATE actors SET suspended_at = $2 WHERE id = $1", there.id, tx.now)
    before = await counted(node, ("posts", "boosts", "notifications", "home_entries"))
    mention = eve.note(to=[follower.uri], tag=[{"type": "Mention", "href": follower.uri}])
    assert await line.work(eve, eve.does("Create", mention)) == [("refused", "sender_suspended")]
    assert await line.work(vera, vera.does("Announce", note["id"], to=[PUBLIC])) == [
        ("refused", "author_suspended")
    ]
    assert await counted(node, ("posts", "boosts", "notifications", "home_entries")) == before


async def test_an_actor_that_leaves_takes_everything_along(
    line: Line, follower: Actor, vera: Stranger
) -> None:
    node = line.node
    _, ours = await one_post(node, follower)
    await line.work(
        vera, vera.does("Create", vera.note()), vera.does("Like", ours), vera.does("Announce", ours),
        vera.does("Follow", follower.uri), vera.does("Create", vera.note(inReplyTo=ours)),
    )  # fmt: skip
    assert await line.work(vera, vera.does("Delete", vera.uri)) == [("done", "")]
    assert await told(node, follower.id) == []
    async with node.db.read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM posts WHERE NOT local") == 0
        assert await tx.fetchval("SELECT count(*) FROM likes") == 0
        assert await tx.fetchval("SELECT count(*) FROM follows") == 0

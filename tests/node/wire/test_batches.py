"""Handled together or one after the other: the same rows, whatever the order of a batch."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from federation import vocab
from node.features.actors import service as actors
from node.features.actors.store.reads import Actor
from node.features.follows import store as follows
from node.features.posts import service as posts
from node.features.posts.service import Draft
from node.wire import process
from node.wire.store import arrivals
from tests.node.wire.strangers import PUBLIC, Stranger, outcome, wrong_counters
from tests.rig import Rig, RigNode

NOTES = 4
# Ada and Ben are followed from here; Cem lives with Ada, Dee alone.
PEOPLE = {
    "ada": "https://one.example", "ben": "https://two.example", "cem": "https://one.example",
    "dee": "https://three.example",
}  # fmt: skip
FOLLOWED = ("ada", "ben")
OURS = "OURS"
AMINA = "AMINA"


class Deed(msgspec.Struct, frozen=True):
    """Something a person does: `number` of their notes or marks, on what, and of which kind."""

    kind: str
    who: str
    number: int
    target: tuple[str, int] | None = None


def uri_of(who: str) -> str:
    """The address of one of the people."""
    return f"{PEOPLE[who]}/u/{who}"


def note_of(target: tuple[str, int] | None) -> str | None:
    """The address of a note of theirs, or of ours."""
    if target is None:
        return None
    return OURS if target[0] == "us" else f"{uri_of(target[0])}/n/{target[1]}"


TARGETS = st.tuples(st.sampled_from([*PEOPLE, "us", "us"]), st.integers(0, NOTES - 1))
DEEDS = st.one_of(
    st.builds(Deed, st.just("Create"), st.sampled_from([*PEOPLE]), st.integers(0, NOTES - 1),
              st.none() | TARGETS),
    st.builds(Deed, st.sampled_from(["Like", "Announce", "Undo Like", "Undo Announce"]),
              st.sampled_from([*PEOPLE]), st.integers(0, 1), TARGETS),
    st.builds(Deed, st.sampled_from(["Update", "Delete"]), st.sampled_from([*PEOPLE]),
              st.integers(0, NOTES - 1)),
    st.builds(Deed, st.sampled_from(["Follow", "Undo Follow"]), st.sampled_from([*PEOPLE]), st.just(0)),
)  # fmt: skip


def documents(deeds: list[Deed]) -> list[dict[str, Any]]:
    """The deeds as activities. What is fetched where it is unknown is named only once it is written."""
    written: set[str] = {OURS}
    found = []
    for place, deed in enumerate(deeds):
        me = uri_of(deed.who)
        activity: dict[str, Any] = {
            "id": f"{me}/a/{place}",
            "actor": me,
            "to": [PUBLIC],
            "cc": [f"{me}/followers"],
        }
        mine = f"{me}/n/{deed.number}"
        target = note_of(deed.target)
        if deed.kind in ("Create", "Update"):
            parent = target if target in written or deed.who not in FOLLOWED else None
            activity |= {"type": deed.kind, "object": _note(deed, place, me, mine, parent)}
            if deed.kind == "Create" and deed.who in FOLLOWED:
                written.add(mine)
        elif deed.kind == "Delete":
            activity |= {"type": "Delete", "object": {"id": mine, "type": "Tombstone"}}
        else:
            activity |= _mark(deed, me, target, written)
        found.append(activity)
    return found


def _note(deed: Deed, place: int, me: str, mine: str, parent: str | None) -> dict[str, Any]:
    note: dict[str, Any] = {
        "id": mine, "type": "Note", "attributedTo": me, "content": f"<p>{place}</p>", "to": [PUBLIC],
        "cc": [AMINA, f"{me}/followers"] if deed.number % 2 else [f"{me}/followers"],
        "published": "2026-11-23T09:00:00Z", "tag": [{"type": "Hashtag", "name": f"#tag{deed.number}"}],
    }  # fmt: skip
    if deed.number % 2:
        note["tag"].append({"type": "Mention", "href": AMINA})
    if parent not in (None, mine):
        note["inReplyTo"] = parent
    if deed.kind == "Update":
        note["updated"] = f"2026-11-23T09:{place:02d}:00Z"
    return note


def _mark(deed: Deed, me: str, target: str | None, written: set[str]) -> dict[str, Any]:
    undo, _, kind = deed.kind.rpartition(" ")
    known = target in written or kind == "Like"
    thing = AMINA if kind == "Follow" else target if known else OURS
    mark = {"id": f"{me}/{kind}/{deed.number}/{thing}", "type": kind, "actor": me, "object": thing}
    if not undo:
        return mark
    return {"type": "Undo", "object": mark}


class Twin:
    """A node with the same people as its twin, and what became of them."""

    def __init__(self, rig: Rig, node: RigNode) -> None:
        self.rig, self.node = rig, node
        self.names: dict[str, str] = {}
        self.amina = 0

    async def fill(self) -> None:
        """The people, known and followed."""
        amina = await self.node.person("amina")
        self.amina = amina.id
        async with self.node.db.tx() as tx:
            for who in PEOPLE:
                uri = uri_of(who)
                known = await actors.upsert_remote(
                    tx, self.node.node,
                    vocab.Actor(id=uri, preferred_username=who, inbox=f"{uri}/inbox", followers=f"{uri}/followers"),
                )  # fmt: skip
                if who in FOLLOWED:
                    row = follows.Follow(
                        tx.new_id(), f"x:{who}", amina.id, known.id, "accepted", True, False, tx.now, tx.now
                    )
                    await follows.put_follow(tx, row)
            await tx.execute("UPDATE actors SET following_count = $2 WHERE id = $1", amina.id, len(FOLLOWED))
        self.names[amina.uri] = AMINA

    async def forget(self) -> None:
        """As before anything arrived, but for a new post of ours."""
        async with self.node.db.tx() as tx:
            for table in ("posts", "tombstones", "inbox_items", "notifications", "activities"):
                await tx.execute(f"DELETE FROM {table}")
            await tx.execute("DELETE FROM follows WHERE uri NOT LIKE 'x:%'")
            await tx.execute("UPDATE actors SET posts_count = 0, followers_count = 0 WHERE local")
            post_id = await posts.write_post(tx, self.node.node, self.amina, Draft(source="Anfang"))
        self.names = {uri: name for uri, name in self.names.items() if name != OURS}
        self.names[f"{self.node.origin}/ap/notes/{post_id}"] = OURS

    async def take(self, activities: list[dict[str, Any]], *, together: bool) -> None:
        """Let them arrive and work them off."""
        longest = process.timedelta(seconds=60)
        for activity in activities:
            self.rig.clock.advance(milliseconds=5)
            body = msgspec.json.encode({"@context": "https://www.w3.org/ns/activitystreams", **activity})
            for ours, name in self.names.items():
                body = body.replace(name.encode(), ours.encode())
            arrival = arrivals.Arrival(
                activity["id"], activity["type"], activity["actor"], "", activity["actor"][8:].partition("/")[0],
                "", False, body,
            )  # fmt: skip
            async with self.node.db.tx() as tx:
                await arrivals.put_arrivals(tx, [arrival])
        while True:
            async with self.node.db.tx() as tx:
                items = await arrivals.lease_arrivals(tx, 100 if together else 1, longest)
            if not items:
                return
            await process.work_off(self.node.node, items)

    async def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything that came of it, by public addresses."""
        found = {}
        async with self.node.db.read() as tx:
            assert await wrong_counters(tx) == []
            for name, query in ROWS.items():
                rows = [tuple(self._known_by(value) for value in row) for row in await tx.fetch(query)]
                found[name] = sorted(rows, key=repr)
        return found

    def _known_by(self, value: Any) -> Any:
        if isinstance(value, str):
            for ours, name in self.names.items():
                value = value.replace(ours, name)
        return value


ROWS = {
    "posts": """SELECT p.uri, a.uri, p.html, p.audience, p.in_reply_to_uri, q.uri, r.uri, t.uri, p.replies_count,
                       p.likes_count, p.boosts_count, p.edited_at
                FROM posts p JOIN actors a ON a.id = p.author_id LEFT JOIN posts q ON q.id = p.in_reply_to_id
                LEFT JOIN actors r ON r.id = p.in_reply_to_actor_id LEFT JOIN posts t ON t.id = p.thread_id""",
    "mentions": """SELECT p.uri, a.uri, m.silent FROM post_mentions m JOIN posts p ON p.id = m.post_id
                   JOIN actors a ON a.id = m.actor_id""",
    "tags": "SELECT p.uri, t.tag, t.shown FROM post_tags t JOIN posts p ON p.id = t.post_id",
    "likes": """SELECT l.uri, a.uri, p.uri FROM likes l JOIN actors a ON a.id = l.actor_id
                JOIN posts p ON p.id = l.post_id""",
    "boosts": """SELECT b.uri, a.uri, p.uri, b.audience FROM boosts b JOIN actors a ON a.id = b.actor_id
                 JOIN posts p ON p.id = b.post_id""",
    "home": """SELECT a.username, p.uri, b.uri FROM home_entries h JOIN actors a ON a.id = h.owner_id
               JOIN posts p ON p.id = h.post_id LEFT JOIN boosts b ON b.id = h.boost_id""",
    "notifications": """SELECT o.username, n.kind, a.uri, p.uri FROM notifications n
                        JOIN actors o ON o.id = n.owner_id JOIN actors a ON a.id = n.actor_id
                        LEFT JOIN posts p ON p.id = n.post_id""",
    "follows": """SELECT a.uri, b.uri, f.state FROM follows f JOIN actors a ON a.id = f.follower_id
                  JOIN actors b ON b.id = f.followee_id""",
    "tombstones": "SELECT uri, former_type, actor_uri FROM tombstones",
    "revisions": "SELECT p.uri, r.number, r.html FROM post_revisions r JOIN posts p ON p.id = r.post_id",
    "ends": "SELECT activity_uri, state, code FROM inbox_items",
}


@pytest.fixture
async def twins(rig: Rig, lindenhof: RigNode, lernwerk: RigNode) -> tuple[Twin, Twin]:
    """Two nodes that know the same people."""
    made = Twin(rig, lindenhof), Twin(rig, lernwerk)
    for twin in made:
        await twin.fill()
    return made


async def test_a_batch_makes_the_rows_that_one_after_the_other_makes(twins: tuple[Twin, Twin]) -> None:
    loop = asyncio.get_running_loop()

    async def compare(deeds: list[Deed]) -> None:
        rows = []
        for twin, together in zip(twins, (True, False), strict=True):
            await twin.forget()
            await twin.take(documents(deeds), together=together)
            rows.append(await twin.rows())
        assert rows[0] == rows[1]

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(DEEDS, min_size=2, max_size=25))
    def both_ways(deeds: list[Deed]) -> None:
        asyncio.run_coroutine_threadsafe(compare(deeds), loop).result(timeout=60)

    await asyncio.to_thread(both_ways)


async def test_one_that_breaks_takes_none_of_its_batch_with_it(
    rig: Rig, lindenhof: RigNode, follower: Actor, vera: Stranger
) -> None:
    async with lindenhof.db.tx() as tx:
        await tx.execute(
            """CREATE FUNCTION break_it() RETURNS trigger LANGUAGE plpgsql AS
               $$ BEGIN IF NEW.html LIKE '%unlucky%' THEN RAISE 'by a test'; END IF; RETURN NEW; END $$"""
        )
        await tx.execute(
            "CREATE TRIGGER break_it BEFORE INSERT ON posts FOR EACH ROW EXECUTE FUNCTION break_it()"
        )
    creates = [
        vera.does("Create", vera.note(f"<p>{word}</p>")) for word in ("one", "unlucky", "three", "four")
    ]
    for create in creates:
        rig.clock.advance(milliseconds=7)
        assert await vera.send(lindenhof, create) == 202
    await process.drain(lindenhof.node)
    ends = [await outcome(lindenhof, create) for create in creates]
    assert ends == [("done", ""), ("new", "database"), ("done", ""), ("done", "")]
    async with lindenhof.db.tx() as tx:
        await tx.execute("DROP TRIGGER break_it ON posts")
        assert await tx.fetchval("SELECT count(*) FROM inbox_leases") == 0
    rig.clock.advance(days=1)
    await process.drain(lindenhof.node)
    assert await outcome(lindenhof, creates[1]) == ("done", "")


async def test_of_many_drains_one_works_one_waits_and_the_others_go_home(
    lindenhof: RigNode, follower: Actor, vera: Stranger
) -> None:
    create = vera.does("Create", vera.note())
    assert await vera.send(lindenhof, create) == 202
    turn = process.Turn()
    lindenhof.node.caches["inbound_turn"] = turn
    async with turn:
        drains = [asyncio.create_task(process.drain(lindenhof.node)) for _ in range(5)]
        done, standing = await asyncio.wait(drains, return_when=asyncio.FIRST_COMPLETED)
        assert (len(done), len(standing)) == (4, 1)
    await asyncio.gather(*drains)
    assert await outcome(lindenhof, create) == ("done", "")
    assert turn.awaited is False

"""Polls of both sides through any life chance gives them: votes, edits, ends, counts told, deletions, repeats.

Hypothesis plays; a model of a few lines says what must stand in the database afterwards. Whatever the order, the
counts of ours equal their rows, and those of others are what their house told last and what we chose since.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from node.features.actors.store.reads import Actor
from node.features.follows import service as follows
from node.features.polls.service import PollDraft, VoteRefused
from node.features.posts import polling, service
from node.features.posts.service import Draft
from tests.node.wire.polls import ANSWERS, House, question, vote
from tests.node.wire.strangers import Inboxes, Stranger, faults, known_as, run, stamp
from tests.rig import Rig, RigNode

OTHERS = ("Montag", "Dienstag", "Nie")
PLACES = st.integers(0, 2)
T = TypeVar("T")


class Stage:
    """The node, its people and two strangers; hypothesis plays from a thread, the node lives in the loop."""

    def __init__(self, house: House, people: list[Actor], strangers: list[Stranger]) -> None:
        self.house = house
        self.author, *self.people = people
        self.strangers = strangers
        self.loop = asyncio.get_running_loop()

    def wait(self, what: Coroutine[Any, Any, T]) -> T:
        """Do it in the node's loop."""
        return asyncio.run_coroutine_threadsafe(what, self.loop).result(60)


class Model:
    """What a poll must be: `chosen` by voter, `told` what its house said."""

    def __init__(self, titles: tuple[str, ...]) -> None:
        self.titles = titles
        self.told = [0, 0, 0]
        self.chosen: dict[str, set[int]] = {}
        self.counted_here: list[tuple[str, int]] = []

    def votes(self) -> list[int]:
        since = [place for _, place in self.counted_here]
        return [told + since.count(place) for place, told in enumerate(self.told)]


class PollLives(RuleBasedStateMachine):
    """One poll of ours and one of Vera's."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage = stage
        self.house = stage.house
        self.vera, self.eve = stage.strangers
        self.ours_id, self.ours_uri = stage.wait(self.house.ask(stage.author))
        self.ours: Model | None = Model(ANSWERS)
        self.ends_at = self.now().timestamp() + 86_400
        self.theirs: Model | None = None
        self.asked = question(self.vera, 0, 0, 0, endTime=stamp(self.now().replace(year=2027)))
        self.seen_deleted = False
        self.last: tuple[Stranger, dict[str, Any]] | None = None

    def now(self) -> Any:
        return self.house.rig.clock.now()

    def over(self) -> bool:
        return bool(self.now().timestamp() >= self.ends_at)

    def hear(self, who: Stranger, activity: dict[str, Any]) -> tuple[str, str]:
        self.last = who, activity
        return self.stage.wait(self.house.hear(who, activity))[0]

    # ── our poll ──────────────────────────────────────────────────────────────

    @rule(who=st.integers(0, 1), place=PLACES)
    @precondition(lambda self: self.ours is not None)
    def one_of_us_votes(self, who: int, place: int) -> None:
        voter = self.stage.people[who]
        assert self.ours is not None
        refused = self._vote_here(voter, self.ours_id, place)
        if self.over():
            assert refused == "ended"
        elif voter.uri in self.ours.chosen:
            assert refused == "voted"
        else:
            assert refused == ""
            self._count(self.ours, voter.uri, place)

    def _vote_here(self, voter: Actor, post_id: int, place: int) -> str:
        async def choose() -> str:
            try:
                async with self.house.node.db.tx() as tx:
                    await polling.vote(tx, self.house.node.node, voter.id, post_id, [place])
            except VoteRefused as refused:
                return refused.reason
            await run(self.house.node)
            return ""

        return self.stage.wait(choose())

    @staticmethod
    def _count(model: Model, voter: str, place: int) -> None:
        model.chosen[voter] = {place}
        model.counted_here.append((voter, place))

    @rule(who=st.integers(0, 1), place=st.integers(0, 3))
    def a_stranger_votes(self, who: int, place: int) -> None:
        voter = self.stage.strangers[who]
        titles = (*(self.ours.titles if self.ours else ANSWERS), "Nirgends")
        end = self.hear(voter, vote(voter, self.ours_uri, titles[place], self.stage.author.uri))
        if self.ours is None:
            assert end[0] in ("ignored", "refused")
        elif place == 3:
            assert end == ("ignored", "no_such_choice")
        elif self.over():
            assert end == ("refused", "poll_ended")
        elif voter.uri in self.ours.chosen:
            assert end == ("ignored", "voted_already")
        else:
            assert end == ("done", "")
            self._count(self.ours, voter.uri, place)

    @rule(other=st.booleans(), hours=st.one_of(st.none(), st.integers(1, 48)))
    @precondition(lambda self: self.ours is not None)
    def the_author_edits(self, other: bool, hours: int | None) -> None:
        assert self.ours is not None
        titles = OTHERS if other else ANSWERS
        draft = PollDraft(titles=titles, open_s=None if hours is None else hours * 3600)

        async def edit() -> None:
            async with self.house.node.db.tx() as tx:
                wanted = Draft(source="Wann denn?", poll=draft)
                await service.edit_post(tx, self.house.node.node, self.stage.author.id, self.ours_id, wanted)
            await run(self.house.node)

        self.stage.wait(edit())
        if hours is not None:
            self.ends_at = self.now().timestamp() + hours * 3600
        if titles != self.ours.titles:
            self.ours = Model(titles)

    @rule()
    @precondition(lambda self: self.ours is not None)
    def the_author_deletes(self) -> None:
        async def delete() -> None:
            async with self.house.node.db.tx() as tx:
                await service.delete_post(tx, self.house.node.node, self.stage.author.id, self.ours_id)
            await run(self.house.node)

        self.stage.wait(delete())
        self.ours = None

    # ── theirs ────────────────────────────────────────────────────────────────

    @rule()
    def vera_asks(self) -> None:
        """Also again, and after she deleted it."""
        self.hear(self.vera, self.vera.does("Create", self.asked))
        if self.theirs is None and not self.seen_deleted:
            self.theirs = Model(ANSWERS)

    @rule(counts=st.lists(st.integers(0, 50), min_size=3, max_size=3))
    @precondition(lambda self: self.theirs is not None or self.seen_deleted)
    def veras_house_tells_counts(self, counts: list[int]) -> None:
        titles = self.theirs.titles if self.theirs else ANSWERS
        end = self.hear(self.vera, self.vera.does("Update", self._said(titles, counts)))
        if self.theirs is not None:
            assert end == ("done", "")
            self.theirs.told, self.theirs.counted_here = counts, []

    def _said(self, titles: tuple[str, ...], counts: list[int], **more: Any) -> dict[str, Any]:
        said = {**question(self.vera, *counts, endTime=self.asked["endTime"]), "id": self.asked["id"], **more}
        for option, title in zip(said["oneOf"], titles, strict=True):
            option["name"] = title
        return said

    @rule(newer=st.booleans())
    @precondition(lambda self: self.theirs is not None or self.seen_deleted)
    def vera_asks_something_else(self, newer: bool) -> None:
        """Other answers need an edit that is newer than what is known."""
        titles = OTHERS if self.theirs is None or self.theirs.titles == ANSWERS else ANSWERS
        more = (
            {"updated": stamp(self.now().replace(microsecond=0))}
            if newer
            else {"updated": "2026-11-01T00:00:00Z"}
        )
        self.house.rig.clock.advance(seconds=2)
        self.hear(self.vera, self.vera.does("Update", self._said(titles, [4, 0, 1], **more)))
        if self.theirs is not None and newer:
            self.theirs = Model(titles)
            self.theirs.told = [4, 0, 1]

    @rule(who=st.integers(0, 1), place=PLACES)
    @precondition(lambda self: self.theirs is not None)
    def one_of_us_votes_there(self, who: int, place: int) -> None:
        assert self.theirs is not None
        voter = self.stage.people[who]
        refused = self._vote_here(voter, self.stage.wait(self.house.id_of(self.asked["id"])), place)
        assert refused == ("voted" if voter.uri in self.theirs.chosen else "")
        if not refused:
            self._count(self.theirs, voter.uri, place)

    @rule()
    def vera_deletes(self) -> None:
        """Also before she asked."""
        self.hear(self.vera, self.vera.does("Delete", {"id": self.asked["id"], "type": "Tombstone"}))
        self.theirs, self.seen_deleted = None, True

    # ── both ──────────────────────────────────────────────────────────────────

    @rule(hours=st.integers(0, 30))
    def time_passes(self, hours: int) -> None:
        self.stage.wait(self.house.sweep(hours=hours, seconds=61))

    @rule()
    @precondition(lambda self: self.last is not None)
    def the_last_one_comes_again(self) -> None:
        assert self.last is not None
        who, activity = self.last
        self.stage.wait(self.house.hear(who, activity))

    def check_invariants(self, *rest: Any, **more: Any) -> None:
        """After every step."""
        super().check_invariants(*rest, **more)
        self.stage.wait(self._compare())

    async def _compare(self) -> None:
        for uri, model in ((self.ours_uri, self.ours), (self.asked["id"], self.theirs)):
            async with self.house.node.db.read() as tx:
                rows = await tx.fetch(
                    """SELECT o.title, o.votes, p.voters_count, array(
                           SELECT a.uri FROM poll_votes v JOIN actors a ON a.id = v.actor_id
                           WHERE v.post_id = o.post_id AND v.place = o.place) AS voters
                       FROM poll_options o JOIN polls p ON p.post_id = o.post_id JOIN posts t ON t.id = o.post_id
                       WHERE t.uri = $1 ORDER BY o.place""",
                    uri,
                )
            if model is None:
                assert rows == []
                continue
            assert tuple(row["title"] for row in rows) == model.titles
            assert [row["votes"] for row in rows] == model.votes()
            assert rows[0]["voters_count"] == sum(model.votes())
            for place, row in enumerate(rows):
                assert set(row["voters"]) == {who for who, places in model.chosen.items() if place in places}
        assert await faults(self.house.node) == []


async def test_polls_keep_their_counts_through_any_life(
    rig: Rig, lindenhof: RigNode, amina: Actor, eve: Stranger, vera: Stranger
) -> None:
    people = [amina, await lindenhof.person("jonas"), await lindenhof.person("mira")]
    there = await known_as(lindenhof, vera)
    for who in (eve, vera):
        Inboxes(who.peer, f"/u/{who.name}/inbox")
        await known_as(lindenhof, who)
    async with lindenhof.db.tx() as tx:
        await follows.follow(tx, lindenhof.node, people[1].id, there.id)
        asked = await tx.fetchval("SELECT uri FROM follows")
    assert await vera.send(lindenhof, vera.does("Accept", asked)) == 202
    await run(lindenhof)
    stage = Stage(House(rig, lindenhof), people, [vera, eve])
    chosen = settings(
        max_examples=10, stateful_step_count=18, deadline=None, suppress_health_check=list(HealthCheck)
    )
    await asyncio.to_thread(run_state_machine_as_test, lambda: PollLives(stage), settings=chosen)

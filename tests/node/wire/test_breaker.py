"""The queue of one host as a machine: open, resting, half open, retired, back. Any order of events keeps its rules."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.features.actors.store.reads import Actor
from node.wire.store import deliveries
from tests.federation.peers import Peer
from tests.node.wire.strangers import Inboxes, run
from tests.node.wire.test_deliveries import followed_by, write
from tests.rig import Rig, RigNode

MINUTE, DAY = 60, 86_400
# Seconds before the next try after so many silences in a row, a fifth more or less; later ones: never over a week.
RESTS = (MINUTE, 5 * MINUTE, 30 * MINUTE, 7200, 28_800, *[DAY] * 6)
SILENT = (429, 503)

STEPS = st.one_of(
    st.tuples(st.just("write"), st.integers(0, 1)),
    st.tuples(st.just("answers"), st.sampled_from((202, 202, 503, 429, 410))),
    st.tuples(st.just("wait"), st.sampled_from((1, 90, 2400, 2 * DAY, 8 * DAY))),
    st.tuples(st.just("heard"), st.none()),
)
Step = tuple[str, Any]


class Machine:
    """One host, two people who write to it, and what must be so after every step."""

    def __init__(self, rig: Rig, node: RigNode, peer: Peer, writers: list[Actor]) -> None:
        self.rig = rig
        self.node = node
        self.peer = peer
        self.writers = writers
        self.host = f"localhost:{peer.port}"
        self.door = Inboxes(peer, "/inbox")
        self.author_of: dict[str, int] = {}

    async def begin(self) -> None:
        """As before anything was sent."""
        self.door.status = 202
        self.door.received.clear()
        self.author_of.clear()
        self.rig.clock.advance(seconds=1)
        async with self.node.db.tx() as tx:
            for table in ("deliveries", "gone_inboxes", "activities", "posts", "hosts"):
                await tx.execute(f"DELETE FROM {table}")

    async def row(self) -> dict[str, Any]:
        """What is known of the host, and how many deliveries are due for it."""
        async with self.node.db.read() as tx:
            found = await tx.fetchrow(
                """SELECT h.failures, h.next_attempt_at, h.gone_at, h.leased_until, h.code,
                          (SELECT count(*) FROM deliveries d WHERE d.host = $1 AND d.state = 'due') AS due
                   FROM (SELECT $1::text AS host) q LEFT JOIN hosts h ON h.host = q.host""",
                self.host,
            )
        assert found is not None
        return dict(found)

    async def step(self, kind: str, value: Any) -> None:
        """Do one thing, let the worker work, and look."""
        self.rig.clock.advance(milliseconds=20)
        if kind == "write":
            known = await write(self.node, self.writers[value], "Guten Tag")
            self.author_of[known] = value
        elif kind == "answers":
            self.door.status = value
        elif kind == "wait":
            self.rig.clock.advance(seconds=value)
        else:
            async with self.node.db.tx() as tx:
                await deliveries.put_hosts_heard(tx, [self.host])
        before, asked = await self.row(), len(self.peer.requests)
        await self.node.sweep()
        await run(self.node)
        self._check(before, await self.row(), len(self.peer.requests) - asked)

    def _check(self, before: dict[str, Any], after: dict[str, Any], asked: int) -> None:
        now = self.rig.clock.now()
        resting = before["next_attempt_at"] is not None and before["next_attempt_at"] > now
        assert after["leased_until"] is None
        if resting or before["gone_at"] is not None:
            assert asked == 0
            assert after["failures"] == before["failures"]
        elif before["due"] and self.door.status == 202:  # closed, or back: everything goes at once
            assert (after["failures"] or 0, after["due"], after["next_attempt_at"]) == (0, 0, None)
        elif before["due"] and self.door.status in SILENT:  # half open: one try, by both ways of signing
            assert 1 <= asked <= 2
            assert after["failures"] == (before["failures"] or 0) + 1
            assert after["code"] == f"http_{self.door.status}"
            self._check_rest(after["failures"], after["next_attempt_at"] - now)
        elif before["due"]:
            assert self.door.status == 410 and after["gone_at"] is not None
        if after["gone_at"] is not None:
            assert after["due"] == 0

    @staticmethod
    def _check_rest(failures: int, rest: timedelta) -> None:
        if failures <= len(RESTS):
            assert 0.79 <= rest.total_seconds() / RESTS[failures - 1] <= 1.21
        assert rest <= timedelta(days=7)

    def check_order(self) -> None:
        """What came, came once, and each writer's in the order they wrote."""
        by_author: dict[int, list[str]] = defaultdict(list)
        for identifier in self.door.ids:
            by_author[self.author_of[identifier]].append(identifier)
        written = list(self.author_of)
        for came in by_author.values():
            assert came == sorted(came, key=written.index)
        assert len(set(self.door.ids)) == len(self.door.ids)

    async def end(self) -> None:
        """Back for good and heard of: what had not ended is drained in order, what is new comes."""
        self.door.status = 202
        waits = (await self.row())["due"]
        came = len(self.door.ids)
        self.rig.clock.advance(days=8)
        await self.step("heard", None)
        assert len(self.door.ids) == came + waits
        await self.step("write", 0)
        assert self.door.ids[-1] == list(self.author_of)[-1]
        self.check_order()


async def test_any_order_of_silence_and_answers_keeps_the_rules_of_the_queue(
    rig: Rig, lindenhof: RigNode, amina: Actor, peers: list[Peer]
) -> None:
    jonas = await lindenhof.person("jonas")
    await followed_by(lindenhof, amina, peers[0], "f1")
    await followed_by(lindenhof, jonas, peers[0], "f2")
    machine, loop = Machine(rig, lindenhof, peers[0], [amina, jonas]), asyncio.get_running_loop()

    async def play(steps: list[Step]) -> None:
        await machine.begin()
        for kind, value in steps:
            await machine.step(kind, value)
            machine.check_order()
        await machine.end()

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(STEPS, min_size=3, max_size=14))
    def any_order(steps: list[Step]) -> None:
        asyncio.run_coroutine_threadsafe(play(steps), loop).result(timeout=60)

    await asyncio.to_thread(any_order)

"""Which scenes are played, on which nodes, in which order.

Every group of scenes gets a fresh node in a folder of its own, so that none is measured with what
another left behind. Growing scenes fill the database by `crowd`; all else comes over the wire.
"""

import asyncio
import os
import resource
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from tests.bench import arrivals, crowd, fanout, peers, profiling, reads, stage
from tests.bench.stage import Figures, Stage
from tests.lab import CLONE, LabNode

SCENES = ("idle", "inbox", "workers", "growth", "fanout", "reads")
_FILES = 20_000


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How much of everything. `posts`: stored posts of grown nodes; `hosts`: sizes of fan-outs."""

    only: tuple[str, ...] = ()
    activities: int = 4000
    rounds: int = 3
    reads: int = 1000
    posts: tuple[int, ...] = (10_000, 1_000_000)
    followers: tuple[int, ...] = (1_000, 10_000, 100_000)
    hosts: tuple[int, ...] = (200, 1_000, 5_000)
    senders: tuple[int, ...] = (1, 4, 16)
    workers: tuple[int, ...] = (1, 2, 4)
    profile: Path | None = None

    @classmethod
    def quick(cls) -> "Plan":
        """Small enough for a look in between."""
        return cls(
            activities=600,
            rounds=2,
            reads=200,
            posts=(5_000, 50_000),
            followers=(1_000, 10_000),
            hosts=(100,),
            senders=(1, 4),
            workers=(1, 2),
        )

    def changed(self, given: Mapping[str, Any]) -> "Plan":
        """The plan with some of it exchanged."""
        return msgspec.structs.replace(self, **given)

    def wants(self, scene: str) -> bool:
        """Whether a scene is to be played."""
        return not self.only or scene in self.only


async def play(plan: Plan, folder: Path, figures: Figures) -> None:
    """Play all wanted scenes and note their figures."""
    # Each fake host is an open file, and each connection to one; so they are for the node.
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard if hard < _FILES and hard > 0 else _FILES, hard))
    if plan.wants("idle"):
        await _idle(plan, folder / "idle", figures)
    if plan.wants("inbox") or plan.wants("workers"):
        await _inbox(plan, folder / "inbox", figures)
    for posts in plan.posts:
        if plan.wants("growth") or plan.wants("reads"):
            await _grown(plan, folder / f"grown-{posts}", posts, figures)
    if plan.wants("fanout"):
        await _fan_out(plan, folder / "fanout", figures)


@asynccontextmanager
async def _on_stage(
    plan: Plan, node: LabNode, name: str, *, hosts: int = 16, workers: int = 1
) -> AsyncIterator[Stage]:
    """A node with its peers; profiled when the plan says so."""
    node.settings["WORKER__PROCESSES"] = str(workers)
    if plan.profile is not None:
        dumps = plan.profile / name
        dumps.mkdir(parents=True, exist_ok=True)
        node.variables[profiling.VARIABLE] = str(dumps.absolute())
        node.variables["PYTHONPATH"] = f"{profiling.PROFILED}{os.pathsep}{CLONE}"
    async with peers.running(node.origin, hosts=hosts, people=max(arrivals.SENDERS, hosts)) as fakes:
        async with stage.running(node, fakes) as found:
            await asyncio.sleep(4)  # what a start leaves to do is done by then
            await profiling.forget(found.database)
            yield found
            if plan.profile is not None:
                (dumps / "statements.txt").write_text(await profiling.statements(found.database))
    if plan.profile is not None:
        for part, text in profiling.functions(dumps).items():
            (dumps / f"{part}.txt").write_text(text)


async def _idle(plan: Plan, folder: Path, figures: Figures) -> None:
    node = stage.prepare(folder)
    async with node:
        figures["first_start_s"] = round(node.started_s, 2)
    async with _on_stage(plan, node, "idle") as found:
        figures["warm_start_s"] = round(found.node.started_s, 2)
        figures["idle_pss_mib"] = found.memory()


async def _inbox(plan: Plan, folder: Path, figures: Figures) -> None:
    if plan.wants("inbox"):
        async with _on_stage(plan, stage.prepare(folder), "inbox") as found:
            await arrivals.befriend(found)
            figures["inbox"] = [
                await arrivals.inbox(found, plan.activities, hosts=hosts, rounds=plan.rounds)
                for hosts in plan.senders
            ]
            figures["busy_pss_mib"] = found.memory()
    if plan.wants("workers"):
        figures["workers"] = []
        for workers in plan.workers:
            name = f"workers-{workers}"
            async with _on_stage(plan, stage.prepare(folder.with_name(name)), name, workers=workers) as found:
                await arrivals.befriend(found)
                one = await arrivals.inbox(found, plan.activities, hosts=16, rounds=plan.rounds)
                figures["workers"].append({"workers": workers, **one})


async def _grown(plan: Plan, folder: Path, posts: int, figures: Figures) -> None:
    async with _on_stage(plan, stage.prepare(folder), f"grown-{posts}") as found:
        people = crowd.Crowd(posts=posts)
        async with found.apart() as database:
            await crowd.settle(database, found.owner_id, people)
        await profiling.forget(found.database)
        if plan.wants("reads"):
            answers = await reads.reads(found, plan.reads)
            figures.setdefault("reads", []).append(
                {"posts": posts, "follows": people.follows, "pages": answers, "pss_mib": found.memory()}
            )
        if plan.wants("growth"):
            await arrivals.befriend(found)
            for followers in plan.followers:
                async with found.apart() as database:
                    await crowd.add_followers(database, found.owner_id, people, followers)
                one = await arrivals.inbox(found, plan.activities, hosts=16, rounds=plan.rounds)
                figures.setdefault("growth", []).append({"posts": posts, "followers": followers, **one})


async def _fan_out(plan: Plan, folder: Path, figures: Figures) -> None:
    figures["pressing"], figures["fan_out"] = [], []
    for hosts in plan.hosts:
        async with _with_hosts(plan, folder, "fanout", hosts) as found:
            figures["pressing"].append(await fanout.pressing(found, hosts, plan.rounds))
            for dead, slow in ((0.0, 0.0), (0.3, 0.2)):
                figures["fan_out"].append(await fanout.fan_out(found, hosts, dead=dead, slow=slow))
            figures["delivering_pss_mib"] = found.memory()
        async with _with_hosts(plan, folder, "strangers", hosts) as found:
            mixed = await fanout.fan_out(found, hosts, dead=0.3, slow=0.2, called="never met")
            figures["fan_out"].append(mixed)
        async with _with_hosts(plan, folder, "ed25519", hosts) as found:
            found.fakes.offers_ed25519 = True
            await fanout.pressing(found, hosts, 1)  # they say so with their answer
            light = await fanout.fan_out(found, hosts, dead=0.0, slow=0.0, called="signed by Ed25519")
            figures["fan_out"].append(light)


@asynccontextmanager
async def _with_hosts(plan: Plan, folder: Path, called: str, hosts: int) -> AsyncIterator[Stage]:
    name = f"{called}-{hosts}"
    async with _on_stage(plan, stage.prepare(folder.with_name(name)), name, hosts=hosts) as found:
        yield found

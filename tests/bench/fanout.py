"""Scenes of leaving: posts to hundreds and thousands of hosts, some slow, some dead."""

import asyncio
import time

from tests.bench import crowd
from tests.bench.meter import Meter
from tests.bench.peers import Kind
from tests.bench.stage import Figures, Stage, per, spread

_PATIENCE_S = 600.0


async def fan_out(stage: Stage, hosts: int, *, dead: float, slow: float, called: str = "") -> Figures:
    """Posts of alice to one follower on each of `hosts` fake hosts: until every living one has them.

    `dead` and `slow` are shares. Of the dead, half refuse to be called and half take the call and
    never answer; the slow answer after two seconds.
    `called` names what else is special.
    """
    posts = 5 if hosts <= 1_000 else 2
    kinds = stage.fakes.cast(hosts, dead=dead, slow=slow)
    async with stage.apart() as database:
        await crowd.set_followers(database, stage.owner_id, list(kinds))
    living = {origin: kind for origin, kind in kinds.items() if kind in (Kind.FAST, Kind.SLOW)}
    stage.fakes.arrived.pop("Create", None)
    before, began = stage.meter.read(), time.perf_counter()
    for number in range(posts):
        await stage.api(
            "POST", "/api/v1/statuses", {"status": f"The {number}th harvest is in.", "visibility": "public"}
        )
    written_s = time.perf_counter() - began
    complete = await stage.fakes.until("Create", len(living) * posts, _PATIENCE_S)
    arrivals = stage.fakes.arrived.get("Create", [])
    cpu = Meter.cpu_between(before, stage.meter.read())
    took_s = max((when for when, _ in arrivals), default=began) - began
    fast = [when - began for when, host in arrivals if living.get(f"http://{host}") == Kind.FAST]
    await asyncio.sleep(1)  # let connections be given back
    return {
        "hosts": hosts,
        "dead": dead,
        "slow": slow,
        "called": called,
        "posts": posts,
        "wanted": len(living) * posts,
        "arrived": len(arrivals),
        "complete": complete,
        "written_s": round(written_s, 2),
        "last_arrival_s": round(took_s, 2),
        "last_arrival_at_fast_s": round(max(fast, default=0.0), 2),
        "per_s": round(len(arrivals) / took_s) if took_s else 0,
        "fast_per_s": round(len(fast) / max(fast)) if fast else 0,
        "cpu_ms_each": per(cpu, max(1, len(arrivals))),
    }


async def pressing(stage: Stage, hosts: int, rounds: int = 5) -> Figures:
    """One post at a time to hosts that answer at once: from pressing the button to the last arrival."""
    kinds = stage.fakes.cast(hosts, dead=0.0, slow=0.0)
    async with stage.apart() as database:
        await crowd.set_followers(database, stage.owner_id, list(kinds))
    last_s, answer_s = [], []
    for number in range(rounds):
        stage.fakes.arrived.pop("Create", None)
        began = time.perf_counter()
        await stage.api("POST", "/api/v1/statuses", {"status": f"Harvest {number}.", "visibility": "public"})
        answer_s.append((time.perf_counter() - began) * 1000)
        if not await stage.fakes.until("Create", hosts, _PATIENCE_S):
            raise ValueError(f"{stage.fakes.count('Create')} of {hosts} deliveries came")
        last_s.append(max(when for when, _ in stage.fakes.arrived["Create"]) - began)
        await asyncio.sleep(0.5)
    return {"hosts": hosts, "last_arrival_s": spread(last_s), "api_answer_ms": spread(answer_s)}

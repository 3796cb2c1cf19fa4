"""`allmende dev bench`: measure this node on this machine.

Prints a table, writes JSON. Figures swing with whatever else the machine does: trust CPU
milliseconds before requests a second, and run it twice.
"""

import argparse
import asyncio
import json
import os
import platform
import tempfile
import time
from pathlib import Path
from typing import Any

import asyncpg
import uvloop

from node import configfile
from node.services import database_url
from tests.bench import peers, scenes
from tests.bench.meter import Meter, parts_of
from tests.lab import LabNode

SCENES = ("idle", "inbox", "fanout", "reads")


def _wishes() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="allmende dev bench", description=__doc__)
    parser.add_argument("--only", choices=SCENES, action="append", help="one scene; may be repeated")
    parser.add_argument("--activities", type=int, default=4000, help="activities in each inbox round")
    parser.add_argument("--rounds", type=int, default=2, help="inbox rounds")
    parser.add_argument("--hosts", type=int, default=200, help="fake hosts for the fan-out")
    parser.add_argument("--reads", type=int, default=1000, help="requests for each page")
    parser.add_argument("--json", type=Path, default=Path(".dev/bench.json"), help="where the figures go")
    parser.add_argument("--keep", type=Path, help="use and keep this data directory")
    return parser.parse_args()


async def _measure(wishes: argparse.Namespace, folder: Path) -> dict[str, Any]:
    wanted = wishes.only or SCENES
    figures: dict[str, Any] = {
        "machine": {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "system": platform.platform(),
        },
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    node = LabNode(folder / "node", settings={"WEB__RATE_LIMITS": "false"})
    async with node:
        figures["first_start_s"] = round(node.started_s, 2)
    async with node:
        figures["warm_start_s"] = round(node.started_s, 2)
        async with peers.running(node.origin, hosts=wishes.hosts, people=max(wishes.hosts, 20)) as fakes:
            config = configfile.load(node.data_dir, None, {**os.environ})
            stage = scenes.Stage(
                port=node.port,
                host=node.origin.removeprefix("http://"),
                token=await node.token(),
                fakes=fakes,
                meter=Meter(parts_of(await node.status())),
                database=await asyncpg.connect(database_url(config)),
            )
            try:
                await _play(stage, wishes, wanted, figures)
            finally:
                await stage.database.close()
    return figures


async def _play(
    stage: scenes.Stage, wishes: argparse.Namespace, wanted: Any, figures: dict[str, Any]
) -> None:
    await asyncio.sleep(5)  # what a start leaves to do is done by then
    if "idle" in wanted:
        figures["idle_pss_mib"] = scenes.memory(stage)
    if "inbox" in wanted:
        await scenes.befriend(stage, 20)
        figures["inbox"] = [await scenes.inbox(stage, wishes.activities) for _ in range(wishes.rounds)]
    if "fanout" in wanted:
        await scenes.gather_followers(stage)
        figures["fan_out"] = [await scenes.fan_out(stage, delay_s, 5) for delay_s in (0.0, 0.2)]
    if "reads" in wanted:
        figures["reads"] = await scenes.reads(stage, wishes.reads)
    figures["used_pss_mib"] = scenes.memory(stage)


def _table(figures: dict[str, Any]) -> list[tuple[str, str]]:
    rows = [
        ("first start", f"{figures['first_start_s']} s"),
        ("warm start", f"{figures['warm_start_s']} s"),
        *((f"memory {when}", f"{figures[key]['all']} MiB PSS") for when, key in
          (("idle", "idle_pss_mib"), ("after use", "used_pss_mib")) if key in figures),
    ]  # fmt: skip
    for one in figures.get("inbox", ()):
        rows.append((
            f"inbox, {one['activities']} notes",
            (f"{one['accepted_per_s']}/s accepted, {one['stored_per_s']}/s stored, "
            f"{one['cpu_ms_each']['all']} ms CPU each, p99 {one['answer_p99_ms']} ms, {one['states']}"),
        ))  # fmt: skip
    for one in figures.get("fan_out", ()):
        rows.append((
            f"fan-out to {one['hosts']} hosts, {one['peer_delay_s']} s each",
            f"{one['last_arrival_median_s']} s to the last, {one['cpu_ms_each_delivery']['all']} ms CPU each",
        ))  # fmt: skip
    for name, one in figures.get("reads", {}).items():
        rows.append((
            name,
            f"{one['per_s']}/s, p50 {one['p50_ms']} ms, p99 {one['p99_ms']} ms, "
            f"{one['cpu_ms_each']['all']} ms CPU each" if "per_s" in one else f"answered {one['status']}",
        ))  # fmt: skip
    return rows


def main() -> None:
    """Run what is asked for and show it."""
    wishes = _wishes()
    with tempfile.TemporaryDirectory(prefix="allmende-bench-", ignore_cleanup_errors=True) as folder:
        figures = uvloop.run(_measure(wishes, wishes.keep or Path(folder)))
    wishes.json.parent.mkdir(parents=True, exist_ok=True)
    wishes.json.write_text(json.dumps(figures, indent=2) + "\n")
    rows = _table(figures)
    width = max(len(name) for name, _ in rows)
    for name, text in rows:
        print(f"{name:{width}}  {text}")
    print(f"\nwritten to {wishes.json}")


if __name__ == "__main__":
    main()

"""`allmende dev bench`: measure this node on this machine.

Prints a table, writes JSON. Figures swing with whatever else the machine does: trust CPU
milliseconds before requests a second, look at the spread of the rounds, and at the yardstick before
comparing two machines.
"""

import argparse
import asyncio
import json
import tempfile
import time
from pathlib import Path

import uvloop

from tests.bench import machine, report
from tests.bench.run import SCENES, Plan, play
from tests.bench.stage import Figures


def _wishes() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="allmende dev bench", description=__doc__)
    parser.add_argument("--only", choices=SCENES, action="append", help="one scene; may be repeated")
    parser.add_argument("--quick", action="store_true", help="everything small, in a few minutes")
    parser.add_argument("--activities", type=int, help="activities in each inbox round")
    parser.add_argument("--rounds", type=int, help="rounds of what is done in rounds")
    parser.add_argument("--reads", type=int, help="requests for each page")
    parser.add_argument(
        "--posts", type=int, action="append", help="stored posts of a grown node; may be repeated"
    )
    parser.add_argument("--hosts", type=int, action="append", help="hosts of a fan-out; may be repeated")
    parser.add_argument("--profile", type=Path, help="a folder for profiles of web, worker and PostgreSQL")
    parser.add_argument("--json", type=Path, default=Path(".dev/bench.json"), help="where the figures go")
    return parser.parse_args()


def _plan(wishes: argparse.Namespace) -> Plan:
    plan = Plan.quick() if wishes.quick else Plan()
    given = {
        "only": tuple(wishes.only or ()),
        "activities": wishes.activities,
        "rounds": wishes.rounds,
        "reads": wishes.reads,
        "posts": tuple(wishes.posts or ()),
        "hosts": tuple(wishes.hosts or ()),
        "profile": wishes.profile,
    }
    return plan.changed({name: value for name, value in given.items() if value})


async def _measure(plan: Plan, folder: Path) -> Figures:
    figures: Figures = {
        "machine": await asyncio.to_thread(machine.describe),
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    await play(plan, folder, figures)
    return figures


def main() -> None:
    """Run what is asked for and show it."""
    wishes = _wishes()
    with tempfile.TemporaryDirectory(prefix="allmende-bench-", ignore_cleanup_errors=True) as folder:
        figures = uvloop.run(_measure(_plan(wishes), Path(folder)))
    wishes.json.parent.mkdir(parents=True, exist_ok=True)
    wishes.json.write_text(json.dumps(figures, indent=2) + "\n")
    print(report.table(figures))
    print(f"\nwritten to {wishes.json}")


if __name__ == "__main__":
    main()

"""`python -m tests.fuzz --minutes 60 [--seed N] [--what inbox|html|pages|all] [--keep FILE]`.

Tries inputs nobody would write until the time is over; ends with 1 when it found something.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import secrets
import sys
import time
from pathlib import Path
from random import Random

from node.logs import without_traceback
from tests.fuzz import inbox, markup, pages
from tests.fuzz.findings import Ear, Findings
from tests.rig.ground import Ground, ground, shut_the_door

ONE_NODE = 6_000  # then a fresh node: old rows shall not slow down new cases


async def _inbox(on: Ground, findings: Findings, seed: int, until: float) -> None:
    tried = taken = turn = 0
    ends: set[tuple[str, ...]] = set()
    slowest = 0.0
    while time.monotonic() < until:
        turn += 1
        async with on.rig() as rig:
            world = await inbox.fuzz(rig, findings, Random(f"{seed}-{turn}"), most=ONE_NODE, until=until)
        tried, taken, slowest = tried + world.tried, taken + world.taken, max(slowest, world.slowest_s)
        ends |= world.ends
        print(f"inbox: {tried} delivered, {taken} taken in, {len(ends)} kinds of end, slowest {slowest:.2f} s, "
              f"{len(findings.found)} findings", flush=True)  # fmt: skip


async def _pages(on: Ground, findings: Findings, seed: int, until: float) -> None:
    async with on.rig() as rig:
        asked = await pages.fuzz(rig, findings, Random(seed), until=until)
    print(f"pages: {asked} asked, {len(findings.found)} findings", flush=True)


async def _all(options: argparse.Namespace, findings: Findings) -> None:
    shares = {"all": (0.7, 0.2, 0.1), "inbox": (1, 0, 0), "pages": (0, 1, 0), "html": (0, 0, 1)}[options.what]
    seconds = options.minutes * 60
    if shares[2]:
        tried = markup.fuzz(findings, Random(options.seed), until=time.monotonic() + seconds * shares[2])
        print(f"html: {tried} cleaned, {len(findings.found)} findings", flush=True)
    if shares[0] or shares[1]:
        async with ground() as on:
            if shares[1]:
                await _pages(on, findings, options.seed, time.monotonic() + seconds * shares[1])
            if shares[0]:
                await _inbox(on, findings, options.seed, time.monotonic() + seconds * shares[0])


def main() -> None:
    """Fuzz for as long as asked and say what was found."""
    parser = argparse.ArgumentParser(prog="allmende dev fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1 << 32))
    parser.add_argument("--what", choices=("all", "inbox", "pages", "html"), default="all")
    parser.add_argument(
        "--keep", type=Path, help="write the inputs of findings to this file, a JSON line each"
    )
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    findings = Findings(options.keep)
    logging.getLogger().addHandler(Ear(findings))
    logging.getLogger("aiohttp.server").addFilter(without_traceback)
    shut_the_door()
    asyncio.run(_all(options, findings))
    for what, times in sorted(findings.found.items()):
        print(f"{times:6} x {what}")
    sys.exit(1 if findings.found else 0)


if __name__ == "__main__":
    main()

"""`python -m tests.faults --minutes 30 [--seed N]`: a node under load, to which something happens every few seconds.

Everything is real: processes are killed, stopped and emptied, the disk is full, the other side flickers. Every minute
all stands still and the ledger must hold. Ends with 1 when it did not.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import secrets
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random

import asyncpg
from redis.asyncio import Redis
from redis.exceptions import RedisError

from node.configfile import load
from node.services import database_url, valkey_url
from tests.faults.houses import House, family

PROCESSES = ("web 1", "worker 1", "valkey", "postgres")
ROUND_S = 60.0
PATIENCE_S = 400.0  # a host that flickered rests for minutes before what waits for it is sent
ALLOWED = {200, 202, 0, 503}

Fault = Callable[[House, Random], Awaitable[str]]


async def kill_nine(house: House, random: Random) -> str:
    """Any of the node's processes, at once."""
    name = random.choice(PROCESSES)
    number = house.pid(name)
    if number > 1:
        os.kill(number, signal.SIGKILL)
    return f"kill -9 {name}"


async def kill_backend(house: House, random: Random) -> str:
    """One of PostgreSQL's own processes: it then restarts all of them and recovers."""
    children = family(house.pid("postgres"))[1:]
    if children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(random.choice(children), signal.SIGKILL)
    return "kill -9 one of PostgreSQL's"


async def restart_at_once(house: House, _: Random) -> str:
    """What `pg_ctl -m immediate` does."""
    if (number := house.pid("postgres")) > 1:
        os.kill(number, signal.SIGQUIT)
    return "PostgreSQL ended at once"


async def freeze(house: House, random: Random) -> str:
    """A process that stands still and comes back."""
    name = random.choice(("worker 1", "valkey"))
    if (number := house.pid(name)) > 1:
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGSTOP)
            await asyncio.sleep(random.uniform(1, 6))
            os.kill(number, signal.SIGCONT)
    return f"{name} stood still"


async def forget(house: House, _: Random) -> str:
    """The queue forgets everything."""
    valkey = Redis.from_url(valkey_url(load(house.lab.data_dir)))
    with contextlib.suppress(RedisError, OSError):
        await valkey.flushall()
    await valkey.aclose()
    return "FLUSHALL"


async def hang_up(house: House, _: Random) -> str:
    """Every connection to the database is ended."""
    with contextlib.suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        connection = await asyncpg.connect(database_url(load(house.lab.data_dir)), timeout=5)
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname IS NOT NULL"
        )
        await connection.close()
    return "all connections ended"


async def fill(house: House, random: Random) -> str:
    """No room for the database, for a moment."""
    house.limit_files("postgres", 0)
    await asyncio.sleep(random.uniform(0.3, 2))
    house.limit_files("postgres", None)
    return "disk full"


async def flicker(house: House, random: Random) -> str:
    """The other side answers 500, or takes its time."""
    house.door.status, house.door.seconds = random.choice(((500, 0.0), (503, 0.0), (202, 3.0)))
    await asyncio.sleep(random.uniform(1, 3))
    house.door.status, house.door.seconds = 202, 0.0
    return "the other side flickered"


FAULTS: tuple[Fault, ...] = (
    kill_nine, kill_nine, kill_nine, kill_backend, restart_at_once, freeze, forget, hang_up, fill, flicker,
)  # fmt: skip


class Storm:
    """One node in bad weather."""

    def __init__(self, house: House, random: Random) -> None:
        self.house = house
        self.random = random
        self.happened: Counter[str] = Counter()
        self.said: Counter[int] = Counter()
        self._loud = True

    async def _load(self) -> None:
        turn = 0
        while self._loud:
            turn += 1
            if turn % 5 == 0:
                self.said[await self.house.write(f"Eintrag {turn}")] += 1
            else:
                before = len(self.house.refused)
                await self.house.mention()
                self.said[202 if len(self.house.refused) == before else self.house.refused[-1]] += 1
            await asyncio.sleep(0.02)

    async def round(self, seconds: float) -> None:
        """Load and faults for a while, then the ledger. Raises: AssertionError when it does not hold."""
        self._loud = True
        loads = [asyncio.create_task(self._load()) for _ in range(4)]
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.happened[await self.random.choice(FAULTS)(self.house, self.random)] += 1
            await asyncio.sleep(self.random.uniform(1, 8))
        self._loud = False
        await asyncio.gather(*loads)
        await self.house.until(self.house.serves, "no pages are served", seconds=PATIENCE_S)
        await self.house.check_ledger(seconds=PATIENCE_S)
        assert set(self.said) <= ALLOWED, self.said

    def report(self) -> str:
        """One line: what was promised, what came, what happened."""
        ids = self.house.door.ids
        return (
            f"{len(self.house.sent)} taken in, {len(self.house.written)} written, {len(ids)} deliveries taken, "
            f"{len(ids) - len(set(ids))} of them again; answers {dict(self.said)}; "
            + ", ".join(f"{times} x {what}" for what, times in self.happened.most_common())
        )


def _broken(log: str) -> str:
    """What the node's log says about requests and work that broke, with the end of each traceback."""
    lines = log.splitlines()
    at = [n for n, line in enumerate(lines) if ": failed" in line or "handler raised" in line]
    return "\n---\n".join("\n".join(lines[n : n + 90]) for n in at[:3])[-12_000:]


async def _run(minutes: float, seed: int) -> None:
    with tempfile.TemporaryDirectory(prefix="allmende-faults-") as folder:
        until = time.monotonic() + minutes * 60
        async with House(Path(folder)) as house:
            storm = Storm(house, Random(seed))
            while time.monotonic() < until:
                try:
                    await storm.round(min(ROUND_S, max(5.0, until - time.monotonic())))
                except AssertionError:
                    print(_broken(house.lab.log_path.read_text(errors="replace")), flush=True)
                    raise
                print(f"the ledger holds: {storm.report()}", flush=True)


def main() -> None:
    """Make weather for as long as asked."""
    parser = argparse.ArgumentParser(prog="allmende dev faults", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1 << 32))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    try:
        asyncio.run(_run(options.minutes, options.seed))
    except AssertionError as error:
        print(f"THE LEDGER DOES NOT HOLD: {error}", flush=True)
        sys.exit(1)


if __name__ == "__main__":
    main()

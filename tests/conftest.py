"""Fixtures everything shares: real services per test process, and no way to the outside world."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from node.services import Postgres, Valkey
from tests.rig import Rig, RigNode
from tests.rig.databases import Databases
from tests.rig.ground import HASTY


def _refuse_the_outside(event: str, arguments: tuple[object, ...]) -> None:
    """Sockets reach loopback only, whoever opens them."""
    if event != "socket.connect":
        return
    address = arguments[1]
    if not isinstance(address, tuple):
        return  # a unix socket
    try:
        outside = not ipaddress.ip_address(str(address[0]).split("%")[0]).is_loopback
    except ValueError:
        outside = address[0] != "localhost"
    if outside:
        raise AssertionError(f"a test tried to reach {address[0]}")


sys.addaudithook(_refuse_the_outside)

# A developer's run looks for new examples every time; CI tries the same ones, so that red means a change.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")


MEMORY = Path("/dev/shm")
ROOM_BYTES = 4 << 30


@contextlib.contextmanager
def _folder_in_memory() -> Iterator[Path]:
    """A folder in memory where the machine has room there: a database for each node is a few hundred files."""
    has_room = MEMORY.is_mount() and shutil.disk_usage(MEMORY).free > ROOM_BYTES
    for left in MEMORY.glob("allmende-tests-*") if has_room else ():
        if not Path("/proc", left.name.split("-")[2]).exists():  # its process was killed
            shutil.rmtree(left, ignore_errors=True)
    prefix = f"allmende-tests-{os.getpid()}-"
    with tempfile.TemporaryDirectory(
        prefix=prefix, dir=MEMORY if has_room else None, ignore_cleanup_errors=True
    ) as name:
        yield Path(name)


@pytest.fixture(scope="session")
def services() -> Iterator[tuple[Postgres, Valkey]]:
    """PostgreSQL and Valkey of this test process; what is tested is not the disk, so nothing waits for it."""
    with _folder_in_memory() as folder:
        yield from _services_in(folder)


def _services_in(folder: Path) -> Iterator[tuple[Postgres, Valkey]]:
    postgres = Postgres(folder, settings=HASTY)
    valkey = Valkey(folder)

    async def start() -> None:
        await postgres.start()
        await valkey.start()
        await Databases(postgres).prepare()

    async def stop() -> None:
        await valkey.stop()
        await postgres.stop()

    asyncio.run(start())
    yield postgres, valkey
    asyncio.run(stop())


@pytest.fixture
async def databases(services: tuple[Postgres, Valkey]) -> AsyncIterator[Databases]:
    """Fresh databases for one test."""
    made = Databases(services[0])
    yield made
    await made.drop_all()


@pytest.fixture
async def rig(databases: Databases, services: tuple[Postgres, Valkey], tmp_path: Path) -> AsyncIterator[Rig]:
    """A rig without nodes yet."""
    made = Rig(databases, services[1], tmp_path)
    yield made
    await made.stop()


@pytest.fixture
async def lindenhof(rig: Rig) -> RigNode:
    """The first node: a housing collective."""
    return await rig.node_of("lindenhof")


@pytest.fixture
async def lernwerk(rig: Rig) -> RigNode:
    """The second node: a course school."""
    return await rig.node_of("lernwerk")

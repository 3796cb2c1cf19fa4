"""What a rig stands on where no test runner brings it: services in a folder, and no way to the outside.

Used by programs beside the tests (`tests.fuzz`). Tests get the same from the fixtures in tests/conftest.py.
"""

from __future__ import annotations

import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from node.services import Postgres, Valkey
from tests.rig.databases import Databases
from tests.rig.nodes import Rig

HASTY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "file_copy_method": "clone"}


def _inside_only(event: str, arguments: tuple[object, ...]) -> None:
    """To whatever runs here the world outside looks as a dead line does."""
    if event == "socket.getaddrinfo":
        host = arguments[0]
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
        if name not in ("localhost", "127.0.0.1", "::1"):
            raise socket.gaierror(socket.EAI_NONAME, "there is no world outside")
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        name = str(arguments[1][0])
        if name not in ("localhost", "127.0.0.1", "::1"):
            raise OSError("there is no world outside")


def shut_the_door() -> None:
    """From now on this process reaches loopback only, and names lead nowhere else."""
    sys.addaudithook(_inside_only)


class Ground:
    """Services and databases, and rigs on them one after another."""

    def __init__(self, databases: Databases, valkey: Valkey, folder: Path) -> None:
        self._databases = databases
        self._valkey = valkey
        self._folder = folder
        self._count = 0

    @asynccontextmanager
    async def rig(self) -> AsyncIterator[Rig]:
        """A fresh rig; its databases go with it."""
        self._count += 1
        folder = self._folder / f"rig{self._count}"
        folder.mkdir()
        rig = Rig(self._databases, self._valkey, folder)
        try:
            yield rig
        finally:
            await rig.stop()
            await self._databases.drop_all()


@asynccontextmanager
async def ground() -> AsyncIterator[Ground]:
    """PostgreSQL and Valkey in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="allmende-rig-") as name:
        folder = Path(name)
        postgres, valkey = Postgres(folder, settings=HASTY), Valkey(folder)
        await postgres.start()
        try:
            await valkey.start()
            databases = Databases(postgres)
            await databases.prepare()
            yield Ground(databases, valkey, folder)
        finally:
            await valkey.stop()
            await postgres.stop()

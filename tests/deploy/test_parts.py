"""The parts of a split set-up, started one by one with the very settings deploy/compose.yml gives them."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from node.services import Postgres, Valkey
from tests.deploy import plain_yaml
from tests.deploy.conftest import free_port
from tests.house.tree import ROOT

COMPOSE: dict[str, Any] = plain_yaml.load((ROOT / "deploy" / "compose.yml").read_text("utf-8"))["services"]
START_S = 40.0


class House:
    """A folder, a database, and the environment of each service."""

    def __init__(self, folder: Path, database: str, valkey: str) -> None:
        self.data_dir = folder / "data"
        self.data_dir.mkdir(mode=0o700)
        self.secret = folder / "database_url"
        self.secret.write_text(database)
        self.valkey = valkey
        self.port = free_port()

    def environment(self, service: str) -> dict[str, str]:
        """As compose would set it, with addresses of this test."""
        given: dict[str, str] = dict(COMPOSE[service]["environment"])
        given["ALLMENDE__NODE__ORIGIN"] = "https://house.example"
        given["ALLMENDE__DATABASE__URL_FILE"] = str(self.secret)
        given["ALLMENDE__VALKEY__URL"] = self.valkey
        given = {key: "" if value.startswith("${") else value for key, value in given.items()}
        ours = {"ALLMENDE_DATA_DIR": str(self.data_dir), "ALLMENDE__WEB__LISTEN": f"127.0.0.1:{self.port}"}
        return {**given, **ours, "PYTHONPATH": str(ROOT), "PATH": os.environ.get("PATH", "")}

    async def start(self, service: str, *arguments: str) -> asyncio.subprocess.Process:
        """A process as the container would run it."""
        argv = [sys.executable, "-P", "-m", "node", *(arguments or COMPOSE[service]["command"])]
        return await asyncio.create_subprocess_exec(
            *argv, env=self.environment(service), cwd=self.data_dir,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip

    async def run(self, service: str, *arguments: str) -> str:
        """What a command says that ends by itself."""
        child = await self.start(service, *arguments)
        out, _ = await child.communicate()
        assert child.returncode == 0, out.decode()
        return out.decode()

    async def is_ready(self) -> bool:
        """What the image's health check finds."""
        argv = [sys.executable, "-P", str(ROOT / "deploy" / "healthcheck.py")]
        child = await asyncio.create_subprocess_exec(*argv, env=self.environment("web"))
        return await child.wait() == 0


@pytest.fixture
async def houses(services: tuple[Postgres, Valkey], tmp_path: Path) -> AsyncIterator[list[House]]:
    """Two empty databases, nothing running yet."""
    postgres, valkey = services
    made = []
    for number, name in enumerate(("split_one", "split_two")):
        await postgres.create_database(name)
        (tmp_path / name).mkdir()
        made.append(House(tmp_path / name, postgres.dsn(name), valkey.url(61 + number)))
    yield made
    for name in ("split_one", "split_two"):
        await postgres.drop_database(name)


async def test_what_compose_starts_runs_and_can_be_backed_up_and_restored(houses: list[House]) -> None:
    house, other = houses
    file = house.data_dir.with_name("backup.tar")
    assert "up to date" in await house.run("migrate")
    password = house.data_dir.with_name("password")
    password.write_text("a quiet house on loopback\n")
    made = await house.run(
        "web", "account", "create", "alice", "--email", "alice@house.example", "--role", "admin",
        "--password-file", str(password),
    )  # fmt: skip
    assert "@alice@house.example can sign in at https://house.example/sign-in" in made
    web, worker = await house.start("web"), await house.start("worker")
    try:
        async with asyncio.timeout(START_S):
            while not await house.is_ready():
                assert web.returncode is None, "the web process ended"
        await house.run("web", "backup", str(file))
    finally:
        for child in (web, worker):
            if child.returncode is None:
                child.terminate()
        ended = [(await child.communicate(), child.returncode) for child in (web, worker)]
    assert [status for _, status in ended] == [0, 0], ended
    await other.run("web", "restore", str(file))
    assert "alice@house.example" in await other.run("web", "account", "list")
    assert (other.data_dir / "secrets" / "node.key").read_bytes() == (
        house.data_dir / "secrets" / "node.key"
    ).read_bytes()

"""The supervisor with stand-ins for web and worker: order, restarts, state, and a start after kill -9."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from node.config import Config, ConfigError
from node.services import ServiceError
from node.supervisor import Restarts, Supervisor, ask_status

STAND_IN = Path(__file__).parent / "stand_in.py"
PROGRAM = (sys.executable, str(STAND_IN))
RUN = """
import asyncio, pathlib, sys
from node.supervisor import Supervisor
from tests.node.test_supervisor import PROGRAM, config_for, variables_for
async def main():
    config = config_for(pathlib.Path(sys.argv[1]), int(sys.argv[2]))
    supervisor = Supervisor(config, program=PROGRAM, variables=variables_for(config))
    supervisor.stop_on_signals()
    async with supervisor.running():
        print("up", flush=True)
        await supervisor.wait()
asyncio.run(main())
"""


def config_for(data_dir: Path, port: int) -> Config:
    """Two web processes and one worker on a loopback port, with services of their own."""
    config = Config.for_data_dir(data_dir, origin=f"http://localhost:{port}")
    return msgspec.structs.replace(
        config, web=msgspec.structs.replace(config.web, listen=f"127.0.0.1:{port}", processes=2)
    )


def variables_for(config: Config) -> dict[str, str]:
    """What the stand-in reads in place of the settings."""
    return {"STAND_IN_PORT": config.web.listen.rpartition(":")[2]}


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


@contextlib.asynccontextmanager
async def running(config: Config) -> AsyncIterator[Supervisor]:
    """A supervisor that mends in the background, as `allmende up` has it."""
    supervisor = Supervisor(config, program=PROGRAM, variables=variables_for(config))
    async with supervisor.running():
        mending = asyncio.ensure_future(supervisor.wait())
        try:
            yield supervisor
        finally:
            supervisor.told.set()
            await mending


def process(status: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(entry for entry in status["processes"] if entry["name"] == name)
    return found


async def until_restarted(supervisor: Supervisor, name: str) -> dict[str, Any]:
    """The entry of `name` once it was restarted; the test's time limit ends a wait in vain."""

    async def look() -> dict[str, Any]:
        while True:
            entry = process(supervisor.status(), name)
            if entry["restarts"] and entry["state"] == "running":
                return entry
            await asyncio.sleep(0.01)

    return await asyncio.wait_for(look(), 30)


def is_alive(pid: int) -> bool:
    try:
        return "zombie" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


async def test_a_node_starts_tells_its_state_mends_itself_and_leaves_nothing_behind(
    tmp_path: Path, port: int
) -> None:
    config = config_for(tmp_path / "a house", port)
    async with running(config) as supervisor:
        status = await asyncio.to_thread(ask_status, config)
        assert status is not None
        assert status["ready"]
        names = [entry["name"] for entry in status["processes"]]
        assert names == ["web 1", "web 2", "worker 1", "postgres", "valkey"]
        pids = {entry["name"]: entry["pid"] for entry in status["processes"]}
        for name in ("web 2", "valkey", "postgres"):
            os.kill(pids[name], signal.SIGKILL)
            assert (await until_restarted(supervisor, name))["pid"] != pids[name]
        assert process(supervisor.status(), "web 1")["pid"] == pids["web 1"]
        with pytest.raises(ServiceError, match="running already"):
            async with Supervisor(config, program=PROGRAM).running():
                pass
        last = [entry["pid"] for entry in supervisor.status()["processes"]]
    assert ask_status(config) is None
    assert not [pid for pid in last if is_alive(pid)]
    order = (tmp_path / "a house" / "stopped").read_text().split("\n")
    assert [line.split()[0] for line in order if line] == ["web", "web", "worker"]


async def test_an_address_in_use_is_refused_before_anything_starts(tmp_path: Path, port: int) -> None:
    with socket.create_server(("127.0.0.1", port), reuse_port=True):
        with pytest.raises(ConfigError, match="choose another with --listen"):
            async with Supervisor(config_for(tmp_path, port), program=PROGRAM).running():
                pass
    assert not (tmp_path / "postgres").exists()


async def test_web_processes_that_cannot_start_end_the_start_with_a_sentence(
    tmp_path: Path, port: int
) -> None:
    config = config_for(tmp_path, port)
    with pytest.raises(ServiceError, match="stopped while starting"):
        async with Supervisor(config, program=(sys.executable, "-c", "raise SystemExit(3)")).running():
            pass
    assert ask_status(config) is None


def test_a_node_starts_again_after_kill_9_of_everything(tmp_path: Path, port: int) -> None:
    argv = [sys.executable, "-c", RUN, str(tmp_path), str(port)]
    config = config_for(tmp_path, port)
    root = Path(__file__).parents[2]
    for last in (False, True):
        with subprocess.Popen(
            argv, stdout=subprocess.PIPE, cwd=root, env={**os.environ, "PYTHONPATH": "."}
        ) as node:
            assert node.stdout is not None
            assert node.stdout.readline() == b"up\n"
            status = ask_status(config)
            assert status is not None
            if last:
                node.terminate()
                assert node.wait(30) == 0
            else:
                for pid in [node.pid, *(entry["pid"] for entry in status["processes"])]:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
    assert json.dumps(ask_status(config)) == "null"


def test_what_keeps_dying_is_restarted_ever_more_slowly_and_forgiven_after_a_steady_minute() -> None:
    restarts = Restarts()
    pauses = []
    for moment in range(8):
        restarts.started(float(moment))
        pauses.append(restarts.died(float(moment) + 0.5))
    assert pauses == sorted(pauses)
    assert pauses[0] < 1
    assert pauses[-1] == 30
    restarts.started(100.0)
    assert restarts.died(200.0) == pauses[0]
    assert restarts.count == 9

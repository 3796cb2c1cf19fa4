"""A whole node as a stranger meets it: processes of its own, started and stopped by the command.

For tests and measurements that must not share a process with the node: the benchmark and the
foreign peers. Talks to the node only by its command and over HTTP. Needs nothing of the rig.
"""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any, Self

CLONE = Path(__file__).resolve().parents[1]
START_S = 90.0
STOP_S = 30.0


class LabError(Exception):
    """The node did not do what a running node does; the message ends with its last words."""


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class LabNode:
    """One node in `data_dir`, with an admin `alice`."""

    def __init__(self, data_dir: Path, *, name: str = "Lab", settings: dict[str, str] | None = None) -> None:
        self.data_dir = data_dir
        self.name = name
        self.port = free_port()
        self.origin = f"http://localhost:{self.port}"
        self.started_s = 0.0
        self.settings = dict(settings or {})  # by section and name, such as WEB__PROCESSES
        self.variables: dict[str, str] = {}  # more of the node's environment
        self._process: asyncio.subprocess.Process | None = None

    @property
    def log_path(self) -> Path:
        """Where the node's words go."""
        return self.data_dir.with_name(f"{self.data_dir.name}.log")

    def _environment(self) -> dict[str, str]:
        ours = {key: value for key, value in os.environ.items() if not key.startswith("ALLMENDE__")}
        found = {**ours, "PYTHONPATH": str(CLONE), **self.variables}
        return found | {f"ALLMENDE__{key}": value for key, value in self.settings.items()}

    async def command(self, *arguments: str) -> str:
        """What `allmende ARGUMENTS --data-dir …` prints. Raises: LabError."""
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "node", *arguments, "--data-dir", str(self.data_dir),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env=self._environment(), cwd=CLONE,
        )  # fmt: skip
        out, complaint = await child.communicate()
        if child.returncode != 0:
            raise LabError(f"allmende {' '.join(arguments)}: {complaint.decode(errors='replace')[-2000:]}")
        return out.decode()

    async def start(self) -> Self:
        """Start, and wait until it says it is ready. Raises: LabError."""
        self.data_dir.parent.mkdir(parents=True, exist_ok=True)
        password = self.data_dir.with_name(f"{self.data_dir.name}.password")
        password.write_text("a quiet house on loopback\n")
        began = time.monotonic()
        with self.log_path.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "node", "up", "--data-dir", str(self.data_dir),
                "--listen", f"127.0.0.1:{self.port}", "--origin", self.origin, "--name", self.name,
                "--admin", "alice", "--admin-email", "alice@house.example",
                "--admin-password-file", str(password), "--lab",
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
                env=self._environment(), cwd=CLONE,
            )  # fmt: skip
        while not await self._is_open():
            if self._process.returncode is not None or time.monotonic() - began > START_S:
                await self.stop()
                raise LabError(f"the node did not start:\n{self.last_words()}")
            await asyncio.sleep(0.1)
        self.started_s = time.monotonic() - began
        return self

    async def _is_open(self) -> bool:
        """Whether it said so: by then the first admin is made, too."""
        return f" is open: {self.origin}" in await asyncio.to_thread(
            self.log_path.read_text, errors="replace"
        )

    def last_words(self) -> str:
        """The end of what the node wrote."""
        return self.log_path.read_text(errors="replace")[-4000:] if self.log_path.exists() else ""

    async def status(self) -> dict[str, Any]:
        """`allmende status --json`."""
        found: dict[str, Any] = json.loads(await self.command("status", "--json"))
        return found

    async def token(self, username: str = "alice") -> str:
        """A bearer token that may do everything."""
        return (await self.command("token", "create", username, "--scopes", "read write follow push")).strip()

    async def stop(self) -> None:
        """Ask it to stop, and insist when it does not."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGINT)
        try:
            async with asyncio.timeout(STOP_S):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        self.log_path.write_text("")

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

"""One service process: start it through the launcher script, wait until it answers, stop it in order.

Owns the child's life only; what to run and when it is ready are told by `postgres.py` and `valkey.py`.
Nothing here depends on an event loop outliving the call, so a test fixture may start a service in one
loop and stop it in another. Must be used from the main thread: the kernel ties the child to that thread.
"""

from __future__ import annotations

import asyncio
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import msgspec

from node.services import launcher, place

_POLL_S = 0.01


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """What to run, as whom (`uid` None: as we are), and the signal it gets when we are gone."""

    name: str
    argv: list[str]
    log: Path
    uid: int | None
    death_signal: signal.Signals
    cwd: Path


class ServiceProcess:
    """A running child and its log."""

    def __init__(self, program: Program, child: subprocess.Popen[bytes]) -> None:
        self.name = program.name
        self.child = child
        self.log = program.log
        self.uid = program.uid

    @property
    def pid(self) -> int:
        return self.child.pid

    def returncode(self) -> int | None:
        """The exit status, reaping the child; None while it runs."""
        return self.child.poll()

    async def wait_ready(self, ready: Callable[[], bool], timeout_s: float) -> None:
        """Wait until `ready()` holds.

        Raises: ServiceError `services.did_not_start` with the end of the log.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        while not ready():
            status = self.returncode()
            if status is not None or loop.time() > deadline:
                await self.stop(signal.SIGTERM, kill_after_s=5)
                raise self.failure(status)
            await asyncio.sleep(_POLL_S)

    def failure(self, status: int | None) -> place.ServiceError:
        """Say why the service is not there."""
        end = place.last_lines(self.log)
        closed = self.uid is not None and "Permission denied" in end
        if status == launcher.EXIT_NOT_ALLOWED or closed:
            return place.ServiceError(
                "services.root_refused",
                f"{self.name} cannot run here without root's rights, which it must not have: {end}\n"
                "Start Allmende as an ordinary user, keep the data in a folder others may enter, or use servers of your own "
                "([database] url and [valkey] url in allmende.toml).",
            )
        how = "took too long to start" if status is None else f"stopped while starting (status {status})"
        return place.ServiceError(
            "services.did_not_start", f"{self.name} {how}. The end of {self.log} says:\n{end}"
        )

    async def stop(self, how: signal.Signals, kill_after_s: float = 60) -> None:
        """Ask with `how`, wait, and end it by force only after `kill_after_s`."""
        if self.returncode() is not None:
            return
        loop = asyncio.get_running_loop()
        deadline = loop.time() + kill_after_s
        self.child.send_signal(how)
        while self.returncode() is None:
            if loop.time() > deadline:
                self.child.kill()
                self.child.wait()
                return
            await asyncio.sleep(_POLL_S)


def start(program: Program) -> ServiceProcess:
    """Start it in a session of its own, so that Ctrl-C in a terminal reaches only us."""
    with program.log.open("ab") as output:
        child = subprocess.Popen(  # the argument list is ours
            launcher.command(program.argv, uid=program.uid, death_signal=program.death_signal),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=program.cwd,
            start_new_session=True,
        )
    return ServiceProcess(program, child)

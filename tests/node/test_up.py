"""`allmende up` for real, as the issue and the README write it: founded, used, stopped, started again."""

import contextlib
import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
ALLMENDE = (sys.executable, "-P", "-m", "node")
FAST = "fsync = off\n"


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A data directory with a space in its name."""
    folder = tmp_path / "a house"
    folder.mkdir()
    (folder / "postgres.conf").write_text(FAST)
    return folder


def environment() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("ALLMENDE")}
    return {**kept, "PYTHONPATH": str(ROOT)}


def run(*arguments: str, fine: tuple[int, ...] = (0,)) -> str:
    done = subprocess.run(
        [*ALLMENDE, *arguments], env=environment(), capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode in fine, done.stderr
    return done.stdout


@contextlib.contextmanager
def running(*arguments: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """The node, once it says that it is open; stopped by SIGTERM, which must end it with 0."""
    node = subprocess.Popen(
        [*ALLMENDE, "up", *arguments], env={**environment(), **variables}, stdout=subprocess.PIPE, text=True
    )
    assert node.stdout is not None
    try:
        assert any(" is open: " in line for line in node.stdout), "it ended before it was open"
        yield node
    finally:
        node.send_signal(signal.SIGTERM)
        node.stdout.close()
        assert node.wait(60) == 0


def get(url: str, token: str = "") -> Any:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def test_an_unattended_node_is_founded_used_and_found_again(home: Path, port: int, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("correct horse battery\n")
    place = ["--data-dir", str(home)]
    origin = f"http://localhost:{port}"
    flags = [
        *place, "--listen", f"127.0.0.1:{port}", "--origin", origin, "--name", "Lernwerk", "--admin", "alice",
        "--admin-email", "a@example.org", "--admin-password-file", str(password), "--lab",
    ]  # fmt: skip
    with running(*flags) as node:
        token = run("token", "create", "alice", *place, "--scopes", "read write follow push admin").strip()
        assert get(f"{origin}/api/v1/accounts/verify_credentials", token)["username"] == "alice"
        assert get(f"{origin}/api/v2/instance")["title"] == "Lernwerk"
        told = json.loads(run("status", *place, "--json"))
        assert told["ready"]
        assert told["pid"] == node.pid
        assert {process["state"] for process in told["processes"]} == {"running"}
        assert told["queues"]["inbox_waiting"] == 0
        assert told["versions"]["valkey"]
        assert token not in json.dumps(told)
    assert not json.loads(run("status", *place, "--json", fine=(3,)))["running"]

    # With everything in one process, and without flags: the folder knows the rest.
    with running(*place, ALLMENDE__WORKER__WITH_WEB="true"):
        assert get(f"{origin}/api/v1/accounts/verify_credentials", token)["username"] == "alice"
        names = [process["name"] for process in json.loads(run("status", *place, "--json"))["processes"]]
        assert names == ["web 1", "postgres", "valkey"]


def test_a_founding_that_fails_leaves_the_next_start_free_to_ask_again(
    home: Path, port: int, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text("short\n")
    argv = [
        *ALLMENDE, "up", "--data-dir", str(home), "--listen", f"127.0.0.1:{port}", "--lab", "--admin", "alice",
        "--admin-email", "a@example.org", "--admin-password-file", str(tmp_path / "password"),
    ]  # fmt: skip
    done = subprocess.run(argv, env=environment(), capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "at least 10 characters" in done.stderr
    assert "was not opened" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (home / "allmende.toml").exists()


def test_a_founding_that_is_interrupted_is_begun_again(home: Path, port: int) -> None:
    argv = [*ALLMENDE, "up", "--data-dir", str(home), "--listen", f"127.0.0.1:{port}", "--lab"]
    with subprocess.Popen(argv, env=environment(), stderr=subprocess.PIPE, text=True) as node:
        assert node.stderr is not None
        assert any("starting Valkey" in line for line in node.stderr)
        node.send_signal(signal.SIGINT)
        node.stderr.read()
    assert node.returncode == 0
    assert not (home / "allmende.toml").exists()


def test_a_first_start_in_a_terminal_asks_and_then_opens(home: Path, port: int) -> None:
    terminal, inner = pty.openpty()
    argv = [*ALLMENDE, "up", "--data-dir", str(home)]
    node = subprocess.Popen(
        argv, stdin=inner, stdout=inner, stderr=inner, env=environment(), start_new_session=True
    )
    os.close(inner)
    answers = {
        "is the house called": "Lernwerk", "Address": f"http://localhost:{port}", "User name": "alice",
        "E-mail": "a@example.org", "Password": "correct horse battery", "The same again": "correct horse battery",
    }  # fmt: skip
    told = ""
    try:
        for question, answer in answers.items():
            told += _read_until(terminal, rf"{question}[^\n]*: $")
            os.write(terminal, answer.encode() + b"\n")
        told += _read_until(terminal, rf"is open: http://localhost:{port}")
        assert "correct horse" not in told
        assert get(f"http://localhost:{port}/api/v2/instance")["title"] == "Lernwerk"
    finally:
        node.send_signal(signal.SIGINT)
        with contextlib.suppress(OSError):  # how a terminal says that its other side is closed
            while os.read(terminal, 4096):
                pass
        os.close(terminal)
    assert node.wait(60) == 0


def _read_until(terminal: int, pattern: str) -> str:
    told = ""
    while not re.search(pattern, told):
        ready, _, _ = select.select([terminal], [], [], 60)
        assert ready, f"waited for {pattern!r}, saw {told[-400:]!r}"
        told += os.read(terminal, 4096).decode()
    return told

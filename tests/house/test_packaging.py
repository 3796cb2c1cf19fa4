"""What is installed: locks that anybody can check, and a wheel with everything that is not Python in it."""

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.house.tree import ROOT, tracked

LOCKS = ("requirements.lock", "requirements-dev.lock")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def locked(name: str) -> dict[str, list[str]]:
    """Package to its checksums."""
    found: dict[str, list[str]] = {}
    package = ""
    for line in (ROOT / name).read_text("utf-8").splitlines():
        if pinned := re.match(r"^([a-z0-9][a-z0-9._-]*)==(\S+)", line):
            package = pinned.group(1)
            found[package] = []
        if package:
            found[package].extend(re.findall(r"--hash=sha256:([0-9a-f]{64})", line))
    return found


def canonical(requirement: str) -> str:
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert name is not None
    return re.sub(r"[-_.]+", "-", name.group()).lower()


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_pins_and_checksums_and_no_address(name: str) -> None:
    for line in (ROOT / name).read_text("utf-8").splitlines():
        assert re.match(r"^(#.*|[a-z0-9._-]+==\S+ \\|    --hash=sha256:[0-9a-f]{64}( \\)?|)$", line), line
        assert "://" not in line
    assert all(locked(name).values())


def test_every_dependency_is_locked() -> None:
    runtime, dev = locked(LOCKS[0]), locked(LOCKS[1])
    assert {canonical(entry) for entry in PROJECT["project"]["dependencies"]} <= set(runtime)
    assert {canonical(entry) for entry in PROJECT["dependency-groups"]["dev"]} <= set(dev)


def test_ci_runs_exactly_the_second_command_of_the_readme() -> None:
    block = re.search(r"```\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.S)
    assert block is not None
    commands = [
        line.split("  ")[0].strip() for line in block.group(1).splitlines() if line.startswith("./allmende")
    ]
    last = (ROOT / ".ci" / "run").read_text("utf-8").rstrip().splitlines()[-1]
    assert last == f"exec {commands[1]}"


def test_both_locks_agree() -> None:
    def pins(name: str) -> dict[str, str]:
        return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", (ROOT / name).read_text("utf-8"), re.M))

    runtime, dev = pins(LOCKS[0]), pins(LOCKS[1])
    assert not {name for name in set(runtime) & set(dev) if runtime[name] != dev[name]}


def test_a_wheel_carries_templates_texts_styles_and_migrations(tmp_path: Path) -> None:
    for path in tracked():
        name = path.relative_to(ROOT)
        if name.parts[0] in {"node", "federation", "moderation", "templates"} or len(name.parts) == 1:
            (tmp_path / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "tree" / name).write_bytes(path.read_bytes())
    argv = [sys.executable, "-P", "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist")]
    built = subprocess.run(argv, cwd=tmp_path / "tree", capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    for path in tracked():
        name = path.relative_to(ROOT)
        if name.parts[0] in {"node", "federation", "moderation"}:
            assert name.as_posix() in inside
        elif name.parts[0] == "templates":
            assert f"node/{name.as_posix()}" in inside
    assert not [name for name in inside if name.endswith(".pyc") or name.startswith("tests/")]
    text = (
        zipfile.ZipFile(wheel)
        .read(next(name for name in inside if name.endswith("entry_points.txt")))
        .decode()
    )
    assert "allmende = node.cli.main:main" in text

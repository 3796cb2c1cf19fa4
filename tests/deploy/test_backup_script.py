"""deploy/backup.sh: a new file each night, the oldest ones gone, and nothing removed when the backup failed."""

import os
import re
import subprocess
from pathlib import Path

from tests.house.tree import ROOT

SCRIPT = ROOT / "deploy" / "backup.sh"


def program(folder: Path, body: str) -> Path:
    """A stand-in for `allmende` that is told `backup FILE --data-dir DIR`."""
    path = folder / "a program"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def run(tmp_path: Path, body: str, **environment: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "kept here").mkdir(exist_ok=True)
    argv = [str(SCRIPT), str(program(tmp_path, body)), "/a/data dir", str(tmp_path / "kept here")]
    return subprocess.run(
        argv, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


def old_ones(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "kept here"
    folder.mkdir()
    made = [folder / f"allmende-2026-01-{day:02}-030000.tar" for day in range(1, 6)]
    for path in [*made, folder / "allmende-before-the-move.tar"]:
        path.write_text("old")
    return made


WRITES = 'test "$1 $3 $4" = "backup --data-dir /a/data dir" && echo new >"$2"'


def test_a_backup_gets_a_name_with_its_date_and_is_closed_to_others(tmp_path: Path) -> None:
    done = run(tmp_path, WRITES)
    assert done.returncode == 0, done.stderr
    (file,) = (tmp_path / "kept here").iterdir()
    assert re.fullmatch(r"allmende-\d{4}-\d\d-\d\d-\d{6}\.tar", file.name)
    assert file.stat().st_mode & 0o077 == 0


def test_the_oldest_go_and_files_of_other_names_stay(tmp_path: Path) -> None:
    old = old_ones(tmp_path)
    assert run(tmp_path, WRITES, ALLMENDE_BACKUPS_KEPT="3").returncode == 0
    names = {path.name for path in (tmp_path / "kept here").iterdir()}
    assert {path.name for path in old[3:]} <= names
    assert not {path.name for path in old[:3]} & names
    assert "allmende-before-the-move.tar" in names
    assert len(names) == 4


def test_nothing_is_removed_when_the_backup_failed(tmp_path: Path) -> None:
    old = old_ones(tmp_path)
    assert run(tmp_path, "exit 1", ALLMENDE_BACKUPS_KEPT="1").returncode == 1
    assert all(path.exists() for path in old)


def test_keeping_none_is_refused(tmp_path: Path) -> None:
    for number in ("0", "some", "-1"):
        assert run(tmp_path, WRITES, ALLMENDE_BACKUPS_KEPT=number).returncode == 2

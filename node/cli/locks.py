"""The lock files: every package with the checksums of all its published files, and no address.

Only `allmende dev lock` comes here. pip-tools resolves; what would name a host or a folder of this machine is
left out, so that the files are the same for everybody.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import click

RUNTIME_HEAD = (
    "# The packages a node runs on, with their checksums. Made by `./allmende dev lock` from pyproject.toml."
)
DEV_HEAD = "# What the tests and checks need on top of requirements.lock. Made by `./allmende dev lock` from pyproject.toml."
_OPTIONS = (
    "--quiet", "--generate-hashes", "--strip-extras", "--no-header", "--no-annotate", "--allow-unsafe",
    "--no-emit-index-url", "--no-emit-trusted-host", "--no-emit-find-links", "--no-emit-options",
)  # fmt: skip


def write(clone: Path) -> None:
    """Write both lock files of `clone`."""
    project = tomllib.loads((clone / "pyproject.toml").read_text("utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        runtime = _resolve(Path(folder), "runtime", project["project"]["dependencies"])
        wanted = [f"-c {runtime}", *project["dependency-groups"]["dev"]]
        dev = _resolve(Path(folder), "dev", wanted)
        (clone / "requirements.lock").write_text(f"{RUNTIME_HEAD}\n{runtime.read_text()}", "utf-8")
        (clone / "requirements-dev.lock").write_text(f"{DEV_HEAD}\n{dev.read_text()}", "utf-8")


def _resolve(folder: Path, name: str, wanted: list[str]) -> Path:
    source, target = folder / f"{name}.in", folder / f"{name}.txt"
    source.write_text("\n".join(wanted) + "\n", "utf-8")
    argv = [sys.executable, "-m", "piptools", "compile", *_OPTIONS, "--output-file", str(target), str(source)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise click.ClickException(f"pip-tools failed (is it installed?): {done.stderr.strip()[-800:]}")
    return target

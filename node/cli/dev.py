"""`allmende dev …`: for people who work on Allmende. Needs a clone and the developers' packages.

Owns the list of checks that CI runs. The tools do the work; nothing here is used by a running node.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

from node import configfile
from node.cli.options import CLONE
from node.db.migrate import migrate
from node.services import Postgres
from node.services.postgres import binary, run_tool

SCHEMA = CLONE / "node" / "db" / "schema.sql"
CONFIGURE = CLONE / "docs" / "configure.md"
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@click.group()
def dev() -> None:
    """For people who work on Allmende."""


@dev.command()
def check() -> None:
    """Everything CI checks: style, types, fresh generated files, and all tests."""
    python = [sys.executable, "-P", "-m"]
    steps: list[tuple[str, list[str]]] = [
        ("style", [*python, "ruff", "check", "."]),
        ("format", [*python, "ruff", "format", "--check", "--quiet", "."]),
        ("types", [*python, "mypy"]),
        ("schema.sql", [*python, "node", "dev", "schema", "--check"]),
        ("texts", [*python, "node", "dev", "messages", "--check"]),
        ("settings page", [*python, "node", "dev", "settings", "--check"]),
    ]
    failed = [name for name, argv in steps if not _step(name, argv)]
    click.echo("--- tests", err=True)
    tests = subprocess.run([*python, "pytest", "-q", *_parallel()], cwd=CLONE, check=False)
    if failed:
        click.echo(f"Not as they should be: {', '.join(failed)}.", err=True)
    sys.exit(tests.returncode or (1 if failed else 0))


@dev.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def test(arguments: tuple[str, ...]) -> None:
    """Run the tests; ARGUMENTS go to pytest, such as `-k signatures`."""
    argv = [sys.executable, "-P", "-m", "pytest", *(arguments or ("-q", *_parallel()))]
    sys.exit(subprocess.run(argv, cwd=CLONE, check=False).returncode)


def _parallel() -> list[str]:
    return ["-n", str(min(4, os.cpu_count() or 1))]


def _step(name: str, argv: list[str]) -> bool:
    began = time.monotonic()
    done = subprocess.run(argv, cwd=CLONE, check=False)
    state = "ok" if done.returncode == 0 else "FAILED"
    click.echo(f"--- {name}: {state} ({time.monotonic() - began:.1f} s)", err=True)
    return done.returncode == 0


_check = click.option(
    "--check", "only_check", is_flag=True, help="Change nothing; fail when it is not fresh."
)


@dev.command()
@_check
def schema(only_check: bool) -> None:
    """Write node/db/schema.sql: what the migrations add up to, for reading and for reviews."""
    _generated(SCHEMA, asyncio.run(dump_schema()), only_check, "allmende dev schema")


@dev.command()
@_check
def settings(only_check: bool) -> None:
    """Write docs/configure.md from node/config.py."""
    _generated(CONFIGURE, configfile.reference(), only_check, "allmende dev settings")


@dev.command()
@_check
def messages(only_check: bool) -> None:
    """Collect all texts into the catalogues in node/locale; --check: nothing stale, nothing untranslated."""
    from node import i18n  # brings Babel, which the other commands do not need

    if not only_check:
        for language in i18n.languages()[1:]:
            missing = i18n.update(language)
            click.echo(f"{language}: {missing} texts without a translation")
    problems = i18n.check()
    for problem in problems:
        click.echo(problem, err=True)
    sys.exit(1 if only_check and problems else 0)


def _generated(path: Path, text: str, only_check: bool, command: str) -> None:
    present = path.read_text("utf-8") if path.exists() else ""
    if present == text:
        return
    name = path.relative_to(CLONE)
    if only_check:
        click.echo(f"{name} is not fresh; run `{command}` and look at the difference.", err=True)
        sys.exit(1)
    path.write_text(text, "utf-8")
    click.echo(f"wrote {name}")


async def dump_schema() -> str:
    """The schema an empty database has after all migrations, without what differs between versions of pg_dump."""
    with tempfile.TemporaryDirectory(prefix="allmende-schema-") as folder:
        async with Postgres(Path(folder), settings=FAST) as postgres:
            await postgres.create_database("schema")
            dsn = postgres.dsn("schema")
            await migrate(dsn)
            arguments = [str(binary("pg_dump")), "--schema-only", "--no-owner", "--no-privileges"]
            done = await asyncio.to_thread(run_tool, arguments, dsn)
            if done.returncode != 0:
                raise click.ClickException(done.stderr)
    noise = ("--", "SET ", "\\restrict", "\\unrestrict")
    lines = [
        line
        for line in done.stdout.splitlines()
        if not line.startswith(noise) and "pg_catalog.set_config" not in line
    ]
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    return f"-- What the migrations add up to. Made by `allmende dev schema`; never applied.\n\n{text}\n"


@dev.command()
@click.option("--ports", nargs=2, type=int, default=(8081, 8082), show_default=True)
@click.option("--fresh", is_flag=True, help="Forget what the two nodes had.")
def pair(ports: tuple[int, int], fresh: bool) -> None:
    """Run two nodes on loopback that federate with each other, each with an admin `alice`. Ctrl-C stops both."""
    home = CLONE / ".dev" / "pair"
    if fresh:
        shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True, exist_ok=True)
    password = home / "password"
    password.write_text("a house on loopback\n")
    children = [
        _start_node(home / name, name, port, password)
        for name, port in zip(("one", "two"), ports, strict=True)
    ]
    click.echo(f"Sign in as alice, password: {password.read_text().strip()}")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        for child in children:
            child.wait()
    except KeyboardInterrupt:
        pass
    finally:
        for child in children:
            child.terminate()
        for child in children:
            child.wait()


def _start_node(data_dir: Path, name: str, port: int, password: Path) -> subprocess.Popen[bytes]:
    argv = [
        sys.executable, "-P", "-m", "node", "up", "--data-dir", str(data_dir), "--lab", "--name", f"House {name}",
        "--listen", f"127.0.0.1:{port}", "--origin", f"http://localhost:{port}", "--admin", "alice",
        "--admin-email", "alice@example.org", "--admin-password-file", str(password),
    ]  # fmt: skip
    return subprocess.Popen(argv, start_new_session=True)


@dev.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def bench(arguments: tuple[str, ...]) -> None:
    """Measure inbox, fan-out and reads on this machine; ARGUMENTS go to tests/bench."""
    argv = [sys.executable, "-P", "-m", "tests.bench", *arguments]
    sys.exit(subprocess.run(argv, cwd=CLONE, check=False).returncode)


@dev.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def fuzz(arguments: tuple[str, ...]) -> None:
    """Try inputs nobody would write on a real node; ARGUMENTS go to tests/fuzz, such as `--minutes 60`."""
    argv = [sys.executable, "-P", "-m", "tests.fuzz", *arguments]
    sys.exit(subprocess.run(argv, cwd=CLONE, check=False).returncode)


@dev.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def faults(arguments: tuple[str, ...]) -> None:
    """Kill, stop, fill and empty a node under load; ARGUMENTS go to tests/faults, such as `--minutes 30`."""
    argv = [sys.executable, "-P", "-m", "tests.faults", *arguments]
    sys.exit(subprocess.run(argv, cwd=CLONE, check=False).returncode)


@dev.command()
def lock() -> None:
    """Resolve pyproject.toml anew into requirements.lock and requirements-dev.lock (needs pip-tools and the net).

    Run it with the oldest supported Python: what only that one needs must be in the lock, and does not hurt others.
    """
    from node.cli import locks  # needs pip-tools, which is installed for this command alone

    locks.write(CLONE)

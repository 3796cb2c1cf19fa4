"""Options that many commands share, and what they turn into: a loaded `Config`, a password that was not typed
on the command line.

Owns the default place of the data directory. Called by every module of the command line.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click

from node import configfile
from node.config import Config, ConfigError

P = ParamSpec("P")
R = TypeVar("R")

CLONE = Path(__file__).resolve().parents[2]


def default_data_dir() -> Path:
    """`data` beside the clone's `allmende` script; for an installed package the user's own data folder."""
    if (CLONE / "allmende").is_file():
        return CLONE / "data"
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "allmende"


def data_dir_options(command: Callable[..., R]) -> Callable[..., R]:
    """Add `--data-dir` and `--config`; the command gets `data_dir` and `config_file`."""
    command = click.option(
        "--config", "config_file", type=click.Path(path_type=Path, dir_okay=False, exists=True),
        help="Settings file, when it is not allmende.toml in the data directory.",
    )(command)  # fmt: skip
    return click.option(
        "--data-dir", type=click.Path(path_type=Path, file_okay=False), envvar="ALLMENDE_DATA_DIR",
        default=default_data_dir, show_default="data, beside the program",
        help="Where the node keeps everything.",
    )(command)  # fmt: skip


def node_options(command: Callable[..., R]) -> Callable[..., R]:
    """Like `data_dir_options`, and the command gets the loaded `config` as its first argument."""

    @functools.wraps(command)
    def loaded(data_dir: Path, config_file: Path | None, **values: Any) -> R:
        return command(existing(data_dir, config_file), **values)

    return data_dir_options(loaded)


def existing(data_dir: Path, config_file: Path | None) -> Config:
    """The settings of a node that was founded already.

    Raises: ConfigError when there is none at `data_dir`.
    """
    environment_says = any(name.startswith(configfile.ENV_PREFIX + "NODE__ORIGIN") for name in os.environ)
    if config_file is None and not (data_dir / configfile.FILE_NAME).exists() and not environment_says:
        raise ConfigError(
            f"There is no node in {data_dir.absolute()}. Found one with `allmende up`, "
            "or name its folder with --data-dir."
        )
    return configfile.load(data_dir, config_file)


def read_password(file: Path | None, prompt: str = "Password") -> str:
    """The password from a file (`-` is standard input) or from the keyboard, asked twice.

    Raises: click.UsageError where neither is possible.
    """
    if file is not None:
        try:
            text = sys.stdin.readline() if str(file) == "-" else file.read_text("utf-8")
        except OSError as error:
            raise click.UsageError(f"The password file {file} cannot be read ({error.strerror}).") from None
        password = text.splitlines()[0] if text.strip() else ""
        if not password:
            raise click.UsageError(f"The password file {file} is empty.")
        return password
    if not sys.stdin.isatty():
        raise click.UsageError("There is no terminal to ask for the password; use --password-file FILE.")
    typed: str = click.prompt(prompt, hide_input=True, confirmation_prompt="The same again")
    return typed


def print_table(rows: Sequence[tuple[str, ...]], heading: tuple[str, ...]) -> None:
    """Columns padded to their widest entry."""
    widths = [max(len(row[column]) for row in [heading, *rows]) for column in range(len(heading))]
    for row in [heading, *rows]:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())

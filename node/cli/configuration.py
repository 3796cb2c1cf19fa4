"""`allmende config …`: read, check and explain the settings."""

from __future__ import annotations

from pathlib import Path

import click

from node import configfile
from node.cli import options
from node.config import Config


@click.group()
def config() -> None:
    """Check and show the settings."""


@config.command()
@options.data_dir_options
def check(data_dir: Path, config_file: Path | None) -> None:
    """Read file and environment; say what is wrong and how to mend it, or that all is well."""
    found = options.existing(data_dir, config_file)
    click.echo(f"All is well in {found.file or 'the environment'}.")


@config.command()
@options.node_options
def show(config: Config) -> None:
    """Print the settings that hold, defaults included, passwords hidden."""
    click.echo(configfile.show(config), nl=False)


@config.command()
def docs() -> None:
    """Print the reference of all settings (docs/configure.md)."""
    click.echo(configfile.reference(), nl=False)

"""`allmende web`, `worker` and `migrate`: the parts of a node, each by itself.

For set-ups on several machines, and for the supervisor, which starts exactly these.
"""

from __future__ import annotations

import asyncio

import click

from node import processes
from node.cli import options
from node.config import Config
from node.db.migrate import migrate as apply_steps
from node.services import database_url, running

_name = click.option("--name", default="", hidden=True, help="The process's name in log lines.")


@click.command()
@_name
@options.node_options
def web(config: Config, name: str) -> None:
    """Run one web process. PostgreSQL and Valkey must be there already; `allmende up` does all at once."""
    processes.run_web(config, name=name or "web")


@click.command()
@_name
@options.node_options
def worker(config: Config, name: str) -> None:
    """Run one worker process: it handles what arrived, delivers what was written, and tidies up."""
    processes.run_worker(config, name=name or "worker")


@click.command()
@options.node_options
def migrate(config: Config) -> None:
    """Bring the database to this version. `allmende up` does so by itself at every start."""

    async def run() -> list[str]:
        async with running(config):
            return await apply_steps(database_url(config))

    applied = asyncio.run(run())
    for name in applied:
        click.echo(f"applied {name}")
    click.echo("The database is up to date.")

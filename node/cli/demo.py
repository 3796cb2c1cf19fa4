"""`allmende demo`: four nodes on this machine, filled with people who know each other."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from node import logs
from node.cli import options
from node.config import Config, LogConfig
from node.demo.content import HOUSES
from node.demo.houses import FIRST_PORT, Demo


@click.command()
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=lambda: options.default_data_dir().with_name("demo-data"),
    show_default="demo-data, beside the program",
    help="The demo's folder. Delete it to begin anew.",
)
@click.option(
    "--first-port", default=FIRST_PORT, show_default=True, help="Four ports are used from this one on."
)
def demo(data_dir: Path, first_port: int) -> None:
    """Look around in four small organisations that federate with each other.

    Starts a family network, a course school, a housing collective and a network of creative
    companies, each its own node, and lets their people meet. Ctrl-C closes everything; the next
    start finds it as it was.
    """
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    logs.configure(Config(data_dir=data_dir.absolute(), log=LogConfig(level="warning")), "demo")
    asyncio.run(_run(data_dir, first_port))


async def _run(data_dir: Path, first_port: int) -> None:
    made = Demo(data_dir, first_port)
    made.stop_on_signals()
    async with made.open(lambda step: click.echo(f"  … {step}")):
        if made.told.is_set():
            return
        _welcome(made)
        await made.wait()
    click.echo("Closed. `./allmende demo` opens it again.")


def _welcome(made: Demo) -> None:
    click.echo("\nFour houses are open:\n")
    for house in HOUSES:
        names = ", ".join(person.username for person in house.people)
        click.echo(f"  {made.origin(house.key):<24} {house.name:<20} sign in as {names}")
    click.echo(f"\n  password for everybody:  {made.password}\n\nCtrl-C closes them.\n")

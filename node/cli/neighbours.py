"""`allmende node house …` and `allmende node relay …`: houses that follow houses, and relays, from the terminal."""

from __future__ import annotations

import asyncio
from typing import Literal

import click

from node.cli import options
from node.cli.opened import opened
from node.config import Config
from node.features.neighbours import finding, service
from node.features.neighbours.service import Neighbours

_ANSWERS = {"asked": "Asked; the answer comes from the other side.", "accepted": "Done."}


@click.group()
def house() -> None:
    """Houses that follow this one, and houses it follows."""


@click.group()
def relay() -> None:
    """Relays, which pass public posts on between many houses."""


@house.command("follow")
@click.argument("address")
@options.node_options
def follow_house(config: Config, address: str) -> None:
    """Have the public posts of the house at ADDRESS, such as house.example, come here."""
    _add(config, "house", address)


@relay.command("add")
@click.argument("address")
@options.node_options
def add_relay(config: Config, address: str) -> None:
    """Use the relay whose inbox (…/inbox) or actor is at ADDRESS."""
    _add(config, "relay", address)


@house.command("list")
@options.node_options
def list_houses(config: Config) -> None:
    """List who follows this house and whom it follows."""
    found = _listed(config)
    rows = [("follows us", one.host, one.state, str(one.actor_id)) for one in found.followers]
    rows += [("we follow", one.host, one.state, str(one.actor_id)) for one in found.followed]
    options.print_table(rows, ("how", "host", "state", "number"))


@relay.command("list")
@options.node_options
def list_relays(config: Config) -> None:
    """List the relays."""
    rows = [(one.host, one.state, str(one.actor_id)) for one in _listed(config).relays]
    options.print_table(rows, ("host", "state", "number"))


@house.command("answer")
@click.argument("number", type=int)
@click.option("--yes/--no", "accept", default=True, help="Let it follow, or not (any more).")
@options.node_options
def answer_house(config: Config, number: int, accept: bool) -> None:
    """Answer the house with NUMBER in the list."""

    async def run() -> None:
        async with opened(config) as node, node.db.tx() as tx:
            await service.answer(tx, node, number, accept=accept)

    asyncio.run(run())
    click.echo("It may follow." if accept else "It does not follow.")


def _leave(config: Config, number: int) -> None:
    async def run() -> None:
        async with opened(config) as node, node.db.tx() as tx:
            await service.leave(tx, node, number)

    asyncio.run(run())
    click.echo("Done.")


@house.command("leave")
@click.argument("number", type=int)
@options.node_options
def leave_house(config: Config, number: int) -> None:
    """Follow the house with NUMBER in the list no more."""
    _leave(config, number)


@relay.command("remove")
@click.argument("number", type=int)
@options.node_options
def remove_relay(config: Config, number: int) -> None:
    """Use the relay with NUMBER in the list no more."""
    _leave(config, number)


def _add(config: Config, kind: Literal["house", "relay"], address: str) -> None:
    async def run() -> str:
        async with opened(config) as node:
            return await finding.add(node, kind, address)

    click.echo(_ANSWERS[asyncio.run(run())])


def _listed(config: Config) -> Neighbours:
    async def run() -> Neighbours:
        async with opened(config) as node, node.db.tx() as tx:
            return await service.list_neighbours(tx, node)

    return asyncio.run(run())

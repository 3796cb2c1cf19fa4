"""`allmende node …`: dealings with other nodes from the terminal."""

from __future__ import annotations

import asyncio

import click

from node.cli import options
from node.cli.account import account_named
from node.cli.opened import opened
from node.config import Config
from node.features.actors import lookup
from node.features.follows import service as follows


@click.group()
def node() -> None:
    """Dealings with other nodes."""


@node.command()
@click.argument("username")
@click.argument("address")
@options.node_options
def follow(config: Config, username: str, address: str) -> None:
    """Let USERNAME follow ADDRESS, such as @alice@example.org or the address of a profile page."""

    async def run() -> str:
        async with opened(config) as here:
            whom = await lookup.resolve_handle(here, address)
            async with here.db.tx() as tx:
                person = await account_named(tx, username)
                return await follows.follow(tx, here, person.actor_id, whom.id)

    state = asyncio.run(run())
    click.echo("They follow now." if state == "accepted" else "Asked; the answer comes from the other side.")

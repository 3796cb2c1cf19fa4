"""`allmende node …`: dealings with other nodes from the terminal."""

from __future__ import annotations

import asyncio

import click

from node.cli import neighbours, options
from node.cli.account import account_named
from node.cli.opened import opened
from node.config import Config
from node.errors import NodeError
from node.features.actors import lookup
from node.features.follows import service as follows
from node.wire.store import hosts as store


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


@node.command()
@click.option("--state", type=click.Choice(store.HOST_STATES), default="resting", show_default=True)
@options.node_options
def hosts(config: Config, state: str) -> None:
    """List other nodes: resting, slow, gone, refused or ok."""

    async def run() -> list[store.HostRow]:
        found: list[store.HostRow] = []
        async with opened(config) as here, here.db.read() as tx:
            while page := await store.list_hosts(tx, state, found[-1].host if found else "", 200):
                found += page
        return found

    rows = [
        (host.host, host.code, str(host.waiting), f"{host.answer_ms} ms" if host.answer_ms else "")
        for host in asyncio.run(run())
    ]
    options.print_table(rows, ("host", "why", "waiting", "answers in"))


@node.command("try-again")
@click.argument("host")
@options.node_options
def try_again(config: Config, host: str) -> None:
    """Send what waits for HOST now, also when it rests or was given up."""

    async def run() -> None:
        async with opened(config) as here, here.db.tx() as tx:
            if not await store.put_host_again(tx, host.lower()):
                raise NodeError("not_found", text=f"Nothing was ever sent to {host}.")
            tx.wake("deliver")

    asyncio.run(run())
    click.echo(f"{host} is being tried again.")


node.add_command(neighbours.house)
node.add_command(neighbours.relay)

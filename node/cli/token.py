"""`allmende token …`: access tokens for programs that use the client API."""

from __future__ import annotations

import asyncio

import click

from node.cli import options
from node.cli.account import account_named
from node.cli.opened import opened
from node.config import Config
from node.features.oauth import service as oauth


@click.group()
def token() -> None:
    """Make an access token for a program."""


@token.command()
@click.argument("username")
@click.option("--scopes", default="read write follow push", show_default=True, help="What it may do.")
@options.node_options
def create(config: Config, username: str, scopes: str) -> None:
    """Print a bearer token that acts as USERNAME. It is shown once; a new password ends it."""

    async def run() -> str:
        async with opened(config) as node, node.db.tx() as tx:
            person = await account_named(tx, username)
            return await oauth.create_token(tx, person.actor_id, tuple(scopes.split()))

    click.echo(asyncio.run(run()))

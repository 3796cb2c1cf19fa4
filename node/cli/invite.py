"""`allmende invite …`: invitation links from the terminal."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import click

from node.cli import options
from node.cli.opened import opened
from node.config import Config
from node.features.accounts import service as accounts


@click.group()
def invite() -> None:
    """Make an invitation link."""


@invite.command()
@click.option(
    "--uses", type=click.IntRange(1, 1000), default=1, show_default=True, help="How many may join with it."
)
@click.option("--days", type=click.IntRange(1, 3650), help="For how many days; without end when left out.")
@click.option("--note", default="", help="For whom it is; only admins see this.")
@options.node_options
def create(config: Config, uses: int, days: int | None, note: str) -> None:
    """Print a link with which somebody can join, also while the house is closed to others."""

    async def run() -> str:
        async with opened(config) as node, node.db.tx() as tx:
            ends = tx.now + timedelta(days=days) if days else None
            wish = accounts.InviteWish(note=note, max_uses=uses, expires_at=ends)
            return f"{node.origin}/invite/{await accounts.create_invite(tx, wish)}"

    click.echo(asyncio.run(run()))

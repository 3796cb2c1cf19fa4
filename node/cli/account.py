"""`allmende account …`: what an admin does to accounts from the terminal.

Doors only: each command opens a transaction and calls the accounts feature.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from node.cli import options
from node.cli.opened import opened
from node.config import Config
from node.db.database import Tx
from node.errors import NodeError
from node.features.accounts import passwords
from node.features.accounts import service as accounts
from node.features.actors import rotation
from node.features.actors.store import reads

ROLES = click.Choice(["member", "moderator", "admin"])
_password_file = click.option(
    "--password-file",
    type=click.Path(path_type=Path),
    help="File that holds the password; - reads standard input.",
)


async def account_named(tx: Tx, username: str) -> accounts.Account:
    """The account of `username`, with or without @.

    Raises: NodeError `not_found`.
    """
    found = await accounts.find_account_by_username(tx, username.removeprefix("@").lower())
    if found is None:
        raise NodeError("not_found", text=f"There is no account named {username} here.")
    return found


@click.group()
def account() -> None:
    """Make accounts, change roles, help with passwords."""


@account.command()
@click.argument("username")
@click.option("--email", required=True, help="Where the person gets mail.")
@click.option("--role", type=ROLES, default="member", show_default=True)
@_password_file
@options.node_options
def create(config: Config, username: str, email: str, role: str, password_file: Path | None) -> None:
    """Make an account that can sign in at once, without confirmation or approval."""
    password = options.read_password(password_file)
    passwords.check_strength(password, username=username, email=email)

    async def run() -> None:
        async with opened(config) as node:
            password_hash = await passwords.hash_password(password)
            async with node.db.tx() as tx:
                await accounts.create_account(tx, node, username, email, password_hash, role=role)
            click.echo(f"@{username}@{node.handle_host} can sign in at {node.origin}/sign-in")

    asyncio.run(run())


@account.command("reset-password")
@click.argument("username")
@_password_file
@options.node_options
def reset_password(config: Config, username: str, password_file: Path | None) -> None:
    """Give an account a new password. All its sessions and tokens end."""
    password = options.read_password(password_file, "New password")
    passwords.check_strength(password, username=username)

    async def run() -> None:
        async with opened(config) as node:
            password_hash = await passwords.hash_password(password)
            async with node.db.tx() as tx:
                person = await account_named(tx, username)
                await accounts.set_password(tx, node, person.actor_id, password_hash)

    asyncio.run(run())
    click.echo(f"{username} has the new password; everything signed in before is signed out.")


@account.command()
@click.argument("username")
@click.argument("role", type=ROLES)
@options.node_options
def role(config: Config, username: str, role: str) -> None:
    """Make somebody member, moderator or admin."""

    async def run() -> None:
        async with opened(config) as node, node.db.tx() as tx:
            person = await account_named(tx, username)
            await accounts.set_role(tx, person.actor_id, role)

    asyncio.run(run())
    click.echo(f"{username} is {role} now.")


@account.command("rotate-keys")
@click.argument("usernames", nargs=-1)
@click.option("--everyone", is_flag=True, help="All accounts, and the house itself.")
@options.node_options
def rotate_keys(config: Config, usernames: tuple[str, ...], everyone: bool) -> None:
    """Give accounts new signing keys and tell the other nodes.

    For instance after a copy was stolen; with --everyone also after the key file was lost.
    """
    if bool(usernames) == everyone:
        raise click.UsageError("Name accounts, or say --everyone.")

    async def run() -> int:
        async with opened(config, keys_lost=everyone) as node:
            async with node.db.read() as tx:
                named = [(await account_named(tx, name)).actor_id for name in usernames]
                actors = await reads.list_local_ids(tx) if everyone else named
            for actor_id in actors:
                fresh = await rotation.make_keys()
                async with node.db.tx() as tx:
                    await rotation.rotate(tx, node, actor_id, fresh)
        return len(actors)

    click.echo(
        f"New keys: {asyncio.run(run())}. Other nodes are being told; each fetches them when it next needs them."
    )


@account.command("list")
@click.option(
    "--state", type=click.Choice(["unconfirmed", "waiting", "active", "disabled"]), help="Only these."
)
@options.node_options
def list_(config: Config, state: str | None) -> None:
    """List the accounts, newest first."""

    async def run() -> list[accounts.Account]:
        found: list[accounts.Account] = []
        async with opened(config) as node, node.db.read() as tx:
            before = 0
            while page := await accounts.list_accounts(tx, state=state or "", before_id=before, limit=200):
                found += page
                before = page[-1].actor_id
        return found

    rows = [(person.username, person.role, person.state, person.email) for person in asyncio.run(run())]
    options.print_table(rows, ("user", "role", "state", "e-mail"))

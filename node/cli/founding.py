"""`allmende found` (not listed): name the house and make its first admin.

Run once by `allmende up` while the services are up. Safe to repeat: what exists is left as it is.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from node.cli import options
from node.cli.opened import opened
from node.config import Config
from node.errors import NodeError
from node.features.accounts import passwords
from node.features.accounts import service as accounts
from node.features.house import service as house
from node.features.house import store as house_store


@click.command(hidden=True)
@click.option("--admin", required=True)
@click.option("--admin-email", required=True)
@click.option("--admin-password-file", type=click.Path(path_type=Path), required=True)
@options.node_options
def found(config: Config, admin: str, admin_email: str, admin_password_file: Path) -> None:
    """Name the house and make its first admin, unless that was done already."""
    asyncio.run(_found(config, admin, admin_email, admin_password_file))


async def _found(config: Config, admin: str, email: str, password_file: Path) -> None:
    async with opened(config) as node:
        async with node.db.tx() as tx:
            if await house_store.find_setting(tx, "house") is None:
                name = config.node.name[:80] or "Allmende"
                languages = list(config.node.languages)
                await house.put_settings(tx, house.HouseSettings(name=name, languages=languages))
            exists = await accounts.find_account_by_username(tx, admin)
        if exists is not None:
            if exists.role != "admin":
                raise NodeError("invalid", field="admin", text=f"{admin} exists and is no admin.")
            return
        password = options.read_password(password_file)
        passwords.check_strength(password, username=admin, email=email)
        password_hash = await passwords.hash_password(password)
        async with node.db.tx() as tx:
            await accounts.create_account(tx, node, admin, email, password_hash, role="admin")

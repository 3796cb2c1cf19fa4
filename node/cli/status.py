"""`allmende status`: what runs, where, and what waits. Reads only; never starts anything."""

from __future__ import annotations

import asyncio
import platform
import sys
from typing import Any

import asyncpg
import click
import msgspec

from node import __version__
from node.cli import options, store
from node.config import Config
from node.services import ServiceError, database_url, valkey_url
from node.services.addresses import shown_address
from node.supervisor import ask_status

EXIT_NOT_RUNNING = 3


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@options.node_options
def status(config: Config, as_json: bool) -> None:
    """Print processes, addresses, queues and versions. Ends with status 3 when the node is not running."""
    found = asyncio.run(collect(config))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    else:
        _print(found)
    sys.exit(0 if found["ready"] else EXIT_NOT_RUNNING)


async def collect(config: Config) -> dict[str, Any]:
    """All of it, with `None` for what cannot be asked now."""
    supervisor = ask_status(config)
    queues, database = await _database(config)
    return {
        "running": supervisor is not None,
        "ready": bool(supervisor and supervisor["ready"]),
        "pid": supervisor["pid"] if supervisor else None,
        "addresses": {
            "origin": config.node.origin,
            "listen": config.web.listen,
            "database": _shown(lambda: database_url(config)),
            "valkey": _shown(lambda: valkey_url(config)),
        },
        "data_dir": str(config.data_dir),
        "processes": supervisor["processes"] if supervisor else [],
        "queues": queues,
        "versions": {
            "allmende": supervisor["version"] if supervisor else __version__,
            "python": platform.python_version(),
            **database,
            "valkey": await _valkey_version(config),
        },
    }


def _shown(address: Any) -> str | None:
    try:
        return shown_address(address())
    except ServiceError:
        return None


async def _database(config: Config) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    try:
        connection = await asyncpg.connect(database_url(config), timeout=5)
    except (OSError, ServiceError, asyncpg.PostgresError, TimeoutError):
        return None, {"postgresql": None, "schema": None}
    try:
        versions = {
            "postgresql": await store.get_server_version(connection),
            "schema": await store.find_schema_step(connection),
        }
        queues = msgspec.structs.asdict(await store.get_queues(connection)) if versions["schema"] else None
        return queues, versions
    finally:
        await connection.close()


async def _valkey_version(config: Config) -> str | None:
    from redis.asyncio import Redis  # slow to import, and only this question needs it
    from redis.exceptions import RedisError

    try:
        client = Redis.from_url(valkey_url(config), socket_connect_timeout=5)
    except ServiceError:
        return None
    try:
        info = await client.info("server")
        return str(info.get("valkey_version") or info.get("redis_version"))
    except (RedisError, OSError):
        return None
    finally:
        await client.aclose()


def _print(found: dict[str, Any]) -> None:
    state = "is running" if found["ready"] else "is starting" if found["running"] else "is not running"
    click.echo(f"{found['addresses']['origin']} {state}  (data in {found['data_dir']})")
    if found["processes"]:
        rows = [
            (process["name"], str(process["pid"] or "-"), process["state"], str(process["restarts"]))
            for process in found["processes"]
        ]
        click.echo()
        options.print_table(rows, ("process", "pid", "state", "restarts"))
    if found["queues"]:
        click.echo()
        for name, value in found["queues"].items():
            click.echo(f"  {name.replace('_', ' '):22} {round(value, 1):g}")
    click.echo()
    click.echo("  ".join(f"{name} {version}" for name, version in found["versions"].items() if version))

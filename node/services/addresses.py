"""Where PostgreSQL and Valkey of a node are, embedded or not.

Owns the step from settings to addresses, and the loan of services for one command. It never decides how
a service is run. Called by every process at its start and by the command line.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

from node.config import Config, ConfigError
from node.services.postgres import Postgres
from node.services.valkey import Valkey

if TYPE_CHECKING:
    from arq.connections import RedisSettings


def database_url(config: Config) -> str:
    """The address of the node's database for asyncpg and libpq; it may hold a password: never log it."""
    given = config.database.url or _from_file(config, config.database.url_file, "database")
    return given or Postgres(config.data_dir).dsn(config.database.name)


def valkey_url(config: Config) -> str:
    """The address of the node's Valkey for redis-py; it may hold a password: never log it."""
    given = config.valkey.url or _from_file(config, config.valkey.url_file, "valkey")
    return given or Valkey(config.data_dir).url(config.valkey.database)


def arq_settings(url: str) -> RedisSettings:
    """`url` for arq, whose own reader does not understand escaped characters in a socket path."""
    from arq.connections import RedisSettings  # slow to import, and the command line rarely needs it

    settings = RedisSettings.from_dsn(url)
    if settings.unix_socket_path:
        settings.unix_socket_path = unquote(settings.unix_socket_path)
    if settings.password:
        settings.password = unquote(settings.password)
    return settings


@asynccontextmanager
async def running(config: Config) -> AsyncIterator[None]:
    """For one command: what is embedded runs inside this block.

    A service that runs already (the node is up) is used and left running; otherwise it is started and
    stopped again. The database of the node exists afterwards; its tables need `node.db.migrate`.
    """
    async with AsyncExitStack() as stack:
        if config.embeds_database:
            postgres = Postgres(config.data_dir)
            if not postgres.is_running():
                await stack.enter_async_context(postgres)
            await postgres.create_database(config.database.name)
        if config.embeds_valkey:
            valkey = Valkey(config.data_dir)
            if not valkey.is_running():
                await stack.enter_async_context(valkey)
        yield


def _from_file(config: Config, name: str, section: str) -> str:
    if not name:
        return ""
    path: Path = config.data_dir / name
    try:
        return path.read_text("utf-8").strip()
    except OSError as error:
        raise ConfigError(f"[{section}] url_file: {path} cannot be read ({error.strerror}).") from None


def shown_address(url: str) -> str:
    """`url` for people and logs: kind, server and database, no account and no password."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return f"unix:{unquote(parts.path)}"
    if parts.hostname is None:
        return f"unix:{parse_qs(parts.query).get('host', ['?'])[0]}{parts.path}"
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path}"

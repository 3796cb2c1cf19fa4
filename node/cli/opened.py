"""A node for one command: services, tables and connections, whether or not the node is up."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from node.app import close_node, open_node
from node.config import Config
from node.db.migrate import migrate
from node.runtime import Node
from node.services import database_url, running


@asynccontextmanager
async def opened(config: Config, *, keys_lost: bool = False) -> AsyncIterator[Node]:
    """Everything a service may ask for. Only our own database and files are touched on opening.

    `keys_lost`: also when the key file does not open the signing keys. Raises: ConfigError otherwise.
    """
    async with running(config):
        await migrate(database_url(config))
        node = await open_node(config, keys_lost=keys_lost)
        try:
            yield node
        finally:
            await close_node(node)

"""Whether this process lives, and whether the node is ready: for supervisors and load balancers.

`/health/live` answers while the process runs; `/health/ready` asks the database and Valkey, and
says 503 with what is missing. Neither says anything about people or content.
"""

import asyncio

from aiohttp import web
from redis.exceptions import RedisError

from node import __version__
from node.appkeys import NODE


async def live(request: web.Request) -> web.Response:
    """The process runs."""
    return web.json_response({"live": True, "version": __version__})


async def ready(request: web.Request) -> web.Response:
    """The node can do its work."""
    node = request.app[NODE]
    try:
        async with asyncio.timeout(1):
            queue = bool(await node.valkey.ping())
    except (RedisError, OSError, TimeoutError):
        queue = False
    parts = {"database": await node.db.ready(), "queue": queue}
    # Without the queue everything still works, only later.
    status = 200 if parts["database"] else 503
    return web.json_response(parts, status=status, headers={"Cache-Control": "no-store"})


def mount(app: web.Application) -> None:
    """Add both routes."""
    app.router.add_get("/health/live", live)
    app.router.add_get("/health/ready", ready)

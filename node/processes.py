"""The entry of a web process and of a worker process: settings in, event loop running, signals obeyed.

Owns listening sockets and an orderly end; what is served and which jobs run belong to `node.app` and
`node.jobs`. Started by the supervisor, or by hand on machines that run a part of a larger node.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import logging
import os
import signal
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import asyncpg
import uvloop
from aiohttp import web
from redis.exceptions import RedisError

from node import logs
from node.config import Config, ConfigError, parse_listen
from node.services.launcher import SUPERVISOR_VARIABLE, die_with_parent

log = logging.getLogger("node.processes")

SHUTDOWN_S = 10.0
# Every request makes some hundred objects and hardly a cycle among them. Python's own pace, 700, would look for
# cycles several times in each, and from time to time through all the code that was ever loaded.
_COLLECT_AFTER = (20_000, 20, 20)


def run_web(config: Config, *, name: str = "web") -> None:
    """Serve until SIGTERM or SIGINT; with `[worker] with_web` do a worker's work beside it."""
    parts = [serve_web]
    if config.worker.with_web:
        parts.append(serve_worker)
    _run(config, name, parts)


def run_worker(config: Config, *, name: str = "worker") -> None:
    """Work until SIGTERM or SIGINT."""
    _run(config, name, [serve_worker])


async def serve_web(config: Config) -> None:
    """Listen and answer until cancelled; requests under way may finish."""
    from node.app import build_app, open_runner  # a worker on another machine need not load every page

    made = build_app(config)
    app: web.Application = await made if inspect.isawaitable(made) else made
    runner = await open_runner(app, shutdown_timeout_s=SHUTDOWN_S)
    _collect_seldom()
    try:
        await _site(runner, config).start()
        log.info("listening on %s", config.web.listen)
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


async def serve_worker(config: Config) -> None:
    """Run jobs until cancelled."""
    from node.jobs import run_worker as work  # a web process need not load every job

    _collect_seldom()
    log.info("working")
    await work(config)


def _collect_seldom() -> None:
    """Leave what was loaded for good out of the search for cycles, and search less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)


def _site(runner: web.AppRunner, config: Config) -> web.BaseSite:
    address = parse_listen(config.web.listen)
    if address.path:
        Path(address.path).unlink(missing_ok=True)
        return web.UnixSite(runner, address.path, backlog=1024)
    return web.TCPSite(runner, address.host, address.port, reuse_port=True, backlog=1024)


def _run(config: Config, name: str, parts: Sequence[Callable[[Config], Coroutine[Any, Any, None]]]) -> None:
    _follow_supervisor()
    logs.configure(config, name)
    try:
        uvloop.run(_until_told(config, parts))
    except KeyboardInterrupt:
        return
    except ConfigError as error:
        log.error("%s", error)
        raise SystemExit(1) from None
    except (OSError, RedisError, asyncpg.PostgresError) as error:
        # What we stand on is away. A traceback would hide that; whoever started us starts us again.
        log.error("PostgreSQL or Valkey went away or cannot be reached: %s: %s", type(error).__name__, error)
        raise SystemExit(1) from None


async def _until_told(config: Config, parts: Sequence[Callable[[Config], Coroutine[Any, Any, None]]]) -> None:
    """Run `parts` side by side; a part that ends or fails ends the process, which is then started afresh."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, told.set)
    tasks = [asyncio.ensure_future(part(config)) for part in parts]
    waiting = asyncio.ensure_future(told.wait())
    await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    for task in tasks:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result


def _follow_supervisor() -> None:
    """End when the supervisor is killed: a web process alone would answer for a node that is down."""
    parent = os.environ.pop(SUPERVISOR_VARIABLE, "")
    if parent:
        die_with_parent(signal.SIGTERM)
        if os.getppid() != int(parent):
            raise SystemExit(0)

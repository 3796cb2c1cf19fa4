"""The worker: runs what wakes ask for, sweeps for what was forgotten, tidies up every hour.

arq carries only names; every job may run twice and finds its work in PostgreSQL. A job that
raises is logged and its work is found again by the sweep.
"""

import asyncio
import logging
from datetime import timedelta
from typing import Any

import msgspec
from arq import Worker, func
from arq.connections import ArqRedis
from arq.worker import Function

from node.app import close_node, open_node
from node.config import Config
from node.db.batches import in_batches
from node.db.database import Tx
from node.feature import JobFunction
from node.runtime import Node
from node.services import arq_settings, valkey_url
from node.wakes import JOB, Wakes
from node.wire import deliver, process
from node.wire.store import hosts

log = logging.getLogger("node.jobs")

UPKEEP_S = 3600.0
SENT_KEPT = timedelta(days=7)


async def _inbound(node: Node, _: str) -> None:
    await process.drain(node)


async def _deliver(node: Node, _: str) -> None:
    await deliver.drain(node)


def job_table(node: Node) -> dict[str, JobFunction]:
    """Every wake's name and what it runs."""
    table: dict[str, JobFunction] = {"inbound": _inbound, "deliver": _deliver}
    for feature in node.hooks.features:
        for name, run in feature.jobs.items():
            if name in table:
                raise RuntimeError(f"two jobs named {name}")
            table[name] = run
    return table


async def run_job(node: Node, table: dict[str, JobFunction], name: str) -> None:
    """Run the job a wake names. Unknown names (of another version) are only logged."""
    kind, _, argument = name.partition(":")
    run = table.get(kind)
    if run is None:
        log.warning("no job named %s", kind)
        return
    await run(node, argument)


async def sweep(node: Node) -> None:
    """Wake whatever is due and was not woken, and let the features look for theirs."""
    async with node.db.read() as tx:
        inbound, deliveries = await hosts.is_anything_due(tx)
    names = {name for name, due in (("inbound", inbound), ("deliver", deliveries)) if due}
    if names:
        await node.db.wake(names)
    for feature in node.hooks.features:
        for look in feature.sweeps:
            await look(node)


async def upkeep(node: Node) -> None:
    """Forget what is past its retention."""
    now = node.clock.now()
    arrived_before = now - timedelta(days=node.config.federation.inbox_retention_days)

    async def delete_arrived(tx: Tx, rows: int) -> int:
        return await hosts.delete_arrived(tx, arrived_before, rows)

    async def delete_ended(tx: Tx, rows: int) -> int:
        return await hosts.delete_ended(tx, now - SENT_KEPT, rows)

    await in_batches(node.db, delete_arrived)
    await in_batches(node.db, delete_ended)
    for feature in node.hooks.features:
        for forget in feature.retention:
            await forget(node)


async def _every(seconds: float, what: Any, node: Node) -> None:
    while True:
        try:
            await what(node)
        except Exception:  # the next round may fare better
            log.exception("%s failed", what.__name__)
        await asyncio.sleep(seconds)


def _run_function(node: Node, wakes: Wakes, config: Config) -> Function:
    table = job_table(node)

    async def run(ctx: dict[Any, Any], name: str) -> None:
        await wakes.started(name)
        await run_job(node, table, name)

    return func(
        run,
        name=JOB,
        keep_result=0,
        timeout=config.worker.job_timeout_s,
        max_tries=3,
    )


async def run_worker(config: Config) -> None:
    """Work until cancelled. Raises when Valkey goes away; the supervisor starts a new worker."""
    node = await open_node(config)
    assert isinstance(node.valkey, ArqRedis)
    wakes = Wakes(node.valkey)
    worker = Worker(
        functions=[_run_function(node, wakes, config)],
        redis_settings=arq_settings(valkey_url(config)),
        job_serializer=msgspec.json.encode,
        job_deserializer=msgspec.json.decode,
        max_jobs=config.worker.max_jobs,
        poll_delay=config.worker.poll_delay_s,
        job_timeout=config.worker.job_timeout_s,
        handle_signals=False,
        queue_read_limit=config.worker.max_jobs * 4,
    )
    rounds = [
        asyncio.create_task(_every(config.worker.sweep_s, sweep, node)),
        asyncio.create_task(_every(UPKEEP_S, upkeep, node)),
    ]
    try:
        await worker.async_run()
    finally:
        for task in rounds:
            task.cancel()
        await worker.close()
        await close_node(node)

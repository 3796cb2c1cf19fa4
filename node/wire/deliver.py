"""Send what is due: hosts are leased, each host's deliveries go in order per sender.

Hosts are worked on side by side, so a slow or dead one delays nobody; a host that does not answer
rests with growing pauses (`federation.delivery.next_delay`) and goes on where it stopped. No
transaction is open while anything is sent.
"""

import asyncio
import logging
import random
from collections import defaultdict
from collections.abc import Coroutine, Sequence
from datetime import timedelta
from typing import Any, Literal

import msgspec

from federation import client, delivery
from federation.delivery import Delivered, Gone, Later, Outcome, Refused
from federation.signatures.message import Scheme
from node.errors import NodeError
from node.runtime import Node
from node.wire.signers import signers_of
from node.wire.store import deliveries as store
from node.wire.store.deliveries import Due, HostState, Sent

log = logging.getLogger("node.wire.deliver")

HOSTS_AT_ONCE = 256
PER_HOST = 50
SENDERS_AT_ONCE = 4
MAX_ATTEMPTS = 12
GIVE_UP_AFTER = timedelta(days=7)
# Shares of the longest time for a job: until when more is begun, and until when the slow are waited for.
DRAIN_SHARE = 0.4
LEAVE_SHARE = 0.9
_SILENT = frozenset(("unreachable", "timed_out", "http_429", "http_502", "http_503", "http_504"))


class Result(msgspec.Struct):
    """What one round with a host brought."""

    sent: list[Sent]
    scheme: Scheme | Literal[""]
    silent: Later | None = None


async def drain(node: Node) -> None:
    """Deliver whatever is due until nothing is, or the job has had its share of time.

    Hosts that are still being sent to then go on by themselves under their leases, and write down
    what became of it: a job cut off in the middle would send the same again and again.
    """
    loop = asyncio.get_running_loop()
    began, longest = loop.time(), node.config.worker.job_timeout_s
    until, leave = began + longest * DRAIN_SHARE, began + longest * LEAVE_SHARE
    running: set[asyncio.Task[None]] = set()
    while loop.time() < leave:
        if loop.time() < until and len(running) < HOSTS_AT_ONCE:
            running |= await _start(node, HOSTS_AT_ONCE - len(running), until)
        if not running:
            break
        _, running = await asyncio.wait(
            running, timeout=leave - loop.time(), return_when=asyncio.FIRST_COMPLETED
        )
    if loop.time() >= until:
        async with node.db.tx() as tx:
            tx.wake("deliver")


async def _start(node: Node, room: int, until: float) -> set[asyncio.Task[None]]:
    async with node.db.tx() as tx:
        hosts = await store.lease_hosts(tx, room, _lease(node))
    if not hosts:
        return set()
    async with node.db.read() as tx:
        due = await store.list_due(tx, [host.host for host in hosts], PER_HOST)
    by_host: dict[str, list[Due]] = defaultdict(list)
    for row in due:
        by_host[row.host].append(row)
    return {_keep(node, _serve_host(node, host, by_host[host.host], until)) for host in hosts}


def _lease(node: Node) -> timedelta:
    """A host is ours until its last delivery must be over; after a crash it is free again by then."""
    begun_s = node.config.worker.job_timeout_s * DRAIN_SHARE
    return timedelta(seconds=begun_s + client.DELIVERY_S + 3)


def _keep(node: Node, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """A task that outlives the job which began it."""
    task = asyncio.create_task(work)
    kept: set[asyncio.Task[None]] = node.caches.setdefault("delivering", set())
    kept.add(task)
    task.add_done_callback(kept.discard)
    task.add_done_callback(_look_at)
    return task


def _look_at(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.error("delivery to a host broke off", exc_info=task.exception())


async def _serve_host(node: Node, host: HostState, due: list[Due], until: float) -> None:
    """Send to one leased host until nothing is due for it, it falls silent, or time is up."""
    while True:
        result = await _send_all(node, host, due, until)
        async with node.db.tx() as tx:
            await store.put_sent(tx, result.sent)
            for row in due:
                if any(s.delivery_id == row.id and s.state == "gone" for s in result.sent):
                    await store.put_inbox_gone(tx, row.inbox_uri)
            if result.silent is not None:
                await store.put_host_silent(tx, host.host, tx.now + _pause(host, result.silent))
                await store.put_worn_out(tx, host.host, tx.now - GIVE_UP_AFTER)
                return
            more = await store.put_host_answered(tx, host.host, result.scheme)
        if not more:
            return
        if asyncio.get_running_loop().time() > until:
            async with node.db.tx() as tx:
                tx.wake("deliver")
            return
        async with node.db.tx() as tx:
            if not await store.lease_host(tx, host.host, _lease(node)):
                return
            due = await store.list_due(tx, [host.host], PER_HOST)


def _pause(host: HostState, later: Later) -> timedelta:
    usual = delivery.next_delay(host.failures + 1, random.Random())
    return timedelta(seconds=later.delay_s or usual or 86_400)


async def _send_all(node: Node, host: HostState, due: Sequence[Due], until: float) -> Result:
    """Every sender's deliveries in their order, a few senders side by side, at least one, until time is up."""
    loop = asyncio.get_running_loop()
    result = Result([], host.scheme)
    by_sender: dict[int, list[Due]] = defaultdict(list)
    for row in due:
        by_sender[row.sender_id].append(row)
    gate = asyncio.Semaphore(SENDERS_AT_ONCE)

    async def one_sender(rows: list[Due]) -> None:
        async with gate:
            for row in rows:
                if result.silent is not None or (result.sent and loop.time() > until):
                    return
                outcome = await _send(node, host, row)
                _note(node, result, row, outcome)

    await asyncio.gather(*(one_sender(rows) for rows in by_sender.values()))
    return result


async def _send(node: Node, host: HostState, row: Due) -> Outcome:
    try:
        signers = await signers_of(node, row.sender_id)
    except NodeError:
        return Refused("sender_gone")
    # A host that never answered is not known yet: its first refusal may be about the signature.
    scheme = host.scheme or None
    return await delivery.post(
        node.client, row.inbox_uri, row.body, signers.rsa, node.clock.now(), scheme=scheme
    )


def _note(node: Node, result: Result, row: Due, outcome: Outcome) -> None:
    match outcome:
        case Delivered(scheme=scheme):
            result.scheme = scheme
            result.sent.append(Sent(row.id, "delivered"))
        case Refused(code=code):
            result.sent.append(Sent(row.id, "refused", code))
        case Gone(certain=certain) if certain or row.attempts >= 2:
            result.sent.append(Sent(row.id, "gone", "gone"))
        case Gone():
            result.sent.append(_again(node, row, Later("http_404")))
        case Later(reason=reason):
            result.sent.append(_again(node, row, outcome))
            if reason in _SILENT:
                result.silent = outcome


def _again(node: Node, row: Due, later: Later) -> Sent:
    delay = delivery.next_delay(row.attempts + 1, random.Random())
    if delay is None or row.attempts + 1 >= MAX_ATTEMPTS:
        return Sent(row.id, "failed", later.reason)
    if later.reason in _SILENT:
        delay = 0  # the host's pause counts, so that its queue keeps its order
    return Sent(row.id, "due", later.reason, node.clock.now() + timedelta(seconds=later.delay_s or delay))

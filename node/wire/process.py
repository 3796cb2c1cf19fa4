"""Work off what arrived: lease, gather, judge, hand to its feature, end in a named state.

A batch whose needs are known shares one transaction; what must ask the network first is handled
host by host after it, each for a bounded time, so one slow peer holds up nobody else and each
host's order is kept. Whatever raises is taken out of its batch and ends alone. Every step may run
twice; how a host's activities ended is written as soon as that host is done.
"""

import asyncio
import logging
import random
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

import asyncpg
import msgspec

from federation import delivery, vocab
from federation.budget import FetchBudget
from federation.dispatch import Handler
from federation.errors import FederationError
from federation.gather import Gathered, gather
from moderation import engine
from moderation.facts import Facts
from moderation.verdict import Change, Drop, Hold, Stage
from node.db.database import Tx, describe
from node.errors import NodeError
from node.runtime import Node
from node.wire.incoming import Ignored, InboundHandler, Incoming, Refused
from node.wire.reading import Batch, Ready, read_batch
from node.wire.store import arrivals as store
from node.wire.store import deliveries
from node.wire.store.arrivals import InboxItem, Outcome

log = logging.getLogger("node.wire.process")

BATCH = 100
MAX_ATTEMPTS = 8
MAX_FAULTS = 3
CROWD = 8
GROWING_S = 0.02
GATHER_AT_ONCE = 16
GATHER_S = 10.0
# Shares of the longest time for a job. Together they stay below it: a job that is cut off has written
# down nothing of what it did, and a peer that answers slowly could make that happen again and again.
DRAIN_SHARE = 0.4  # then the job lets others run and is woken again
HOSTS_SHARE = 0.2  # then what a slow host still has waits for the next batch
GATHER_SHARE = 0.3
LEASE_SHARE = 1.2  # what a worker that died had in hand is taken up again after this


async def drain(node: Node) -> None:
    """Handle due arrivals until none is left or the job has had its share of time."""
    loop = asyncio.get_running_loop()
    until = loop.time() + node.config.worker.job_timeout_s * DRAIN_SHARE
    while loop.time() < until:
        items = await lease(node)
        if not items:
            return
        await work_off(node, items)
        if CROWD <= len(items) < BATCH:
            # Under load a short pause lets the next batch grow; what a batch costs is shared by more.
            await asyncio.sleep(GROWING_S)
    async with node.db.tx() as tx:
        tx.wake("inbound")


async def lease(node: Node) -> list[InboxItem]:
    """The next batch, ours for a little longer than any batch may take."""
    async with node.db.tx() as tx:
        longest = timedelta(seconds=node.config.worker.job_timeout_s * LEASE_SHARE)
        return await store.lease_arrivals(tx, BATCH, longest)


async def work_off(node: Node, items: Sequence[InboxItem]) -> None:
    """Bring every leased arrival to a named state, or set when to try it again."""
    batch = await read_batch(node, items)
    ready, waiting = _split(batch)
    # First those that need no network: they may be what the others of their host build on.
    await _apply_together(node, batch, ready)
    await _finish(node, batch.outcomes, sorted({item.host for item in items} - waiting.keys()))
    await _settle_waiting(node, batch, waiting)


async def _finish(node: Node, outcomes: Sequence[Outcome], hosts: Sequence[str]) -> None:
    async with node.db.tx() as tx:
        await store.put_outcomes(tx, outcomes, hosts)
        await deliveries.put_hosts_heard(tx, hosts)


def _split(batch: Batch) -> tuple[list[Ready], dict[str, list[Ready]]]:
    """Those that need no network, and per host those that do with all that came after them."""
    ready: list[Ready] = []
    waiting: dict[str, list[Ready]] = defaultdict(list)
    for entry in batch.entries:
        host = entry.item.host
        if host in waiting or batch.needs_network(entry):
            waiting[host].append(entry)
        else:
            ready.append(entry)
    return ready, waiting


async def _settle_waiting(node: Node, batch: Batch, waiting: dict[str, list[Ready]]) -> None:
    loop = asyncio.get_running_loop()
    until = loop.time() + node.config.worker.job_timeout_s * HOSTS_SHARE
    gate = asyncio.Semaphore(GATHER_AT_ONCE)

    async def one_host(host: str, entries: list[Ready]) -> None:
        async with gate:
            outcomes = []
            for entry in entries:
                if loop.time() < until:
                    outcomes.append(await _apply_alone(node, batch, entry))
                else:
                    outcomes.append(Outcome(entry.item.id, "new", retry_at=node.clock.now()))
            await _finish(node, outcomes, [host])

    await asyncio.gather(*(one_host(host, entries) for host, entries in waiting.items()))


def _budget(node: Node) -> FetchBudget:
    seconds = min(GATHER_S, node.config.worker.job_timeout_s * GATHER_SHARE)
    return FetchBudget(node.config.federation.fetches_per_activity, seconds)


async def _gather(node: Node, batch: Batch, entry: Ready, budget: FetchBudget) -> Gathered:
    resolver = batch.resolver(node)
    gathered = await gather(entry.activity, batch.needs_of(entry), resolver, budget)
    for thing in list(gathered.things.values()):
        author = thing.attributed_to if isinstance(thing, vocab.Object) else None
        if author and author not in gathered.things and not await resolver.known(author):
            # A fetched post counts for nothing without its author.
            gathered.things[author] = await resolver.fetch(author, budget)
    return gathered


async def _apply_together(node: Node, batch: Batch, entries: list[Ready]) -> None:
    """One transaction for all; the one that fails is taken out and the rest tried again.

    After `MAX_FAULTS` each goes alone, so that a flood of faulty ones costs no more than they do.
    """
    for _ in range(MAX_FAULTS):
        if not entries:
            return
        at = 0
        outcomes: list[Outcome] = []
        try:
            prepared = []
            while at < len(entries):
                prepared.append(await _gather(node, batch, entries[at], _budget(node)))
                at += 1
            async with node.db.tx() as tx:
                await store.prefer_kept_plans(tx)
                for at, entry in enumerate(entries):
                    outcomes.append(await _handle(tx, node, batch, entry, prepared[at]))
            batch.outcomes.extend(outcomes)
            return
        except Exception as error:  # named in the outcome of the one that raised
            faulty = entries[at]
            batch.outcomes.append(_outcome_of(node, faulty.item, error))
            entries = [entry for entry in entries if entry is not faulty]
    for entry in entries:
        batch.outcomes.append(await _apply_alone(node, batch, entry))


async def _apply_alone(node: Node, batch: Batch, entry: Ready) -> Outcome:
    fetched: list[str] = []
    try:
        budget = _budget(node)
        entry = await batch.refreshed(node, entry, budget)
        gathered = await _gather(node, batch, entry, budget)
        fetched = [name for name in batch.names_of(gathered) if name not in batch.known]
        async with node.db.tx() as tx:
            return await _handle(tx, node, batch, entry, gathered)
    except Exception as error:  # named in the outcome
        for name in fetched:  # stored by the transaction that failed, so not stored
            batch.known.pop(name, None)
        return _outcome_of(node, entry.item, error)


async def _handle(tx: Tx, node: Node, batch: Batch, entry: Ready, gathered: Gathered) -> Outcome:
    item = entry.item
    for thing in {id(thing): thing for thing in gathered.things.values()}.values():
        if isinstance(thing, vocab.Actor):
            await node.hooks.remember_actor(tx, node, thing)
    if gathered.things:
        batch.known.update(await store.list_known(tx, batch.names_of(gathered)))
    sender = batch.known.get(entry.activity.actor)
    if sender is None:
        await _note_unknown(tx, entry.activity)
        return Outcome(item.id, "ignored", "sender_unknown")
    if sender.deleted or sender.suspended:
        return Outcome(item.id, "refused", "sender_gone" if sender.deleted else "sender_suspended")
    facts = Facts(now=tx.now, sender_host=item.host, sender_local=False, followed_here=sender.followed_here)
    verdict = engine.judge(Stage.INBOUND, gathered.activity, facts)
    if isinstance(verdict, Drop):
        return Outcome(item.id, "refused", verdict.code)
    if isinstance(verdict, Hold):
        return Outcome(item.id, "held", verdict.code)
    if isinstance(verdict, Change):
        gathered = msgspec.structs.replace(gathered, activity=verdict.activity)
    if entry.handler is None:
        return Outcome(item.id, "ignored", "unknown_type")
    incoming = Incoming(
        gathered=gathered, sender=sender, known=batch.known, received_at=item.received_at, body=item.body
    )
    ended = await _run(tx, node, entry.handler, incoming)
    return Outcome(item.id, "ignored", ended.code) if ended else Outcome(item.id, "done")


async def _note_unknown(tx: Tx, activity: vocab.Activity) -> None:
    """A Delete counts also from somebody we do not know: the post may still be on its way (DEL-02)."""
    uri = activity.object_id
    if activity.type == "Delete" and uri and uri != activity.actor and vocab.same_host(uri, activity.actor):
        await store.put_tombstone(tx, uri, "", activity.actor)


async def _run(tx: Tx, node: Node, handler: Handler[InboundHandler], incoming: Incoming) -> Ignored | None:
    return await handler.function(tx, node, incoming)


def _outcome_of(node: Node, item: InboxItem, error: Exception) -> Outcome:
    """The named state an exception means: refused for good, or again later, or worn out."""
    match error:
        case Refused():
            return Outcome(item.id, "refused", error.code)
        case NodeError():
            return Outcome(item.id, "refused", error.code)
        case FederationError() if error.permanent:
            return Outcome(item.id, "refused", error.code)
        case FederationError():
            code = error.code
        case asyncpg.PostgresError() | asyncpg.InterfaceError() | OSError():
            log.warning("database said no", extra={**describe(error), "activity": item.activity_uri})
            code = "database"
        case _:
            log.exception("handler raised", exc_info=error, extra={"activity": item.activity_uri})
            code = type(error).__name__
    delay = delivery.next_delay(item.attempts, random.Random())
    if item.attempts >= MAX_ATTEMPTS or delay is None:
        return Outcome(item.id, "failed", code)
    return Outcome(item.id, "new", code, node.clock.now() + timedelta(seconds=delay))

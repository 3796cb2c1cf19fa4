"""Work off what arrived: lease, read, apply, end in a named state.

A batch whose needs are known shares one transaction, with how its activities ended; what must ask
the network first is handled host by host after it, each for a bounded time, so one slow peer holds
up nobody else and each host's order is kept. Whatever raises is taken out of its batch and ends
alone. Every step may run twice.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

from node.db.database import Tx
from node.runtime import Node
from node.wire.applying import Applying
from node.wire.endings import MAX_ATTEMPTS, outcome_of
from node.wire.reading import Batch, Ready, read_batch
from node.wire.store import arrivals as store
from node.wire.store import deliveries
from node.wire.store.arrivals import InboxItem, Outcome

BATCH = 200
MAX_FAULTS = 3
# Attempts are also counted when a worker dies with arrivals in hand. Beyond the first number each goes alone; beyond
# the second whichever is next of its host is given up, or it would kill worker after worker (REL-11).
SUSPECT_ATTEMPTS = 3
DEADLY_ATTEMPTS = MAX_ATTEMPTS + 4
CROWD = 8
GROWING_S = 0.08
GATHER_AT_ONCE = 16
# Shares of the longest time for a job. Together they stay below it: a job that is cut off has written
# down nothing of what it did, and a peer that answers slowly could make that happen again and again.
DRAIN_SHARE = 0.4  # then the job lets others run and is woken again
HOSTS_SHARE = 0.2  # then what a slow host still has waits for the next batch
LEASE_SHARE = 1.2  # what a worker that died had in hand is taken up again after this


class Turn:
    """Who may lease and apply just now, and whether somebody stands in line (`awaited`)."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self.awaited = False

    async def __aenter__(self) -> None:
        self.awaited = True
        try:
            await self._lock.acquire()
        finally:
            self.awaited = False

    async def __aexit__(self, *_: object) -> None:
        self._lock.release()


async def drain(node: Node) -> None:
    """Handle due arrivals until none is left or the job has had its share of time.

    Of several drains in one process one at a time leases and applies, so that batches stay large, and one
    more may wait for its turn: it will find what a third would. What waits for the network holds up neither.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + node.config.worker.job_timeout_s * DRAIN_SHARE
    turn: Turn = node.caches.setdefault("inbound_turn", Turn())
    while loop.time() < until:
        if turn.awaited:
            return
        async with turn:
            items = await lease(node)
            if not items:
                return
            batch, waiting = await _begin(node, items)
            if CROWD <= len(items) < BATCH:
                # Under load a short pause lets the next batch grow; what a batch costs is shared by more.
                await asyncio.sleep(GROWING_S)
        await _settle_waiting(node, batch, waiting)
    async with node.db.tx() as tx:
        tx.wake("inbound")


async def lease(node: Node) -> list[InboxItem]:
    """The next batch, ours for a little longer than any batch may take."""
    async with node.db.tx() as tx:
        longest = timedelta(seconds=node.config.worker.job_timeout_s * LEASE_SHARE)
        return await store.lease_arrivals(tx, BATCH, longest)


async def work_off(node: Node, items: Sequence[InboxItem]) -> None:
    """Bring every leased arrival to a named state, or set when to try it again."""
    batch, waiting = await _begin(node, items)
    await _settle_waiting(node, batch, waiting)


async def _begin(node: Node, items: Sequence[InboxItem]) -> tuple[Batch, dict[str, list[Ready]]]:
    """First those that need no network: they may be what the others of their host build on."""
    batch = await read_batch(node, items)
    ready, waiting = _split(batch)
    await _apply_together(node, batch, ready, sorted({item.host for item in items} - waiting.keys()))
    return batch, waiting


async def _finish(tx: Tx, outcomes: Sequence[Outcome], hosts: Sequence[str]) -> None:
    """Write down how these ended, with their effects where `tx` made them; give the hosts back."""
    await store.put_outcomes(tx, outcomes, hosts)
    if await deliveries.put_hosts_heard(tx, hosts):
        tx.wake("deliver")


def _split(batch: Batch) -> tuple[list[Ready], dict[str, list[Ready]]]:
    """Those that need no network, and per host those that do with all that came after them."""
    ready: list[Ready] = []
    waiting: dict[str, list[Ready]] = defaultdict(list)
    for entry in batch.entries:
        host = entry.item.host
        if host in waiting or entry.item.attempts > SUSPECT_ATTEMPTS or batch.needs_network(entry):
            waiting[host].append(entry)
        else:
            ready.append(entry)
            batch.expect(entry)
    return ready, waiting


async def _settle_waiting(node: Node, batch: Batch, waiting: dict[str, list[Ready]]) -> None:
    loop = asyncio.get_running_loop()
    until = loop.time() + node.config.worker.job_timeout_s * HOSTS_SHARE
    gate = asyncio.Semaphore(GATHER_AT_ONCE)

    async def one_host(host: str, entries: list[Ready]) -> None:
        async with gate:
            outcomes: list[Outcome] = []
            if entries[0].item.attempts > DEADLY_ATTEMPTS:
                outcomes.append(Outcome(entries[0].item.id, "failed", "worker_died"))
                entries = entries[1:]
            for entry in entries:
                if loop.time() < until:
                    outcomes += await _apply_alone(node, batch, entry)
                else:
                    outcomes.append(Outcome(entry.item.id, "new", retry_at=node.clock.now()))
            async with node.db.tx() as tx:
                await _finish(tx, outcomes, [host])

    await asyncio.gather(*(one_host(host, entries) for host, entries in waiting.items()))


async def _apply_together(node: Node, batch: Batch, entries: list[Ready], hosts: list[str]) -> None:
    """One transaction for all and for how they ended; the one that fails is taken out, the rest tried again.

    When a handler of several fails, they are handed over one by one to learn which it was. After
    `MAX_FAULTS` each goes alone, so that a flood of faulty ones costs no more than they do.
    """
    faults = 0
    one_by_one = False
    while faults < MAX_FAULTS:
        attempt = Applying(node, batch)
        try:
            gathered = [await attempt.gather(entry, attempt.budget()) for entry in entries]
            async with node.db.tx() as tx:
                await attempt.apply(tx, entries, gathered, one_by_one=one_by_one)
                await _finish(tx, [*batch.outcomes, *attempt.outcomes], hosts)
            return
        except Exception as error:  # named in the outcome of the one that raised
            faulty = attempt.at
            if faulty is None and one_by_one:
                raise  # nobody's fault but the database's: all of it is leased again later
            one_by_one = faulty is None
            if faulty is not None:
                faults += 1
                batch.outcomes.append(outcome_of(node, faulty.item, error))
                entries = [entry for entry in entries if entry is not faulty]
    for entry in entries:
        batch.outcomes += await _apply_alone(node, batch, entry)
    async with node.db.tx() as tx:
        await _finish(tx, batch.outcomes, hosts)


async def _apply_alone(node: Node, batch: Batch, entry: Ready) -> list[Outcome]:
    """One transaction for one activity and how it ended; returns the outcome if it is still to be written."""
    fetched: list[str] = []
    attempt = Applying(node, batch)
    try:
        budget = attempt.budget()
        entry = await batch.refreshed(node, entry, budget)
        gathered = await attempt.gather(entry, budget)
        fetched = [name for name in batch.names_of(gathered) if name not in batch.known]
        async with node.db.tx() as tx:
            await attempt.apply(tx, [entry], [gathered])
            await store.put_outcomes(tx, attempt.outcomes, ())
        return []
    except Exception as error:  # named in the outcome
        for name in fetched:  # stored by the transaction that failed, so not stored
            batch.known.pop(name, None)
        return [outcome_of(node, entry.item, error)]

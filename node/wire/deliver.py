"""Send what is due: hosts are leased and worked on side by side, each host's deliveries in order per sender.

Owns who gets a place and when: as many hosts as the processor can serve are at hand, and those that
keep us waiting wait apart (`places`), so they delay nobody. A host that does not answer rests with
growing pauses (`federation.delivery.next_rest`) and goes on where it stopped. No transaction is
open while anything is sent (`rounds`); what became of it is written down for many hosts together
(`outcomes`).
"""

import asyncio
import logging
from collections import defaultdict
from datetime import timedelta

from node.db.away import is_away
from node.runtime import Node
from node.wire.outcomes import Outcomes
from node.wire.places import BACKLOG, Place, Places, most_open
from node.wire.rounds import PER_HOST, Rounds
from node.wire.store import queue as store
from node.wire.store.queue import Due, HostState

log = logging.getLogger("node.wire.deliver")

LEASED_TOGETHER = 32
CIRCLE_S = 1.0
LOOK_S = 0.1  # how often those are counted who keep us waiting
DRAIN_SHARE = 0.4  # of the longest time for a job; the next one goes on
LEASE = timedelta(seconds=30)  # so long nobody takes up the hosts of a worker that died
RENEWED_S = 8.0  # leases of hosts that are being sent to are drawn out this often, so three misses are borne


class Deliverer:
    """The deliveries of one process."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._outcomes = Outcomes(node, LEASE, self._goes_on)
        self._rounds = Rounds(node, self._outcomes)
        self._running: dict[asyncio.Task[None], Place] = {}
        self._places = Places(most_open())
        # Where the walks over the quick hosts (True) and over all are, and when the next may begin.
        self._after = {True: "", False: ""}
        self._walk_at = {True: 0.0, False: 0.0}
        self._calls = 0
        self._changed = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._draining = False
        self._more = False  # a host gave its place back with something left to do

    async def drain(self) -> None:
        """As the module's `drain`."""
        self._calls += 1
        self._walk_at = {True: 0.0, False: 0.0}
        self._changed.set()
        if self._draining:
            return  # whoever is at it looks again
        self._draining = True
        loop = asyncio.get_running_loop()
        until = loop.time() + self._node.config.worker.job_timeout_s * DRAIN_SHARE
        try:
            while loop.time() < until:
                self._changed.clear()
                await self._start()
                if not (self._running or self._more or self._changed.is_set()):
                    return
                await self._wait(min(LOOK_S, until - loop.time()))
        finally:
            self._draining = False
        await self._node.db.wake({"deliver"})

    def _goes_on(self) -> bool:
        """Whether somebody here comes back to hosts for which more is due."""
        self._more = self._draining
        return self._draining

    async def _wait(self, seconds: float) -> None:
        """Until places are free, something new may be due, or so long; then count who keeps us waiting."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + seconds
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            pass
        # Woken late, we were busy, and answers may lie unread: that is not the peers' slowness.
        self._places.look(max(0.0, loop.time() - ends))

    async def _start(self) -> None:
        room = self._room()
        if room < LEASED_TOGETHER and self._running:
            return
        strangers = self._places.room_for_strangers()
        hosts = await self._leased(strangers, quick_only=False) if strangers else []
        if len(hosts) == strangers < room:
            hosts += await self._leased(room - strangers, quick_only=True)
        if not hosts:
            return
        async with self._node.db.tx() as tx:
            await store.go_by_index(tx)
            due = await store.list_due(tx, [host.host for host in hosts], PER_HOST)
        by_host: dict[str, list[Due]] = defaultdict(list)
        for row in due:
            by_host[row.host].append(row)
        await self._rounds.fetch(due)
        for host in hosts:
            self._begin(host, by_host[host.host])

    async def _leased(self, room: int, *, quick_only: bool) -> list[HostState]:
        """Up to `room` hosts, going on in a circle where the last walk stopped.

        Where a whole circle found too few, the next waits for a call or a second: with thousands of
        hosts in flight or at rest each circle costs as much as many deliveries.
        """
        loop, calls = asyncio.get_running_loop(), self._calls
        if loop.time() < self._walk_at[quick_only]:
            return []
        self._more = self._more and quick_only
        found: list[HostState] = []
        for after in dict.fromkeys((self._after[quick_only], "")):
            async with self._node.db.tx() as tx:
                await store.go_by_index(tx)
                found += await store.lease_hosts(
                    tx, room - len(found), after, quick_only=quick_only, lease=LEASE
                )
            if len(found) >= room:
                self._after[quick_only] = found[-1].host
                return found
        self._after[quick_only] = ""
        if calls == self._calls:
            self._walk_at[quick_only] = loop.time() + CIRCLE_S
        return found

    def _begin(self, host: HostState, due: list[Due]) -> None:
        """A task that outlives the job which began it: cut off, it would send the same again."""
        place = self._places.take(host)
        task = asyncio.create_task(self._rounds.serve(host, due, place))
        self._running[task] = place
        task.add_done_callback(self._end)
        if self._keeper is None or self._keeper.done():
            self._keeper = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        """Draw out the leases of hosts that are being sent to, however slow they are."""
        while True:
            await asyncio.sleep(RENEWED_S)
            hosts = [place.host for place in self._running.values()]
            if not hosts:
                return
            try:
                async with self._node.db.tx() as tx:
                    await store.put_leases(tx, hosts, LEASE)
            except Exception as error:
                if not is_away(error):
                    raise
                log.warning("leases run on: the database is away", extra={"error": type(error).__name__})

    def _room(self) -> int:
        """How many hosts may begin: as many as there are places, none while signing lags behind."""
        return 0 if self._node.client.desk.backlog > BACKLOG else self._places.room()

    def _end(self, task: asyncio.Task[None]) -> None:
        self._places.leave(self._running.pop(task))
        if not task.cancelled() and task.exception() is not None:
            log.error("delivery to a host broke off", exc_info=task.exception())
        if not self._running or self._room() >= LEASED_TOGETHER:
            self._changed.set()


async def drain(node: Node) -> None:
    """Deliver whatever is due until nothing is, or the job has had its share of time.

    Hosts that are still being sent to then go on by themselves under their leases, write down what
    became of it, and keep nobody else from beginning.
    """
    deliverer: Deliverer = node.caches.setdefault("deliverer", Deliverer(node))
    await deliverer.drain()

"""Send what is due: hosts are leased and worked on side by side, each host's deliveries in order per sender.

Owns how many hosts are worked on at once and who gets a place: a slow or unknown host never takes
the last places, and gives its own back after a few seconds, so it delays nobody. A host that does
not answer rests with growing pauses (`federation.delivery.next_rest`) and goes on where it
stopped. No transaction is open while anything is sent (`rounds`); what became of it is written
down for many hosts together (`outcomes`).
"""

import asyncio
import logging
from collections import defaultdict
from datetime import timedelta

from federation import client
from node.runtime import Node
from node.wire.outcomes import Outcomes
from node.wire.rounds import PER_HOST, ROUND_S, Rounds
from node.wire.store import queue as store
from node.wire.store.queue import Due, HostState

log = logging.getLogger("node.wire.deliver")

HOSTS_AT_ONCE = 384
SLOW_AT_ONCE = 288  # of those, how many may be slow, silent lately, or not known yet
LEASED_TOGETHER = 32
CIRCLE_S = 1.0
# Shares of the longest time for a job: until when more is begun, and until when the slow are waited for.
DRAIN_SHARE = 0.4
LEAVE_SHARE = 0.9


class Deliverer:
    """The deliveries of one process."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._lease = _lease(node)
        self._outcomes = Outcomes(node, self._lease)
        self._rounds = Rounds(node, self._outcomes)
        self._running: dict[asyncio.Task[None], bool] = {}  # to whether the host counts as slow
        # Where the walks over the quick hosts (True) and over all are, and when the next may begin.
        self._after = {True: "", False: ""}
        self._walk_at = {True: 0.0, False: 0.0}
        self._calls = 0
        self._changed = asyncio.Event()
        self._draining = False

    async def drain(self) -> None:
        """As the module's `drain`."""
        self._calls += 1
        self._walk_at = {True: 0.0, False: 0.0}
        self._changed.set()
        if self._draining:
            return  # whoever is at it looks again
        self._draining = True
        loop = asyncio.get_running_loop()
        began, longest = loop.time(), self._node.config.worker.job_timeout_s
        until, leave = began + longest * DRAIN_SHARE, began + longest * LEAVE_SHARE
        try:
            while loop.time() < leave:
                self._changed.clear()
                if loop.time() < until:
                    await self._start(until)
                if not self._running and not self._changed.is_set():
                    break
                await self._wait(leave - loop.time())
        finally:
            self._draining = False
        if loop.time() >= until:
            await self._node.db.wake({"deliver"})

    async def _wait(self, seconds: float) -> None:
        """Until places are free, something new may be due, or time is up."""
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            pass

    async def _start(self, until: float) -> None:
        room = HOSTS_AT_ONCE - len(self._running)
        if room < LEASED_TOGETHER and self._running:
            return
        slow_room = max(0, min(room, SLOW_AT_ONCE - sum(self._running.values())))
        hosts = await self._leased(slow_room, quick_only=False) if slow_room > 0 else []
        if len(hosts) == slow_room < room:
            hosts += await self._leased(room - slow_room, quick_only=True)
        if not hosts:
            return
        async with self._node.db.read() as tx:
            due = await store.list_due(tx, [host.host for host in hosts], PER_HOST)
        by_host: dict[str, list[Due]] = defaultdict(list)
        for row in due:
            by_host[row.host].append(row)
        await self._rounds.fetch(due)
        for host in hosts:
            self._begin(host, by_host[host.host], until)

    async def _leased(self, room: int, *, quick_only: bool) -> list[HostState]:
        """Up to `room` hosts, going on in a circle where the last walk stopped.

        Where a whole circle found too few, the next waits for a call or a second: with thousands of
        hosts in flight or at rest each circle costs as much as many deliveries.
        """
        loop, calls = asyncio.get_running_loop(), self._calls
        if loop.time() < self._walk_at[quick_only]:
            return []
        found: list[HostState] = []
        for after in dict.fromkeys((self._after[quick_only], "")):
            async with self._node.db.single() as tx:
                found += await store.lease_hosts(
                    tx, room - len(found), after, quick_only=quick_only, lease=self._lease
                )
            if len(found) >= room:
                self._after[quick_only] = found[-1].host
                return found
        self._after[quick_only] = ""
        if calls == self._calls:
            self._walk_at[quick_only] = loop.time() + CIRCLE_S
        return found

    def _begin(self, host: HostState, due: list[Due], until: float) -> None:
        """A task that outlives the job which began it: cut off, it would send the same again."""
        task = asyncio.create_task(self._rounds.serve(host, due, until))
        self._running[task] = not host.is_quick
        task.add_done_callback(self._end)
        if host.is_quick:
            # Who takes long counts as slow from then on, and no more takes a quick one's place.
            asyncio.get_running_loop().call_later(ROUND_S, self._seen_slow, task)

    def _seen_slow(self, task: asyncio.Task[None]) -> None:
        if task in self._running:
            self._running[task] = True

    def _end(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        if not task.cancelled() and task.exception() is not None:
            log.error("delivery to a host broke off", exc_info=task.exception())
        if not self._running or HOSTS_AT_ONCE - len(self._running) >= LEASED_TOGETHER:
            self._changed.set()


def _lease(node: Node) -> timedelta:
    """A host is ours until its last delivery must be over; after a crash it is free again by then."""
    begun_s = node.config.worker.job_timeout_s * DRAIN_SHARE
    return timedelta(seconds=begun_s + ROUND_S + client.DELIVERY_S + 3)


async def drain(node: Node) -> None:
    """Deliver whatever is due until nothing is, or the job has had its share of time.

    Hosts that are still being sent to then go on by themselves under their leases, and write down
    what became of it.
    """
    deliverer: Deliverer = node.caches.setdefault("deliverer", Deliverer(node))
    await deliverer.drain()

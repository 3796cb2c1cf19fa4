"""Rounds with one leased host: its deliveries are sent, and what became of each is decided.

Every sender's deliveries go in their order, a few senders side by side. A round lasts a few seconds
at most, so that a slow host gives its place back. Called by `deliver`; writes nothing itself
(`outcomes` does).
"""

import asyncio
import random
from collections import OrderedDict, defaultdict
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

import msgspec

from federation import delivery
from federation.delivery import Delivered, Gone, Later, Outcome, Refused
from federation.signatures.digest import sha256_base64
from federation.signatures.message import Outgoing
from node.errors import NodeError
from node.runtime import Node
from node.wire.followers import Headers, headers_for
from node.wire.outcomes import PER_HOST, Outcomes
from node.wire.places import Place, Watched
from node.wire.signers import signers_of
from node.wire.store import queue as store
from node.wire.store.queue import Due, Frozen, HostState, Page, Sent

__all__ = ["MAX_ATTEMPTS", "PER_HOST", "Rounds"]

UNSURE_AFTER = 3
"""Attempts at one delivery after which a host is no longer believed to take the signatures it once took."""

MAX_ATTEMPTS = 12
ROUND_S = 5.0
_BODIES = 512
_CLAIMS = 8192
_BODIES_BYTES = 16 * 1024 * 1024
_SILENT = frozenset(("unreachable", "timed_out", "http_429", "http_502", "http_503", "http_504"))


class Body(msgspec.Struct, frozen=True):
    """An activity as it is sent to everybody, and its digest, computed once."""

    content: bytes
    sha256: str
    for_followers: bool


class _Round(msgspec.Struct):
    """One round as it goes on."""

    host: HostState
    page: Page
    place: Place
    ends: float
    waits_ms: list[float]

    def is_over(self, now: float) -> bool:
        """Whether nothing more is to be begun: at least one was sent, and it fell silent or took long."""
        return self.page.silent_until is not None or (bool(self.page.sent) and now > self.ends)


class Rounds:
    """Sends, for one process."""

    def __init__(self, node: Node, outcomes: Outcomes) -> None:
        self._node = node
        self._outcomes = outcomes
        self._bodies: OrderedDict[int, Body] = OrderedDict()
        self._bodies_bytes = 0
        self._claims: OrderedDict[tuple[int, str], Headers] = OrderedDict()
        self._chance = random.Random()

    async def serve(self, host: HostState, due: list[Due], place: Place) -> None:
        """Send to one leased host until nothing is due for it, it falls silent, or its time is up."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + ROUND_S
        while True:
            current = _Round(host, Page(host=host.host, sent=[], gone=[]), place, ends, [])
            await self._send_all(current, due)
            page = current.page
            page.go_on = loop.time() < ends
            if current.waits_ms:
                page.answer_ms = max(1, round(sum(current.waits_ms) / len(current.waits_ms)))
            due = await self._outcomes.put(page)
            if not due:
                return
            if page.style:
                host = msgspec.structs.replace(host, scheme=page.style)
            await self.fetch(due)

    async def fetch(self, due: Sequence[Due]) -> None:
        """Have keys, bodies and claims for these deliveries at hand, each read once for all hosts."""
        for sender_id, keys_at in {row.sender_id: row.keys_at for row in due}.items():
            if keys_at is not None:
                with suppress(NodeError):  # whose account has gone meanwhile; `_send` says so
                    await signers_of(self._node, sender_id, made_at=keys_at)
        await self._fetch_bodies({row.activity_id for row in due})
        await self._fetch_claims(due)

    async def _fetch_bodies(self, wanted: set[int]) -> None:
        for known in wanted & self._bodies.keys():
            self._bodies.move_to_end(known)
        missing = wanted - self._bodies.keys()
        if not missing:
            return
        async with self._node.db.read() as tx:
            found = await store.list_bodies(tx, sorted(missing))
        for activity_id, content in found.items():
            self._bodies[activity_id] = _body_of(content)
            self._bodies_bytes += len(content.body)
        while len(self._bodies) > max(_BODIES, len(wanted)) or self._bodies_bytes > _BODIES_BYTES:
            oldest = next(iter(self._bodies))
            if oldest in wanted:
                break
            self._bodies_bytes -= len(self._bodies.pop(oldest).content)

    async def _fetch_claims(self, due: Sequence[Due]) -> None:
        """What hosts are told of a sender's followers there: one look for all hosts of a sender."""
        told: dict[int, set[str]] = defaultdict(set)
        for row in due:
            body = self._bodies.get(row.activity_id)
            if body is None or body.for_followers:
                told[row.sender_id].add(row.host)
        for sender_id, hosts in told.items():
            for host, headers in (await headers_for(self._node, sender_id, hosts)).items():
                self._claims[sender_id, host] = headers
                self._claims.move_to_end((sender_id, host))
        while len(self._claims) > max(_CLAIMS, len(due)):
            self._claims.popitem(last=False)

    async def _body(self, row: Due) -> Body:
        found = self._bodies.get(row.activity_id)
        if found is None:  # others pushed it out meanwhile
            async with self._node.db.read() as tx:
                found = _body_of((await store.list_bodies(tx, [row.activity_id]))[row.activity_id])
        return found

    async def _send_all(self, current: _Round, due: Sequence[Due]) -> None:
        by_sender: dict[int, list[Due]] = defaultdict(list)
        for row in due:
            by_sender[row.sender_id].append(row)
        if len(by_sender) == 1:
            await self._send_in_order(current, due)
            return
        if not current.host.is_quick:
            # One call first: a host that does not answer it is not called by everybody else too.
            first = by_sender[due[0].sender_id]
            if not await self._send_in_order(current, first[:1]) or len(first) == 1:
                del by_sender[due[0].sender_id]
            else:
                del first[0]
        gate = asyncio.Semaphore(self._node.config.federation.connections_per_host)

        async def one_sender(rows: list[Due]) -> None:
            async with gate:
                await self._send_in_order(current, rows)

        await asyncio.gather(*(one_sender(rows) for rows in by_sender.values()))

    async def _send_in_order(self, current: _Round, rows: Sequence[Due]) -> bool:
        """One sender's deliveries; one that must wait holds back those behind it: then False."""
        loop = asyncio.get_running_loop()
        for row in rows:
            if current.is_over(loop.time()):
                return False
            client = Watched(self._node.client, current.place)
            outcome = await self._send(client, current.host, row)
            if isinstance(outcome, Delivered | Gone) or _reason(outcome).startswith("http_"):
                current.waits_ms.append(client.waited_s * 1000)
            if not self._note(current, row, outcome):
                return False
        return True

    async def _send(self, client: Watched, host: HostState, row: Due) -> Outcome:
        if row.keys_at is None:
            return Refused("sender_gone")
        try:
            pens = await signers_of(self._node, row.sender_id, made_at=row.keys_at)
        except NodeError:
            return Refused("sender_gone")
        body = await self._body(row)
        extra = self._claims.get((row.sender_id, row.host), ()) if body.for_followers else ()
        message = Outgoing("POST", row.inbox_uri, body.content, sha256=body.sha256, extra=extra)
        # A host that never answered is not known yet: its first refusal may be about the signature. One that
        # would not take this again and again may be another program now, which breaks over what the last one took.
        style = host.scheme if row.attempts < UNSURE_AFTER else ""
        return await delivery.post(client, message, pens, self._node.clock.now(), style or None)

    def _note(self, current: _Round, row: Due, outcome: Outcome) -> bool:
        """Put the outcome on the page; False when what its sender wrote later has to wait."""
        page = current.page
        match outcome:
            case Delivered(style=style):
                page.style = style
                page.sent.append(Sent(row.id, "delivered"))
            case Refused(code=code):
                page.sent.append(Sent(row.id, "refused", code))
            case Gone(certain=certain) if certain or row.attempts >= 2:
                page.sent.append(Sent(row.id, "gone", "gone"))
                page.gone.append(row.inbox_uri)
            case Gone():
                page.sent.append(self._again(row, Later("http_404")))
                return False
            case Later():
                page.sent.append(self._again(row, outcome))
                if outcome.reason in _SILENT:
                    page.silent_until = self._node.clock.now() + self._rest(current.host, outcome)
                    page.code = outcome.reason
                return False
        return True

    def _rest(self, host: HostState, later: Later) -> timedelta:
        return timedelta(seconds=later.delay_s or delivery.next_rest(host.failures + 1, self._chance))

    def _again(self, row: Due, later: Later) -> Sent:
        delay = delivery.next_delay(row.attempts + 1, self._chance)
        if delay is None or row.attempts + 1 >= MAX_ATTEMPTS:
            return Sent(row.id, "failed", later.reason)
        if later.reason in _SILENT:
            delay = 0  # the host's pause counts, so that its queue keeps its order
        wait = timedelta(seconds=later.delay_s or delay)
        return Sent(row.id, "due", later.reason, self._node.clock.now() + wait)


def _body_of(frozen: Frozen) -> Body:
    return Body(frozen.body, sha256_base64(frozen.body), frozen.for_followers)


def _reason(outcome: Outcome) -> str:
    match outcome:
        case Later(reason=reason):
            return reason
        case Refused(code=code):
            return code
    return ""

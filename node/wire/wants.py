"""Asking the network in the background: once for each subject, however many people look.

A page or a handler says what it would like (`ask`), in its own transaction; a worker goes and gets it
under a budget (`work`), and what failed for the moment is tried a few times more. Knows nothing of
what is fetched: the features bring their jobs, named after the kind of want.
"""

import logging
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final, Literal

from federation import delivery
from federation.budget import FetchBudget
from federation.errors import FederationError
from node.db.database import Tx
from node.errors import NodeError
from node.runtime import Node
from node.wire.store import wants as store
from node.wire.store.wants import Want

__all__ = ["Want", "ask", "budget_of", "forget", "state_of", "sweep", "work"]

log = logging.getLogger("node.wire.wants")

MAX_ATTEMPTS: Final = 4
KEPT: Final = timedelta(days=30)
LOOKING_FOR: Final = timedelta(minutes=1)
_SHARE: Final = 0.7  # of the longest time for a job; the rest is for writing down
_LEASE_SHARE: Final = 1.5
_SWEPT: Final = 100

State = Literal["unasked", "looking", "had"]
Fetch = Callable[[Node, Want], Awaitable[bool | None]]
"""Gets what is wanted; True when it took its time and there is more of it."""


async def ask(tx: Tx, kind: str, subject_id: int, *, cooldown: timedelta, detail: str = "") -> bool:
    """Have it fetched, unless it is being fetched or was within `cooldown`; True when it will be now."""
    if not await store.put_want(tx, kind, subject_id, detail, tx.now - cooldown):
        return False
    tx.wake(f"{kind}:{subject_id}")
    return True


async def state_of(tx: Tx, kind: str, subject_id: int, cooldown: timedelta) -> State:
    """How it stands, in one look before a page opens a transaction to ask.

    `unasked`: asking would have it fetched; `looking`: asked a moment ago; `had`: asking changes nothing.
    """
    found = await store.find_want(tx, kind, subject_id)
    if found is None or (found.ended_at is not None and found.asked_at <= tx.now - cooldown):
        return "unasked"
    return "looking" if found.ended_at is None and found.asked_at > tx.now - LOOKING_FOR else "had"


def budget_of(node: Node, fetches: int) -> FetchBudget:
    """At most `fetches` requests, and no longer than a job may take."""
    return FetchBudget(fetches, node.config.worker.job_timeout_s * _SHARE)


async def work(node: Node, kind: str, argument: str, fetch: Fetch) -> None:
    """Get one wanted thing, if it is still due. A lease keeps others away and ends with a dead worker."""
    if not argument.isdecimal():
        return
    lease = timedelta(seconds=node.config.worker.job_timeout_s * _LEASE_SHARE)
    async with node.db.tx() as tx:
        want = await store.lease_want(tx, kind, int(argument), lease)
    if want is None:
        return
    if want.attempts > MAX_ATTEMPTS:  # it broke off each time: a fault of ours, or it kills its worker
        async with node.db.tx() as tx:
            await store.put_ended(tx, want, "broke_off")
        return
    code, passing, more = "", False, None
    try:
        more = await fetch(node, want)
    except FederationError as error:
        code, passing = error.code, not error.permanent
    except NodeError as error:
        code, passing = error.code, error.code == "peer_unreachable"
    async with node.db.tx() as tx:
        delay = delivery.next_delay(want.attempts, random.Random())
        if more:
            await store.put_more(tx, want)
            tx.wake(f"{kind}:{want.subject_id}")
        elif passing and want.attempts < MAX_ATTEMPTS and delay is not None:
            await store.put_again(tx, want, code, tx.now + timedelta(seconds=delay))
        else:
            await store.put_ended(tx, want, code)
    if code:
        log.info("not had: %s", kind, extra={"subject": want.subject_id, "code": code})


async def sweep(node: Node) -> None:
    """Wake what is due and was not woken."""
    async with node.db.read() as tx:
        due = await store.list_due(tx, _SWEPT)
    if due:
        await node.db.wake({f"{want.kind}:{want.subject_id}" for want in due})


async def forget(node: Node) -> None:
    """What was had a month ago may be asked for again as if it never was."""
    async with node.db.tx() as tx:
        await store.delete_ended(tx, tx.now - KEPT)

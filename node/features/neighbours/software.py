"""What other houses run, as their NodeInfo says: asked when one is first heard of, then once a week.

It decides nothing but the form in which a house is told what circulates in a group (posts.in_groups), and
what admins see. Network in the job, never in a transaction; a sweep finds who is to be asked.
"""

import asyncio
from datetime import timedelta
from typing import Final

from federation.discovery import nodeinfo
from federation.errors import FederationError
from node.runtime import Node
from node.wire.store import hosts

EVERY: Final = timedelta(days=7)
AGAIN: Final = timedelta(days=1)
"""After no usable answer, which may have been a bad moment."""

AT_ONCE: Final = 20
_SIDE_BY_SIDE: Final = 4
_JOB: Final = "software"


async def look(node: Node) -> None:
    """Every half minute: is there a house to ask?"""
    async with node.db.read() as tx:
        due = await hosts.is_software_due(tx)
    if due:
        await node.db.wake({_JOB})


async def run(node: Node, _: str) -> None:
    """The job `software`: ask some houses; the next sweep asks more."""
    async with node.db.tx() as tx:
        # Who does not answer, or ends this job, is not asked again at once.
        asked = await hosts.take_to_ask(tx, tx.now + AGAIN, AT_ONCE)
    turns = asyncio.Semaphore(_SIDE_BY_SIDE)
    found = await asyncio.gather(*(_ask(node, host, turns) for host in asked))
    told = {host: software for host, software in zip(asked, found, strict=True) if software is not None}
    if told:
        async with node.db.tx() as tx:
            await hosts.put_software(tx, told, tx.now + EVERY)


async def _ask(node: Node, host: str, turns: asyncio.Semaphore) -> str | None:
    """The name of what runs there; '' where it says none, None where it gives no answer."""
    async with turns:
        try:
            scheme = "http" if node.config.node.lab else "https"
            facts = await nodeinfo.ask(f"{scheme}://{host}", node.fetcher)
        except FederationError:
            return None
    return facts.software or ""


JOBS: Final = {_JOB: run}

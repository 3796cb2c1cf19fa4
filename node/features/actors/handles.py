"""The handle somebody is really called by, where their host gives handles of another name.

An actor at social.example.org may be `@amina@example.org`. WebFinger says so both ways or not at all
(WFG-01). Asked once for a host that gives plain handles, for each actor of one that does not; never for
who says in their own document that theirs is plain (FEP-2c59). Spec: RFC 7033, FEP-2c59.
"""

from datetime import timedelta
from typing import Final

from federation import vocab
from federation.discovery.webfinger import WebFinger, parse_handle
from federation.errors import FederationError
from node.db.database import Tx
from node.features.actors.store import names, reads
from node.features.actors.store.reads import Actor
from node.runtime import Node
from node.wire import wants
from node.wire.wants import Want

ASKED_AGAIN: Final = timedelta(days=30)
FETCHES: Final = 6
_OTHERS: Final = 200


async def wonder(tx: Tx, actor: Actor, document: vocab.Actor) -> None:
    """Have the handle of an actor just met confirmed, where it may be another than the id's host says."""
    claimed = _host_of(document.webfinger) if document.webfinger is not None else ""
    if claimed == actor.host:
        return
    if not claimed and await names.is_host_plain(tx, actor.host, tx.now - ASKED_AGAIN):
        return
    await wants.ask(tx, "handle", actor.id, cooldown=ASKED_AGAIN, detail=claimed)


async def run(node: Node, argument: str) -> None:
    """The job `handle:<actor id>`."""
    await wants.work(node, "handle", argument, confirm)


async def confirm(node: Node, want: Want) -> None:
    """Ask the host, and remember what it says of the actor and, where the actor claimed nothing, of itself."""
    async with node.db.read() as tx:
        actor = await reads.get_actor(tx, want.subject_id)
        plain = await names.is_host_plain(tx, actor.host, tx.now - ASKED_AGAIN)
    if actor.local or actor.deleted_at is not None or (plain and not want.detail):
        return
    budget = wants.budget_of(node, FETCHES)
    try:
        fetched = await node.fetcher.fetch(actor.uri, budget=budget)
        host = (await WebFinger(node.fetcher).confirm(fetched, budget=budget)).host
    except FederationError as error:
        if not error.permanent:
            raise
        host = actor.host  # who proves no other handle is called by the id's host
    async with node.db.tx() as tx:
        if host == actor.host and not want.detail:
            await names.put_host_plain(tx, actor.host)
        elif host != actor.host:
            for other_id in await names.list_unasked(tx, actor.host, _OTHERS):
                await wants.ask(tx, "handle", other_id, cooldown=ASKED_AGAIN)
        if host != actor.handle_host:
            await names.put_handle_host(tx, actor.id, host)


def _host_of(handle: str) -> str:
    try:
        return parse_handle(handle).host
    except FederationError:
        return ""

"""What a transaction does with activities: who sent it, may it, and to its feature's handler.

Owns the way of one activity, or of several that a handler takes together, from what was gathered to
how it ended. Opens no transaction and writes no outcome: `process` does, which also decides what is
tried again. What a person's policies say is asked of `moderation`.
"""

from collections.abc import Sequence
from typing import cast

import msgspec

from federation import vocab
from federation.budget import FetchBudget
from federation.errors import FederationError
from federation.gather import Gathered, gather
from moderation import engine
from moderation.facts import Facts
from moderation.verdict import Change, Drop, Hold, Stage
from node.db.database import Tx
from node.runtime import Node
from node.wire.incoming import Ended, HandlerOfSeveral, Incoming, Refused
from node.wire.reading import Batch, Ready
from node.wire.store import arrivals as store
from node.wire.store.arrivals import InboxItem, Outcome
from node.wire.waves import groups_of

GATHER_S = 10.0
GATHER_SHARE = 0.3  # of the longest time for a job


class Applying:
    """One attempt at some activities of a batch.

    `at` is the one at work, None while it is several or none; `outcomes` how they ended so far.
    """

    def __init__(self, node: Node, batch: Batch) -> None:
        self._node = node
        self._batch = batch
        self.at: Ready | None = None
        self.outcomes: list[Outcome] = []

    def budget(self) -> FetchBudget:
        """What one activity may fetch."""
        config = self._node.config
        seconds = min(GATHER_S, config.worker.job_timeout_s * GATHER_SHARE)
        return FetchBudget(config.federation.fetches_per_activity, seconds)

    async def gather(self, entry: Ready, budget: FetchBudget) -> Gathered:
        """What the handler needs, before any transaction. Raises: FederationError."""
        self.at = entry
        resolver = self._batch.resolver(self._node)
        gathered = await gather(entry.activity, self._batch.needs_of(entry), resolver, budget)
        for thing in list(gathered.things.values()):
            author = thing.attributed_to if isinstance(thing, vocab.Object) else None
            if author and author not in gathered.things and not await resolver.known(author):
                # A fetched post counts for nothing without its author.
                try:
                    gathered.things[author] = await resolver.fetch(author, budget)
                except FederationError:
                    if thing.id == gathered.activity.object_id:
                        raise  # what it only answers or quotes must not cost the post itself
        return gathered

    async def apply(
        self, tx: Tx, entries: Sequence[Ready], gathered: Sequence[Gathered], *, one_by_one: bool = False
    ) -> None:
        """Hand everything to its handler, several at once where that makes no difference.

        Raises: whatever a handler raises; `at` is then the one it was about, None if it was several.
        """
        found = {entry.item.id: things for entry, things in zip(entries, gathered, strict=True)}
        for group in [[entry] for entry in entries] if one_by_one else groups_of(entries):
            self.at = group[0] if len(group) == 1 else None
            await self._apply_group(tx, group, found)
        self.at = None

    async def _apply_group(self, tx: Tx, group: Sequence[Ready], found: dict[int, Gathered]) -> None:
        admitted: list[InboxItem] = []
        incomings: list[Incoming] = []
        for entry in group:
            incoming = await self._admit(tx, entry, found[entry.item.id])
            if isinstance(incoming, Outcome):
                self.outcomes.append(incoming)
            else:
                admitted.append(entry.item)
                incomings.append(incoming)
        handler = group[0].handler
        if handler is None or not incomings:
            return
        ended: Sequence[Ended]
        if handler.together:
            ended = await cast("HandlerOfSeveral", handler.function)(tx, self._node, incomings)
        else:
            ended = [await handler.function(tx, self._node, incomings[0])]
        self.outcomes += [_outcome(item, end) for item, end in zip(admitted, ended, strict=True)]

    async def _admit(self, tx: Tx, entry: Ready, gathered: Gathered) -> Incoming | Outcome:
        """What the handler is given, or how it ends without one."""
        item, known = entry.item, self._batch.known
        if entry.handler is None:
            meant = entry.activity.type in vocab.ACTIVITIES
            return Outcome(item.id, "ignored", "nothing_takes_it" if meant else "unknown_type")
        for thing in {id(thing): thing for thing in gathered.things.values()}.values():
            if isinstance(thing, vocab.Actor):
                await self._node.hooks.remember_actor(tx, self._node, thing)
        if gathered.things:
            known.update(await store.list_known(tx, self._batch.names_of(gathered)))
        sender = known.get(entry.activity.actor)
        if sender is None:
            await _note_unknown(tx, entry.activity)
            return Outcome(item.id, "ignored", "sender_unknown")
        if sender.deleted or sender.suspended:
            return Outcome(item.id, "refused", "sender_gone" if sender.deleted else "sender_suspended")
        facts = Facts(
            now=tx.now, sender_host=item.host, sender_local=False, followed_here=sender.followed_here
        )
        verdict = engine.judge(Stage.INBOUND, gathered.activity, facts)
        if isinstance(verdict, Drop):
            return Outcome(item.id, "refused", verdict.code)
        if isinstance(verdict, Hold):
            return Outcome(item.id, "held", verdict.code)
        if isinstance(verdict, Change):
            gathered = msgspec.structs.replace(gathered, activity=verdict.activity)
        return Incoming(
            gathered=gathered,
            sender=sender,
            known=known,
            received_at=item.received_at,
            body=item.body,
            refetched=item.refetch,
            bearer_key_id=item.signer_key_id,
            announcer=known.get(entry.announcer) if entry.announcer else None,
        )


def _outcome(item: InboxItem, ended: Ended) -> Outcome:
    if ended is None:
        return Outcome(item.id, "done")
    return Outcome(item.id, "refused" if isinstance(ended, Refused) else "ignored", ended.code)


async def _note_unknown(tx: Tx, activity: vocab.Activity) -> None:
    """A Delete counts also from somebody we do not know: the post may still be on its way (DEL-02)."""
    uri = activity.object_id
    if activity.type == "Delete" and uri and uri != activity.actor and vocab.same_host(uri, activity.actor):
        await store.put_tombstone(tx, uri, "", activity.actor)

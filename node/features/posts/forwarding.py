"""Answers to our people, handed on to those who follow them elsewhere. Spec: AP §7.1.2.

A follower's house sees an answer only if its author's house thought of it; ours knows who follows. The
bytes go on exactly as they came, so that the author's own proof holds, and to nobody's house twice.
`inbound` calls this in the transaction that stored the answer.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import msgspec

from federation import forwarding, vocab
from federation.forwarding import Situation
from node.db.batches import in_batches
from node.db.database import Tx
from node.features.posts.store import owners
from node.features.posts.store.owners import Owner
from node.runtime import Node
from node.wire.incoming import Incoming
from node.wire.publish import HandedOn, hand_on
from node.wire.store import handed

MAX_DEPTH: Final = 8  # of answers to answers; below that a thread is no longer about our post


class Answer(msgspec.Struct, frozen=True):
    """A stored post that answers something, and the activity that told of it."""

    incoming: Incoming
    post_id: int


def is_candidate(incoming: Incoming, thing: vocab.Object | None) -> bool:
    """Whether it is worth a look: an answer, brought by its author's own word, that others can prove."""
    answers = thing is None or bool(thing.in_reply_to)
    return answers and not incoming.refetched and _is_provable(incoming)


def _is_provable(incoming: Incoming) -> bool:
    raw = incoming.activity.raw
    # Without a proof the next reader asks the author's host, which answers strangers for what is public.
    return "proof" in raw or "signature" in raw or vocab.PUBLIC in incoming.addressed()


async def hand_on_answers(tx: Tx, answers: Sequence[Answer]) -> None:
    """Hand on those that lead to posts of ours, to the followers of who wrote these."""
    if not answers:
        return
    found = await owners.list_owners(tx, [answer.post_id for answer in answers], MAX_DEPTH)
    several = [
        HandedOn(
            uri=activity.id,
            kind=activity.type,
            author_id=answer.incoming.sender.id,
            object_uri=activity.object_id or "",
            body=answer.incoming.body,
            owner_ids=tuple(owner.actor_id for owner in whose),
            not_host=answer.incoming.sender.host,
        )
        for answer in answers
        if (whose := _who_hands_on(answer.incoming, found.get(answer.post_id, ())))
        and (activity := answer.incoming.activity).id
    ]
    if several:
        await hand_on(tx, several)


def _who_hands_on(incoming: Incoming, found: Sequence[Owner]) -> list[Owner]:
    if not found:
        return []
    links = forwarding.links_of(incoming.activity.raw)
    situation = Situation(
        first_seen=True,  # the row was made just now
        provable=True,
        our_collections=frozenset(owner.followers_uri for owner in found),
        our_objects=links.about,  # each leads to a post of ours: that is how the owners were found
    )
    chosen = forwarding.decide(links, situation)
    return [owner for owner in found if owner.followers_uri in chosen]


async def forget(node: Node) -> None:
    """What was passed on is kept as long as what arrived."""
    before = node.clock.now() - timedelta(days=node.config.federation.inbox_retention_days)

    async def delete(tx: Tx, rows: int) -> int:
        return await handed.delete_handed_on(tx, before, rows)

    await in_batches(node.db, delete)

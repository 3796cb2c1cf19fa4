"""Polls for tests: one node that asks, and what strangers send about polls."""

from __future__ import annotations

from typing import Any

from node.db.rows import Window
from node.features.actors.store.reads import Actor
from node.features.polls.service import PollDraft
from node.features.polls.store import Poll
from node.features.posts import service, views
from node.features.posts.service import Draft
from node.features.reading import store as reading
from tests.node.wire.strangers import (
    Stranger,
    outcome,
    run,
)
from tests.rig import Rig, RigNode

ANSWERS = ("Samstag", "Sonntag", "Nie")


class House:
    """One node, its clock, and what happens there."""

    def __init__(self, rig: Rig, node: RigNode) -> None:
        self.rig = rig
        self.node = node

    async def ask(self, author: Actor, **draft: Any) -> tuple[int, str]:
        """A poll of ours: its id and address."""
        asked = {"titles": ANSWERS, "open_s": 86_400} | {
            name: draft.pop(name) for name in ("multiple", "hide_totals") if name in draft
        }
        async with self.node.db.tx() as tx:
            wanted = Draft(**{"source": "Wann?", "poll": PollDraft(**asked), **draft})
            post_id = await service.write_post(tx, self.node.node, author.id, wanted)
        return post_id, f"{self.node.origin}/ap/notes/{post_id}"

    async def hear(self, who: Stranger, *activities: dict[str, Any]) -> list[tuple[str, str]]:
        """Take in activities one by one, each a moment later; how each ended."""
        ends = []
        for activity in activities:
            self.rig.clock.advance(milliseconds=7)
            assert await who.send(self.node, activity, now=self.rig.clock.now()) == 202
            await run(self.node)
            ends.append(await outcome(self.node, activity))
        return ends

    async def sweep(self, **later: float) -> None:
        """Let time pass, then what a worker does every half minute."""
        self.rig.clock.advance(**later)
        await self.node.sweep()
        await run(self.node)

    async def poll(self, post_id: int, viewer: Actor | None = None) -> Poll:
        async with self.node.db.read() as tx:
            found = await views.get_post(tx, post_id, viewer.id if viewer else None)
        assert found.poll is not None
        return found.poll

    async def told(self, owner: Actor) -> list[str]:
        async with self.node.db.read() as tx:
            return [one.kind for one in await reading.list_notifications(tx, owner.id, Window())]

    async def id_of(self, uri: str) -> int:
        async with self.node.db.read() as tx:
            found: int = await tx.fetchval("SELECT id FROM posts WHERE uri = $1", uri)
        return found


def vote(who: Stranger, poll_uri: str, title: str, author_uri: str = "", **more: Any) -> dict[str, Any]:
    """A vote as Mastodon sends it."""
    to = author_uri or poll_uri
    note = {
        "id": who.new_id("votes"), "type": "Note", "name": title, "attributedTo": who.uri,
        "inReplyTo": poll_uri, "to": to, **more,
    }  # fmt: skip
    return who.does("Create", note, to=to)


def question(who: Stranger, *counts: int | None, **more: Any) -> dict[str, Any]:
    """A poll of a stranger's."""
    options = [
        {"type": "Note", "name": title, "replies": {"type": "Collection", "totalItems": count}}
        for title, count in zip(ANSWERS, counts or (0, 0, 0), strict=True)
    ]
    fields = {"type": "Question", "oneOf": options, "endTime": "2026-11-24T10:15:00Z"}
    fields["votersCount"] = sum(filter(None, counts))
    return who.note("<p>Wann?</p>", **(fields | more))

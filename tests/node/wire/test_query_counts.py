"""How many statements a page and an arrived activity cost: as many for twenty things as for five."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from node.features.actors.store import Actor
from node.features.follows import service as follows
from node.features.posts import reactions
from node.features.posts import service as posts
from node.features.posts.service import Draft
from node.wire import process
from tests.node.features.accounts.browser import Browser
from tests.node.features.api_client import ALL_SCOPES, Clients
from tests.node.wire.strangers import PUBLIC, Stranger, faults
from tests.rig import Rig, RigNode

PAGES = (
    "/", "/house-news", "/world", "/@jonas", "/@jonas/{root}", "/tags/thema", "/notifications", "/messages",
    "/bookmarks", "/search?q=thema",
)  # fmt: skip
ANSWERS = (
    "/api/v1/timelines/home", "/api/v1/timelines/public?local=true", "/api/v1/timelines/tag/thema",
    "/api/v1/statuses/{root}/context", "/api/v1/accounts/{author}/statuses", "/api/v1/notifications",
    "/api/v2/notifications", "/api/v1/bookmarks", "/api/v1/favourites",
    "/ap/users/{author}/outbox/page/0", "/ap/notes/{root}/replies",
)  # fmt: skip


class Statements:
    """Every statement a node sends to its database."""

    def __init__(self, node: RigNode) -> None:
        self.seen: list[str] = []

        async def watch(connection: Any) -> None:
            connection.add_query_logger(self._note)

        for holder in node.db.pool._holders:
            holder._setup = watch

    def _note(self, record: Any) -> None:
        if not record.query.startswith(("BEGIN", "COMMIT", "SELECT pg_advisory_unlock_all")):
            self.seen.append(" ".join(record.query.split())[:120])

    def take(self) -> list[str]:
        """What was sent since the last time."""
        taken, self.seen = self.seen, []
        return taken


@pytest.fixture
def statements(lindenhof: RigNode) -> Statements:
    return Statements(lindenhof)


async def fill(rig: Rig, node: RigNode, author: Actor, reader: Actor, root: int, count: int) -> None:
    """Posts, answers, messages, thanks and bookmarks by the dozen."""
    for n in range(count):
        rig.clock.advance(seconds=3)
        async with node.db.tx() as tx:
            public = Draft(source=f"Nummer {n} #thema @amina", in_reply_to_id=root)
            post_id = await posts.write_post(tx, node.node, author.id, public)
            await posts.write_post(
                tx, node.node, author.id, Draft(source=f"Nummer {n} @amina", audience="direct")
            )
            await posts.write_post(tx, node.node, author.id, Draft(source=f"Allein {n}"))
            await reactions.like(tx, node.node, reader.id, post_id)
            await reactions.bookmark(tx, reader.id, post_id)


@pytest.fixture
async def jonas(lindenhof: RigNode) -> AsyncIterator[Actor]:
    yield await lindenhof.person("jonas")


async def test_twenty_things_cost_no_more_statements_than_five(
    rig: Rig, lindenhof: RigNode, amina: Actor, jonas: Actor, statements: Statements
) -> None:
    node = lindenhof
    async with node.db.tx() as tx:
        await follows.follow(tx, node.node, amina.id, jonas.id)
        root = await posts.write_post(tx, node.node, jonas.id, Draft(source="Anfang"))
    costs: list[dict[str, int]] = []
    async with Browser(node.origin) as browser, Clients(node) as clients:
        await browser.sign_in("amina")
        client = await clients.program_of(amina, ALL_SCOPES)
        for more in (5, 15):
            await fill(rig, node, jonas, amina, root, more)
            cost = {}
            for template in (*PAGES, *ANSWERS):
                path = template.format(root=root, author=jonas.id)
                counts = []
                for _ in range(
                    3
                ):  # the first fills caches; one that runs out meanwhile is no cost of the page
                    statements.take()
                    if template in PAGES:
                        await browser.get(path)
                        assert browser.status == 200, path
                    else:
                        accept = {"Accept": "application/activity+json"}
                        assert (await client.call("GET", path, headers=accept)).status == 200, path
                    counts.append(len(statements.take()))
                cost[template] = min(counts)
            costs.append(cost)
    assert costs[0] == costs[1]
    assert max(cost for path, cost in costs[1].items() if path != "/") <= 12, costs[1]
    assert costs[1]["/"] <= 17, costs[1]


def _notes(who: Stranger, ids: list[str]) -> list[dict[str, Any]]:
    return [who.does("Create", who.note(tag=[{"type": "Hashtag", "name": "#leeks"}])) for _ in ids]


def _answers(who: Stranger, ids: list[str]) -> list[dict[str, Any]]:
    return [who.does("Create", who.note(inReplyTo=uri)) for uri in ids]


def _likes(who: Stranger, ids: list[str]) -> list[dict[str, Any]]:
    return [who.does("Like", uri) for uri in ids]


def _boosts(who: Stranger, ids: list[str]) -> list[dict[str, Any]]:
    return [who.does("Announce", uri, to=[PUBLIC]) for uri in ids]


def _deletions(who: Stranger, ids: list[str]) -> list[dict[str, Any]]:
    return [who.does("Delete", {"id": who.new_id("n"), "type": "Tombstone"}) for _ in ids]


# What a batch costs in statements, however many of one kind are in it.
ARRIVING = {
    "Create": (_notes, 10), "answers": (_answers, 13), "Like": (_likes, 13), "Announce": (_boosts, 14),
    "Delete": (_deletions, 13),
}  # fmt: skip


@pytest.mark.parametrize("kind", ARRIVING)
async def test_a_batch_costs_as_many_statements_as_one_activity(
    kind: str, rig: Rig, lindenhof: RigNode, follower: Actor, vera: Stranger, statements: Statements
) -> None:
    make, most = ARRIVING[kind]
    async with lindenhof.db.tx() as tx:
        ids = [
            f"{lindenhof.origin}/ap/notes/"
            + str(await posts.write_post(tx, lindenhof.node, follower.id, Draft(source=f"Nummer {n}")))
            for n in range(20)
        ]
    costs = []
    for some in (ids[:1], ids[1:]):
        for activity in make(vera, some):
            rig.clock.advance(milliseconds=7)
            assert await vera.send(lindenhof, activity) == 202
        statements.take()
        await process.drain(lindenhof.node)
        costs.append(statements.take())
    assert await faults(lindenhof) == []
    assert [line for line in costs[1] if line not in costs[0]] == []
    assert len(costs[1]) <= len(costs[0]) <= most, "\n".join(costs[0])

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
from tests.node.features.accounts.browser import Browser
from tests.node.features.api_client import ALL_SCOPES, Clients
from tests.node.wire.strangers import Stranger, faults, run
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
PER_CREATE = 1
PER_BATCH = 16
PER_LIKE = 5


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


async def test_an_arrived_post_costs_few_statements(
    rig: Rig, lindenhof: RigNode, follower: Actor, vera: Stranger, statements: Statements
) -> None:
    for _ in range(20):
        rig.clock.advance(milliseconds=7)
        assert await vera.send(lindenhof, vera.does("Create", vera.note())) == 202
    statements.take()
    await run(lindenhof)
    sent = statements.take()
    assert await faults(lindenhof) == []
    assert len(sent) <= PER_BATCH + 20 * PER_CREATE, "\n".join(sent)


async def test_an_arrived_like_costs_few_statements(
    rig: Rig, lindenhof: RigNode, follower: Actor, vera: Stranger, statements: Statements
) -> None:
    async with lindenhof.db.tx() as tx:
        ids = [
            await posts.write_post(tx, lindenhof.node, follower.id, Draft(source=f"Nummer {n}"))
            for n in range(20)
        ]
    for post_id in ids:
        rig.clock.advance(milliseconds=7)
        assert await vera.send(lindenhof, vera.does("Like", f"{lindenhof.origin}/ap/notes/{post_id}")) == 202
    statements.take()
    await run(lindenhof)
    sent = statements.take()
    assert await faults(lindenhof) == []
    assert len(sent) <= PER_BATCH + 20 * PER_LIKE, "\n".join(sent)

"""How many statements a page and an arrived activity cost: as many for twenty things as for five."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from node.feature import Route
from node.features.actors.store.reads import Actor
from node.features.follows import service as follows
from node.features.posts import reactions
from node.features.posts import service as posts
from node.features.posts.service import Draft
from node.features.registry import FEATURES
from node.services import database_url
from tests.bench import crowd
from tests.node.features.accounts.browser import Browser
from tests.node.features.api_client import ALL_SCOPES, Clients
from tests.node.wire.strangers import Stranger, faults, run
from tests.rig import Rig, RigNode

# Every GET route there is, with something real in its places; what needs a word is asked for one.
ROUTES = [route for feature in FEATURES for route in feature.routes if route.method == "GET"]
ABOUT_POSTS = ("/ap/notes/", "/posts/", "/api/v1/statuses/", "/@{handle}/{id")
ASKED = {
    "/search": "q=thema", "/api/v2/search": "q=thema", "/api/v1/accounts/search": "q=person",
    "/api/v1/accounts/lookup": "acct=jonas", "/api/v1/accounts": "id[]={author}",
    "/api/v1/accounts/relationships": "id[]={author}", "/api/v1/statuses": "id[]={root}",
    "/.well-known/webfinger": "resource=acct:jonas@{host}", "/api/v1/markers": "timeline[]=home",
}  # fmt: skip
WORDS = {"handle": "jonas", "tag": "thema", "hashtag": "thema", "version": "2.1", "before": str(2**62)}
MOST = 12
# Today greets, asks for what waits, and shows a timeline.
DEARER = {"/": 15}
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


def path_of(route: Route, node: RigNode, author: int, root: int) -> str:
    """A route's address on this node, with a person or a post in its places."""
    number = str(root if route.path.startswith(ABOUT_POSTS) else author)

    def filled(found: re.Match[str]) -> str:
        name, _, rule = found[1].partition(":")
        if "|" in rule:
            return rule.partition("|")[0]
        return number if name == "id" else WORDS.get(name, "word")

    path = re.sub(r"\{((?:[^{}]|\{[^{}]*\})*)\}", filled, route.path)
    query = ASKED.get(route.path, "").format(author=author, root=root, host=node.host)
    return f"{path}?{query}" if query else path


async def more_people(node: RigNode, followed: Actor, count: int) -> None:
    """`count` people from elsewhere who follow somebody."""
    database = await asyncpg.connect(database_url(node.node.config))
    try:
        await crowd.add_followers(database, followed.id, crowd.Crowd(hosts=5), count)
    finally:
        await database.close()


async def test_twenty_things_cost_no_more_statements_than_five(
    rig: Rig, lindenhof: RigNode, amina: Actor, jonas: Actor, statements: Statements
) -> None:
    node = lindenhof
    async with node.db.tx() as tx:
        await tx.execute("UPDATE accounts SET role = 'admin' WHERE actor_id = $1", amina.id)
        await follows.follow(tx, node.node, amina.id, jonas.id)
        root = await posts.write_post(tx, node.node, jonas.id, Draft(source="Anfang"))
    costs: list[dict[str, int]] = []
    async with Browser(node.origin) as browser, Clients(node) as clients:
        await browser.sign_in("amina")
        client = await clients.program_of(amina, ALL_SCOPES)
        for more in (5, 15):
            await fill(rig, node, jonas, amina, root, more)
            await more_people(node, jonas, more)
            cost = {}
            for route in ROUTES:
                path = path_of(route, node, jonas.id, root)
                for _ in range(2):  # the second time counts: the first may fill caches
                    statements.take()
                    if route.access in ("token", "maybe_token", "app_token", "wire"):
                        accept = {"Accept": "application/activity+json"}
                        status = (await client.call("GET", path, headers=accept)).status
                    else:
                        status = (await browser.get(path)).status
                    assert status < 500, path
                cost[route.path] = len(statements.take())
            costs.append(cost)
    assert {path: (costs[0][path], cost) for path, cost in costs[1].items() if cost > costs[0][path]} == {}
    assert {path: cost for path, cost in costs[1].items() if cost > DEARER.get(path, MOST)} == {}
    # Who asks is known, and nothing on the page is new: what is there and how it stands for the reader.
    assert costs[1]["/api/v1/timelines/home"] == 1


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

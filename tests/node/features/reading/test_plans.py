"""What PostgreSQL does to read a page of a grown node: it walks an index, and stops when the page is full."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import asyncpg

from node.db.database import Tx
from node.db.rows import Window
from node.features.posts import views as posts
from node.features.posts.store import reads
from node.features.reading import store, views
from node.services import database_url
from tests.bench.crowd import Crowd, settle
from tests.rig import RigNode

YOUNG, GROWN = 12_000, 40_000
BIG = (
    "posts",
    "home_entries",
    "likes",
    "boosts",
    "post_tags",
    "post_mentions",
    "media",
    "notifications",
    "actors",
)
# Rows looked at for twenty shown: some for every join, and for what is left out on the way.
MOST_ROWS = 3_000


class Grown:
    """A node with many posts, and the plans of what is asked of it."""

    def __init__(self, node: RigNode, owner_id: int) -> None:
        self.node = node
        self.owner_id = owner_id

    async def plans(self, read: Callable[[Tx, int], Awaitable[object]]) -> list[tuple[str, dict[str, Any]]]:
        """Run `read`, and explain every statement it sent, under the settings it was sent with."""
        sent: list[tuple[str, tuple[object, ...]]] = []
        async with self.node.db.read() as tx:
            explain = tx.execute, tx.fetchval
            await read(_noting(tx, sent), self.owner_id)
            found = []
            for statement, given in sent:
                found.append((" ".join(statement.split())[:200], await _plan(*explain, statement, given)))
        return found


async def _plan(execute: Any, fetchval: Any, statement: str, given: tuple[object, ...]) -> dict[str, Any]:
    """The plan a prepared statement has for all values, and what it did with these."""
    await execute(f"PREPARE shown AS {statement}")
    try:
        values = f"({', '.join(map(_literal, given))})" if given else ""
        answer = await fetchval(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE shown{values}")
    finally:
        await execute("DEALLOCATE shown")
    plan: dict[str, Any] = json.loads(answer)[0]["Plan"]
    return plan


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool | int):
        return str(value)
    text = "{" + ",".join(map(str, value)) + "}" if isinstance(value, list) else str(value)
    return "'" + text.replace("'", "''") + "'"


def _noting(tx: Tx, sent: list[tuple[str, tuple[object, ...]]]) -> Tx:
    def noting(fetch: Any) -> Any:
        async def noted(statement: str, *given: object) -> Any:
            sent.append((statement, given))
            return await fetch(statement, *given)

        return noted

    for name in ("fetch", "fetchrow", "fetchval"):
        setattr(tx, name, noting(getattr(tx, name)))
    return tx


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every step of a plan."""
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes_of(below)


async def grow(node: RigNode, posts: int) -> Grown:
    """`posts` posts in the node, and somebody who follows a tenth of their authors."""
    owner = await node.person("olena")
    database = await asyncpg.connect(database_url(node.node.config))
    try:
        await settle(database, owner.id, Crowd(posts=posts, people=3_000, hosts=100, follows=600))
    finally:
        await database.close()
    return Grown(node, owner.id)


async def _home(tx: Tx, owner_id: int) -> None:
    entries = await store.list_home(tx, owner_id, Window())
    assert len(await views.list_entries(tx, entries, owner_id)) == 20


async def _older_home(tx: Tx, owner_id: int) -> None:
    newest = await store.list_home(tx, owner_id, Window(limit=40))
    assert len(await store.list_home(tx, owner_id, Window(max_id=newest[-1].id))) == 20


async def _public(tx: Tx, owner_id: int) -> None:
    assert len(await store.list_public(tx, owner_id, Window(), store.Which())) == 20


async def _local(tx: Tx, owner_id: int) -> None:
    assert len(await store.list_public(tx, None, Window(), store.Which(local=True))) == 20


async def _tag(tx: Tx, owner_id: int) -> None:
    assert len(await store.list_tag(tx, "tag7", owner_id, Window(), store.Which())) == 20


async def _profile(tx: Tx, owner_id: int) -> None:
    assert len(await store.list_author(tx, owner_id, None, Window(), store.AuthorList())) == 20


async def _notifications(tx: Tx, owner_id: int) -> None:
    found = await store.list_notifications(tx, owner_id, Window())
    assert len(await views.list_notifications(tx, found, owner_id)) == 20


async def _messages(tx: Tx, owner_id: int) -> None:
    await store.list_messages(tx, owner_id, Window())


async def _unread(tx: Tx, owner_id: int) -> None:
    assert await store.count_unread(tx, owner_id) == 100


async def _thread(tx: Tx, owner_id: int) -> None:
    answered = await tx.fetchval(
        "SELECT in_reply_to_id FROM posts WHERE in_reply_to_id > 0 ORDER BY id DESC LIMIT 1"
    )
    assert (await posts.list_thread(tx, answered, owner_id)).descendants


async def _outbox(tx: Tx, owner_id: int) -> None:
    assert len(await reads.list_public_ids(tx, owner_id, Window())) == 20


READS = (
    _home,
    _older_home,
    _public,
    _local,
    _tag,
    _profile,
    _notifications,
    _messages,
    _unread,
    _thread,
    _outbox,
)


async def test_no_list_reads_a_table_through(lindenhof: RigNode) -> None:
    grown = await grow(lindenhof, GROWN)
    for read in READS:
        for statement, plan in await grown.plans(read):
            for step in nodes_of(plan):
                name = f"{read.__name__}: {step['Node Type']} on {step.get('Relation Name')}: {statement}"
                assert step["Node Type"] != "Seq Scan" or step["Relation Name"] not in BIG, name
                rows = step["Actual Rows"] * step["Actual Loops"] + step.get("Rows Removed by Filter", 0)
                assert rows <= MOST_ROWS, f"{rows} rows, {name}"


async def test_a_page_costs_no_more_when_there_is_much(lindenhof: RigNode, lernwerk: RigNode) -> None:
    # Counted in blocks of the tables, which no busy machine can blur.
    young, old = await grow(lernwerk, YOUNG), await grow(lindenhof, GROWN)
    costs = {read.__name__: (await _blocks(young, read), await _blocks(old, read)) for read in READS}
    assert all(later <= 1.5 * sooner + 40 for sooner, later in costs.values()), costs


async def _blocks(grown: Grown, read: Callable[[Tx, int], Awaitable[object]]) -> int:
    plans = await grown.plans(read)
    return sum(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] for _, plan in plans)

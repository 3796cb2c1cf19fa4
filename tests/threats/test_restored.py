"""A house is put back to how it was yesterday, while the others went on."""

from __future__ import annotations

import email
import io

import asyncpg

from node.db.database import Tx
from node.features.accounts import mail
from node.features.actors import lookup
from node.features.follows import service as follows
from node.features.posts import service as posts
from node.features.posts.service import Draft
from tests.node.features.readers import write
from tests.node.wire.strangers import wrong_counters
from tests.rig import Rig, RigNode

_COLUMNS = """SELECT c.table_name, array_agg(c.column_name::text) AS columns
              FROM information_schema.columns c JOIN pg_tables t ON t.tablename = c.table_name
              WHERE t.schemaname = 'public' AND c.table_schema = 'public' AND c.is_generated = 'NEVER'
              GROUP BY c.table_name ORDER BY c.table_name"""
_COUNTERS = "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'"


class Copy:
    """The whole database of a node at one moment."""

    def __init__(self) -> None:
        self._tables: dict[str, tuple[list[str], bytes]] = {}
        self._counters: list[asyncpg.Record] = []

    async def take(self, node: RigNode) -> None:
        async with node.db.pool.acquire() as connection:
            for row in await connection.fetch(_COLUMNS):
                file = io.BytesIO()
                await connection.copy_from_table(row["table_name"], columns=row["columns"], output=file)
                self._tables[row["table_name"]] = (row["columns"], file.getvalue())
            self._counters = await connection.fetch(_COUNTERS)

    async def put_back(self, node: RigNode) -> None:
        async with node.db.pool.acquire() as connection, connection.transaction():
            await connection.execute("SET LOCAL session_replication_role = replica")
            for name in self._tables:
                await connection.execute(f'TRUNCATE "{name}" CASCADE')
            for name, (columns, content) in self._tables.items():
                await connection.copy_to_table(name, columns=columns, source=io.BytesIO(content))
            for row in self._counters:
                if row["last_value"] is not None:
                    await connection.execute(
                        "SELECT setval($1::regclass, $2)", row["sequencename"], row["last_value"]
                    )
        node.node.caches.clear()
        node._woken.clear()
        await node.node.valkey.flushdb()


async def said(node: RigNode) -> list[str]:
    async with node.db.read() as tx:
        return [row["html"] for row in await tx.fetch("SELECT html FROM posts ORDER BY published_at, id")]


async def likes(tx: Tx, post_id: int) -> int:
    return int(await tx.fetchval("SELECT likes_count FROM posts WHERE id = $1", post_id))


async def link(rig: Rig, here: RigNode, follower_id: int, uri: str) -> None:
    known = await lookup.resolve_uri(here.node, uri)
    async with here.db.tx() as tx:
        await follows.follow(tx, here.node, follower_id, known.id)
    await rig.settle()


async def test_rel_38_a_house_put_back_to_yesterday_harms_nobody_and_goes_on(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    amina, jonas = await lindenhof.person("amina"), await lindenhof.person("jonas")
    olena = await lernwerk.person("olena")
    await link(rig, lernwerk, olena.id, amina.uri)
    await link(rig, lindenhof, amina.id, olena.uri)
    old = await write(lindenhof, amina, "before")
    await rig.settle()
    rig.clock.advance(minutes=1)
    async with lindenhof.db.tx() as tx:  # what is on its way when the copy is made
        await posts.write_post(tx, lindenhof.node, amina.id, Draft(source="on its way"))
        assert await mail.queue_mail(tx, "amina@example.org", "Hallo", "Guten Tag.")
    copy = Copy()
    await copy.take(lindenhof)
    await lindenhof.sweep()
    await rig.settle()
    rig.clock.advance(hours=1)
    await write(lindenhof, amina, "lost")
    await link(rig, lernwerk, olena.id, jonas.uri)
    rig.clock.advance(minutes=1)
    await write(lernwerk, olena, f"Hallo @amina@{lindenhof.host}")
    await rig.settle()
    theirs = await said(lernwerk)
    assert theirs[:3] == ["<p>before</p>", "<p>on its way</p>", "<p>lost</p>"] and len(theirs) == 4
    letter = (await said(lindenhof))[-1]
    assert letter.startswith("<p>Hallo")

    await copy.put_back(lindenhof)
    rig.clock.advance(hours=23)
    await lindenhof.sweep()
    await rig.settle()
    assert await said(lernwerk) == theirs, "nothing is deleted, nothing stands twice"
    ids = {
        email.message_from_bytes(file.read_bytes())["Message-ID"]
        for file in (lindenhof.node.config.data_dir / "mail").glob("*.eml")
    }
    assert len(ids) == 1, "a mail that goes out again is the same mail"

    async with lernwerk.db.tx() as tx:  # they had not heard that it arrived
        await tx.execute(
            "UPDATE deliveries SET state = 'due', ended_at = NULL, attempts = 0, next_attempt_at = $1", tx.now
        )
    for _ in range(2):
        await lernwerk.sweep()
        await rig.settle()
    assert (await said(lindenhof)).count(letter) == 1
    async with lindenhof.db.read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM notifications WHERE kind = 'mention'") == 1
        assert await likes(tx, old) == 0 and await wrong_counters(tx) == []
        names = [row["username"] for row in await tx.fetch(
            """SELECT a.username FROM follows f JOIN actors a ON a.id = f.followee_id
               WHERE f.state = 'accepted' AND a.local ORDER BY 1""")]  # fmt: skip
    assert names == ["amina", "jonas"], "a follow they send again is one again"

    rig.clock.advance(minutes=1)
    await write(lindenhof, amina, "after")
    rig.clock.advance(minutes=1)
    await write(lindenhof, jonas, "after that")
    await rig.settle()
    assert await said(lernwerk) == [*theirs, "<p>after</p>", "<p>after that</p>"]

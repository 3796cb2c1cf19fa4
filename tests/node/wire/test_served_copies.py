"""Public answers about people are kept in memory, and never outlive what they say."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import aiohttp
import asyncpg
import pytest

from node.copies import Copies, copies_of
from node.features.accounts.store.people import put_state
from node.features.actors import burial, rotation
from node.features.actors import service as actors
from node.features.actors.store.reads import Actor, get_actor
from node.features.actors.store.writes import put_actor, put_deleted, put_moved
from node.features.follows import moves
from node.services import database_url
from tests.rig import RigNode

ACCEPT = {"Accept": "application/activity+json"}
Act = Callable[[RigNode, Actor], Awaitable[None]]


class Peer:
    """Somebody who asks for a person's document and address book entry."""

    def __init__(self, node: RigNode, actor: Actor, session: aiohttp.ClientSession) -> None:
        self.node = node
        self.paths = (
            urlsplit(actor.uri).path,
            f"/.well-known/webfinger?resource=acct:{actor.username}@{node.host}",
        )
        self._session = session

    async def ask(self, path: str, **headers: str) -> tuple[int, bytes, str]:
        """Status, body and entity tag."""
        url = self.node.origin + path
        async with self._session.get(url, headers={**ACCEPT, **headers}, allow_redirects=False) as answer:
            return answer.status, await answer.read(), answer.headers.get("ETag", "")

    async def statuses(self) -> list[int]:
        """What both addresses answer."""
        return [(await self.ask(path))[0] for path in self.paths]


@pytest.fixture
async def amina(lindenhof: RigNode) -> Actor:
    return await lindenhof.person("amina")


async def told(node: RigNode, turn: int) -> None:
    """Until the process has heard of a change."""
    copies = copies_of(node.node)
    assert copies is not None
    async with asyncio.timeout(10):
        while copies.turn == turn:
            await asyncio.sleep(0.01)


async def _suspend(node: RigNode, actor: Actor) -> None:
    async with node.db.tx() as tx:
        await tx.execute("UPDATE actors SET suspended_at = $2 WHERE id = $1", actor.id, tx.now)


async def _delete(node: RigNode, actor: Actor) -> None:
    async with node.db.tx() as tx:
        await put_deleted(tx, actor.id)


async def _shut_out(node: RigNode, actor: Actor) -> None:
    async with node.db.tx() as tx:
        await tx.execute("UPDATE accounts SET state = 'waiting' WHERE actor_id = $1", actor.id)


ENDS: dict[str, tuple[Act, list[int]]] = {
    "suspended": (_suspend, [404, 404]),
    "deleted": (_delete, [410, 410]),
    "shut out": (_shut_out, [404, 404]),
}


@pytest.mark.parametrize("end", ENDS)
async def test_who_is_gone_is_gone_at_once(lindenhof: RigNode, amina: Actor, end: str) -> None:
    act, expected = ENDS[end]
    copies = copies_of(lindenhof.node)
    assert copies is not None
    async with aiohttp.ClientSession() as session:
        peer = Peer(lindenhof, amina, session)
        assert await peer.statuses() == [200, 200]
        assert await peer.statuses() == [200, 200]
        assert copies.find(peer.paths[0]) is not None
        turn = copies.turn
        await act(lindenhof, amina)
        await told(lindenhof, turn)
        assert await peer.statuses() == expected


async def test_a_changed_profile_is_served_changed(lindenhof: RigNode, amina: Actor) -> None:
    copies = copies_of(lindenhof.node)
    assert copies is not None
    async with aiohttp.ClientSession() as session:
        peer = Peer(lindenhof, amina, session)
        _, before, tag = await peer.ask(peer.paths[0])
        turn = copies.turn
        async with lindenhof.db.tx() as tx:
            await tx.execute("UPDATE actors SET display_name = 'Amina K.' WHERE id = $1", amina.id)
        await told(lindenhof, turn)
        status, after, fresh_tag = await peer.ask(peer.paths[0], **{"If-None-Match": tag})
        assert (status, b"Amina K." in after, b"Amina K." in before) == (200, True, False)
        assert (await peer.ask(peer.paths[0], **{"If-None-Match": f'W/{fresh_tag}, "other"'}))[:2] == (
            304,
            b"",
        )


async def _rename(node: RigNode, actor: Actor) -> None:
    async with node.db.tx() as tx:
        await actors.update_profile(tx, node.node, actor.id, actors.ProfileChange(display_name="Amina K."))


async def _rotate(node: RigNode, actor: Actor) -> None:
    fresh = await rotation.make_keys()
    async with node.db.tx() as tx:
        await rotation.rotate(tx, node.node, actor.id, fresh)


async def _come_back(node: RigNode, actor: Actor) -> None:
    async with node.db.tx() as tx:
        await moves.come_back(tx, node.node, actor.id)


async def _bury(node: RigNode, actor: Actor) -> None:
    async with node.db.tx() as tx:
        await burial.bury(tx, actor.id, actor.uri, actor.kind)


async def _let_in_no_more(node: RigNode, actor: Actor) -> None:
    async with node.db.tx() as tx:
        assert await put_state(tx, actor.id, ("active",), "waiting")


CHANGES = {
    "renamed": _rename, "keys": _rotate, "come back": _come_back, "deleted": _bury, "shut out": _let_in_no_more,
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
async def test_what_this_process_changed_is_shown_before_the_database_says_so(
    lindenhof: RigNode, amina: Actor, change: str
) -> None:
    copies = copies_of(lindenhof.node)
    assert copies is not None
    async with lindenhof.db.tx() as tx:
        await put_moved(tx, amina.id, "https://elsewhere.example/users/amina")
    async with aiohttp.ClientSession() as session:
        peer = Peer(lindenhof, amina, session)
        copies.changes._changed = lambda _: None  # the word is still on its way
        before = await peer.ask(peer.paths[0])
        assert copies.find(peer.paths[0]) is not None
        await CHANGES[change](lindenhof, amina)
        after = await peer.ask(peer.paths[0])
        assert (before[0], before != after) == (200, True)


async def test_counts_change_without_a_word(lindenhof: RigNode, amina: Actor) -> None:
    """Every follow and every post changes a row's counts; nobody need be told, the answers hold none."""
    copies = copies_of(lindenhof.node)
    assert copies is not None
    turn = copies.turn
    async with lindenhof.db.tx() as tx:
        await tx.execute(
            "UPDATE actors SET followers_count = 5, last_post_at = $2 WHERE id = $1", amina.id, tx.now
        )
        await tx.execute("UPDATE actors SET locked = true WHERE id = $1", amina.id)
    await told(lindenhof, turn)
    assert copies.turn == turn + 1


async def test_while_nobody_listens_nothing_is_kept(lindenhof: RigNode, amina: Actor) -> None:
    copies = copies_of(lindenhof.node)
    assert copies is not None
    async with aiohttp.ClientSession() as session:
        peer = Peer(lindenhof, amina, session)
        assert await peer.statuses() == [200, 200]
        turn = copies.turn
        other = await asyncpg.connect(database_url(lindenhof.node.config))
        await other.execute(
            """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE datname = current_database() AND query LIKE 'LISTEN %'"""
        )
        await other.close()
        await told(lindenhof, turn)
        assert not copies.changes.hears
        await _delete(lindenhof, amina)
        assert await peer.statuses() == [410, 410]


async def test_an_answer_read_before_a_change_is_not_kept_after_it() -> None:
    copies = Copies("")
    copies.changes.hears = True
    turn = copies.turn
    copies._changed("7")
    copies.keep("/ap/users/7", 7, "old", turn)
    assert copies.find("/ap/users/7") is None
    copies.keep("/ap/users/7", 7, "new", copies.turn)
    copies._changed("8")
    assert copies.find("/ap/users/7") is not None
    copies._changed("7")
    assert copies.find("/ap/users/7") is None


async def test_a_row_changed_twice_in_one_transaction_is_never_mistaken_for_itself(
    lindenhof: RigNode, amina: Actor
) -> None:
    async with lindenhof.db.tx() as tx:
        for name in ("One", "Two"):
            await tx.execute("UPDATE actors SET display_name = $2 WHERE id = $1", amina.id, name)
            assert (await get_actor(tx, amina.id)).display_name == name
    async with lindenhof.db.read() as tx:
        found = await get_actor(tx, amina.id)
        assert found.display_name == "Two"
        assert await put_actor(tx, found) is not None


# What changes of our actors without a word: nobody outside is shown it in those answers.
UNTOLD = {
    "id", "local", "summary_source", "followers_count", "following_count", "posts_count", "last_post_at",
    "fetched_at", "handle_host",
}  # fmt: skip


async def test_every_column_a_peer_can_see_is_told_of(lindenhof: RigNode) -> None:
    async with lindenhof.db.read() as tx:
        columns = await tx.fetch(
            """SELECT c.column_name AS name, u.event_object_column IS NOT NULL AS told
               FROM information_schema.columns c
               LEFT JOIN information_schema.triggered_update_columns u
                 ON u.event_object_table = c.table_name AND u.event_object_column = c.column_name
                    AND u.trigger_name = 'actor_changed'
               WHERE c.table_name = 'actors'"""
        )
    assert {column["name"] for column in columns if not column["told"]} == UNTOLD

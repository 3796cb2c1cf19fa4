"""Who holds a token is kept for those who only read, and never longer than it is so."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from node.copies import Copies, copies_of
from node.db.database import Tx
from node.features.accounts.store import people, sessions
from node.features.actors import burial
from node.features.leaving import store as leaving
from node.features.oauth import service
from tests.node.features.api_client import ApiClient, Clients
from tests.rig import Rig

HOME = "/api/v1/timelines/home"


def _kept(clients: Clients) -> Copies:
    copies = copies_of(clients.node.node)
    assert copies is not None
    return copies


async def _ask(clients: Clients, program: ApiClient) -> int:
    """How many statements asking once cost, and that it was answered."""
    asked: list[str] = []
    async with clients.node.db.pool.acquire() as connection:
        connection.add_query_logger(lambda record: asked.append(record.query))
    await program.get(HOME)
    return sum("oauth_tokens" in statement for statement in asked)


async def _end_grant(tx: Tx, actor_id: int) -> None:
    for grant in await service.list_grants(tx, actor_id):
        await service.revoke_grant(tx, actor_id, grant.id)


async def _end_all(tx: Tx, actor_id: int) -> None:
    await sessions.delete_tokens(tx, actor_id)


async def _disable(tx: Tx, actor_id: int) -> None:
    assert await people.put_state(tx, actor_id, ("active",), "disabled")


async def _delete_account(tx: Tx, actor_id: int) -> None:
    await leaving.delete_account(tx, actor_id, "x@house.example")


async def _bury(tx: Tx, actor_id: int) -> None:
    await burial.bury(tx, actor_id, "https://house.example/x", "Person")


ENDS: dict[str, Callable[[Tx, int], Awaitable[None]]] = {
    "grant ended": _end_grant, "all ended": _end_all, "disabled": _disable, "account deleted": _delete_account,
    "buried": _bury,
}  # fmt: skip


@pytest.mark.parametrize("end", ENDS)
async def test_a_right_that_ends_here_ends_at_once(clients: Clients, alice: ApiClient, end: str) -> None:
    assert alice.actor is not None
    await alice.get(HOME)
    assert await _ask(clients, alice) == 0
    _kept(clients).changes._changed = lambda _: None  # the word of the database is still on its way
    async with clients.node.db.tx() as tx:
        await ENDS[end](tx, alice.actor.id)
    assert (await alice.call("GET", HOME)).status in (401, 403)


@pytest.mark.parametrize(
    ("statement", "status"),
    [
        ("DELETE FROM oauth_tokens WHERE actor_id = $1", 401),
        ("UPDATE oauth_tokens SET scopes = '{push}' WHERE actor_id = $1", 403),
        ("UPDATE accounts SET state = 'disabled' WHERE actor_id = $1", 403),
        ("UPDATE actors SET suspended_at = now() WHERE id = $1", 403),
        ("DELETE FROM accounts WHERE actor_id = $1", 401),
    ],
)
async def test_a_right_that_ends_in_another_process_is_told_of(
    clients: Clients, alice: ApiClient, statement: str, status: int
) -> None:
    assert alice.actor is not None
    await alice.get(HOME)
    turn = _kept(clients).turn
    async with clients.node.db.tx() as tx:
        await tx.execute(statement, alice.actor.id)
    async with asyncio.timeout(10):
        while _kept(clients).turn == turn:
            await asyncio.sleep(0.01)
    assert (await alice.call("GET", HOME)).status == status


async def test_while_nobody_listens_the_holder_is_asked_for_each_time(
    clients: Clients, alice: ApiClient
) -> None:
    await alice.get(HOME)  # the first use of a day is noted
    _kept(clients).changes.hears = False
    _kept(clients).forget({int(alice.id)})
    for _ in range(2):
        assert await _ask(clients, alice) == 1


async def test_what_changes_something_is_asked_anew(clients: Clients, alice: ApiClient) -> None:
    assert alice.actor is not None
    await alice.get(HOME)
    async with clients.node.db.single() as tx:  # a change of which this process has not heard
        _kept(clients).changes._changed = lambda _: None
        await tx.execute("UPDATE accounts SET state = 'disabled' WHERE actor_id = $1", alice.actor.id)
    assert (await alice.call("POST", "/api/v1/statuses", json={"status": "x"})).status == 403


async def test_every_day_of_use_is_noted(clients: Clients, alice: ApiClient, rig: Rig) -> None:
    await alice.get(HOME)
    rig.clock.advance(days=1)
    assert await _ask(clients, alice) >= 1

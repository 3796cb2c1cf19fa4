"""How an account stands over time: what upkeep removes, what closing leaves, and the cookie's name."""

import statistics
import time
from types import SimpleNamespace

import pytest

from node.errors import NodeError
from node.features.accounts import jobs, registration, service
from node.web import sessions
from tests.node.features.accounts.mailbox import letters_to


async def test_upkeep_removes_what_is_over_and_nothing_else(node, clock, lindenhof):
    amina = await lindenhof.person("amina")
    async with node.db.tx() as tx:
        await registration.register(
            tx, node, service.Registration(username="late", email="late@example.org", password_hash="x")
        )
        await service.open_session(tx, amina.id, "")
        await service.ask_reset(tx, node, "amina@example.org")
    clock.advance(days=61)
    async with node.db.tx() as tx:
        fresh = await service.open_session(tx, amina.id, "")
    await jobs.forget(node)
    async with node.db.read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM sessions") == 1
        assert await tx.fetchval("SELECT count(*) FROM mail_tokens") == 0
        assert await service.find_account_by_username(tx, "late") is None
        assert await service.viewer_for_session(tx, fresh) is not None


async def test_a_mail_job_that_runs_after_its_transaction_was_rolled_back_does_nothing(node):
    await jobs.JOBS["mail"](node, "12345")
    assert await letters_to(node, "nobody@example.org") == []


@pytest.mark.parametrize(
    ("origin", "name"),
    [("https://lindenhof.example", "__Host-allmende"), ("http://localhost:8080", "allmende")],
)
def test_the_cookie_is_bound_to_the_host_wherever_browsers_allow_it(origin, name):
    assert sessions.cookie_name(SimpleNamespace(origin=origin)) == name


@pytest.mark.parametrize("closing", [True, False])
async def test_aut_16_a_closed_account_keeps_its_sessions_and_loses_its_programs(node, lindenhof, closing):
    amina = await lindenhof.person("amina")
    async with node.db.tx() as tx:
        cookie = await service.open_session(tx, amina.id, "")
        if closing:
            await service.set_closed(tx, amina.id, True)
        else:
            with pytest.raises(NodeError, match="conflict"):
                await service.set_closed(tx, amina.id, False)
    async with node.db.read() as tx:
        viewer = await service.viewer_for_session(tx, cookie)
    assert viewer.state == ("disabled" if closing else "active")


async def test_enm_01_known_and_unknown_names_take_the_same_kind_of_time(node, lindenhof):
    await lindenhof.person("amina")
    took = {"amina": [], "nobody": []}
    for _ in range(8):
        for name, times in took.items():
            started = time.process_time()
            with pytest.raises(NodeError):
                await service.check_password(node, name, "wrong password")
            times.append(time.process_time() - started)
    # Argon2 is nearly all of it; a missing dummy hash would be a factor of ten and more.
    known, unknown = (statistics.median(times) for times in took.values())
    assert known / 4 < unknown < known * 4

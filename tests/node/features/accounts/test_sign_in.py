"""Signing in: passwords, sessions, forgotten passwords, and what ends them."""

import pytest

from node.errors import NodeError
from node.features.accounts import passwords, service, sign_in, tokens
from node.features.oauth import service as oauth
from tests.node.features.accounts.mailbox import letters_to, secret_in


@pytest.fixture
async def amina(node):
    """A member with the password `a quiet morning`."""
    hashed = await passwords.hash_password("a quiet morning")
    async with node.db.tx() as tx:
        return await service.create_account(tx, node, "amina", "amina@example.org", hashed)


async def open_session(node, account, agent="Firefox"):
    async with node.db.tx() as tx:
        return await service.open_session(tx, account.actor_id, agent)


async def viewer(node, token):
    async with node.db.read() as tx:
        return await service.viewer_for_session(tx, token)


@pytest.mark.parametrize("login", ["amina@example.org", " Amina@Example.org ", "amina", "@Amina"])
async def test_name_or_address_and_password_open_the_account(node, amina, login):
    assert (await service.check_password(node, login, "a quiet morning")).actor_id == amina.actor_id


@pytest.mark.parametrize(
    ("login", "password"),
    [
        pytest.param("amina", "a loud evening", id="wrong"),
        pytest.param("nobody", "a quiet morning", id="unknown"),
        pytest.param("amina", "", id="empty"),
        pytest.param("amina", "x" * 5000, id="huge"),
        pytest.param("ami\x00na", "a quiet morning", id="nul"),
        pytest.param("' OR 1=1 --", "a quiet morning", id="sql"),
    ],
)
async def test_anything_else_is_refused_with_one_and_the_same_error(node, amina, login, password):
    with pytest.raises(NodeError) as caught:
        await service.check_password(node, login, password)
    assert (caught.value.code, caught.value.field) == ("wrong_password", "")


async def test_enm_01_an_unknown_name_is_hashed_like_a_known_one(node, amina, monkeypatch):
    looked_at = []
    verify = passwords._hasher.verify
    monkeypatch.setattr(
        passwords,
        "_hasher",
        type("Spy", (), {"verify": staticmethod(lambda h, p: looked_at.append(h) or verify(h, p))}),
    )
    with pytest.raises(NodeError):
        await service.check_password(node, "nobody", "a quiet morning")
    assert looked_at == [passwords.DUMMY_HASH]
    assert passwords.DUMMY_HASH.split("$")[3] == "m=19456,t=2,p=1"


async def test_the_dummy_password_opens_nothing(node, amina):
    with pytest.raises(NodeError):
        await service.check_password(node, "nobody", "nobody has this password")


async def test_a_hash_with_older_costs_is_made_again(node, amina):
    cheap = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$Y29ycmVjdA"
    assert passwords.is_outdated(cheap)


async def test_the_database_keeps_no_cookie_only_its_digest(node, amina):
    token = await open_session(node, amina)
    async with node.db.read() as tx:
        row = await tx.fetchrow("SELECT token_hash, csrf FROM sessions")
    assert row["token_hash"] == tokens.digest_of(token)
    assert len(row["csrf"]) == 32


async def test_a_session_lives_sixty_days_after_its_last_use(node, amina, clock):
    token = await open_session(node, amina)
    clock.advance(days=59)
    assert (await viewer(node, token)).username == "amina"
    clock.advance(days=59)
    assert await viewer(node, token) is not None
    clock.advance(days=60)
    assert await viewer(node, token) is None


async def test_its_last_use_is_written_at_most_hourly(node, amina, clock):
    token = await open_session(node, amina)
    begun = clock.now()
    clock.advance(minutes=59)
    await viewer(node, token)
    async with node.db.read() as tx:
        assert await tx.fetchval("SELECT seen_at FROM sessions") == begun
    clock.advance(minutes=1)
    await viewer(node, token)
    async with node.db.read() as tx:
        assert await tx.fetchval("SELECT seen_at FROM sessions") == clock.now()
        assert await tx.fetchval("SELECT last_seen_on FROM accounts") == clock.now().date()


@pytest.mark.parametrize("how", ["link", "command line"])
async def test_aut_01_a_new_password_ends_every_session_and_token_at_once(node, amina, how):
    cookies = [await open_session(node, amina) for _ in range(2)]
    async with node.db.tx() as tx:
        bearer = await oauth.create_token(tx, amina.actor_id, ("read",))
    if how == "link":
        async with node.db.tx() as tx:
            await service.ask_reset(tx, node, "amina@example.org")
        secret = secret_in((await letters_to(node, "amina@example.org"))[-1], "/reset/")
        async with node.db.tx() as tx:
            await service.reset_password(tx, node, secret, await passwords.hash_password("a loud evening"))
    else:
        async with node.db.tx() as tx:
            hashed = await passwords.hash_password("a loud evening")
            await service.set_password(tx, node, amina.actor_id, hashed)
    assert [await viewer(node, cookie) for cookie in cookies] == [None, None]
    async with node.db.read() as tx:
        assert await oauth.viewer_for_token(tx, bearer) is None
    assert await service.check_password(node, "amina", "a loud evening")
    assert "changed" in (await letters_to(node, "amina@example.org"))[-1].subject


async def test_a_reset_link_works_once_and_for_two_hours(node, amina, clock):
    async with node.db.tx() as tx:
        await service.ask_reset(tx, node, "amina@example.org")
        await service.ask_reset(tx, node, "amina@example.org")
    first, second = [secret_in(letter, "/reset/") for letter in await letters_to(node, "amina@example.org")]
    async with node.db.tx() as tx:
        await service.reset_password(tx, node, first, "x")
    for spent in (first, second):
        async with node.db.tx() as tx:
            with pytest.raises(NodeError, match="link_expired"):
                await service.find_reset(tx, spent)
    async with node.db.tx() as tx:
        await service.ask_reset(tx, node, "amina@example.org")
    third = secret_in((await letters_to(node, "amina@example.org"))[-1], "/reset/")
    clock.advance(hours=2)
    async with node.db.tx() as tx:
        with pytest.raises(NodeError, match="link_expired"):
            await service.find_reset(tx, third)


async def test_enm_01_a_reset_for_an_unknown_address_says_nothing_and_sends_nothing(node, amina):
    async with node.db.tx() as tx:
        assert await service.ask_reset(tx, node, "stranger@example.org") is None
    assert await letters_to(node, "stranger@example.org") == []


async def test_a_person_ends_their_own_sessions_and_nobody_elses(node, amina):
    mine, other = await open_session(node, amina), await open_session(node, amina)
    mine_id = (await viewer(node, mine)).session_id
    async with node.db.tx() as tx:
        with pytest.raises(NodeError, match="not_found"):
            await service.close_session(tx, amina.actor_id + 1, mine_id)
        await service.close_other_sessions(tx, amina.actor_id, mine_id)
    assert await viewer(node, other) is None
    assert (await viewer(node, mine)).session_id == mine_id


async def test_a_made_up_cookie_opens_nothing(node, amina):
    for token in ("", "x", "ä" * 40, "\udcff", "A" * 43):
        assert await viewer(node, token) is None


@pytest.mark.parametrize("password", ["short", "1234567890", "aaaaaaaaaaaa", "amina@example.org", "y" * 201])
def test_a_password_that_is_guessed_first_is_refused(password):
    with pytest.raises(NodeError) as caught:
        passwords.check_strength(password, username="amina", email="amina@example.org")
    assert caught.value.field == "password"


def test_a_plain_sentence_is_a_fine_password():
    passwords.check_strength("rain on the tin roof", username="amina", email="amina@example.org")


async def test_expired_sessions_are_swept(node, amina, clock):
    await open_session(node, amina)
    clock.advance(days=61)
    async with node.db.tx() as tx:
        await sign_in.sessions.delete_expired(tx)
        assert await tx.fetchval("SELECT count(*) FROM sessions") == 0

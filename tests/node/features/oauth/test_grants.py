"""Letting programs in: what a consent needs, what a code gives, what ends a token."""

import asyncio

import pytest

from node.appkeys import Viewer
from node.errors import NodeError
from node.features.accounts import service as accounts
from node.features.oauth import scopes, service
from node.features.oauth.service import OAuthError

RETURN = "https://app.example/back?x=1"
VERIFIER = "v" * 43


@pytest.fixture
async def amina(node):
    """A member."""
    async with node.db.tx() as tx:
        return await accounts.create_account(tx, node, "amina", "amina@example.org", "x")


async def make_app(node, uris=(RETURN,), granted=("read", "write")):
    async with node.db.tx() as tx:
        app, _ = await service.register_app(
            tx, service.NewApp(name="Toot", redirect_uris=uris, scopes=granted)
        )
    return app


def asking(app, **changes):
    return {
        "client_id": app.client_id,
        "redirect_uri": RETURN,
        "response_type": "code",
        "scope": "read",
        "code_challenge": service.challenge_of(VERIFIER),
        "code_challenge_method": "S256",
    } | changes


async def get_code(node, app, account, **changes):
    async with node.db.tx() as tx:
        asked = await service.look_at_request(tx, asking(app, **changes))
        return await service.consent(tx, asked, account.actor_id)


async def redeem(node, app, **params):
    refusal = None
    async with node.db.tx() as tx:
        try:
            return await service.redeem_code(
                tx, app, {"redirect_uri": RETURN, "code_verifier": VERIFIER} | params
            )
        except OAuthError as error:
            refusal = error
    raise refusal


async def who(node, token):
    async with node.db.read() as tx:
        return await service.viewer_for_token(tx, token)


async def test_a_code_gives_a_token_that_stands_for_the_person(node, amina):
    app = await make_app(node)
    redeemed = await redeem(node, app, code=await get_code(node, app, amina))
    viewer = await who(node, redeemed.token)
    assert isinstance(viewer, Viewer)
    assert (viewer.username, viewer.scopes, viewer.app_id) == ("amina", frozenset({"read"}), app.id)
    assert (viewer.csrf, viewer.session_id) == (b"", 0)


async def test_aut_04_a_code_works_once_also_at_the_same_moment(node, amina):
    app = await make_app(node)
    code = await get_code(node, app, amina)
    outcomes = await asyncio.gather(*(redeem(node, app, code=code) for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(outcome, service.Redeemed) for outcome in outcomes) == 1


@pytest.mark.parametrize(
    "params",
    [
        pytest.param({"code_verifier": "w" * 43}, id="wrong-verifier"),
        pytest.param({"code_verifier": ""}, id="no-verifier"),
        pytest.param({"code_verifier": "é" * 43}, id="not-ascii"),
        pytest.param({"redirect_uri": "https://app.example/other"}, id="other-address"),
    ],
)
async def test_aut_04_a_wrong_try_uses_the_code_up(node, amina, params):
    app = await make_app(node)
    code = await get_code(node, app, amina)
    for attempt in (params, {}):
        with pytest.raises(OAuthError) as caught:
            await redeem(node, app, code=code, **attempt)
        assert (caught.value.code, caught.value.status) == ("invalid_grant", 400)


async def test_aut_04_a_code_for_another_program_is_refused_and_stays_good(node, amina):
    app, thief = await make_app(node), await make_app(node)
    code = await get_code(node, app, amina)
    with pytest.raises(OAuthError, match="invalid_grant"):
        await redeem(node, thief, code=code)
    assert await redeem(node, app, code=code)


async def test_a_code_lives_ten_minutes(node, amina, clock):
    app = await make_app(node)
    code = await get_code(node, app, amina)
    clock.advance(minutes=10)
    with pytest.raises(OAuthError, match="invalid_grant"):
        await redeem(node, app, code=code)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"code_challenge_method": "plain"}, id="aut-04-plain"),
        pytest.param({"code_challenge_method": ""}, id="aut-04-method-left-out"),
        pytest.param({"code_challenge": ""}, id="aut-04-challenge-left-out"),
        pytest.param({"code_challenge": "short"}, id="aut-04-short-challenge"),
        pytest.param({"client_id": "unknown"}, id="unknown-program"),
        pytest.param({"response_type": "token"}, id="implicit"),
        pytest.param({"scope": "read follow admin"}, id="more-than-registered"),
        pytest.param({"scope": "everything"}, id="unknown-scope"),
        pytest.param({"redirect_uri": RETURN + "&y=2"}, id="aut-05-extra-parameter"),
        pytest.param({"redirect_uri": RETURN[:-1]}, id="aut-05-prefix"),
        pytest.param({"redirect_uri": RETURN + "#f"}, id="aut-05-fragment"),
        pytest.param({"redirect_uri": "https://app.example//back?x=1"}, id="aut-05-double-slash"),
        pytest.param({"redirect_uri": "https://app.example@evil.test/back?x=1"}, id="aut-05-userinfo"),
        pytest.param({"redirect_uri": "https://APP.example/back?x=1"}, id="aut-05-capitals"),
        pytest.param({"redirect_uri": "javascript:alert(1)"}, id="aut-05-javascript"),
    ],
)
async def test_a_faulty_request_is_shown_and_never_redirected(node, changes):
    app = await make_app(node)
    async with node.db.tx() as tx:
        with pytest.raises(NodeError) as caught:
            await service.look_at_request(tx, asking(app, **changes))
    assert (caught.value.code, caught.value.status) == ("bad_request", 400)


async def test_a_program_without_pkce_is_served_as_mastodon_clients_expect(node, amina):
    app = await make_app(node)
    code = await get_code(node, app, amina, code_challenge="", code_challenge_method="")
    assert await redeem(node, app, code=code, code_verifier="")


@pytest.mark.parametrize(
    ("uri", "good"),
    [
        ("https://app.example/back", True),
        ("http://127.0.0.1:8900/", True),
        ("com.example.app://back", True),
        ("myapp:/back", True),
        (service.OUT_OF_BAND, True),
        ("", False),
        ("/back", False),
        ("//app.example/back", False),
        ("https:///back", False),
        ("https://app.example/back#top", False),
        ("https://user@app.example/", False),
        ("https://app.example:port/", False),
        ("javascript:alert(1)", False),
        ("JavaScript:alert(1)", False),
        ("data:text/html,hi", False),
        ("https://app.example/a b", False),
        ("https://app.example/\\evil", False),
        ("https://app.example/\n", False),
    ],
)
def test_aut_05_only_whole_addresses_without_tricks_can_be_registered(uri, good):
    assert service.is_redirect_uri(uri) is good


async def test_a_wrong_secret_is_not_the_program(node):
    app = await make_app(node)
    async with node.db.tx() as tx:
        with pytest.raises(OAuthError, match="invalid_client"):
            await service.find_client(tx, app.client_id, "guess")


async def test_a_program_may_ask_for_itself_within_what_it_registered(node):
    app = await make_app(node, granted=("read:statuses",))
    async with node.db.tx() as tx:
        redeemed = await service.redeem_client(tx, app, "read:statuses")
        with pytest.raises(OAuthError, match="invalid_scope"):
            await service.redeem_client(tx, app, "write")
    assert await who(node, redeemed.token) == service.AppViewer(app.id, frozenset({"read:statuses"}))


async def test_a_program_ends_its_own_tokens_and_no_others(node, amina):
    app, other = await make_app(node), await make_app(node)
    token = (await redeem(node, app, code=await get_code(node, app, amina))).token
    async with node.db.tx() as tx:
        with pytest.raises(OAuthError, match="unauthorized_client"):
            await service.revoke(tx, other, token)
        await service.revoke(tx, app, "never existed")
        await service.revoke(tx, app, token)
    assert await who(node, token) is None


async def test_a_person_ends_a_programs_access_and_nobody_elses(node, amina):
    app = await make_app(node)
    token = (await redeem(node, app, code=await get_code(node, app, amina))).token
    async with node.db.tx() as tx:
        (grant,) = await service.list_grants(tx, amina.actor_id)
        with pytest.raises(NodeError, match="not_found"):
            await service.revoke_grant(tx, amina.actor_id + 1, grant.id)
        await service.revoke_grant(tx, amina.actor_id, grant.id)
    assert await who(node, token) is None


async def test_unused_programs_and_old_codes_are_forgotten_and_used_ones_kept(node, amina, clock):
    used, unused = await make_app(node), await make_app(node)
    token = (await redeem(node, used, code=await get_code(node, used, amina))).token
    await get_code(node, used, amina)
    clock.advance(days=8)
    async with node.db.tx() as tx:
        await service.forget_unused(tx)
        assert await tx.fetchval("SELECT count(*) FROM oauth_codes") == 0
        assert await tx.fetchval("SELECT array_agg(id) FROM oauth_apps") == [used.id]
    assert await who(node, token) is not None
    assert unused.id != used.id


@pytest.mark.parametrize(
    ("granted", "needed", "good"),
    [
        ("read", "read:accounts", True),
        ("read:accounts", "read", False),
        ("read:accounts", "read:accounts", True),
        ("read:accounts", "read:statuses", False),
        ("write", "read", False),
        ("follow", "write:follows", True),
        ("follow", "read:mutes", True),
        ("follow", "write:statuses", False),
        ("write", "write:follows", True),
        ("admin", "admin:read:accounts", True),
        ("admin:read", "admin:write:reports", False),
        ("profile", "profile", True),
        ("read", "profile", True),
        ("profile", "read:accounts", False),
        ("push", "push", True),
        ("", "read", False),
    ],
)
def test_a_scope_contains_its_parts_and_nothing_else(granted, needed, good):
    assert scopes.allows(granted.split(), needed) is good


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ("read",)),
        ("read write read", ("read", "write")),
        ("read+write", ("read", "write")),
        ("read,follow", ("read", "follow")),
        ("read everything", None),
    ],
)
def test_scopes_are_read_as_clients_send_them(text, found):
    assert scopes.parse(text) == found

"""The endpoints programs call, over a real socket, as their authors wrote the calls."""

import aiohttp
import pytest

from node.features.accounts import service as accounts
from node.features.oauth import service

RETURN = "https://app.example/back"


@pytest.fixture
async def http(lindenhof):
    """A program's HTTP client."""
    async with aiohttp.ClientSession(lindenhof.origin) as session:
        yield session


async def register(http, **changes):
    given = {"client_name": "Toot", "redirect_uris": RETURN, "scopes": "read write"} | changes
    async with http.post("/api/v1/apps", json=given) as answer:
        return answer.status, await answer.json()


async def token(http, **params):
    async with http.post("/oauth/token", data=params) as answer:
        return answer.status, await answer.json()


async def code_for(node, app_id, challenge=""):
    async with node.db.tx() as tx:
        account = await accounts.create_account(tx, node, "amina", "amina@example.org", "x")
        app = await service.store.find_app_by_id(tx, app_id)
        asked = service.Asked(
            app=app, redirect_uri=app.redirect_uris[0], scopes=("read",), challenge=challenge
        )
        return await service.consent(tx, asked, account.actor_id)


@pytest.mark.parametrize("body", ["json", "data"])
@pytest.mark.parametrize("uris", [RETURN, f"{RETURN}\n{service.OUT_OF_BAND}"])
async def test_an_app_registers_by_json_or_form(http, body, uris):
    given = {
        "client_name": "Toot",
        "redirect_uris": uris,
        "scopes": "read write",
        "website": "https://toot.example",
    }
    async with http.post("/api/v1/apps", **{body: given}) as answer:
        app = await answer.json()
        assert answer.status == 200
        assert "Set-Cookie" not in answer.headers
    assert app["redirect_uris"] == uris.split()
    assert app["redirect_uri"] == uris
    assert app["scopes"] == ["read", "write"]
    assert {"id", "name", "client_id", "client_secret", "vapid_key"} <= set(app)


async def test_redirect_addresses_may_be_a_list(http):
    _, app = await register(http, redirect_uris=[RETURN, "myapp://back"])
    assert app["redirect_uris"] == [RETURN, "myapp://back"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"client_name": ""}, "Validation failed: Application name can't be blank"),
        (
            {"redirect_uris": "javascript:alert(1)"},
            "Validation failed: Redirect URI must be an absolute URI.",
        ),
        ({"redirect_uris": ""}, "Validation failed: Redirect URI must be an absolute URI."),
        ({"scopes": "everything"}, "Validation failed: Scopes doesn't match configured on the server."),
        ({"website": "javascript:alert(1)"}, "Validation failed: Website must be a valid URL"),
    ],
)
async def test_what_cannot_be_registered_is_told_in_mastodons_words(http, changes, words):
    assert await register(http, **changes) == (422, {"error": words})


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff\xfe", b'{"a":' * 5000])
async def test_broken_json_is_a_clear_error(http, content):
    for path in ("/api/v1/apps", "/oauth/token", "/oauth/revoke"):
        async with http.post(path, data=content, headers={"Content-Type": "application/json"}) as answer:
            assert answer.status in (400, 403, 422), path
            assert "error" in await answer.json()


@pytest.mark.parametrize("how", ["form", "json", "basic"])
async def test_a_code_becomes_a_token(http, lindenhof, how):
    _, app = await register(http)
    code = await code_for(lindenhof.node, int(app["id"]))
    params = {"grant_type": "authorization_code", "code": code, "redirect_uri": RETURN, "oauth_info": "stray"}
    secrets = {"client_id": app["client_id"], "client_secret": app["client_secret"]}
    if how == "basic":
        proof = aiohttp.encode_basic_auth(app["client_id"], app["client_secret"])
        sent = {"data": params, "headers": {"Authorization": proof}}
    else:
        sent = {"data" if how == "form" else "json": params | secrets}
    async with http.post("/oauth/token", **sent) as answer:
        issued = await answer.json()
        assert answer.status == 200
        assert answer.headers["Cache-Control"] == "no-store"
    assert (issued["token_type"], issued["scope"]) == ("Bearer", "read")
    assert issued["created_at"] == int(lindenhof.node.clock.now().timestamp())
    headers = {"Authorization": f"Bearer {issued['access_token']}"}
    async with http.get("/api/v1/apps/verify_credentials", headers=headers) as answer:
        assert (answer.status, (await answer.json())["name"]) == (200, "Toot")


@pytest.mark.parametrize(
    ("params", "status", "code"),
    [
        pytest.param(
            {"grant_type": "password", "username": "a", "password": "b"},
            400,
            "unsupported_grant_type",
            id="password",
        ),
        pytest.param(
            {"grant_type": "authorization_code", "code": "x"}, 400, "invalid_grant", id="unknown-code"
        ),
        pytest.param({"grant_type": "authorization_code"}, 400, "invalid_grant", id="no-code"),
        pytest.param({}, 400, "invalid_request", id="no-grant-type"),
        pytest.param(
            {"grant_type": "client_credentials", "scope": "admin"}, 400, "invalid_scope", id="scope"
        ),
        pytest.param(
            {"grant_type": "client_credentials", "client_secret": "no"}, 401, "invalid_client", id="secret"
        ),
        pytest.param(
            {"grant_type": "client_credentials", "client_id": "no"}, 401, "invalid_client", id="client"
        ),
    ],
)
async def test_a_refused_grant_says_why(http, params, status, code):
    _, app = await register(http)
    secrets = {"client_id": app["client_id"], "client_secret": app["client_secret"]}
    answered, body = await token(http, **secrets | params)
    assert (answered, body["error"]) == (status, code)
    assert body["error_description"]


async def test_an_app_alone_gets_a_token_that_no_person_stands_behind(http):
    _, app = await register(http)
    secrets = {"client_id": app["client_id"], "client_secret": app["client_secret"]}
    _, issued = await token(http, grant_type="client_credentials", **secrets)
    headers = {"Authorization": f"Bearer {issued['access_token']}"}
    async with http.get("/api/v1/apps/verify_credentials", headers=headers) as answer:
        assert answer.status == 200
    async with http.get("/api/v1/accounts/verify_credentials", headers=headers) as answer:
        assert answer.status == 422
        assert await answer.json() == {"error": "This method requires an authenticated user"}


async def test_a_revoked_token_opens_nothing(http):
    _, app = await register(http)
    secrets = {"client_id": app["client_id"], "client_secret": app["client_secret"]}
    _, issued = await token(http, grant_type="client_credentials", **secrets)
    async with http.post("/oauth/revoke", data={"token": issued["access_token"], **secrets}) as answer:
        assert (answer.status, await answer.json()) == (200, {})
    headers = {"Authorization": f"Bearer {issued['access_token']}"}
    async with http.get("/api/v1/apps/verify_credentials", headers=headers) as answer:
        assert (answer.status, await answer.json()) == (401, {"error": "The access token is invalid"})


async def test_the_metadata_names_what_there_is(http, lindenhof):
    async with http.get("/.well-known/oauth-authorization-server") as answer:
        told = await answer.json()
    assert told["issuer"] == lindenhof.origin + "/"
    assert told["token_endpoint"] == lindenhof.origin + "/oauth/token"
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert "password" not in told["grant_types_supported"]
    assert {"read", "write", "follow", "push"} <= set(told["scopes_supported"])

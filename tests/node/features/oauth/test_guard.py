"""Doors for programs: who a token lets in, and the exact words when it does not; the consent page."""

import re

import aiohttp
import pytest

from node.features.oauth import service
from tests.node.features.accounts.browser import Browser

HOME = "/api/v1/timelines/home"


async def call(rig_node, path, token=None, **kwargs):
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    async with aiohttp.ClientSession(rig_node.origin) as session:
        async with session.get(path, headers=headers | kwargs.pop("headers", {}), **kwargs) as answer:
            return answer.status, await answer.json()


async def token_for(rig_node, person, *scopes):
    async with rig_node.db.tx() as tx:
        return await service.create_token(tx, person.id, scopes)


@pytest.fixture
async def amina(lindenhof):
    """A member."""
    return await lindenhof.person("amina")


async def test_a_token_with_the_scope_opens_the_door(lindenhof, amina):
    assert (await call(lindenhof, HOME, await token_for(lindenhof, amina, "read")))[0] == 200


@pytest.mark.parametrize("token", [None, "", "made-up", "x" * 5000, "\x80"])
async def test_no_or_an_unknown_token_is_told_so_in_mastodons_words(lindenhof, amina, token):
    assert await call(lindenhof, HOME, token) == (401, {"error": "The access token is invalid"})


async def test_a_token_without_the_scope_is_told_so_in_mastodons_words(lindenhof, amina):
    token = await token_for(lindenhof, amina, "push")
    assert await call(lindenhof, HOME, token) == (
        403,
        {"error": "This action is outside the authorized scopes"},
    )


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("unconfirmed", "Your login is missing a confirmed e-mail address"),
        ("waiting", "Your login is currently pending approval"),
        ("disabled", "Your login is currently disabled"),
    ],
)
async def test_aut_12_a_token_of_somebody_who_is_not_in_opens_nothing(lindenhof, amina, state, words):
    token = await token_for(lindenhof, amina, "read", "write")
    async with lindenhof.db.tx() as tx:
        await tx.execute("UPDATE accounts SET state = $1", state)
    assert await call(lindenhof, HOME, token) == (403, {"error": words})


async def test_a_suspended_person_counts_as_disabled(lindenhof, amina):
    token = await token_for(lindenhof, amina, "read")
    async with lindenhof.db.tx() as tx:
        await tx.execute("UPDATE actors SET suspended_at = now() WHERE id = $1", amina.id)
    assert (await call(lindenhof, HOME, token))[0] == 403


async def test_a_cookie_opens_no_door_for_programs(lindenhof, amina):
    async with Browser(lindenhof.origin) as browser:
        await browser.sign_in("amina")
        await browser.get(HOME)
        assert browser.status == 401


async def test_a_token_opens_no_page_and_no_form(lindenhof, amina):
    token = await token_for(lindenhof, amina, "read", "write", "admin")
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(lindenhof.origin) as session:
        async with session.get("/settings", headers=headers, allow_redirects=False) as answer:
            assert answer.status == 303
        async with session.post("/sign-out", headers=headers, allow_redirects=False) as answer:
            assert answer.status == 401


def asking(app, **changes):
    return {
        "client_id": app.client_id,
        "redirect_uri": app.redirect_uris[0],
        "response_type": "code",
        "scope": "read",
        "state": "a b&c",
    } | changes


async def make_app(rig_node, uri="https://app.example/back"):
    async with rig_node.db.tx() as tx:
        new = service.NewApp(name="<b>Toot</b>", redirect_uris=(uri,), scopes=("read", "write"))
        return (await service.register_app(tx, new))[0]


@pytest.mark.parametrize("path", ["/oauth/authorize", "/oauth/authorize/"])
async def test_a_person_signs_in_says_yes_and_goes_back_with_a_code(lindenhof, amina, path):
    app = await make_app(lindenhof)
    async with Browser(lindenhof.origin) as browser:
        await browser.get(path, params=asking(app))
        await browser.get(browser.location)
        given = {"login": "amina", "password": "correct horse battery"}
        await browser.post("/sign-in", **given, **browser.hidden())
        assert browser.location.startswith("/oauth/authorize")
        await browser.get(browser.location)
        assert browser.status == 200
        assert "<b>Toot" not in browser.page
        assert "https://app.example" in browser.headers["Content-Security-Policy"]
        await browser.post("/oauth/authorize", decision="allow", **browser.hidden())
        assert browser.status == 303
        assert re.fullmatch(r"https://app\.example/back\?code=[\w-]{43}&state=a\+b%26c", browser.location)


async def test_a_person_says_no(lindenhof, amina):
    app = await make_app(lindenhof)
    async with Browser(lindenhof.origin) as browser:
        await browser.sign_in("amina")
        await browser.get("/oauth/authorize", params=asking(app))
        await browser.post("/oauth/authorize", decision="deny", **browser.hidden())
        assert browser.location.startswith("https://app.example/back?error=access_denied")


async def test_a_program_without_a_page_gets_its_code_to_copy(lindenhof, amina):
    app = await make_app(lindenhof, service.OUT_OF_BAND)
    async with Browser(lindenhof.origin) as browser:
        await browser.sign_in("amina")
        await browser.get("/oauth/authorize", params=asking(app))
        await browser.post("/oauth/authorize", decision="allow", **browser.hidden())
        code = re.search(r'id="code"[^>]*>([\w-]{43})<', browser.page)[1]
    async with lindenhof.db.tx() as tx:
        assert await service.redeem_code(tx, app, {"code": code, "redirect_uri": service.OUT_OF_BAND})


async def test_aut_05_a_wrong_return_address_is_shown_and_never_followed(lindenhof, amina):
    app = await make_app(lindenhof)
    async with Browser(lindenhof.origin) as browser:
        await browser.sign_in("amina")
        for wrong in ("https://evil.test/back", "https://app.example/back/", "javascript:alert(1)"):
            await browser.get("/oauth/authorize", params=asking(app, redirect_uri=wrong))
            assert (browser.status, browser.location) == (400, "")
            await browser.post("/oauth/authorize", **asking(app, redirect_uri=wrong), decision="allow")
            assert (browser.status, browser.location) == (400, "")


async def test_the_list_of_programs_takes_access_back(lindenhof, amina):
    token = await token_for(lindenhof, amina, "read")
    async with Browser(lindenhof.origin) as browser:
        await browser.sign_in("amina")
        await browser.get("/settings/apps")
        action = re.search(r'action="(/settings/apps/\d+/revoke)"', browser.page)[1]
        await browser.post(action)
        assert browser.location == "/settings/apps?done=1"
    assert (await call(lindenhof, HOME, token))[0] == 401

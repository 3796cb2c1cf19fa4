"""What stands around every request: host, headers, errors, forms of other sites, limits."""

import re
from collections.abc import AsyncIterator

import aiohttp
import msgspec
import pytest
from redis.asyncio import Redis

from node.errors import NodeError
from node.web import assets, csrf, ratelimit
from node.web.middleware import house_of
from tests.node.web import sample
from tests.rig import RigNode
from tests.rig.nodes import replaced


@pytest.fixture
async def browser(lindenhof: RigNode) -> AsyncIterator[aiohttp.ClientSession]:
    """A visitor's browser, which follows nothing by itself."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(
        lindenhof.origin, cookie_jar=jar, headers={"Accept": "text/html", "Accept-Language": "en"}
    ) as session:
        yield session


@pytest.fixture
def limited(lindenhof: RigNode) -> RigNode:
    """The node with its limits in force; other tests knock more often than people do."""
    config = lindenhof.node.config
    lindenhof.node.config = replaced(config, web=replaced(config.web, rate_limits=True))  # type: ignore[arg-type]
    return lindenhof


async def _sign_in(lindenhof: RigNode, browser: aiohttp.ClientSession) -> None:
    await lindenhof.person("amina")
    form = {"login": "amina", "password": "correct horse battery"}
    async with browser.post("/sign-in", data=form, allow_redirects=False) as answer:
        assert answer.status == 303


@pytest.mark.parametrize("path", ["/sign-in", "/actor", "/.well-known/nodeinfo"])
@pytest.mark.parametrize("host", ["evil.test", "localhost", "", "lindenhof.test.evil.test"])
async def test_another_host_is_never_answered(
    lindenhof: RigNode, browser: aiohttp.ClientSession, host: str, path: str
) -> None:
    """EML-04: what a stranger writes into Host reaches no page, link or mail."""
    async with browser.get(path, headers={"Host": host}) as answer:
        assert answer.status in (400, 421)
        assert "evil" not in await answer.text()


async def test_a_forwarded_host_changes_nothing(lindenhof: RigNode, browser: aiohttp.ClientSession) -> None:
    async with browser.get("/sign-in", headers={"X-Forwarded-Host": "evil.test"}) as answer:
        assert answer.status == 200
        assert "evil.test" not in await answer.text()


@pytest.mark.parametrize(
    "path", ["/sign-in", "/nothing-here", "/api/v1/nothing", "/.well-known/nodeinfo", "/ap/notes/1"]
)
async def test_every_answer_carries_the_security_headers(browser: aiohttp.ClientSession, path: str) -> None:
    async with browser.get(path) as answer:
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert re.fullmatch(r"[0-9a-f]{16}", answer.headers["X-Request-Id"])


class Missing(msgspec.Struct, frozen=True):
    """Who asks for what is not there, and the form of the answer."""

    id: str
    path: str
    accept: str
    content_type: str
    says: str


MISSING = [
    Missing("a person", "/nothing-here", "text/html", "text/html", "This page is not here"),
    Missing(
        "a program", "/api/v1/nothing", "application/json", "application/json", '{"error":"Record not found"}'
    ),
    Missing("another node", "/ap/notes/1", "application/activity+json", "application/json", '"error"'),
]


@pytest.mark.parametrize("case", MISSING, ids=lambda case: case.id)
async def test_not_found_is_said_in_the_askers_form(browser: aiohttp.ClientSession, case: Missing) -> None:
    async with browser.get(case.path, headers={"Accept": case.accept}) as answer:
        assert answer.status == 404
        assert answer.content_type == case.content_type
        assert case.says in await answer.text()


async def test_an_error_page_escapes_and_offers_three_ways_on(browser: aiohttp.ClientSession) -> None:
    """HTM-07"""
    async with browser.get("/<svg onload=alert(1)>?q=<script>") as answer:
        page = await answer.text()
    assert "<svg onload" not in page
    assert "<script>" not in page
    assert page.split("Where to go from here")[1].split("</ul>")[0].count("<a ") == 3


async def test_pages_come_in_the_readers_language(browser: aiohttp.ClientSession) -> None:
    async with browser.get("/sign-in", headers={"Accept-Language": "en"}) as answer:
        assert answer.headers["Content-Language"] == "en"
        assert '<html lang="en" dir="ltr">' in await answer.text()
        assert "Accept-Language" in answer.headers["Vary"]


async def test_the_footers_choice_is_remembered_and_leads_back_home_only(
    browser: aiohttp.ClientSession,
) -> None:
    """ORD-01"""
    async with browser.get("/language?to=en&next=/sign-in", allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/sign-in")
        assert "HttpOnly" in answer.headers["Set-Cookie"]
    async with browser.get("/language?to=xx&next=//evil.test", allow_redirects=False) as answer:
        assert answer.headers["Location"] == "/"
        assert "Set-Cookie" not in answer.headers


async def test_static_files_are_kept_for_a_year_under_their_own_name(browser: aiohttp.ClientSession) -> None:
    for name in ("style.css", "enhance.js", "icons.svg"):
        async with browser.get(assets.asset(name)) as answer:
            assert answer.status == 200
            assert "immutable" in answer.headers["Cache-Control"]
            assert answer.headers["Content-Encoding"] == "gzip"
    for wrong in (
        "/static/style.css",
        "/static/style.0000000000.css",
        "/static/..%2Fi18n.py",
        "/static/hue-9999.x.css",
    ):
        async with browser.get(wrong) as answer:
            assert answer.status == 404
    async with browser.get(assets.hue_sheet(300)) as answer:
        assert "--brand" in await answer.text()


class Elsewhere(msgspec.Struct, frozen=True):
    """A request's own word about where it comes from."""

    id: str
    headers: dict[str, str]
    refused: bool


ELSEWHERE = [
    Elsewhere("foreign origin", {"Origin": "https://evil.test"}, True),
    Elsewhere("no origin at all", {"Origin": "null"}, True),
    Elsewhere("cross-site by the browser", {"Sec-Fetch-Site": "cross-site"}, True),
    Elsewhere("a sister subdomain", {"Sec-Fetch-Site": "same-site"}, True),
    Elsewhere("our own page", {"Sec-Fetch-Site": "same-origin"}, False),
    Elsewhere("a program that says nothing", {}, False),
]


@pytest.mark.parametrize("case", ELSEWHERE, ids=lambda case: case.id)
async def test_a_form_of_another_site_is_refused_before_anything_is_read(
    lindenhof: RigNode, browser: aiohttp.ClientSession, case: Elsewhere
) -> None:
    """AUT-10, login included."""
    await lindenhof.person("amina")
    form = {"login": "amina", "password": "correct horse battery"}
    async with browser.post("/sign-in", data=form, headers=case.headers, allow_redirects=False) as answer:
        assert answer.status == (403 if case.refused else 303)
        assert ("Set-Cookie" in answer.headers) is not case.refused


async def test_a_session_alone_sends_no_form(lindenhof: RigNode, browser: aiohttp.ClientSession) -> None:
    """AUT-10: without the page's token nothing happens, and what was written is shown again."""
    await _sign_in(lindenhof, browser)
    text = "A long text that must not be lost"
    async with browser.post(
        "/sign-out", data={"csrf": "AAAA", "text": text}, allow_redirects=False
    ) as answer:
        assert answer.status == 403
        assert text in await answer.text()
    async with browser.post("/sign-out", data="csrf=x", headers={"Content-Type": "text/plain"}) as answer:
        assert answer.status in (400, 403)
    async with browser.get("/nothing-here") as answer:
        assert "Sign out" in await answer.text(), "a member stays a member on error pages"
    async with browser.get("/settings/sessions", allow_redirects=False) as answer:
        assert answer.status == 200
        token = re.search(r'name="csrf" value="([^"]+)"', await answer.text())
    assert token is not None
    async with browser.post("/sign-out", data={"csrf": token[1]}, allow_redirects=False) as answer:
        assert answer.status == 303


async def test_a_text_outlives_the_session_it_was_written_in(browser: aiohttp.ClientSession) -> None:
    text = "Written for an hour while the session ended"
    async with browser.post("/write", data={"text": text}, allow_redirects=False) as answer:
        assert answer.status == 401
        page = await answer.text()
    assert text in page
    assert "Please sign in" in page


def test_a_form_token_is_different_in_every_page_and_fits_one_session_only() -> None:
    viewer = sample.frame("en").viewer
    assert viewer is not None
    other = msgspec.structs.replace(viewer, csrf=b"1" * 32)
    first, second = csrf.token(viewer), csrf.token(viewer)
    assert first != second
    assert csrf.is_token_of(viewer, first)
    assert csrf.is_token_of(viewer, second)
    assert not csrf.is_token_of(other, first)
    for wrong in ("", "x", first[:-4], "AAAA" + first, "é", "A" * 88):
        assert not csrf.is_token_of(viewer, wrong)
    assert not csrf.is_token_of(msgspec.structs.replace(viewer, csrf=b""), "")


async def test_res_20_a_limit_is_counted_across_spellings_and_names_its_wait(limited: RigNode) -> None:
    """RL-02"""
    most = ratelimit.LIMITS["sign_in_name"].most
    for index in range(most):
        await ratelimit.check(limited.node, "sign_in_name", "Amina" if index % 2 else " amina ")
    with pytest.raises(NodeError) as refused:
        await ratelimit.check(limited.node, "sign_in_name", "AMINA")
    assert refused.value.code == "too_many_requests"
    assert 0 < refused.value.retry_after_s <= ratelimit.LIMITS["sign_in_name"].window_s
    await ratelimit.check(limited.node, "sign_in_name", "olena")


async def test_limits_hold_strictly_while_valkey_is_away(
    limited: RigNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RL-05"""
    nowhere = Redis(host="127.0.0.1", port=1)
    monkeypatch.setattr(limited.node, "valkey", nowhere)
    most = ratelimit.LIMITS["sign_in_name"].most // 4
    for _ in range(most):
        await ratelimit.check(limited.node, "sign_in_name", "amina")
    with pytest.raises(NodeError):
        await ratelimit.check(limited.node, "sign_in_name", "amina")
    await nowhere.aclose()


async def test_who_asks_too_often_is_told_when_to_come_back(
    limited: RigNode, browser: aiohttp.ClientSession
) -> None:
    form = {"login": "nobody", "password": "x" * 12}
    statuses = []
    for _ in range(ratelimit.LIMITS["sign_in_name"].most + 1):
        async with browser.post("/sign-in", data=form) as answer:
            statuses.append((answer.status, "Retry-After" in answer.headers))
    assert statuses[0] == (422, False)
    assert statuses[-1] == (429, True)


class Hop(msgspec.Struct, frozen=True):
    """Addresses a request passed and whose it is."""

    id: str
    address: str
    household: str


HOPS = [
    Hop("IPv4", "203.0.113.9", "203.0.113.9"),
    Hop("IPv6 by its /64", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
    Hop("IPv4 inside IPv6", "::ffff:203.0.113.9", "203.0.113.9"),
    Hop("with a zone", "fe80::1%eth0", "fe80::/64"),
    Hop("rubbish", "x; DROP", ""),
    Hop("nothing (RL-04)", "", ""),
]


@pytest.mark.parametrize("case", HOPS, ids=lambda case: case.id)
def test_an_address_stands_for_its_household(case: Hop) -> None:
    assert ratelimit._household(case.address) == case.household


async def test_a_changed_house_name_is_on_the_pages_soon(lindenhof: RigNode) -> None:
    assert (await house_of(lindenhof.node)).name
    known = lindenhof.node.caches["house_frame"]
    assert await house_of(lindenhof.node) is known[1]

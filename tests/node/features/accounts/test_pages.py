"""The pages of coming in and looking after people, without a script, over a real socket."""

import pytest

from node.features.accounts import service as accounts
from node.features.house import service as house
from tests.node.features.accounts.browser import Browser, filled
from tests.node.features.accounts.mailbox import letters_to, secret_in


@pytest.fixture
async def browser(lindenhof):
    """A visitor's browser."""
    async with Browser(lindenhof.origin) as opened:
        yield opened


@pytest.fixture
async def amina(lindenhof):
    """A member."""
    return await lindenhof.person("amina")


async def set_house(node, **changes):
    async with node.db.tx() as tx:
        await house.change_settings(tx, **changes)
    house.forget_cached(node)


async def test_a_stranger_joins_confirms_signs_in_and_out(browser, node):
    await browser.get("/register")
    await browser.post("/register", username="amina", email="amina@example.org", password="rain on the roof")
    assert browser.status == 200
    assert "amina@example.org" in browser.text
    secret = secret_in((await letters_to(node, "amina@example.org"))[-1], "/confirm/")
    await browser.get(f"/confirm/{secret}")
    assert "Is amina@example.org your address?" in browser.text
    await browser.post(f"/confirm/{secret}")
    assert browser.location == "/sign-in?done=confirmed"
    await browser.get("/sign-in?next=/notifications")
    await browser.post("/sign-in", login="amina", password="rain on the roof", **browser.hidden())
    assert (browser.status, browser.location) == (303, "/notifications")
    cookie = browser.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    await browser.get("/settings")
    assert browser.status == 200
    await browser.post("/sign-out")
    assert browser.status == 303
    await browser.get("/settings")
    assert browser.location == "/sign-in?next=/settings"


async def test_what_was_typed_is_kept_and_the_fault_said_beside_its_field(browser):
    await browser.get("/register")
    await browser.post("/register", username="Ämina", email="amina@example.org", password="rain on the roof")
    assert browser.status == 422
    assert 'value="Ämina"' in browser.page
    assert 'value="amina@example.org"' in browser.page
    assert "rain on the roof" not in browser.page
    assert 'id="username-error"' in browser.page


async def test_with_approval_somebody_of_the_house_answers(browser, lindenhof, node):
    await set_house(node, registration="approval", question="What brings you here?", rules=["Be kind."])
    await lindenhof.person("boss", role="admin")
    await browser.get("/register")
    assert "What brings you here?" in browser.text
    filled = {"username": "amina", "email": "amina@example.org", "password": "rain on the roof"}
    await browser.post("/register", **filled, answer="I repair bikes.")
    assert browser.status == 422
    await browser.post("/register", **filled, answer="I repair bikes.", agreed="1")
    assert browser.status == 200
    secret = secret_in((await letters_to(node, "amina@example.org"))[-1], "/confirm/")
    await browser.get(f"/confirm/{secret}")
    await browser.post(f"/confirm/{secret}")
    assert "Your request is with us" in browser.text
    async with Browser(lindenhof.origin) as boss:
        await boss.sign_in("boss")
        await boss.get("/manage")
        assert "One person would like to join" in boss.text
        await boss.get("/manage/people")
        assert "I repair bikes." in boss.text
        async with node.db.read() as tx:
            waiting = await accounts.find_account_by_username(tx, "amina")
        await boss.post(f"/manage/people/{waiting.actor_id}/approve")
        assert boss.location == "/manage/people?done=approved"
        await boss.post(f"/manage/people/{waiting.actor_id}/approve")
        assert boss.status == 409
    await browser.get("/sign-in")
    await browser.post("/sign-in", login="amina", password="rain on the roof")
    assert browser.location == "/"


async def test_an_invitation_is_shown_once_and_opens_a_closed_door(browser, lindenhof, node):
    await set_house(node, registration="invite")
    await browser.get("/register")
    assert "by invitation" in browser.text
    await lindenhof.person("boss", role="admin")
    async with Browser(lindenhof.origin) as boss:
        await boss.sign_in("boss")
        await boss.get("/manage/invites")
        await boss.post("/manage/invites", note="For Amina", max_uses="1", days="14")
        link = boss.page.split('<code class="secret" dir="ltr">')[1].split("</code>")[0]
        await boss.get("/manage/invites")
        assert link not in boss.page
        assert "For Amina" in boss.text
    await browser.get(link.removeprefix(lindenhof.origin))
    assert "You were invited" in browser.text
    filled = {"username": "amina", "email": "amina@example.org", "password": "rain on the roof"}
    await browser.post("/register", **filled, **browser.hidden())
    assert browser.status == 200
    await browser.get(link.removeprefix(lindenhof.origin))
    assert browser.status == 410


async def test_enm_01_unknown_and_known_people_get_the_same_answers(browser, amina):
    answers = []
    for login in ("amina", "nobody"):
        await browser.get("/sign-in")
        await browser.post("/sign-in", login=login, password="wrong password")
        answers.append((browser.status, browser.text))
    assert answers[0] == answers[1]
    answers = []
    for email in ("amina@example.org", "nobody@example.org"):
        await browser.get("/forgot")
        await browser.post("/forgot", email=email)
        answers.append((browser.status, browser.text))
    assert answers[0] == answers[1]
    answers = []
    for username, email in (("one", "amina@example.org"), ("two", "fresh@example.org")):
        await browser.get("/register")
        await browser.post("/register", username=username, email=email, password="rain on the roof")
        answers.append((browser.status, browser.text.replace(email, "…")))
    assert answers[0] == answers[1]


async def test_a_forgotten_password_is_chosen_anew(browser, amina, node):
    await browser.get("/forgot")
    await browser.post("/forgot", email="amina@example.org")
    secret = secret_in((await letters_to(node, "amina@example.org"))[-1], "/reset/")
    await browser.get(f"/reset/{secret}")
    await browser.post(f"/reset/{secret}", password="short")
    assert browser.status == 422
    await browser.post(f"/reset/{secret}", password="a whole new sentence")
    assert browser.location == "/sign-in?done=password"
    await browser.get("/sign-in?done=password")
    assert "Your new password counts" in browser.text
    await browser.post("/sign-in", login="amina", password="a whole new sentence")
    assert browser.status == 303


@pytest.mark.parametrize(
    "next_", ["//evil.test", "/%2Fevil.test", "https:evil.test", "/\\evil.test", "javascript:x"]
)
async def test_ord_01_signing_in_never_leads_elsewhere(browser, amina, next_):
    await browser.get("/sign-in", params={"next": next_})
    await browser.post("/sign-in", login="amina", password="correct horse battery", next=next_)
    assert (browser.status, browser.location) == (303, "/")
    await browser.get("/sign-in", params={"next": next_})
    assert browser.location == "/"


SELF = ["/account", "/settings/sessions", "/settings/apps", "/settings/export", "/settings/delete"]


@pytest.mark.parametrize("state", ["unconfirmed", "waiting", "disabled"])
async def test_aut_12_an_account_that_is_not_in_reaches_only_itself(browser, node, amina, state):
    async with node.db.tx() as tx:
        await tx.execute("UPDATE accounts SET state = $1", state)
    await browser.get("/sign-in")
    await browser.post("/sign-in", login="amina", password="correct horse battery")
    assert browser.location == "/account"
    reached = set()
    for feature in node.hooks.features:
        for route in feature.routes:
            if (
                route.method == "GET"
                and route.access in ("member", "moderator", "admin")
                and "{" not in route.path
            ):
                await browser.get(route.path)
                if browser.status != 303:
                    reached.add(route.path)
                    assert browser.status == 200, route.path
                else:
                    assert browser.location == "/account", route.path
    assert reached == set(SELF)


async def test_aut_12_an_account_that_is_not_in_changes_nothing_but_itself(browser, node, amina):
    async with node.db.tx() as tx:
        await tx.execute("UPDATE accounts SET state = 'disabled'")
    await browser.get("/sign-in")
    await browser.post("/sign-in", login="amina", password="correct horse battery")
    await browser.get("/settings/sessions")
    for feature in node.hooks.features:
        for route in feature.routes:
            if route.method == "POST" and route.access in ("member", "moderator", "admin"):
                if route.path.startswith(("/settings/sessions", "/settings/apps", "/account", "/sign-out")):
                    continue
                if route.path in SELF:
                    continue
                path = filled(route.path)
                await browser.post(path)
                assert browser.status == 403, path


async def test_aut_10_every_form_needs_its_sessions_token(browser, node, amina):
    await browser.sign_in("amina")
    for feature in node.hooks.features:
        for route in feature.routes:
            if route.method == "POST" and route.access in ("member", "moderator", "admin"):
                path = filled(route.path)
                browser.token = ""
                await browser.post(path)
                assert browser.status == 403, path
    await browser.get("/settings")
    assert browser.status == 200


async def test_aut_10_a_form_of_another_site_is_refused_also_for_signing_in(browser, amina, lindenhof):
    for headers in ({"Origin": "https://evil.test"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        given = {"login": "amina", "password": "correct horse battery"}
        async with browser.session.post("/sign-in", data=given, headers=headers) as answer:
            assert answer.status == 403
            assert "Set-Cookie" not in answer.headers


async def test_members_do_not_manage_and_moderators_do_not_give_roles(lindenhof, amina):
    await lindenhof.person("mod", role="moderator")
    async with Browser(lindenhof.origin) as member, Browser(lindenhof.origin) as moderator:
        await member.sign_in("amina")
        await moderator.sign_in("mod")
        for path in ("/manage", "/manage/people", "/manage/invites", "/manage/house", "/manage/wire"):
            assert (await member.get(path)).status == 403
        assert (await moderator.get("/manage/people")).status == 200
        await moderator.post(f"/manage/people/{amina.id}/role", role="admin")
        assert moderator.status == 403


async def test_a_role_counts_from_the_next_request(lindenhof, amina):
    await lindenhof.person("boss", role="admin")
    async with Browser(lindenhof.origin) as boss, Browser(lindenhof.origin) as member:
        await boss.sign_in("boss")
        await member.sign_in("amina")
        await boss.get("/manage/people")
        await boss.post(f"/manage/people/{amina.id}/role", role="moderator")
        assert boss.location == "/manage/people?done=role"
        assert (await member.get("/manage")).status == 200
        await boss.get("/manage/people")
        await boss.post(f"/manage/people/{amina.id}/role", role="member")
        assert (await member.get("/manage")).status == 403


async def test_eml_04_another_host_name_gets_no_page_and_no_link(browser, amina, node):
    headers = {"Host": "evil.test", "X-Forwarded-Host": "evil.test"}
    async with browser.session.post(
        "/forgot", data={"email": "amina@example.org"}, headers=headers
    ) as answer:
        assert answer.status == 421
    headers = {"X-Forwarded-Host": "evil.test"}
    async with browser.session.post(
        "/forgot", data={"email": "amina@example.org"}, headers=headers
    ) as answer:
        assert answer.status == 200
    (letter,) = await letters_to(node, "amina@example.org")
    assert "evil.test" not in letter.body_text + letter.body_html
    assert node.origin in letter.body_text


async def test_cli_02_a_password_never_comes_back_in_a_page_or_a_log(browser, amina, caplog):
    caplog.set_level("DEBUG")
    secret = "a very secret sentence"
    await browser.get("/sign-in")
    await browser.post("/sign-in", login="amina", password=secret)
    assert browser.status == 422
    assert secret not in browser.page
    assert secret not in caplog.text

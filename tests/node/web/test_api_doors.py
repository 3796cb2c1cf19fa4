"""Every door of the client API, taken from the routes themselves: who is let in, in Mastodon's words."""

import random
import re
from collections.abc import AsyncIterator

import pytest
from aiohttp import hdrs

from node.feature import Route
from node.features.accounts import service as accounts
from node.features.oauth import service as oauth
from node.features.registry import FEATURES
from node.web.sessions import cookie_name
from tests.node.features.api_client import Answer, ApiClient, Clients
from tests.rig import RigNode

ROUTES = [route for feature in FEATURES for route in feature.routes if route.path.startswith("/api/")]
INVALID = {"error": "The access token is invalid"}
OUTSIDE = {"error": "This action is outside the authorized scopes"}


def _names(routes: list[Route]) -> str:
    return ", ".join(f"{route.method} {route.path}" for route in routes)


async def _knock(program: ApiClient, route: Route) -> Answer:
    return await program.call(route.method, re.sub(r"\{[^}]*\}", "1", route.path))


@pytest.fixture
async def clients(lindenhof: RigNode) -> AsyncIterator[Clients]:
    """People of one node with tokens."""
    async with Clients(lindenhof) as made:
        yield made


@pytest.fixture
async def alice(clients: Clients) -> ApiClient:
    """A member with every scope."""
    return await clients.person("alice")


@pytest.fixture
def anybody(clients: Clients) -> ApiClient:
    """A program without a token."""
    return clients.anybody()


@pytest.fixture
async def narrow(clients: Clients) -> ApiClient:
    """A program that may do nothing but push."""
    return await clients.person("carla", scopes=("push",))


async def test_there_are_doors_to_try() -> None:
    assert len(ROUTES) >= 80


async def test_without_a_token_nothing_private_opens(anybody: ApiClient) -> None:
    private = [route for route in ROUTES if route.access in ("token", "app_token")]
    answers = {route: await _knock(anybody, route) for route in private}
    wrong = [route for route, got in answers.items() if (got.status, got.body) != (401, INVALID)]
    assert not wrong, _names(wrong)


async def test_a_token_nobody_gave_opens_nothing(clients: Clients) -> None:
    stranger = clients.anybody()
    stranger.token = "x" * 43
    guarded = [route for route in ROUTES if route.access not in ("public", "wire")]
    answers = {route: await _knock(stranger, route) for route in guarded}
    wrong = [route for route, got in answers.items() if (got.status, got.body) != (401, INVALID)]
    assert not wrong, _names(wrong)


async def test_a_token_opens_no_more_than_its_scopes(narrow: ApiClient) -> None:
    scoped = [route for route in ROUTES if route.scope]
    answers = {route: await _knock(narrow, route) for route in scoped}
    wrong = [route for route, got in answers.items() if (got.status, got.body) != (403, OUTSIDE)]
    assert not wrong, _names(wrong)


async def test_every_private_door_names_its_scope() -> None:
    free = {
        "/api/v1/announcements",
        "/api/v1/apps/verify_credentials",
    }  # open to any token, as Mastodon has it
    bare = [r for r in ROUTES if r.access in ("token", "app_token") and not r.scope and r.path not in free]
    assert not bare, _names(bare)


async def test_a_program_alone_is_nobody(lindenhof: RigNode, clients: Clients) -> None:
    async with lindenhof.db.tx() as tx:
        new = oauth.NewApp(
            name="Robot", redirect_uris=(oauth.OUT_OF_BAND,), scopes=("read", "write", "follow"), website=""
        )
        app, _ = await oauth.register_app(tx, new)
        robot = clients.anybody()
        robot.token = (await oauth._issue(tx, app.id, None, ("read", "write", "follow"))).token
    personal = [route for route in ROUTES if route.access == "token"]
    answers = {route: await _knock(robot, route) for route in personal}
    wrong = [
        route
        for route, got in answers.items()
        if (got.status, got.body) != (422, {"error": "This method requires an authenticated user"})
    ]
    assert not wrong, _names(wrong)


async def test_no_answer_of_the_api_is_ever_a_500(alice: ApiClient) -> None:
    """Every route with an id nobody has, an empty body and junk in it: a clear no, and JSON."""
    for sent in (
        {},
        {"json": {"status": None, "id": {"a": []}, "limit": []}},
        {"data": {"id[x]": "y", "q": "\x01"}},
    ):
        for route in ROUTES:
            answer = await alice.call(route.method, re.sub(r"\{[^}]*\}", "1", route.path), **sent)
            assert answer.status < 500, (route.method, route.path, sent, answer.body)
            if answer.status >= 400:
                assert "error" in answer.body, (route.method, route.path)


NAMES = (
    "id[]", "status", "media_ids[]", "in_reply_to_id", "sensitive", "spoiler_text", "visibility", "language", "max_id",
    "since_id", "min_id", "limit", "q", "type", "resolve", "offset", "types[]", "account_id", "timeline[]",
    "home[last_read_id]", "display_name", "note", "fields_attributes[0][name]", "source[privacy]", "duration",
    "notifications", "reblogs", "acct", "pinned", "tagged", "local", "focus", "media_attributes[][id]",
)  # fmt: skip
HOSTILE: tuple[object, ...] = (
    "", "0", "-1", str(2**63 - 1), str(2**63), "9" * 25, "true", "a" * 300, "\u202e", "%", "\\", "@a@b", "#x", "public",
    "local", "1.5", "nan,nan", "<script>", "https://x.invalid/", "\r\n", "home", "mention",
)  # fmt: skip
HOSTILE_JSON = (
    *HOSTILE,
    None,
    True,
    1,
    -1,
    1.5,
    [],
    {},
    [1],
    {"a": 1},
    [None],
    [[1]],
    {"0": {"name": "x"}},
    2**62,
)


async def test_hostile_values_in_known_places_are_never_a_500(alice: ApiClient) -> None:
    """The same ones at every run, so that a failure can be looked at."""
    dice = random.Random(23)
    post = await alice.write("Hello #x")
    ids = (post["id"], alice.id, "1", "%00", "%F0%9F%8D%9E", str(2**63), "ungrouped-1")
    for route in [route for route in ROUTES if "/apps" not in route.path] * 3:
        path = re.sub(r"\{[^}]*\}", lambda _: dice.choice(ids), route.path)
        way = "params" if route.method == "GET" else dice.choice(("params", "data", "json"))
        values = HOSTILE_JSON if way == "json" else HOSTILE
        sent = {name: dice.choice(values) for name in dice.sample(NAMES, dice.randint(0, 6))}
        if way == "json":
            sent = {name.partition("[")[0]: value for name, value in sent.items()}
        answer = await alice.call(route.method, path, **{way: sent})
        assert answer.status < 500, (route.method, path, way, sent)


async def test_web_programs_of_other_origins_may_call_but_bring_no_cookie(alice: ApiClient) -> None:
    """AUT-14"""
    there = {"Origin": "https://elk.example"}
    asked = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,idempotency-key",
    }
    answers = [
        await alice.call("OPTIONS", "/api/v1/statuses", headers=there | asked),
        await alice.call("GET", "/api/v1/timelines/home", headers=there),
        await alice.call("POST", "/api/v1/statuses", json={"status": "Hello"}, headers=there),
        await alice.call("POST", "/api/v1/statuses", json={}, headers=there),
        await alice.call("GET", "/api/v1/nothing", headers=there),
        await alice.call("POST", "/oauth/token", data={}, headers=there),
    ]
    assert [answer.status for answer in answers][:5] == [204, 200, 200, 422, 404]
    for answer in answers:
        assert answer.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] == "*"
        assert hdrs.ACCESS_CONTROL_ALLOW_CREDENTIALS not in answer.headers
    allowed = answers[0].headers[hdrs.ACCESS_CONTROL_ALLOW_HEADERS].lower()
    assert {"authorization", "content-type", "idempotency-key"} <= {
        word.strip() for word in allowed.split(",")
    }
    assert "Link" in answers[1].headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS]


async def test_pages_are_not_open_to_other_origins(anybody: ApiClient) -> None:
    for path in ("/", "/about", "/oauth/authorize"):
        answer = await anybody.call("GET", path, headers={"Origin": "https://elk.example"})
        assert hdrs.ACCESS_CONTROL_ALLOW_ORIGIN not in answer.headers


async def test_a_cookie_opens_no_door_of_the_api(lindenhof: RigNode, clients: Clients) -> None:
    """AUT-10"""
    actor = await lindenhof.person("dora")
    async with lindenhof.db.tx() as tx:
        session = await accounts.open_session(tx, actor.id, "a browser")
    answer = await clients.anybody().call(
        "POST",
        "/api/v1/statuses",
        json={"status": "forged"},
        headers={"Cookie": f"{cookie_name(lindenhof.node)}={session}"},
    )
    assert (answer.status, answer.body) == (401, INVALID)

"""Every route of every feature says who may call it, and nobody reaches what is another's by its number.

The rows are the routes themselves: a new one is tried without anybody thinking of it (AUT-11).
"""

from __future__ import annotations

import hashlib
import itertools
from typing import Any, get_args

import pytest

from node.feature import Access, Route
from node.features.actors.store.reads import Actor
from node.features.follows import service as follows
from node.features.posts import service as posts
from node.features.posts.service import Draft
from node.features.registry import FEATURES
from tests.node.features.accounts.browser import Browser, filled
from tests.node.features.api_client import ALL_SCOPES, Clients
from tests.rig import RigNode

ROUTES = [route for feature in FEATURES for route in feature.routes]
PAGES = [route for route in ROUTES if not route.path.startswith(("/api/", "/oauth/token", "/oauth/revoke"))]
CLOSED = ("member", "moderator", "admin")
SAFE = ("GET", "HEAD")


def test_every_route_says_who_may_call_it() -> None:
    assert [route.path for route in ROUTES if route.access not in get_args(Access)] == []
    named = [(route.method, route.path) for route in ROUTES]
    assert sorted(named) == sorted(set(named))


def test_what_changes_something_is_open_to_nobody_by_accident() -> None:
    open_ones = {
        (route.method, route.path.partition("{")[0])
        for route in ROUTES
        if route.method not in SAFE and route.access in ("public", "visitor", "wire", "maybe_token")
    }
    doors = {"/inbox", "/actor/inbox", "/ap/users/", "/ap/groups/"}
    before_signing_in = {
        "/sign-in", "/register", "/confirm/", "/forgot", "/reset/", "/invite/", "/language", "/oauth/token",
        "/oauth/revoke", "/from-my-house", "/api/v1/apps",
    }  # fmt: skip
    assert {path for _, path in open_ones} <= doors | before_signing_in


async def test_a_visitor_is_sent_to_sign_in_and_changes_nothing(lindenhof: RigNode) -> None:
    wrong = []
    async with Browser(lindenhof.origin) as visitor:
        for route in PAGES:
            if route.access in CLOSED:
                await (visitor.get if route.method in SAFE else visitor.post)(filled(route.path))
                sent_away = visitor.status == 303 and visitor.location.startswith("/sign-in")
                if not (sent_away if route.method in SAFE else visitor.status in (401, 403)):
                    wrong.append((route.method, route.path, visitor.status))
    assert wrong == []


@pytest.mark.parametrize("role", ["member", "moderator"])
async def test_a_higher_role_is_needed_where_a_route_says_so(lindenhof: RigNode, role: str) -> None:
    await lindenhof.person("mira", role=role)
    higher = ("moderator", "admin") if role == "member" else ("admin",)
    wrong = []
    async with Browser(lindenhof.origin) as browser:
        await browser.sign_in("mira")
        for route in PAGES:
            if route.access in higher:
                await (browser.get if route.method in SAFE else browser.post)(filled(route.path))
                if browser.status != 403:
                    wrong.append((route.method, route.path, browser.status))
    assert wrong == []


async def digest_of(node: RigNode, owner: int, other: int) -> dict[str, str]:
    """What belongs to one person, but for what another did to them in the open (follow, block)."""
    queries = {
        "posts": "SELECT id, html, source, audience, warning, pinned_at, likes_count FROM posts WHERE author_id = $1",
        "media": "SELECT id, alt, post_id, focus_x FROM media WHERE owner_id = $1",
        "notifications": "SELECT id FROM notifications WHERE owner_id = $1 AND actor_id <> $2",
        "sessions": "SELECT id, expires_at FROM sessions WHERE actor_id = $1",
        "tokens": "SELECT id, scopes FROM oauth_tokens WHERE actor_id = $1",
        "account": "SELECT email, password_hash, role, state, locale FROM accounts WHERE actor_id = $1",
        "actor": "SELECT display_name, summary_source, locked, deleted_at FROM actors WHERE id = $1",
        "followers": "SELECT id, state FROM follows WHERE followee_id = $1 AND follower_id <> $2",
        "bookmarks": "SELECT id FROM bookmarks WHERE actor_id = $1",
    }
    found = {}
    async with node.db.read() as tx:
        for name, query in queries.items():
            values = (owner, other) if "$2" in query else (owner,)
            rows = [tuple(row) for row in await tx.fetch(f"{query} ORDER BY 1", *values)]
            found[name] = f"{len(rows)} {hashlib.sha256(repr(rows).encode()).hexdigest()[:12]}"
    return found


async def numbers_of(node: RigNode, amina: Actor) -> list[int]:
    """One thing of each kind that is Amina's: post, file, news, session, program, request, herself."""
    asker = await node.person("jonas")
    async with node.db.tx() as tx:
        await tx.execute("UPDATE actors SET locked = true WHERE id = $1", amina.id)
        await follows.follow(tx, node.node, asker.id, amina.id)
        post = await posts.write_post(tx, node.node, amina.id, Draft(source="nur hier", audience="followers"))
        message = await posts.write_post(
            tx, node.node, amina.id, Draft(source="@jonas hallo", audience="direct")
        )
        await posts.write_post(tx, node.node, asker.id, Draft(source="@amina guten Tag"))
        media = tx.new_id()
        await tx.execute(
            "INSERT INTO media (id, owner_id, kind, created_at) VALUES ($1, $2, 'image', $3)",
            media,
            amina.id,
            tx.now,
        )
        more = [
            await tx.fetchval(f"SELECT id FROM {table} WHERE {column} = $1 LIMIT 1", amina.id)
            for table, column in (
                ("notifications", "owner_id"), ("sessions", "actor_id"), ("oauth_tokens", "actor_id"),
                ("follows", "followee_id"),
            )
        ]  # fmt: skip
    assert None not in more
    return [post, message, media, *more, asker.id, amina.id]


def words_of(route: Route) -> list[str]:
    """The deeds one route stands for (`/posts/{id}/{what:like|boost}`)."""
    _, found, rest = route.path.partition("{what:")
    return rest.partition("}")[0].split("|") if found else [""]


def at(route: Route, number: int, word: str = "") -> str:
    path = route.path
    while "{" in path:
        before, _, rest = path.partition("{")
        depth, end = 1, 0
        while depth:
            depth += {"{": 1, "}": -1}.get(rest[end], 0)
            end += 1
        name, _, pattern = rest[: end - 1].partition(":")
        words = {
            "what": word or pattern.split("|")[0],
            "handle": "amina",
            "queue": "inbox",
            "group_key": f"mention-{number}",
        }
        path = before + (words.get(name) or str(number)) + rest[end:]
    return path


async def test_aut_11_nobody_changes_what_is_anothers_by_its_number(lindenhof: RigNode) -> None:
    node = lindenhof
    amina, mallory = await node.person("amina"), await node.person("mallory")
    meant = [route for route in ROUTES if route.method not in SAFE and "{" in route.path]
    sent: dict[str, Any] = {
        "status": "hijacked", "description": "hijacked", "display_name": "hijacked", "source": "hijacked",
        "alt": "hijacked", "focus": "0.5,0.5", "comment": "x",
    }  # fmt: skip
    async with Browser(node.origin) as owner, Browser(node.origin) as browser, Clients(node) as clients:
        await owner.sign_in("amina")
        await clients.program_of(amina, ALL_SCOPES)
        numbers = await numbers_of(node, amina)
        program = await clients.program_of(mallory, ALL_SCOPES)
        await browser.sign_in("mallory")
        before = await digest_of(node, amina.id, mallory.id)
        for route in meant:
            for number, word in itertools.product(numbers, words_of(route)):
                path = at(route, number, word)
                if route.access in ("token", "app_token", "maybe_token"):
                    status = (await program.call(route.method, path, json=sent)).status
                elif route.access in CLOSED:
                    status = (await browser.post(path, **sent)).status
                else:
                    continue
                assert status < 500, path
            after = await digest_of(node, amina.id, mallory.id)
            assert after == before, (route.method, route.path)
        assert (await owner.get("/settings")).status == 200
    assert len(meant) >= 35


async def test_aut_11_nobody_reads_what_is_anothers_by_its_number(lindenhof: RigNode) -> None:
    node = lindenhof
    amina, mallory = await node.person("amina"), await node.person("mallory")
    async with Browser(node.origin) as owner, Browser(node.origin) as browser, Clients(node) as clients:
        await owner.sign_in("amina")
        await clients.program_of(amina, ALL_SCOPES)
        numbers = await numbers_of(node, amina)
        program = await clients.program_of(mallory, ALL_SCOPES)
        await browser.sign_in("mallory")
        for route in ROUTES:
            if (
                route.method != "GET"
                or "{" not in route.path
                or route.path.startswith(("/static", "/media/"))
            ):
                continue
            for number in numbers:
                path = at(route, number)
                if route.access in ("token", "app_token", "maybe_token"):
                    answer = await program.call("GET", path)
                    status, body = answer.status, str(answer.body)
                else:
                    await browser.get(path)
                    status, body = browser.status, browser.page
                assert status < 500, path
                assert "nur hier" not in body and "@jonas hallo" not in body, path
                assert "amina@example.org" not in body, path

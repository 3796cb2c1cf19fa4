"""Every route that can be asked with GET, and every form and call, with parameters nobody would choose: never a 5xx.

Asked as a stranger, as a moderator's browser and as a program with every right. Which names a route may look at is
read from the source, so that a new parameter is tried without anybody thinking of it.
"""

from __future__ import annotations

import re
import time
from functools import cache
from random import Random
from typing import Any
from urllib.parse import quote

import aiohttp

from node.feature import Route
from node.features.actors.store.reads import Actor
from node.features.posts import service as posts
from node.features.posts.service import Draft
from node.features.registry import FEATURES
from tests.fuzz.findings import Findings
from tests.fuzz.mutate import LINKS, NUMBERS, WORDS
from tests.house.tree import modules
from tests.node.features.accounts.browser import Browser
from tests.node.features.api_client import ALL_SCOPES, Clients
from tests.rig import Rig

ROUTES = [route for feature in FEATURES for route in feature.routes]
# Ends the asker's own session or account, or makes too many mails; tried by tests of their own.
LEFT_OUT = ("/sign-out", "/oauth/revoke", "/settings/leave", "/settings/password", "/leaving", "/goodbye")
BODY_TYPES = (
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "text/plain",
)
_READ = re.compile(
    r"""(?:query(?:\.get|\.getall)?[\[(]|\.(?:find_)?(?:text|texts|flag|number|id|ids|time|file)\()\s*["'](\w+)["']"""
)
_WITHIN = re.compile(r"\{(\w+)(?::((?:[^{}]|\{[^{}]*\})*))?\}")


@cache
def parameters() -> tuple[str, ...]:
    """Every name some handler reads from a query, a form or a call."""
    found = {name for path in modules() for name in _READ.findall(path.read_text("utf-8"))}
    return tuple(sorted(found))


class Asker:
    """Makes paths, queries and bodies; `numbers` are ids that exist."""

    def __init__(self, random: Random, numbers: list[int]) -> None:
        self.random = random
        self.numbers = [str(number) for number in numbers]

    def word(self) -> str:
        """What to put in one place."""
        kind = self.random.randrange(5)
        if kind == 0:
            return self.random.choice(self.numbers)
        if kind == 1:
            return str(self.random.choice(NUMBERS))
        return self.random.choice(LINKS if kind == 2 else WORDS)[:3000].encode("utf-8", "replace").decode()

    def path(self, route: Route) -> str:
        """The route's path with something in each of its places; patterns with alternatives keep to one."""

        def one(place: re.Match[str]) -> str:
            pattern = place[2] or ""
            if "|" in pattern and re.fullmatch(r"[\w|-]+", pattern):
                return self.random.choice(pattern.split("|"))
            return (
                quote(self.random.choice((*self.numbers, "amina", "word", self.word())), safe="@")[:2000]
                or "x"
            )

        return _WITHIN.sub(one, route.path)

    def query(self) -> str:
        """Some parameters, some of them as lists or nested."""
        pairs = []
        for _ in range(self.random.choice((0, 1, 2, 3, 8))):
            name = self.random.choice(parameters()) + self.random.choice(("", "", "", "[]", "[a]", "[0][x]"))
            pairs.append(f"{quote(name)}={quote(self.word())}")
        return "?" + "&".join(pairs) if pairs else ""

    def body(self) -> dict[str, Any]:
        """Keyword arguments of a request: a form, JSON, or neither."""
        pick = self.random.choice
        values = {pick(parameters()): self.word() for _ in range(self.random.randrange(6))}
        kind = self.random.randrange(4)
        if kind == 0:
            return {
                "json": {name: pick((word, [word], {"a": word}, None, 5)) for name, word in values.items()}
            }
        if kind == 1:
            return {
                "data": pick((b"", b"\xff\xfe", b"{", b"[" * 500, b"a=%ff&b", b"null", b"--x\r\n\r\na")),
                "headers": {"Content-Type": pick(BODY_TYPES)},
            }
        return {"data": values}

    def headers(self) -> dict[str, str]:
        """Now and then what other programs ask for."""
        return self.random.choice((
            {}, {}, {"HX-Request": "true"}, {"Accept": "application/activity+json"}, {"Accept-Language": "x" * 500},
            {"Accept": ",;q="}, {"If-None-Match": '"'}, {"Range": "bytes=5-2"}, {"Cookie": "session=\x01; a"},
            {"If-Modified-Since": "gestern"}, {"Signature": "keyId=x"}, {"X-Forwarded-For": "a, b"}))  # fmt: skip


async def fuzz(rig: Rig, findings: Findings, random: Random, *, until: float, most: int = 10**9) -> int:
    """Ask one node until `time.monotonic()` says so, or `most` times; returns how often it was asked."""
    node = await rig.node_of("lindenhof")
    amina = await node.person("amina", role="admin")
    async with node.db.tx() as tx:
        numbers = [
            await posts.write_post(tx, node.node, amina.id, Draft(source=text))
            for text in ("Eins #Thema", "Zwei @amina")
        ]
    asker = Asker(random, [*numbers, amina.id])
    asked = 0
    async with Browser(node.origin) as browser, Clients(node) as clients, aiohttp.ClientSession() as nobody:
        await browser.sign_in("amina")
        token = (await clients.program_of(amina, ALL_SCOPES)).token
        while time.monotonic() < until and asked < most:
            for route in random.sample(ROUTES, 20):
                if not route.path.startswith(LEFT_OUT):
                    await _ask(node.origin, browser, nobody, token, asker, route, findings)
                    asked += 1
            rig.clock.advance(seconds=1)
            await _sign_in_again(browser, amina)
    return asked


async def _sign_in_again(browser: Browser, amina: Actor) -> None:
    await browser.get("/settings")
    if browser.status == 303:
        await browser.sign_in(amina.username)


async def _ask(
    origin: str, browser: Browser, nobody: aiohttp.ClientSession, token: str, asker: Asker, route: Route,
    findings: Findings,
) -> None:  # fmt: skip
    as_who = asker.random.choice(("nobody", "browser", "program"))
    url = origin + asker.path(route) + asker.query()
    sent: dict[str, Any] = {"headers": asker.headers(), "allow_redirects": False}
    if route.method not in ("GET", "HEAD"):
        body = asker.body()
        sent = {**sent, **body, "headers": {**sent["headers"], **body.get("headers", {})}}
        if as_who == "browser":
            sent["headers"] |= {"Origin": origin, "Sec-Fetch-Site": "same-origin"}
            if isinstance(sent.get("data"), dict):
                sent["data"]["csrf"] = browser.token
    if as_who == "program":
        sent["headers"]["Authorization"] = f"Bearer {token}"
    session = browser.session if as_who == "browser" else nobody
    try:
        async with session.request(route.method, url, **sent) as answer:
            status = answer.status
            await answer.read()
    except (aiohttp.ClientError, ValueError) as error:
        if not isinstance(error, aiohttp.InvalidURL | ValueError):
            findings.add(f"{route.method} {route.path}: {type(error).__name__}", url)
        return
    if status >= 500 and status not in (501, 503):
        findings.add(f"{route.method} {route.path}: {status}", f"{as_who} {url} {str(sent)[:1000]}")

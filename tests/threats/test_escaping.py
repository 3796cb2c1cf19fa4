"""What others write stays text wherever it is shown: on every page there is, to programs, and in logs."""

from __future__ import annotations

import io
import json
import logging
import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

import pytest

from node.features.registry import FEATURES
from node.logs import JsonFormatter, TextFormatter
from tests.node.features.accounts.browser import Browser
from tests.node.features.api_client import ALL_SCOPES, Clients
from tests.node.wire.strangers import PUBLIC, Stranger, known_as, run
from tests.threats.oracle import Scene

MARKUP = "<script>alert(7)</script><img src=x onerror=alert(7)>"
QUOTED = '"\' onmouseover="alert(7)" x=\''
EVIL = f"{QUOTED}>{MARKUP}{{{{7*7}}}}"
LEADS = "javascript:alert(7)"
# Pages that end the reader's stay or hold nothing of others; what answers programs is looked at apart.
LEFT_OUT = ("/api/", "/oauth/", "/media/", "/health", "/sign-out", "/static/")


class Look(HTMLParser):
    """Everything on a page that would run."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.runs: list[str] = []
        self.texts: list[str] = []
        self._script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._script = tag == "script"
        for name, value in attrs:
            if name.startswith("on") or (value or "").strip().lower().startswith("javascript:"):
                self.runs.append(f"{tag} {name}={value}")
            if tag == "img" and name == "src" and value == "x":
                self.runs.append("img src=x")

    def handle_endtag(self, tag: str) -> None:
        self._script = False

    def handle_data(self, data: str) -> None:
        if self._script and "alert(7)" in data:
            self.runs.append(f"script {data[:60]}")
        self.texts.append(data)


def runs_in(page: str) -> list[str]:
    """What of a page's markup would run."""
    look = Look()
    look.feed(page)
    return look.runs


class Group(Stranger):
    """A group of another house whose every word is an attack."""

    def __init__(self, peer: Any) -> None:
        super().__init__(peer, "circle", type="Group", summary=f"<p>{EVIL}</p>", attributedTo=LEADS)
        peer.documents["/u/circle"]["name"] = EVIL


def evil_person(scene: Scene) -> dict[str, Any]:
    """Eve's profile, with an attack in every field."""
    eve = scene.eve
    fields = [{"type": "PropertyValue", "name": EVIL, "value": f'<a href="{LEADS}">{EVIL}</a>'}]
    emoji = {
        "type": "Emoji",
        "name": ":x:",
        "icon": {"type": "Image", "url": f"{eve.peer.uri('/e')}{QUOTED}"},
    }
    shown = eve.peer.documents["/u/eve"]
    shown |= {
        "name": EVIL + ":x:", "summary": f"<p>{EVIL}</p>", "attachment": fields, "tag": [emoji], "url": LEADS,
        "icon": {"type": "Image", "url": f"{eve.peer.uri('/i.png')}?{QUOTED}", "name": EVIL},
    }  # fmt: skip
    return shown


def evil_things(scene: Scene) -> list[dict[str, Any]]:
    """A post, an event, a poll and an answer with an attack in every field."""
    eve, to = scene.eve, [scene.amina.uri, PUBLIC]
    mention = {"type": "Mention", "href": scene.amina.uri, "name": EVIL}
    tags = [mention, {"type": "Hashtag", "name": f"#{MARKUP}", "href": LEADS}]
    picture = {
        "type": "Document",
        "mediaType": "image/png",
        "url": f"{eve.peer.uri('/1.png')}?{QUOTED}",
        "name": EVIL,
    }
    more = {
        "content": f'<p onclick="alert(7)">{EVIL}</p><a href="{LEADS}">x</a>', "summary": EVIL, "name": EVIL, "to": to,
        "tag": tags, "attachment": [picture], "url": LEADS, "contentMap": {f"de{QUOTED}": f"<p>{MARKUP}</p>"},
    }  # fmt: skip
    place = {"type": "Place", "name": EVIL, "address": EVIL}
    options = [{"type": "Note", "name": f"{EVIL}{n}", "replies": {"totalItems": n}} for n in range(2)]
    return [
        eve.note(**more), eve.note(**more, type="Article"),
        eve.note(**more, type="Event", startTime="2026-12-01T18:00:00Z", location=place),
        eve.note(**more, type="Question", oneOf=options, endTime="2026-12-01T18:00:00Z"),
    ]  # fmt: skip


@pytest.fixture
async def hostile(scene: Scene) -> list[str]:
    """The house after Eve and her group said all they have to say; addresses of what they made, by SQL."""
    eve = scene.eve
    await scene.works(eve, eve.does("Update", evil_person(scene)))
    await known_as(scene.node, Group(eve.peer))
    note, *others = evil_things(scene)
    acts = [eve.does("Create", one) for one in (note, *others)]
    acts += [
        eve.does("Flag", [scene.amina.uri], content=EVIL, to=[scene.amina.uri]),
        eve.does("Follow", scene.amina.uri), eve.does(f"Evil{MARKUP}", scene.amina.uri),
        eve.does("EmojiReact", scene.amina.uri, content=EVIL), eve.does("Create", {**eve.note(), "attributedTo": EVIL}),
    ]  # fmt: skip
    for act in acts:
        scene.rig.clock.advance(milliseconds=7)
        await eve.send(scene.node, act, now=scene.rig.clock.now())
    await run(scene.node)
    async with scene.node.db.tx() as tx:
        # What a host says of itself, and words of an error, stand on the pages of who looks after the house.
        await tx.execute(
            "UPDATE hosts SET software = $1, code = $1, failures = 5, failing_since = first_seen_at", EVIL
        )
        await tx.execute("UPDATE inbox_items SET code = $1, state = 'failed' WHERE type LIKE 'Evil%'", EVIL)
        assert await tx.fetchval("SELECT count(*) FROM posts WHERE NOT local") >= 3
        assert await tx.fetchval("SELECT count(*) FROM reports") == 1
        ids = [
            *await tx.fetch("SELECT id FROM posts WHERE NOT local"), *await tx.fetch("SELECT id FROM actors"),
            *await tx.fetch("SELECT id FROM reports"),
        ]  # fmt: skip
        handles = await tx.fetch(
            "SELECT username || '@' || handle_host AS handle FROM actors WHERE NOT local"
        )
    return [*(str(row["id"]) for row in ids), *(row["handle"] for row in handles)]


def addresses(names: list[str]) -> list[str]:
    """Every page there is, with each id and handle in its places."""
    found = set()
    for feature in FEATURES:
        for route in feature.routes:
            if route.method != "GET" or route.path.startswith(LEFT_OUT) or route.access in ("wire", "token"):
                continue
            for name in names:
                rule = re.sub(r"\{[a-z_]+:([a-z-]+)(?:\|[^}]*)\}", r"\1", route.path)
                found.add(re.sub(r"\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}", quote(name, safe="@:"), rule))
    return sorted(
        found | {"/search?q=" + quote(EVIL), "/search?q=eve", "/manage/wire?queue=inbox&state=failed"}
    )


async def test_htm_06_htm_08_nothing_others_wrote_runs_on_any_page(scene: Scene, hostile: list[str]) -> None:
    """HTM-06 and HTM-08: group summaries, titles of events, reports, names, hosts, on every page for an admin."""
    async with scene.node.db.tx() as tx:
        await tx.execute("UPDATE accounts SET role = 'admin' WHERE actor_id = $1", scene.amina.id)
    bad: dict[str, list[str]] = {}
    shown = set()
    async with Browser(scene.node.origin) as browser:
        await browser.sign_in("amina")
        for path in addresses(hostile):
            await browser.get(path)
            assert browser.status < 500, path
            if runs := runs_in(browser.page):
                bad[path] = runs
            if "alert(7)" in browser.text:
                shown.add(path.split("?")[0].rstrip("0123456789"))
    assert bad == {}
    # It was there to be shown, or this would prove nothing.
    assert {
        "/manage/reports",
        "/manage/reports/",
        "/manage/hosts",
        "/manage/wire",
        "/world",
        "/notifications",
    } <= shown


async def test_htm_08_a_program_is_given_clean_html(scene: Scene, hostile: list[str]) -> None:
    """Programs show `content` and `note` as HTML; names are text to them."""
    async with Clients(scene.node) as clients:
        client = await clients.program_of(scene.amina, ALL_SCOPES)
        entries = (await client.call("GET", "/api/v1/timelines/public?limit=40")).body
    assert entries
    for entry in entries:
        for html in (
            entry["content"],
            entry["account"]["note"],
            *(f["value"] for f in entry["account"]["fields"]),
        ):
            assert runs_in(html) == []
        assert not str(entry["url"]).startswith("javascript:")


FORGED = "x\r\n12:00:01 error  web  node: forged \x1b[2J\u2028\x85 \ud800"


@pytest.mark.parametrize("formatter", [TextFormatter("web"), JsonFormatter("web")], ids=["text", "json"])
def test_htm_08_nobody_else_writes_a_line_of_our_log(formatter: logging.Formatter) -> None:
    """Line breaks and terminal codes of others come out as letters, in a message and in its fields."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    record = logging.makeLogRecord(
        {"msg": "refused %s", "args": (FORGED,), "levelname": "INFO", "post": FORGED}
    )
    handler.handle(record)
    written = stream.getvalue()
    assert len(written.rstrip("\n").splitlines()) == 1
    assert "\x1b" not in written and "\x85" not in written
    written.encode("utf-8")
    if isinstance(formatter, JsonFormatter):
        assert json.loads(written)["message"].startswith("refused x\r\n12:00:01")

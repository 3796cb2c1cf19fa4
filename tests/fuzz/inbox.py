"""Signed activities nobody would write, delivered to a real node whose peers serve odd documents.

Never a 5xx, never an arrival that ends or waits because something of ours raised, none without a named state; the
counters equal their rows, pages and the client API still show everything, and an honest letter still comes through.
What ended in a way not seen before becomes a seed itself.
"""

from __future__ import annotations

import json
import logging
import re
import time
from datetime import timedelta
from random import Random
from typing import Any

import aiohttp
import orjson
from aiohttp import web

from federation.errors import CODES as WIRE_CODES
from node.errors import CODES as NODE_CODES
from node.features.actors.store.reads import Actor
from node.features.follows import service as follows
from node.features.posts import service as posts
from node.features.posts.service import Draft
from tests.docs.codes import ENDS
from tests.federation.peers import AP, Peer
from tests.fuzz import scene, seeds
from tests.fuzz.findings import Findings
from tests.fuzz.mutate import Mutator
from tests.node.wire.shown import all_pages_work
from tests.node.wire.strangers import PUBLIC, Stranger, known_as, outcome, post, run, wrong_counters
from tests.rig import Rig, RigNode

BATCH = 40
TICK = timedelta(milliseconds=11)
STATES = ("new", "done", "ignored", "held", "refused", "failed")
NAMED = {"", *ENDS, *WIRE_CODES, *NODE_CODES}
TOO_LONG_S = 1.5  # of the processor, for one delivery or one batch of forty divided by forty
MOST_SEEDS = 400
_FORMER = re.compile(r"http://localhost:[0-9]+/u/eve[0-9]+(?![0-9])")
KNOWN_TYPES = frozenset(
    ("Create", "Update", "Delete", "Undo", "Follow", "Accept", "Reject", "Like", "Announce", "Add", "Remove", "Block",
     "Flag", "Move", "EmojiReact", "Join", "Leave", "Invite", "Offer", "QuoteRequest", "TentativeAccept")
)  # fmt: skip


class OddPeer(Peer):
    """A house that answers what it is asked with odd documents, and its people's with good ones mostly."""

    mutator: Mutator
    pool: list[dict[str, Any]]
    calm = True

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        random = self.mutator.random
        known = self.documents.get(request.path)
        if (
            self.calm
            or request.path in self.handlers
            or request.method != "GET"
            or (known and random.random() < 0.9)
        ):
            return await super()._answer(request)
        if random.random() < 0.1:
            return web.Response(
                status=random.choice((301, 404, 410, 429, 500)), headers={"Location": "/loop"}
            )
        document = known or self._other(request.path)
        body = self.mutator.body(self.mutator.document(document))
        return web.Response(
            body=body, content_type=random.choice((AP, AP, AP, "application/json", "text/html"))
        )

    def _other(self, path: str) -> dict[str, Any]:
        """Something that might stand at this path: an activity of the pool, or what is in one."""
        activity = self.mutator.random.choice(self.pool)
        inner = activity.get("object")
        document = inner if isinstance(inner, dict) and self.mutator.random.random() < 0.7 else activity
        return {**document, "id": self.uri(path)}


class World:
    """One node, two peers, a member who follows somebody, and a round of strangers."""

    def __init__(
        self, rig: Rig, node: RigNode, peers: list[OddPeer], findings: Findings, random: Random
    ) -> None:
        self.rig = rig
        self.node = node
        self.peers = peers
        self.findings = findings
        self.random = random
        self.amina: Actor
        self.post = ""
        self.who: Stranger
        self.mutator: Mutator
        self.house: Stranger
        self.pool: list[dict[str, Any]] = []
        self.machine_pool: list[dict[str, Any]] = []
        self.learnt: list[str] = []
        self.ends: set[tuple[str, ...]] = set()
        self.tried = self.taken = self._round = 0
        self.slowest_s = 0.0

    async def open(self) -> None:
        """Amina and her first post."""
        self.amina = await self.node.person("amina")
        async with self.node.db.tx() as tx:
            post_id = await posts.write_post(tx, self.node.node, self.amina.id, Draft(source="Anfang #Thema"))
        self.post = f"{self.node.origin}/ap/notes/{post_id}"

    async def new_round(self) -> None:
        """A new stranger, whom Amina follows: the last one may have deleted themselves."""
        self._round += 1
        peer = self.peers[self._round % 2]
        for one in self.peers:
            one.calm = True
        peer.documents.clear()
        self.who = Stranger(peer, f"eve{self._round}")
        theirs = Stranger(self.peers[(self._round + 1) % 2], f"vera{self._round}")
        there = await known_as(self.node, self.who)
        async with self.node.db.tx() as tx:
            await follows.follow(tx, self.node.node, self.amina.id, there.id)
            uri = await tx.fetchval("SELECT uri FROM follows WHERE followee_id = $1", there.id)
        assert await self._send(orjson.dumps(self.who.does("Accept", uri))) == 202
        note = theirs.note()
        theirs.peer.documents[note["id"].removeprefix(theirs.peer.origin)] = note
        form = self.random.choice(("public", "actor"))
        around = await scene.set_up(self.node, self.amina, self.who, form)
        self.house = around.house
        self.machine_pool = scene.machine_seeds(around, self.who, note["id"])
        assert await self._send(orjson.dumps(self.house.does("Accept", around.asked)), self.house) == 202
        self.pool = [
            *seeds.captured(self.who, self.post, self.amina.uri),
            *seeds.deeds(self.who, self.post, self.amina.uri, note["id"]),
            *scene.seeds_of(around, self.who, note["id"]),
            *(json.loads(_FORMER.sub(self.who.uri, text)) for text in self.learnt),
        ]
        links = (self.who.uri, theirs.uri, note["id"], self.post, self.amina.uri, f"{self.who.uri}/followers",
                 f"{self.amina.uri}/followers", self.node.origin, self.node.origin + "/actor", PUBLIC,
                 peer.uri("/n/new"), peer.uri("/n/other"), peer.uri("/u/nobody"), theirs.peer.uri("/n/new"),
                 *around.posts, around.poll["id"], self.house.uri, f"{self.who.uri}-group", f"{self.who.uri}/sync",
                 self.post.upper(), self.post + "/", self.post + "#x", peer.origin)  # fmt: skip
        self.mutator = Mutator(self.random, links)
        for one in self.peers:
            one.mutator, one.pool, one.calm = self.mutator, self.pool, False

    async def _send(self, body: bytes, sender: Stranger | None = None) -> int:
        self.rig.clock.advance(milliseconds=TICK.microseconds // 1000)
        who = sender or self.who
        request = who.sign(self.node, body, now=self.rig.clock.now())
        if sender is None and self.pool and self.random.random() < 0.06:
            headers = (*request.headers, scene.claim(who, self.mutator))
            request = request.__class__("POST", request.target, headers, body)
        try:
            return (await post(self.node, request)).status
        except aiohttp.ClientError as error:
            self.findings.add(f"no answer: {type(error).__name__}", str(error), body)
            return 0

    def _odd(self, sender: Stranger | None) -> tuple[dict[str, Any], bytes]:
        """A document of the pool made odd, usually with a new id and its true sender."""
        document = self.mutator.document(self.random.choice(self.machine_pool if sender else self.pool))
        who = sender or self.who
        if self.random.random() < 0.85:
            document["id"] = who.new_id("a")
        if self.random.random() < 0.9:
            document["actor"] = who.uri
        return document, self.mutator.body(document)

    async def batch(self) -> None:
        """Some deliveries, then everything worked off and looked at."""
        sent: list[tuple[str, dict[str, Any], bytes]] = []
        began = time.process_time()
        for _ in range(BATCH):
            sender = self.house if self.random.random() < 0.1 else None
            document, body = self._odd(sender)
            before = time.process_time()
            status = await self._send(body, sender)
            self._judge_time(time.process_time() - before, body)
            self.tried += 1
            self.taken += status == 202
            if status >= 500 and status != 503:
                self.findings.add(f"status {status}", "", body)
            sent.append((str(document.get("id")), document, body))
        try:
            await run(self.node)
        except Exception as error:
            self.findings.add(f"worker: {type(error).__name__}", str(error), sent[-1][2])
        self._judge_time((time.process_time() - began) / BATCH, sent[-1][2])
        await self._look_at_ends({uri: (document, body) for uri, document, body in sent})

    def _judge_time(self, seconds: float, body: bytes) -> None:
        self.slowest_s = max(self.slowest_s, seconds)
        if seconds > TOO_LONG_S:
            self.findings.add("too slow", f"{seconds:.1f} s of the processor", body)

    async def _look_at_ends(self, sent: dict[str, tuple[dict[str, Any], bytes]]) -> None:
        async with self.node.db.read() as tx:
            rows = await tx.fetch(
                """SELECT activity_uri, type, state, code, body FROM inbox_items
                   WHERE received_at > $1 ORDER BY id""",
                self.rig.clock.now() - BATCH * TICK,
            )
        for row in rows:
            end = (row["type"] if row["type"] in KNOWN_TYPES else "", row["state"], row["code"])
            if (
                row["state"] not in STATES
                or row["code"] not in NAMED
                or (row["state"], row["code"]) == ("new", "")
            ):
                self.findings.add(
                    f"end: {row['state']} {row['code']}", row["activity_uri"], bytes(row["body"])
                )
            elif end not in self.ends and row["activity_uri"] in sent and len(self.learnt) < MOST_SEEDS:
                self.ends.add(end)
                self.learnt.append(json.dumps(sent[row["activity_uri"]][0]))

    async def look_around(self) -> None:
        """The slow part of the oracle: counters, pages, and an honest letter."""
        async with self.node.db.read() as tx:
            for wrong in await wrong_counters(tx):
                self.findings.add(f"counter: {wrong.split()[0]}", wrong)
        try:
            await all_pages_work(self.node, self.amina)
        except AssertionError as error:
            self.findings.add(f"page: {str(error)[:80]}", str(error))
        await self.new_round()
        honest = self.who.does("Create", self.who.note(to=[self.amina.uri, PUBLIC]))
        await self._send(orjson.dumps(honest))
        await run(self.node)
        if (end := await outcome(self.node, honest)) != ("done", ""):
            self.findings.add(f"an honest letter ended as {end}")


async def fuzz(rig: Rig, findings: Findings, random: Random, *, most: int, until: float) -> World:
    """Deliver up to `most` odd activities, or until `time.monotonic()` says so, to a node of its own."""
    logging.getLogger("aiohttp.access").disabled = True
    peers = [OddPeer("localhost"), OddPeer("localhost")]
    for peer in peers:
        peer.mutator, peer.pool = Mutator(random, ("",)), [{}]
        await peer.start()
    try:
        world = World(rig, await rig.node_of("lindenhof"), peers, findings, random)
        await world.open()
        await world.new_round()
        while world.tried < most and time.monotonic() < until:
            await world.batch()
            if world.tried % (BATCH * 8) == 0:
                await world.look_around()
        await world.look_around()
        return world
    finally:
        for peer in peers:
            await peer.stop()

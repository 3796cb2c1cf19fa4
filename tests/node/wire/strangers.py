"""Strangers for the tests of the wire: people with keys on loopback peers, who send whatever they like.

A `Stranger` signs as our own sending code signs, so that what a test changes afterwards is the only thing
wrong with a request. `counted` is the oracle for "nothing happened".
"""

from __future__ import annotations

import asyncio
import io
import json
from datetime import datetime
from typing import Any

import aiohttp
import msgspec
from aiohttp import web
from yarl import URL

from federation.keys import Signer
from federation.signatures import cavage
from federation.signatures.message import Outgoing, SignedRequest
from node.db.database import Tx
from node.features.actors import lookup
from node.features.actors.store.reads import Actor
from tests.federation.peers import NOW, Peer, key, signed
from tests.rig import RigNode

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
CONTEXT = "https://www.w3.org/ns/activitystreams"
EFFECTS = (
    "actors", "posts", "post_mentions", "post_tags", "follows", "blocks", "likes", "boosts", "notifications",
    "deliveries", "activities", "media", "tombstones", "home_entries", "inbox_items",
)  # fmt: skip


class Stranger:
    """A person of another house."""

    def __init__(self, peer: Peer, name: str, **more: Any) -> None:
        self.peer = peer
        self.name = name
        uri = peer.uri(f"/u/{name}")
        # They say that their handle is plain, so that nobody asks their house for it.
        shown = {
            "followers": f"{uri}/followers",
            "name": name.title(),
            "webfinger": f"{name}@localhost:{peer.port}",
        }
        shown |= more
        self.uri = peer.person(f"/u/{name}", key(name), **shown)
        self.signer = Signer(f"{self.uri}#main-key", key(name))
        self._count = 0

    @property
    def handle(self) -> str:
        """name@host."""
        return f"{self.name}@localhost:{self.peer.port}"

    def new_id(self, kind: str) -> str:
        """A fresh address under this person's house."""
        self._count += 1
        return self.peer.uri(f"/{kind}/{self.name}-{self._count}")

    def note(self, content: str = "<p>Hallo</p>", **more: Any) -> dict[str, Any]:
        """A public note of theirs."""
        fields = {
            "id": self.new_id("n"), "type": "Note", "attributedTo": self.uri, "content": content,
            "to": [PUBLIC], "cc": [f"{self.uri}/followers"], "published": stamp(NOW),
        }  # fmt: skip
        return {**fields, **more}

    def does(self, kind: str, thing: Any, **more: Any) -> dict[str, Any]:
        """An activity of theirs."""
        fields = {
            "@context": CONTEXT, "id": self.new_id("a"), "type": kind, "actor": self.uri, "object": thing,
        }  # fmt: skip
        if isinstance(thing, dict):
            fields |= {name: thing[name] for name in ("to", "cc") if name in thing}
        return {**fields, **more}

    def sign(
        self, node: RigNode, document: dict[str, Any] | bytes, *, target: str = "/inbox", now: datetime = NOW,
        scheme: str = "cavage",
    ) -> SignedRequest:  # fmt: skip
        """A delivery as it should be."""
        return signed(document, self.signer, target=target, now=now, origin=node.origin, scheme=scheme)

    async def send(
        self, node: RigNode, document: dict[str, Any] | bytes, *, target: str = "/inbox", now: datetime = NOW
    ) -> int:
        """Deliver; the answer's status."""
        return (await post(node, self.sign(node, document, target=target, now=now))).status


class Answered(msgspec.Struct, frozen=True):
    """What our door said."""

    status: int
    body: bytes
    cache: str = ""


async def post(node: RigNode, request: SignedRequest) -> Answered:
    """Send exactly these headers and bytes to a node's door."""
    url = URL(node.origin + request.target, encoded=True)
    async with aiohttp.ClientSession(skip_auto_headers=("Content-Type", "Accept", "User-Agent")) as session:
        async with session.post(url, data=io.BytesIO(request.body), headers=list(request.headers)) as answer:
            return Answered(answer.status, await answer.read())


async def get_activity(node: RigNode, path: str, signer: Signer | None = None) -> Answered:
    """GET as a peer does, signed or not."""
    headers = {"Accept": "application/activity+json"}
    if signer is not None:
        headers |= cavage.sign(Outgoing("GET", node.origin + path), signer, NOW)
    async with aiohttp.ClientSession() as session:
        async with session.get(node.origin + path, headers=headers, allow_redirects=False) as answer:
            return Answered(answer.status, await answer.read(), answer.headers.get("Cache-Control", ""))


async def counted(node: RigNode, tables: tuple[str, ...] = EFFECTS) -> dict[str, int]:
    """How many rows each table of effects has."""
    async with node.db.read() as tx:
        return {table: await tx.fetchval(f"SELECT count(*) FROM {table}") for table in tables}


async def outcome(node: RigNode, activity: dict[str, Any] | str) -> tuple[str, str]:
    """(state, code) of an arrived activity; ('', '') when it never arrived."""
    uri = activity if isinstance(activity, str) else activity["id"]
    async with node.db.read() as tx:
        row = await tx.fetchrow("SELECT state, code FROM inbox_items WHERE activity_uri = $1", uri)
    return (row["state"], row["code"]) if row else ("", "")


async def faults(node: RigNode) -> list[tuple[str, str, str]]:
    """Arrivals that ended, or wait, because something of ours raised: there must never be any."""
    async with node.db.read() as tx:
        rows = await tx.fetch(
            """SELECT type, state, code FROM inbox_items
               WHERE state = 'failed' OR (state = 'new' AND code <> '') ORDER BY id"""
        )
    return [(row["type"], row["state"], row["code"]) for row in rows]


async def wrong_counters(tx: Tx) -> list[str]:
    """Every counter that does not equal the rows it counts."""
    rows = await tx.fetch(
        """SELECT 'likes of ' || p.id AS what FROM posts p
           WHERE p.likes_count <> (SELECT count(*) FROM likes l WHERE l.post_id = p.id)
           UNION ALL SELECT 'boosts of ' || p.id FROM posts p
           WHERE p.boosts_count <> (SELECT count(*) FROM boosts b WHERE b.post_id = p.id)
           UNION ALL SELECT 'reactions of ' || p.id FROM posts p
           WHERE p.reactions_count <> (SELECT count(*) FROM reactions e WHERE e.post_id = p.id)
           UNION ALL SELECT 'replies of ' || p.id FROM posts p
           WHERE p.replies_count <> (SELECT count(*) FROM posts r WHERE r.in_reply_to_id = p.id
                                      AND r.audience IN ('public', 'unlisted') AND r.group_state = '')
           UNION ALL SELECT 'followers of ' || a.username FROM actors a
           WHERE a.local AND a.followers_count <>
                 (SELECT count(*) FROM follows f WHERE f.followee_id = a.id AND f.state = 'accepted')
           UNION ALL SELECT 'following of ' || a.username FROM actors a
           WHERE a.local AND a.following_count <>
                 (SELECT count(*) FROM follows f WHERE f.follower_id = a.id AND f.state = 'accepted')
           UNION ALL SELECT 'posts of ' || a.username FROM actors a
           WHERE a.local AND a.posts_count <> (SELECT count(*) FROM posts p WHERE p.author_id = a.id)
           UNION ALL SELECT 'votes of ' || o.post_id FROM poll_options o JOIN posts p ON p.id = o.post_id
           WHERE p.local AND o.votes < -- the vote of somebody who left stays counted
                 (SELECT count(*) FROM poll_votes v WHERE v.post_id = o.post_id AND v.place = o.place)"""
    )
    return [row["what"] for row in rows]


class Inboxes:
    """A peer's door that remembers what came and answers as told.

    `answers` maps an activity's type, or '' for all, to a status; `seconds` is how long it thinks.
    """

    def __init__(self, peer: Peer, *paths: str) -> None:
        self.received: list[tuple[str, dict[str, Any]]] = []
        self.status = 202
        self.answers: dict[str, int] = {}
        self.headers: dict[str, str] = {}
        self.seconds = 0.0
        for path in paths:
            peer.handlers[path] = self._take

    async def _take(self, request: web.Request) -> web.Response:
        document = json.loads(await request.read())
        if self.seconds:
            await asyncio.sleep(self.seconds)
        status = self.answers.get(document["type"], self.status)
        if status < 300:
            self.received.append((request.path, document))
        return web.Response(status=status, headers=self.headers)

    @property
    def ids(self) -> list[str]:
        """Ids of what was taken, in order."""
        return [document["id"] for _, document in self.received]

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        """What was taken of one type."""
        return [document for _, document in self.received if document["type"] == kind]


def stamp(moment: datetime) -> str:
    """A time as peers write it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


async def run(node: RigNode) -> None:
    """Work off what arrived and send what is due, to quiet."""
    for _ in range(20):
        if not await node.run_jobs():
            return
    raise AssertionError("the node does not come to rest")


async def known_as(node: RigNode, stranger: Stranger) -> Actor:
    """The stranger as this node knows them."""
    return await lookup.resolve_uri(node.node, stranger.uri)

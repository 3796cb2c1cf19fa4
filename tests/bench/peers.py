"""Fake peers: many hosts on loopback ports in this process, each with some people.

They answer what a node asks (actor, WebFinger), take deliveries, agree to follows when told to,
and sign with keys of their own. They are as fast as they can be, or wait a while on request.
"""

import asyncio
import base64
import enum
import hashlib
import json
import random
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import format_datetime

from aiohttp import web
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from federation.signatures import wishes
from tests.bench import http

AS2 = "https://www.w3.org/ns/activitystreams"
PUBLIC = f"{AS2}#Public"
_CONTEXT = [
    AS2,
    "https://w3id.org/security/v1",
    {
        "manuallyApprovesFollowers": "as:manuallyApprovesFollowers",
        "toot": "http://joinmastodon.org/ns#",
        "discoverable": "toot:discoverable",
        "sensitive": "as:sensitive",
        "Hashtag": "as:Hashtag",
    },
]
_WORDS = "the leeks in bed four want thinning before Saturday and somebody took the good fork again " * 6


SLOW_S = 2.0
_OFFER = {"Accept-Signature": wishes.OFFER}


class Kind(enum.Enum):
    """How a fake host takes deliveries."""

    FAST = "fast"
    SLOW = "slow"  # answers after SLOW_S
    SILENT = "silent"  # takes the call and never answers
    CLOSED = "closed"  # refuses the call


class FakePerson:
    """Somebody on a fake host, with a key."""

    def __init__(self, origin: str, number: int, key: rsa.RSAPrivateKey) -> None:
        self.origin = origin
        self.name = f"person{number}"
        self.uri = f"{origin}/u/{self.name}"
        self.key = key

    @property
    def handle(self) -> str:
        """`person1@127.0.0.1:1234`."""
        return f"{self.name}@{self.origin.removeprefix('http://')}"

    def document(self) -> dict[str, object]:
        """The actor as it is served."""
        pem = self.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return {
            "@context": _CONTEXT,
            "id": self.uri,
            "type": "Person",
            "preferredUsername": self.name,
            "name": self.name.title(),
            "summary": "<p>Grows leeks.</p>",
            "inbox": f"{self.uri}/inbox",
            "outbox": f"{self.uri}/outbox",
            "followers": f"{self.uri}/followers",
            "following": f"{self.uri}/following",
            "endpoints": {"sharedInbox": f"{self.origin}/inbox"},
            "url": self.uri,
            "discoverable": True,
            "publicKey": {"id": f"{self.uri}#main-key", "owner": self.uri, "publicKeyPem": pem.decode()},
        }

    def activity(self, kind: str, identifier: str, target: object, **more: object) -> dict[str, object]:
        """An activity of this person."""
        return {
            "@context": _CONTEXT, "id": f"{self.uri}/{identifier}", "type": kind, "actor": self.uri,
            "object": target, **more,
        }  # fmt: skip

    def create(self, run: str, number: int) -> dict[str, object]:
        """A new note to everybody and the followers, about as large as a real one (2.5 kB)."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        to, cc = [PUBLIC], [f"{self.uri}/followers"]
        note = {
            "id": f"{self.uri}/notes/{run}-{number}",
            "type": "Note",
            "summary": None,
            "inReplyTo": None,
            "published": now,
            "url": f"{self.origin}/@{self.name}/{run}-{number}",
            "attributedTo": self.uri,
            "to": to,
            "cc": cc,
            "sensitive": False,
            "content": f'<p>{number}: {_WORDS} <a href="{self.origin}/tags/leeks" rel="tag">#<span>leeks</span></a></p>',
            "contentMap": {"en": f"<p>{number}: {_WORDS}</p>"},
            "attachment": [],
            "tag": [{"type": "Hashtag", "href": f"{self.origin}/tags/leeks", "name": "#leeks"}],
            "replies": {"id": f"{self.uri}/notes/{run}-{number}/replies", "type": "Collection"},
        }
        return self.activity("Create", f"notes/{run}-{number}/activity", note, published=now, to=to, cc=cc)

    def post(self, url: str, activity: dict[str, object]) -> bytes:
        """The whole signed request (draft-cavage) that delivers `activity` to `url`."""
        body = json.dumps(activity).encode()
        host, _, path = url.removeprefix("http://").partition("/")
        date = format_datetime(datetime.now(UTC), usegmt=True)
        digest = f"SHA-256={base64.b64encode(hashlib.sha256(body).digest()).decode()}"
        signed = f"(request-target): post /{path}\nhost: {host}\ndate: {date}\ndigest: {digest}"
        signature = base64.b64encode(
            self.key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        ).decode()
        head = (
            f"POST /{path} HTTP/1.1\r\nHost: {host}\r\nDate: {date}\r\nDigest: {digest}\r\n"
            "Content-Type: application/activity+json\r\n"
            f'Signature: keyId="{self.uri}#main-key",algorithm="rsa-sha256",'
            f'headers="(request-target) host date digest",signature="{signature}"\r\n'
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


class Fakes:
    """All fake hosts and what they received; `cast` says how each of them behaves."""

    def __init__(self, origin_of_node: str) -> None:
        self.origins: list[str] = []
        self.kinds: dict[str, Kind] = {}
        self.offers_ed25519 = False
        self.ended = asyncio.Event()  # lets the silent go
        self.node_port = int(origin_of_node.rpartition(":")[2])
        self.node_inbox = f"{origin_of_node}/inbox"
        self.people: dict[str, FakePerson] = {}
        self.arrived: dict[str, list[tuple[float, str]]] = {}  # by type: when, at which origin
        self._awaited = ("", 1)
        self._reached = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    def cast(self, hosts: int, *, dead: float, slow: float) -> dict[str, Kind]:
        """Give parts to `hosts` hosts that were fast till now; half of the dead are silent, half are not there.

        Raises: ValueError when there are not so many.
        """
        fresh = [origin for origin in self.origins if self.kinds.get(origin, Kind.FAST) == Kind.FAST][:hosts]
        if len(fresh) < hosts:
            raise ValueError(f"only {len(fresh)} fake hosts are left, not {hosts}")
        silent, closed, late = round(hosts * dead / 2), round(hosts * dead / 2), round(hosts * slow)
        parts = [Kind.SILENT] * silent + [Kind.CLOSED] * closed + [Kind.SLOW] * late
        parts += [Kind.FAST] * (hosts - len(parts))
        random.Random(hosts).shuffle(parts)
        cast = dict(zip(fresh, parts, strict=True))
        self.kinds.update(cast)
        return {
            f"http://127.0.0.1:{unused_port()}" if part == Kind.CLOSED else origin: part
            for origin, part in cast.items()
        }

    def count(self, kind: str) -> int:
        """How many activities of a type arrived."""
        return len(self.arrived.get(kind, ()))

    async def until(self, kind: str, count: int, seconds: float) -> bool:
        """Wait until `count` activities of a type have arrived; False when they do not within `seconds`."""
        self._awaited = (kind, count)
        self._reached.clear()
        if self.count(kind) < count:
            try:
                async with asyncio.timeout(seconds):
                    await self._reached.wait()
            except TimeoutError:
                return False
        return True

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Every request to every fake host."""
        host = request.headers.get("Host", "")
        if request.method == "POST":
            return await self._take(host, await request.read())
        if request.path == "/.well-known/webfinger":
            name = request.query.get("resource", "").removeprefix("acct:").partition("@")[0]
            person = self.people.get(f"http://{host}/u/{name}")
            if person:
                link = {"rel": "self", "type": "application/activity+json", "href": person.uri}
                return web.json_response({"subject": f"acct:{person.handle}", "links": [link]})
        person = self.people.get(f"http://{host}{request.path}")
        if person is None:
            return web.Response(status=404)
        return web.json_response(person.document(), content_type="application/activity+json")

    async def _take(self, host: str, body: bytes) -> web.Response:
        part = self.kinds.get(f"http://{host}", Kind.FAST)
        if part == Kind.SILENT:
            await self.ended.wait()
        if part == Kind.SLOW:
            await asyncio.sleep(SLOW_S)
        activity = json.loads(body)
        self.arrived.setdefault(activity["type"], []).append((time.perf_counter(), host))
        if activity["type"] == "Follow" and activity["object"] in self.people:
            person = self.people[activity["object"]]
            accept = person.activity("Accept", f"accept-{time.monotonic_ns()}", activity)
            task = asyncio.create_task(self.send(person, accept))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if self.count(self._awaited[0]) >= self._awaited[1]:
            self._reached.set()
        return web.Response(status=202, headers=_OFFER if self.offers_ed25519 else None)

    async def send(self, person: FakePerson, activity: dict[str, object]) -> None:
        """Deliver one activity to the node's shared inbox. Raises: ValueError when it is not taken."""
        status, body = await http.ask(self.node_port, person.post(self.node_inbox, activity))
        if status not in (200, 202):
            raise ValueError(f"the node answered {status} {body[:200]!r} to {activity['type']}")


def unused_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def running(origin_of_node: str, *, hosts: int, people: int) -> AsyncIterator[Fakes]:
    """`hosts` fake hosts, each a port on loopback, with `people` on all of them together."""
    fakes = Fakes(origin_of_node)
    runner = web.ServerRunner(web.Server(fakes.answer), shutdown_timeout=0.5)
    await runner.setup()
    try:
        while len(fakes.origins) < hosts:
            listener = socket.create_server(("127.0.0.1", 0), backlog=64)
            port = listener.getsockname()[1]
            if port == fakes.node_port:  # the node's, which is not started yet
                listener.close()
                continue
            fakes.origins.append(f"http://127.0.0.1:{port}")
            await web.SockSite(runner, listener).start()
        _people(fakes, people)
        yield fakes
    finally:
        fakes.ended.set()
        await runner.cleanup()


def _people(fakes: Fakes, count: int) -> None:
    # Keys are slow to make; a dozen are enough for all, the node keeps them by key id anyway.
    keys = [rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(min(count, 12))]
    for number in range(count):
        origin = fakes.origins[number % len(fakes.origins)]
        person = FakePerson(origin, number, keys[number % len(keys)])
        fakes.people[person.uri] = person

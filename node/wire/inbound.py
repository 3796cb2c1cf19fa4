"""The inbox door: verify, keep one durable row, answer 202.

Rows of concurrent requests are gathered for a few milliseconds and stored in one statement; no
one is answered before that commit. What an activity means is worked out later (`process`).
Spec: AP §5.2, §7.1.
"""

import asyncio
import logging

from aiohttp import web

from federation import inbox, uris
from federation.errors import FederationError
from federation.followers import HEADER
from federation.signatures import wishes
from node.appkeys import NODE
from node.runtime import Node
from node.wire import followers, loud
from node.wire.store import arrivals as store

log = logging.getLogger("node.wire.inbound")

GATHER_S = 0.009  # how long the first of a batch waits for company
BATCH = 200


class ArrivalBatcher:
    """Stores arrivals of many requests with one commit."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._waiting: list[tuple[store.Arrival, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def put(self, arrival: store.Arrival) -> None:
        """Return when the arrival is durable. Raises: whatever the database raises."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((arrival, done))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        await done

    async def _write(self) -> None:
        while self._waiting:
            await asyncio.sleep(GATHER_S)
            batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
            await self._store(batch)

    async def _store(self, batch: list[tuple[store.Arrival, asyncio.Future[None]]]) -> None:
        distinct: dict[str, store.Arrival] = {}
        for arrival, _ in batch:
            distinct.setdefault(arrival.activity_uri, arrival)  # the first of an id counts (RPL-02)
        try:
            async with self._node.db.single() as tx:
                new = await store.put_arrivals(tx, list(distinct.values()))
        except Exception as error:  # every waiting request must learn of it
            for _, done in batch:
                if not done.done():
                    done.set_exception(error)
            return
        for _, done in batch:
            if not done.done():
                done.set_result(None)
        if new:
            await self._node.db.wake({"inbound"})


async def receive_activity(request: web.Request) -> web.Response:
    """POST to the shared inbox or any actor's: 202, or the refusal's own status."""
    node = request.app[NODE]
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.raw_headers)
    try:
        body = await _body(request, node.config.web.request_timeout_s)
        signed = inbox.SignedRequest(request.method, request.raw_path, headers, body)
        received = await inbox.receive(
            signed,
            directory=node.directory,
            fetcher=node.fetcher,
            now=node.clock.now(),
            local_origin=node.origin,
        )
        if isinstance(received, inbox.Received):
            loud.check(node, uris.host_of(received.signer_key_id or received.actor))
    except FederationError as error:
        log.info(
            "refused %s %s", error.code, error.detail, extra={"code": error.code, "peer": request.remote}
        )
        return _refusal(error)
    except TimeoutError:
        return _refusal(FederationError("timed_out", status=400))
    if isinstance(received, inbox.Ignored):
        return _taken(request)
    await batcher_of(node).put(
        store.Arrival(
            activity_uri=received.activity_id,
            type=received.type,
            actor_uri=received.actor,
            object_uri=received.object_id or "",
            host=received.host,
            signer_key_id=received.signer_key_id,
            refetch=received.refetch,
            body=received.body,
            plain=received.plain,
        )
    )
    if HEADER in request.headers:
        await followers.notice(node, received, request.headers[HEADER])
    return _taken(request)


async def _body(request: web.Request, seconds: float) -> bytes:
    """The body; it came with the head in nearly every case, and then no clock need be set."""
    if request.content.is_eof():
        return await request.read()
    async with asyncio.timeout(seconds):
        return await request.read()


def batcher_of(node: Node) -> ArrivalBatcher:
    """This process's batcher."""
    batcher: ArrivalBatcher = node.caches.setdefault("arrival_batcher", ArrivalBatcher(node))
    return batcher


def _taken(request: web.Request) -> web.Response:
    """202, and the offer to sign by Ed25519 next time. Spec: RFC 9421 §5.1."""
    known = 'alg="ed25519"' in request.headers.get("Signature-Input", "")
    return web.Response(status=202, headers=None if known else {"Accept-Signature": wishes.OFFER})


def _refusal(error: FederationError) -> web.Response:
    wait = {"Retry-After": "60"}
    headers = {503: wait, 429: wait, 401: {"Accept-Signature": wishes.CHALLENGE}}.get(error.status)
    return web.json_response({"error": error.code}, status=error.status, headers=headers)

"""What a peer's answer means, how long we wait, and the second knock."""

from __future__ import annotations

import asyncio
import random
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from federation import keys
from federation.delivery import (
    Delivered,
    Gone,
    Later,
    Outcome,
    Pens,
    Refused,
    next_delay,
    parse_retry_after,
    post,
)
from federation.keys import PublicKey, Signer
from federation.signatures.message import Outgoing, SignedRequest, Style
from federation.signatures.verify import read_claim
from tests.federation.peers import NOW, ORIGIN, Handler, Peer, Rig, key

ALICE = Signer(f"{ORIGIN}/ap/users/1#main-key", key("alice"))
PUBLIC = PublicKey(ALICE.key_id, "o", keys.public_pem(key("alice")))
PENS = Pens(ALICE, Signer(f"{ORIGIN}/ap/users/1#ed25519-key", key("ed-alice")))
BODY = b'{"type":"Create"}'


def _answers(peer: Peer, *statuses: int, **headers: str) -> None:
    left = list(statuses)

    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(status=left.pop(0) if len(left) > 1 else left[0], headers=headers)

    peer.handlers["/inbox"] = handler


async def _post(rig: Rig, scheme: Style | None = "cavage") -> Outcome:
    return await _post_to(rig, rig.peers["victim.test"].uri("/inbox"), scheme)


async def _post_to(rig: Rig, url: str, style: Style | None = None) -> Outcome:
    return await post(rig.client, Outgoing("POST", url, BODY), PENS, NOW, style)


TABLE: dict[int, Outcome] = {
    200: Delivered("cavage"), 202: Delivered("cavage"), 204: Delivered("cavage"), 401: Later("http_401"),
    408: Later("http_408"), 429: Later("http_429"), 500: Later("http_500"), 502: Later("http_502"),
    503: Later("http_503"), 504: Later("http_504"), 501: Refused("http_501"), 400: Refused("http_400"),
    403: Refused("http_403"), 405: Refused("http_405"), 406: Refused("http_406"), 413: Refused("http_413"),
    422: Refused("http_422"), 451: Refused("http_451"), 301: Refused("http_301"), 308: Refused("http_308"),
    404: Gone(certain=False), 410: Gone(certain=True),
}  # fmt: skip


@pytest.mark.parametrize(("status", "expected"), TABLE.items(), ids=[f"REL-20 {status}" for status in TABLE])
async def test_every_answer_has_one_meaning(rig: Rig, status: int, expected: Outcome) -> None:
    victim = rig.peers["victim.test"]
    _answers(victim, status, Location="/elsewhere")
    assert await _post(rig) == expected
    assert len(victim.requests) == (2 if status in (400, 401) else 1)


@pytest.mark.parametrize("scheme", ["cavage", "rfc9421"])
async def test_what_is_delivered_carries_a_signature_that_holds(rig: Rig, scheme: Style) -> None:
    victim = rig.peers["victim.test"]
    proved: list[bool] = []

    async def inbox(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        asked = SignedRequest("POST", request.raw_path, tuple(request.headers.items()), body)
        claim = read_claim(asked, NOW, victim.origin)
        proved.append(claim.scheme == scheme and claim.proved_by(PUBLIC) and body == BODY)
        return web.Response(status=202)

    victim.handlers["/inbox"] = inbox
    assert await _post(rig, scheme) == Delivered(scheme)
    assert proved == [True]
    assert victim.headers[0]["content-type"] == "application/activity+json"


@pytest.mark.parametrize(
    ("statuses", "scheme", "expected", "knocks"),
    [
        ((401, 202), None, Delivered("rfc9421"), 2),
        ((400, 202), "cavage", Delivered("rfc9421"), 2),
        ((401, 202), "rfc9421", Delivered("cavage"), 2),
        ((500, 202), None, Delivered("rfc9421"), 2),
        ((500, 202), "cavage", Later("http_500"), 1),
        ((401, 403), None, Later("http_401"), 2),
        ((400, 500), None, Refused("http_400"), 2),
        ((403, 202), None, Refused("http_403"), 1),
        ((410, 202), None, Gone(certain=True), 1),
    ],
)
async def test_a_second_knock_uses_the_other_signature(
    rig: Rig, statuses: tuple[int, ...], scheme: Style | None, expected: Outcome, knocks: int
) -> None:
    victim = rig.peers["victim.test"]
    _answers(victim, *statuses)
    assert await _post(rig, scheme) == expected
    assert len(victim.requests) == knocks
    used = ["rfc9421" if "signature-input" in headers else "cavage" for headers in victim.headers]
    assert len(set(used)) == knocks and used[0] == (scheme or "cavage")


async def test_a_peer_that_asks_for_time_gets_it(rig: Rig) -> None:
    victim = rig.peers["victim.test"]
    _answers(victim, 503, **{"Retry-After": "120"})
    assert await _post(rig, None) == Later("http_503", 120)
    assert len(victim.requests) == 1


async def test_a_peer_that_cannot_be_reached_is_tried_later(rig: Rig) -> None:
    victim = rig.peers["victim.test"]
    url = victim.uri("/inbox")
    await victim.stop()
    await victim.start()
    assert await _post_to(rig, url) == Later("unreachable")


async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(status=202)
    await response.prepare(request)
    for _ in range(100):
        await response.write(b"x" * 10_000)
    return response


async def dawdling(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(status=202)
    await response.prepare(request)
    for _ in range(100):
        await response.write(b"x")
        await asyncio.sleep(0.05)
    return response


async def odd_encoding(request: web.Request) -> web.StreamResponse:
    return web.Response(status=202, body=b"x", headers={"Content-Encoding": "br"})


@pytest.mark.parametrize("handler", [endless, dawdling, odd_encoding])
async def test_rel_18_what_follows_an_acceptance_is_no_matter(rig: Rig, handler: Handler) -> None:
    rig.peers["victim.test"].handlers["/inbox"] = handler
    started = time.monotonic()
    assert await _post(rig) == Delivered("cavage")
    assert time.monotonic() - started < 3


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://127.0.0.1:6379/inbox", "port_refused"),
        ("http://10.0.0.1/inbox", "address_refused"),
        ("urn:x", "bad_uri"),
    ],
)
async def test_an_inbox_that_points_inside_is_refused_for_good(rig: Rig, url: str, code: str) -> None:
    assert await _post_to(rig, url) == Refused(code)


RETRY_AFTER = {
    "REL-21 seconds": ("120", 120), "REL-21 zero": ("0", 30), "REL-21 ten years": ("315360000", 86400),
    "REL-21 overflow": ("9" * 400, 86400), "REL-21 negative": ("-5", None), "REL-21 garbage": ("soon", None),
    "REL-21 empty": ("", None), "REL-21 date": (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90),
    "REL-21 far date": (format_datetime(datetime(2036, 1, 1, tzinfo=UTC), usegmt=True), 86400),
    "REL-21 past date": (format_datetime(NOW - timedelta(days=1), usegmt=True), None),
    "REL-21 digits of elsewhere": ("١٢", None),
}  # fmt: skip


@pytest.mark.parametrize(("header", "expected"), RETRY_AFTER.values(), ids=RETRY_AFTER)
def test_what_a_peer_asks_us_to_wait_is_clamped(header: str, expected: int | None) -> None:
    assert parse_retry_after(header, NOW) == expected


def test_the_schedule_ends_within_a_week() -> None:
    class Even(random.Random):
        def uniform(self, a: float, b: float) -> float:
            return (a + b) / 2

    delays: list[int] = []
    while (delay := next_delay(len(delays) + 1, Even())) is not None:
        delays.append(delay)
    assert delays[:6] == [60, 300, 1800, 7200, 28800, 86400]
    assert timedelta(days=6) < timedelta(seconds=sum(delays)) <= timedelta(days=7)


@given(st.integers(1, 40), st.randoms())
def test_jitter_keeps_within_a_fifth(attempt: int, rng: random.Random) -> None:
    delay = next_delay(attempt, rng)
    assert delay is None if attempt > 11 else 48 <= (delay or 0) <= 103_680

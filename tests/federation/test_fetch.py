"""Fetched documents are believed only about themselves."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest
from aiohttp import web

from federation.errors import FederationError
from federation.fetch import Fetcher, is_activity_type
from federation.keys import PublicKey, public_pem
from federation.signatures.message import SignedRequest
from federation.signatures.verify import read_claim
from tests.federation.peers import AP, NOW, ORIGIN, Handler, Rig, key


def serve(document: Any, **options: Any) -> Handler:
    body = document if isinstance(document, bytes) else orjson.dumps(document)
    options.setdefault("headers", {"Content-Type": AP})

    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, **options)

    return handler


def redirect(to: str) -> Handler:
    return serve(b"", status=302, headers={"Location": to})


async def test_a_document_at_its_own_id_is_taken_and_signed_for_by_the_house(rig: Rig) -> None:
    victim = rig.peers["victim.test"]
    uri = victim.person("/u/v", key("victim"))
    found = await rig.fetcher.fetch(uri + "#main-key")
    assert found.uri == uri and found.document["preferredUsername"] == "v"
    # PRV-04: the peer learns which node asks, and no person behind it.
    request = SignedRequest("GET", "/u/v", tuple(victim.headers[0].items()))
    claim = read_claim(request, NOW, victim.origin)
    assert claim.key_id == f"{ORIGIN}/actor#main-key"
    assert claim.proved_by(PublicKey(claim.key_id, "o", public_pem(key("house"))))
    assert victim.headers[0]["accept"].startswith("application/activity+json, application/ld+json; profile=")


async def test_org_01_a_document_that_names_anothers_id_is_replaced_by_the_genuine_one(rig: Rig) -> None:
    evil, victim = rig.peers["evil.test"], rig.peers["victim.test"]
    genuine = {"id": victim.uri("/n/9"), "type": "Note", "content": "true"}
    victim.documents["/n/9"] = genuine
    evil.documents["/x"] = {**genuine, "content": "forged"}
    found = await rig.fetcher.fetch(evil.uri("/x"))
    assert (found.uri, found.document) == (victim.uri("/n/9"), genuine)


async def test_org_01_and_without_a_genuine_one_it_is_dropped(rig: Rig) -> None:
    evil, victim = rig.peers["evil.test"], rig.peers["victim.test"]
    evil.documents["/x"] = {"id": victim.uri("/n/9"), "type": "Note"}
    with pytest.raises(FederationError) as refusal:
        await rig.fetcher.fetch(evil.uri("/x"))
    assert refusal.value.code == "not_found"


async def test_red_01_a_redirect_does_not_lend_the_id_it_started_from(rig: Rig) -> None:
    evil, victim = rig.peers["evil.test"], rig.peers["victim.test"]
    victim.handlers["/n/1"] = redirect(evil.uri("/n/2"))
    evil.documents["/n/2"] = {"id": evil.uri("/n/2"), "type": "Note"}
    found = await rig.fetcher.fetch(victim.uri("/n/1"))
    assert found.uri == evil.uri("/n/2")
    evil.documents["/n/2"] = {"id": victim.uri("/n/1"), "type": "Note"}
    with pytest.raises(FederationError) as refusal:
        await rig.fetcher.fetch(victim.uri("/n/1"))
    assert refusal.value.code == "id_mismatch"


@pytest.mark.parametrize("claimed", [None, "", 5, "urn:x", "/n/1", "https:///n"])
async def test_a_document_without_a_real_id_is_refused(rig: Rig, claimed: object) -> None:
    evil = rig.peers["evil.test"]
    evil.documents["/x"] = {"id": claimed, "type": "Note"}
    with pytest.raises(FederationError) as refusal:
        await rig.fetcher.fetch(evil.uri("/x"))
    assert refusal.value.code == "bad_id"


MEDIA_TYPES = {
    "RED-02 plain": (AP, True),
    "RED-02 charset": ("application/activity+json; charset=utf-8", True),
    "RED-02 upper case": (
        'Application/LD+JSON; Profile="https://www.w3.org/ns/activitystreams"', True),
    "RED-02 several profiles": (
        'application/ld+json;profile="http://x https://www.w3.org/ns/activitystreams"', True),
    "RED-02 missing profile": ("application/ld+json", False),
    "RED-02 wrong profile": ('application/ld+json; profile="https://evil.test"', False),
    "RED-02 two profiles": (
        'application/ld+json; profile="https://www.w3.org/ns/activitystreams"; profile="x"', False),
    "JSN-08 latin1": ("application/activity+json; charset=latin1", False),
    "ORG-19 json": ("application/json", False),
    "ORG-19 text": ("text/plain", False),
    "ORG-19 html": ("text/html", False),
    "ORG-19 octets": ("application/octet-stream", False),
    "ORG-19 listed": ("application/json, application/activity+json", False),
    "ORG-19 none": ("", False),
}  # fmt: skip


@pytest.mark.parametrize(("media_type", "accepted"), MEDIA_TYPES.values(), ids=MEDIA_TYPES)
async def test_only_activity_types_count(rig: Rig, media_type: str, accepted: bool) -> None:
    assert is_activity_type(media_type) == accepted
    victim = rig.peers["victim.test"]
    document = {"id": victim.uri("/media/a.json"), "type": "Person"}
    victim.handlers["/media/a.json"] = serve(
        document, headers={"Content-Type": media_type} if media_type else {}
    )
    if accepted:
        assert (await rig.fetcher.fetch(document["id"])).document == document
        return
    with pytest.raises(FederationError) as refusal:
        await rig.fetcher.fetch(document["id"])
    assert refusal.value.code == "bad_media_type"


STATUSES = {
    203: "bad_status", 206: "bad_status", 304: "bad_status", 400: "bad_status", 401: "fetch_denied",
    403: "fetch_denied", 404: "not_found", 410: "gone", 429: "fetch_failed", 500: "fetch_failed", 503: "fetch_failed",
}  # fmt: skip


@pytest.mark.parametrize(
    ("status", "code"), STATUSES.items(), ids=[f"RED-03 {status}" for status in STATUSES]
)
async def test_red_03_only_200_counts_whatever_the_body_says(rig: Rig, status: int, code: str) -> None:
    victim = rig.peers["victim.test"]
    document = {"id": victim.uri("/n/1"), "type": "Note"}
    victim.handlers["/n/1"] = serve(document, status=status)
    with pytest.raises(FederationError) as refusal:
        await rig.fetcher.fetch(document["id"])
    assert refusal.value.code == code
    assert refusal.value.permanent == (code != "fetch_failed")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"id":"a","id":"b"}'])
async def test_red_03_a_200_without_a_document_is_refused(rig: Rig, body: bytes) -> None:
    victim = rig.peers["victim.test"]
    victim.handlers["/n/1"] = serve(body)
    with pytest.raises(FederationError):
        await rig.fetcher.fetch(victim.uri("/n/1"))


async def test_sig_19_nothing_is_asked_of_a_refused_host(rig: Rig) -> None:
    evil, victim = rig.peers["evil.test"], rig.peers["victim.test"]
    rig.directory.refused.add("evil.test")
    victim.handlers["/n/1"] = redirect(evil.uri("/n/1"))
    for uri in (evil.uri("/n/1"), victim.uri("/n/1")):
        with pytest.raises(FederationError) as refusal:
            await rig.fetcher.fetch(uri)
        assert refusal.value.code == "host_refused"
    assert evil.requests == []


@pytest.mark.parametrize(
    ("reads", "knocks"), [("cavage", 1), ("rfc9421", 2), ("cavage without query", 3), ("none", 3)]
)
async def test_the_next_way_of_signing_is_tried_after_401(rig: Rig, reads: str, knocks: int) -> None:
    victim = rig.peers["victim.test"]
    uri = victim.uri("/outbox?page=1")
    public = PublicKey("k", "o", public_pem(key("house")))

    async def picky(request: web.Request) -> web.StreamResponse:
        target = request.raw_path.partition("?")[0] if reads.endswith("query") else request.raw_path
        asked = SignedRequest("GET", target, tuple(request.headers.items()))
        claim = read_claim(asked, NOW, victim.origin)
        if reads.startswith(claim.scheme) and claim.scheme == "cavage":
            ok = public.proves(claim.signature, claim.bases[0])
        else:
            ok = reads == claim.scheme and claim.proved_by(public)
        return web.Response(status=200 if ok else 401, body=orjson.dumps({"id": uri}), content_type=AP)

    victim.handlers["/outbox"] = picky
    if reads == "none":
        with pytest.raises(FederationError) as refusal:
            await rig.fetcher.fetch(uri)
        assert refusal.value.code == "fetch_denied"
    else:
        assert (await rig.fetcher.fetch(uri)).uri == uri
    assert len(victim.requests) == knocks


async def test_an_unsigned_fetcher_asks_without_a_signature(rig: Rig) -> None:
    victim = rig.peers["victim.test"]
    uri = victim.person("/u/v", key("victim"))
    await Fetcher(rig.client, rig.directory, None).fetch(uri)
    assert "signature" not in victim.headers[0]


async def test_many_who_ask_at_once_cost_one_request(rig: Rig) -> None:
    victim = rig.peers["victim.test"]
    uri = victim.person("/u/v", key("victim"))
    found = await asyncio.gather(*[rig.fetcher.once("v", lambda: rig.fetcher.fetch(uri)) for _ in range(20)])
    assert len(victim.requests) == 1 and all(entry is found[0] for entry in found)


async def test_one_who_gives_up_does_not_stop_the_others(rig: Rig) -> None:
    victim = rig.peers["victim.test"]
    uri = victim.person("/u/v", key("victim"))
    first = asyncio.create_task(rig.fetcher.once("v", lambda: rig.fetcher.fetch(uri)))
    second = asyncio.create_task(rig.fetcher.once("v", lambda: rig.fetcher.fetch(uri)))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).uri == uri

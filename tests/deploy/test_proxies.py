"""nginx and Caddy really run in front of a real node: what comes in arrives unchanged, what goes out is whole."""

from __future__ import annotations

import io
import os
from datetime import UTC, datetime

import aiohttp
import pytest
from PIL import Image

from federation import vocab
from federation.inbox import MAX_BODY_BYTES
from federation.signatures import cavage, rfc9421
from federation.signatures.message import Outgoing
from node.features.oauth import service as oauth
from node.web import assets
from node.wire.signers import signers_of
from tests.deploy.conftest import Behind
from tests.rig import Rig, RigNode

ACTIVITY = {"Accept": "application/activity+json"}


async def test_a_page_comes_over_https_with_the_headers_of_the_node(proxied: Behind) -> None:
    async with proxied.session() as client, client.get("/about") as answer:
        assert answer.status == 200
        assert "</html>" in await answer.text()
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        assert "default-src" in answer.headers["Content-Security-Policy"]


async def test_the_node_learns_who_asks_and_nobody_can_pretend(proxied: Behind) -> None:
    claimed = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http"}
    async with proxied.session() as client, client.get("/probe", headers=claimed) as answer:
        seen = await answer.json()
    assert seen["host"] == proxied.node.host
    assert seen["forwarded_for"] == ["127.0.0.1"]
    assert seen["proto"] == ["https"]
    assert seen["visitor"] == "127.0.0.1"


async def test_another_host_name_gets_nothing_of_the_house(proxied: Behind) -> None:
    async with proxied.session() as client:
        async with client.get("/probe", headers={"Host": "elsewhere.example"}) as answer:
            assert b"visitor" not in await answer.read()


async def _follow(peer: RigNode, target_uri: str) -> vocab.Follow:
    olena = await peer.person("olena")
    return vocab.Follow(id=f"{olena.uri}#follows/1", actor=olena.uri, object=target_uri, to=(target_uri,))


@pytest.mark.parametrize("scheme", ["cavage", "rfc9421"])
@pytest.mark.parametrize("inbox", ["own", "shared"])
async def test_a_signed_delivery_is_proved_behind_the_proxy(
    rig: Rig, proxied: Behind, scheme: str, inbox: str
) -> None:
    peer = await rig.node_of("lernwerk")
    amina = await proxied.person("amina")
    follow = await _follow(peer, amina.uri)
    url = f"{amina.uri}/inbox" if inbox == "own" else f"{proxied.origin}/inbox"
    body = vocab.encode(follow)
    signer = (await signers_of(peer.node, int(follow.actor.rpartition("/")[2]))).rsa
    sign = cavage.sign if scheme == "cavage" else rfc9421.sign
    headers = sign(Outgoing("POST", url, body), signer, datetime.now(UTC))
    async with proxied.session() as client:
        async with client.post(url, data=body, headers=headers) as answer:
            assert answer.status == 202, await answer.text()
        swapped = body.replace(b"Follow", b"follow")
        async with client.post(url, data=swapped, headers=headers) as answer:
            assert answer.status == 401
            assert (await answer.json())["error"] == "digest_mismatch"


async def test_a_delivery_that_is_too_large_is_refused(proxied: Behind) -> None:
    headers = {"Content-Type": "application/activity+json"}
    async with proxied.session() as client:
        async with client.post(
            "/inbox", data=io.BytesIO(b"x" * (MAX_BODY_BYTES + 1)), headers=headers
        ) as answer:
            assert answer.status == 413


async def test_a_large_picture_can_be_sent_and_seen(proxied: Behind) -> None:
    amina = await proxied.person("amina")
    async with proxied.node.db.tx() as tx:
        token = await oauth.create_token(tx, amina.id, ("read", "write"))
    picture = io.BytesIO()
    Image.frombytes("RGB", (1200, 1200), os.urandom(1200 * 1200 * 3)).save(picture, "PNG")
    assert picture.tell() > 4_000_000
    form = aiohttp.FormData()
    picture.seek(0)
    form.add_field("file", picture, filename="garden.png", content_type="image/png")
    async with proxied.session() as client:
        headers = {"Authorization": f"Bearer {token}"}
        async with client.post("/api/v2/media", data=form, headers=headers) as answer:
            assert answer.status in (200, 202), await answer.text()
            url = (await answer.json())["url"]
        for _ in range(2):  # the second one may come from the proxy's own copy
            async with client.get(url.removeprefix(proxied.origin)) as answer:
                assert answer.status == 200
                assert answer.headers["Content-Type"].startswith("image/")
                assert "immutable" in answer.headers["Cache-Control"]
                assert len(await answer.read()) == answer.content_length


async def test_styles_come_packed_and_may_be_kept(proxied: Behind) -> None:
    async with proxied.session() as client:
        for _ in range(2):
            async with client.get(assets.asset("style.css")) as answer:
                assert answer.status == 200
                assert answer.headers["Content-Encoding"] == "gzip"
                assert "immutable" in answer.headers["Cache-Control"]
                assert "{" in await answer.text()


async def test_what_other_nodes_fetch_is_packed_and_keeps_its_type(proxied: Behind) -> None:
    amina = await proxied.person("amina")
    path = amina.uri.removeprefix(proxied.origin)
    async with proxied.session() as client, client.get(path, headers=ACTIVITY) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("application/activity+json")
        assert answer.headers["Content-Encoding"] == "gzip"
        assert (await answer.json())["id"] == amina.uri


async def test_plain_http_is_sent_to_https(nginx: Behind) -> None:
    async with aiohttp.ClientSession() as client:
        url = f"http://localhost:{nginx.plain}/@amina?page=2"
        async with client.get(url, allow_redirects=False) as answer:
            assert answer.status == 301
            assert answer.headers["Location"] == "https://localhost/@amina?page=2"

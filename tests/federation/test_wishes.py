"""`Accept-Signature`: what a peer wishes is read, fulfilled where we can, and remembered."""

from __future__ import annotations

import random

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from federation import keys
from federation.delivery import Delivered, Pens, next_rest, post
from federation.keys import PublicKey, Signer
from federation.signatures import wishes
from federation.signatures.message import Outgoing, SignedRequest
from federation.signatures.verify import read_claim
from federation.signatures.wishes import Wish
from tests.federation.peers import NOW, ORIGIN, Rig, key

PENS = Pens(
    Signer(f"{ORIGIN}/ap/users/1#main-key", key("alice")),
    Signer(f"{ORIGIN}/ap/users/1#ed25519-key", key("ed-alice")),
)
RSA = PublicKey(PENS.rsa.key_id, "o", keys.public_pem(key("alice")))
ED = PublicKey(f"{ORIGIN}/ap/users/1#ed25519-key", "o", multibase=keys.multikey(key("ed-alice")))  # type: ignore[arg-type]
FEDIFY = 'sig1=("@method" "@target-uri" "@authority");created;keyid;nonce="abc"'

HEADERS: dict[str, Wish | None] = {
    FEDIFY: Wish("sig1", ("@method", "@target-uri", "@authority"), nonce="abc"),
    wishes.OFFER: Wish("sig1", ("@method", "@target-uri", "content-digest"), "ed25519"),
    wishes.CHALLENGE: Wish("sig1", ("@method", "@target-uri", "content-digest")),
    'a=("@status");created, b=("@path");tag="t"': Wish("b", ("@path",), tag="t"),
    'a=("@method");alg="hmac-sha256"': None,
    'a=("@method" "@method")': None,
    'a=("cookie")': None,
    'a=("@query-param";name="x")': None,
    "": None,
    "nonsense": None,
    'a=("@method"' + " " * 3000: None,
}


@pytest.mark.parametrize(("header", "expected"), HEADERS.items())
def test_a_wish_is_read_or_passed_over(header: str, expected: Wish | None) -> None:
    assert wishes.read(header) == expected


@given(
    st.text(max_size=300)
    | st.from_regex(r'[a-z]=\((?:"[@a-z-]*" ?)*\)(?:;[a-z]+="[^"]*")*,?', fullmatch=True)
)
def test_any_header_is_read_without_a_fault(header: str) -> None:
    wish = wishes.read(header)
    assert wish is None or '"' not in wish.nonce + wish.tag


async def test_a_challenge_is_answered_with_its_nonce_under_the_signature(rig: Rig) -> None:
    victim = rig.peers["victim.test"]
    proved: list[bool] = []

    async def inbox(request: web.Request) -> web.StreamResponse:
        asked = SignedRequest("POST", request.raw_path, tuple(request.headers.items()), await request.read())
        claim = read_claim(asked, NOW, victim.origin)
        if 'nonce="abc"' not in request.headers.get("Signature-Input", ""):
            return web.Response(status=401, headers={"Accept-Signature": FEDIFY})
        proved.append(claim.proved_by(RSA))
        return web.Response(status=202)

    victim.handlers["/inbox"] = inbox
    message = Outgoing("POST", victim.uri("/inbox"), b"{}")
    assert await post(rig.client, message, PENS, NOW) == Delivered("rfc9421")
    assert await post(rig.client, message, PENS, NOW, "rfc9421") == Delivered("rfc9421")
    assert proved == [True, True]


async def test_who_offers_ed25519_gets_it_from_then_on_and_rsa_again_when_it_changes_its_mind(
    rig: Rig,
) -> None:
    victim = rig.peers["victim.test"]
    takes = True

    async def inbox(request: web.Request) -> web.StreamResponse:
        asked = SignedRequest("POST", request.raw_path, tuple(request.headers.items()), await request.read())
        claim = read_claim(asked, NOW, victim.origin)
        if claim.algorithm == "ed25519":
            return web.Response(status=202 if takes and claim.proved_by(ED) else 401)
        assert claim.proved_by(RSA)
        return web.Response(status=202, headers={"Accept-Signature": wishes.OFFER} if takes else {})

    victim.handlers["/inbox"] = inbox
    message = Outgoing("POST", victim.uri("/inbox"), b"{}")
    assert await post(rig.client, message, PENS, NOW) == Delivered("ed25519")
    assert await post(rig.client, message, PENS, NOW, "ed25519") == Delivered("ed25519")
    takes = False
    assert await post(rig.client, message, PENS, NOW, "ed25519") == Delivered("cavage")
    assert await post(rig.client, message, Pens(PENS.rsa), NOW, "ed25519") == Delivered("rfc9421")


@given(st.integers(1, 400), st.randoms())
def test_a_host_rests_longer_each_time_and_never_longer_than_a_week(
    failures: int, chance: random.Random
) -> None:
    now, later = next_rest(failures, chance), next_rest(failures + 4, chance)
    assert 48 <= now <= later * 1.5 and later <= 7 * 86_400

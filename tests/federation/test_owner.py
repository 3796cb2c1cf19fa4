"""A key and its owner must name each other, each from its own place."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from federation import keys
from federation.errors import FederationError
from federation.keys import PublicKey, Signer
from federation.signatures.owner import find_owner, keys_of
from federation.signatures.verify import fetch_key, verify
from tests.federation.peers import NOW, ORIGIN, Peer, Rig, key, signed

PEM = keys.public_pem(key("eve"))


def _bare(peer: Peer, path: str, **fields: Any) -> str:
    uri = peer.uri(path)
    peer.documents[path] = {"id": uri, "owner": peer.uri("/u/e"), "publicKeyPem": PEM, **fields}
    return uri


async def _refused(rig: Rig, key_id: str) -> str:
    with pytest.raises(FederationError) as refusal:
        await find_owner(key_id, rig.fetcher)
    return refusal.value.code


async def test_a_key_in_its_actor_is_found(rig: Rig) -> None:
    uri = rig.peers["victim.test"].person("/u/v", key("victim"))
    found = await find_owner(f"{uri}#main-key", rig.fetcher)
    assert found == PublicKey(f"{uri}#main-key", uri, keys.public_pem(key("victim")))
    assert rig.requests == 1


async def test_a_bare_key_document_is_followed_to_the_owner_that_lists_it(rig: Rig) -> None:
    evil = rig.peers["evil.test"]
    key_id = _bare(evil, "/k1")
    uri = evil.person("/u/e", key("eve"), publicKey=key_id)
    assert (await find_owner(key_id, rig.fetcher)).owner == uri
    evil.person("/u/e", key("eve"), publicKey=[{"id": key_id, "owner": uri, "publicKeyPem": PEM}])
    assert (await find_owner(key_id, rig.fetcher)).pem == PEM


async def test_a_stub_at_a_path_of_the_keys_own_is_followed(rig: Rig) -> None:
    evil = rig.peers["evil.test"]
    uri, key_id = evil.uri("/u/e"), evil.uri("/u/e/main-key")
    listed = {"id": key_id, "owner": uri, "publicKeyPem": PEM}
    evil.person("/u/e", key("eve"), publicKey=listed)
    evil.documents["/u/e/main-key"] = {"id": uri, "type": "Person", "publicKey": listed}
    assert (await find_owner(key_id, rig.fetcher)).owner == uri


async def test_a_multikey_is_found_in_assertion_method(rig: Rig) -> None:
    evil = rig.peers["evil.test"]
    uri = evil.uri("/u/e")
    multibase = keys.multikey(key("ed-eve"))  # type: ignore[arg-type]  # it is Ed25519
    entry = {"id": f"{uri}#ed", "type": "Multikey", "controller": uri, "publicKeyMultibase": multibase}
    evil.person("/u/e", key("eve"), assertionMethod=[entry])
    assert (await find_owner(f"{uri}#ed", rig.fetcher)).multibase == multibase
    found = await rig.fetcher.fetch(uri)
    assert {known.id for known in keys_of(found.document)} == {f"{uri}#main-key", f"{uri}#ed"}


def test_keys_of_leaves_out_what_is_not_the_actors() -> None:
    uri = "https://evil.test/u/e"
    entries = [
        {"id": f"{uri}#a", "owner": "https://victim.test/u/v", "publicKeyPem": PEM},
        {"id": "https://victim.test/u/v#main-key", "owner": uri, "publicKeyPem": PEM},
        {"id": f"{uri}#weak", "owner": uri, "publicKeyPem": "x"},
        {"id": f"{uri}#good", "owner": uri, "publicKeyPem": PEM},
        7,
        None,
    ]
    assert [known.id for known in keys_of({"id": uri, "publicKey": entries})] == [f"{uri}#good"]


async def test_sig_04_a_key_that_names_an_owner_who_does_not_name_it_is_refused(rig: Rig) -> None:
    evil, victim = rig.peers["evil.test"], rig.peers["victim.test"]
    victim.person("/u/v", key("victim"))
    assert await _refused(rig, _bare(evil, "/key", owner=victim.uri("/u/v"))) == "key_owner"
    # And the same on one host: another user of the same peer.
    evil.person("/u/other", key("mallory"))
    assert await _refused(rig, _bare(evil, "/key", owner=evil.uri("/u/other"))) == "key_owner"


async def test_sig_05_an_actor_document_at_a_strangers_url_is_refused(rig: Rig) -> None:
    evil, victim = rig.peers["evil.test"], rig.peers["victim.test"]
    uri = victim.person("/u/v", key("victim"))
    forged = {"id": f"{evil.uri('/fake')}#main-key", "owner": uri, "publicKeyPem": PEM}
    evil.documents["/fake"] = {**victim.documents["/u/v"], "publicKey": forged}
    assert await _refused(rig, evil.uri("/fake#main-key")) == "key_owner"


async def test_sig_07_a_key_document_cannot_put_a_key_under_anothers_name(rig: Rig) -> None:
    evil, victim = rig.peers["evil.test"], rig.peers["victim.test"]
    victim.person("/u/v", key("victim"))
    wanted = victim.uri("/u/v#main-key")
    assert await _refused(rig, _bare(evil, "/k1", id=wanted, owner=victim.uri("/u/v"))) == "key_owner"
    # Then the stolen name is used: the genuine key is fetched, and it does not fit.
    with pytest.raises(FederationError) as refusal:
        await _verify(rig, Signer(wanted, key("eve")))
    assert refusal.value.code == "signature_wrong"
    assert rig.directory.keys[wanted].pem == keys.public_pem(key("victim"))


async def test_an_owner_served_elsewhere_is_refused(rig: Rig) -> None:
    evil, victim = rig.peers["evil.test"], rig.peers["victim.test"]

    async def away(request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": victim.uri("/u/e")})

    evil.handlers["/u/e"] = away
    victim.documents["/u/e"] = {"id": evil.uri("/u/e"), "publicKey": _bare(evil, "/k1")}
    assert await _refused(rig, evil.uri("/k1")) == "key_owner"


@pytest.mark.parametrize("document", [{}, {"id": 5}, {"publicKey": [[], 5, None]}, {"publicKey": {"id": []}}])
async def test_a_key_document_of_any_shape_is_refused_with_a_code(rig: Rig, document: dict[str, Any]) -> None:
    evil = rig.peers["evil.test"]
    evil.documents["/u/e"] = {"id": evil.uri("/u/e"), **document}
    assert await _refused(rig, evil.uri("/u/e#main-key")) in ("key_owner", "bad_id")


async def _verify(rig: Rig, signer: Signer, *, minutes: int = 0) -> PublicKey:
    now = NOW + timedelta(minutes=minutes)
    return await verify(
        signed({"id": "x"}, signer, now=now),
        directory=rig.directory, fetcher=rig.fetcher, now=now, origin=ORIGIN,
    )  # fmt: skip


async def test_a_known_key_costs_no_request(rig: Rig) -> None:
    uri = rig.peers["victim.test"].person("/u/v", key("victim"))
    signer = Signer(f"{uri}#main-key", key("victim"))
    for _ in range(3):
        assert (await _verify(rig, signer)).owner == uri
    assert rig.requests == 1


async def test_rel_23_a_changed_key_is_fetched_once_and_a_flood_fetches_nothing(rig: Rig) -> None:
    victim = rig.peers["victim.test"]
    uri = victim.person("/u/v", key("victim"))
    old, new = Signer(f"{uri}#main-key", key("victim")), Signer(f"{uri}#main-key", key("victim2"))
    await _verify(rig, old)
    victim.person("/u/v", key("victim2"))
    assert (await _verify(rig, new, minutes=6)).pem == keys.public_pem(key("victim2"))
    assert len(victim.requests) == 2
    for signer in [old, Signer(f"{uri}#main-key", key("mallory"))] * 50:
        with pytest.raises(FederationError) as refusal:
            await _verify(rig, signer, minutes=7)
        assert (refusal.value.code, refusal.value.status) == ("signature_wrong", 401)
    assert len(victim.requests) == 2


async def test_rel_23_a_key_may_change_its_kind(rig: Rig) -> None:
    victim = rig.peers["victim.test"]
    uri = victim.person("/u/v", key("victim"))
    key_id = f"{uri}#main-key"
    await _verify(rig, Signer(key_id, key("victim")))
    victim.person("/u/v", key("ed-victim"))
    request = signed(
        {"id": "x"}, Signer(key_id, key("ed-victim")), scheme="rfc9421", now=NOW + timedelta(minutes=6)
    )
    found = await verify(
        request, directory=rig.directory, fetcher=rig.fetcher, now=NOW + timedelta(minutes=6), origin=ORIGIN
    )
    assert not found.is_rsa and len(victim.requests) == 2


async def test_rel_23_a_key_its_owner_no_longer_lists_is_forgotten(rig: Rig) -> None:
    victim = rig.peers["victim.test"]
    uri = victim.person("/u/v", key("victim"))
    await _verify(rig, Signer(f"{uri}#main-key", key("victim")))
    victim.documents["/u/v"].pop("publicKey")
    with pytest.raises(FederationError) as refusal:
        await _verify(rig, Signer(f"{uri}#main-key", key("mallory")), minutes=6)
    assert refusal.value.code == "key_owner" and rig.directory.keys == {}


async def test_res_12_a_dead_key_id_is_tried_once(rig: Rig) -> None:
    evil = rig.peers["evil.test"]
    signer = Signer(evil.uri("/none#main-key"), key("eve"))
    for _ in range(100):
        with pytest.raises(FederationError) as refusal:
            await _verify(rig, signer)
        assert (refusal.value.code, refusal.value.status) == ("key_unavailable", 401)
    assert len(evil.requests) == 1


async def test_twenty_first_deliveries_at_once_fetch_one_key(rig: Rig) -> None:
    uri = rig.peers["victim.test"].person("/u/v", key("victim"))
    signer = Signer(f"{uri}#main-key", key("victim"))
    found = await asyncio.gather(*[_verify(rig, signer) for _ in range(20)])
    assert {public.owner for public in found} == {uri} and rig.requests == 1


async def test_a_peer_that_fails_for_now_is_asked_to_come_again(rig: Rig) -> None:
    evil = rig.peers["evil.test"]

    async def down(request: web.Request) -> web.StreamResponse:
        return web.Response(status=503)

    evil.handlers["/u/e"] = down
    with pytest.raises(FederationError) as refusal:
        await _verify(rig, Signer(evil.uri("/u/e#main-key"), key("eve")))
    assert (refusal.value.code, refusal.value.status) == ("key_unavailable", 503)
    assert not refusal.value.permanent


async def test_sig_19_no_key_is_fetched_from_a_refused_host(rig: Rig) -> None:
    evil = rig.peers["evil.test"]
    rig.directory.refused.add("evil.test")
    signer = Signer(evil.person("/u/e", key("eve")) + "#main-key", key("eve"))
    with pytest.raises(FederationError) as refusal:
        await _verify(rig, signer)
    assert (refusal.value.code, refusal.value.status) == ("host_refused", 403)
    with pytest.raises(FederationError) as refusal:
        await fetch_key(signer.key_id, directory=rig.directory, fetcher=rig.fetcher, now=NOW)
    assert refusal.value.code == "host_refused"
    assert rig.requests == 0


@pytest.mark.parametrize(
    "key_id", ["http://127.0.0.1:6379/", "http://169.254.169.254/latest/meta-data/", "http://[::1]/k"]
)
async def test_ssrf_01_a_key_id_that_points_inside_connects_nowhere(rig: Rig, key_id: str) -> None:
    with pytest.raises(FederationError) as refusal:
        await _verify(rig, Signer(key_id, key("eve")))
    assert (refusal.value.code, refusal.value.status) == ("key_unavailable", 401)
    assert rig.requests == 0

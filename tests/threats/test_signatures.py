"""Signatures, keys and replays that a real node must see through, beside the tables of tests/node/wire."""

from __future__ import annotations

from federation import keys
from federation.signatures.message import SignedRequest
from tests.federation.peers import key
from tests.node.wire.strangers import post, run, wrong_counters
from tests.threats.oracle import Scene

FORWARDING = {
    "X-Forwarded-Path": "/u/admin/inbox",
    "X-Forwarded-Uri": "/u/admin/inbox",
    "X-Original-URL": "/u/admin/inbox",
    "X-Rewrite-URL": "/u/admin/inbox",
    "Forwarded": "host=victim.example;path=/u/admin/inbox",
}


async def test_sig_13_headers_of_a_proxy_do_not_change_what_was_signed(scene: Scene) -> None:
    before = await scene.before()
    for name, value in FORWARDING.items():
        elsewhere = scene.eve.sign(
            scene.node, scene.mention(), target="/u/admin/inbox", now=scene.rig.clock.now()
        )
        posed = SignedRequest("POST", "/inbox", (*elsewhere.headers, (name, value)), elsewhere.body)
        assert (await post(scene.node, posed)).status == 401, name
    assert scene.heard.reasons() == ["signature_wrong"] * len(FORWARDING)
    await scene.nothing_since(before)


async def test_sig_01_a_refusal_is_one_line_with_its_reason_and_no_secret(scene: Scene) -> None:
    before = await scene.before()
    request = scene.eve.sign(scene.node, scene.mention(), now=scene.rig.clock.now())
    broken = SignedRequest(request.method, request.target, request.headers, request.body + b" ")
    assert (await post(scene.node, broken)).status == 401
    assert scene.heard.reasons() == ["digest_mismatch"]
    signature = next(value for name, value in request.headers if name.lower() == "signature")
    for secret in (signature[-60:], "Hallo", scene.amina.uri):
        assert secret not in scene.heard.words()
    await scene.nothing_since(before)


async def test_sig_20_a_key_in_an_update_never_counts(scene: Scene) -> None:
    """The key changes by fetching the actor at its own house, and then only to what stands there."""
    document = scene.eve.peer.documents["/u/eve"]
    other = keys.public_pem(key("mallory"))
    update = scene.eve.does(
        "Update", {**document, "publicKey": {**document["publicKey"], "publicKeyPem": other}}
    )
    await scene.works(scene.eve, update)
    assert await scene.works(scene.eve, scene.mention()) == [("done", "")]  # the old key still counts
    scene.eve.signer = type(scene.eve.signer)(scene.eve.signer.key_id, key("mallory"))
    scene.rig.clock.advance(minutes=10)
    forged = scene.mention()
    assert await scene.eve.send(scene.node, forged, now=scene.rig.clock.now()) == 401


async def test_rpl_04_an_undone_follow_stays_undone_and_a_new_one_counts(scene: Scene) -> None:
    first = scene.eve.does("Follow", scene.amina.uri)
    undo = scene.eve.does("Undo", {name: first[name] for name in ("id", "type", "actor", "object")})
    again = scene.eve.does("Follow", scene.amina.uri)
    await scene.works(scene.eve, first, undo)
    replayed = {**first}
    assert await scene.eve.send(scene.node, replayed, now=scene.rig.clock.now()) == 202
    await run(scene.node)
    async with scene.node.db.read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM follows WHERE uri = $1", first["id"]) == 0
    await scene.works(scene.eve, again)
    async with scene.node.db.read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM follows WHERE uri = $1", again["id"]) == 1
        assert await wrong_counters(tx) == []

"""How a Fedify server proves what it says, and how it judges our proofs: signatures of both kinds, object proofs."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from federation import inbox
from node.features.actors import lookup
from node.features.actors.store.reads import Actor
from node.features.posts import service as posts
from node.features.posts.service import Draft
from tests.federation.peers import Peer
from tests.interop.peer import FedifyPeer
from tests.node.wire.strangers import Stranger, outcome
from tests.rig import Rig, RigNode

pytestmark = pytest.mark.interop


@pytest.fixture
async def anna(house: RigNode) -> Actor:
    return await house.person("anna")


@pytest.fixture
def knocks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which kind of signature each delivery came with, once our door had looked at it."""
    seen: list[str] = []
    really = inbox.receive

    async def receive(request: Any, **around: Any) -> Any:
        names = {name.lower() for name, _ in request.headers}
        seen.append("rfc9421" if "signature-input" in names else "cavage")
        return await really(request, **around)

    monkeypatch.setattr(inbox, "receive", receive)
    return seen


@pytest.mark.parametrize(
    ("first_knock", "kind"), [("rfc9421", "rfc9421"), ("draft-cavage-http-signatures-12", "cavage")]
)
async def test_a_fedify_signature_of_either_kind_is_believed_at_the_first_knock(
    rig: Rig, house: RigNode, anna: Actor, knocks: list[str], first_knock: str, kind: str
) -> None:
    frieda = await FedifyPeer.start(first_knock)
    try:
        await frieda.order("follow", target=anna.uri)
        await rig.settle()
        assert (await frieda.state())["following"] == {anna.uri: "accepted"}
        assert knocks == [kind]
    finally:
        await frieda.stop()


async def test_a_fedify_proof_is_believed_from_a_stranger_and_a_changed_one_is_not(
    rig: Rig, house: RigNode, frieda: FedifyPeer, anna: Actor
) -> None:
    sent = await frieda.order("post", content="<p>Seeds for all.</p>", mention=[anna.uri])
    async with house.db.read() as tx:
        body = await tx.fetchval("SELECT body FROM inbox_items WHERE activity_uri = $1", sent["activity"])
    document = json.loads(body)
    assert document["proof"]["cryptosuite"] == "eddsa-jcs-2022"
    lernwerk = await rig.node_of("lernwerk")
    await lernwerk.person("olena")
    peer = Peer("localhost")
    await peer.start()
    try:
        carrier = Stranger(peer, "carrier")
        now = rig.clock.now()
        assert await carrier.send(lernwerk, bytes(body), now=now) == 202
        assert await is_refetched(lernwerk, document["id"]) is False
        changed = {**document, "id": f"{document['id']}-other", "summary": "changed"}
        assert await carrier.send(lernwerk, changed, now=now) == 202
        assert await is_refetched(lernwerk, changed["id"]) is True
    finally:
        await peer.stop()
    await rig.settle()
    assert (await outcome(lernwerk, document["id"]))[0] in ("done", "ignored")
    # The carrier's words counted for nothing: what stands at the author's own host was looked at instead.
    assert (await outcome(lernwerk, changed["id"]))[0] == "ignored"


async def is_refetched(node: RigNode, uri: str) -> bool:
    """Whether an arrival's body counted for nothing."""
    async with node.db.read() as tx:
        found: bool = await tx.fetchval("SELECT refetch FROM inbox_items WHERE activity_uri = $1", uri)
    return found


async def test_fedify_believes_our_proof_without_any_signature_and_no_changed_one(
    rig: Rig, house: RigNode, frieda: FedifyPeer, anna: Actor
) -> None:
    await lookup.resolve_uri(house.node, frieda.actor)
    async with house.db.tx() as tx:
        await posts.write_post(tx, house.node, anna.id, Draft(source="For everybody."))
    async with house.db.read() as tx:
        body = bytes(await tx.fetchval("SELECT body FROM activities WHERE type = 'Create'"))
    assert b'"eddsa-jcs-2022"' in body
    assert await unsigned(frieda, body.replace(b"For everybody", b"For nobody")) == 401
    assert await unsigned(frieda, body) == 202
    async with asyncio.timeout(20):
        while not (found := await frieda.received("Create")):
            await asyncio.sleep(0.05)
    assert "For everybody." in json.dumps(found)


async def unsigned(frieda: FedifyPeer, body: bytes) -> int:
    """Deliver without an HTTP signature; the status."""
    headers = {"Content-Type": "application/activity+json"}
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{frieda.origin}/inbox", data=body, headers=headers) as answer:
            return answer.status

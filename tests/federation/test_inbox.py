"""Deliveries from strangers: the hostile ones and what becomes of each."""

from __future__ import annotations

from typing import Any

import msgspec
import orjson
import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from federation import keys, proofs
from federation.errors import FederationError
from federation.inbox import MAX_BODY_BYTES, Ignored, Received, SignedRequest, receive
from federation.keys import PublicKey, Signer
from federation.signatures import cavage
from federation.signatures.message import Outgoing
from tests.federation.peers import NOW, ORIGIN, Rig, key, replaced, signed

E, V = "https://evil.test/u/e", "https://victim.test/u/v"
EVE, VICTOR = Signer(f"{E}#main-key", key("eve")), Signer(f"{V}#main-key", key("victim"))


@pytest.fixture
def known(rig: Rig) -> Rig:
    """A node that already has the keys of E and V, so that nothing here needs the network."""
    for signer, owner in ((EVE, E), (VICTOR, V)):
        pem = keys.public_pem(signer.private_key)
        rig.directory.keys[signer.key_id] = PublicKey(signer.key_id, owner, pem)
    rig.directory.actors |= {E, V}
    return rig


def create(**fields: Any) -> dict[str, Any]:
    note = {"id": "https://evil.test/n/1", "type": "Note", "attributedTo": E, "content": "x"}
    return {"id": "https://evil.test/a/1", "type": "Create", "actor": E, "object": note, **fields}


async def _receive(rig: Rig, request: SignedRequest) -> Received | Ignored:
    return await receive(request, directory=rig.directory, fetcher=rig.fetcher, now=NOW, local_origin=ORIGIN)


async def _received(rig: Rig, document: dict[str, Any], signer: Signer = EVE) -> Received:
    found = await _receive(rig, signed(document, signer))
    assert isinstance(found, Received)
    return found


@pytest.mark.parametrize("scheme", ["cavage", "rfc9421"])
async def test_an_honest_activity_is_received(known: Rig, scheme: str) -> None:
    request = signed(create(), EVE, scheme=scheme)
    found = await _receive(known, request)
    assert found == Received(
        activity_id="https://evil.test/a/1", type="Create", actor=E, object_id="https://evil.test/n/1",
        document=create(), body=request.body, signer_key_id=EVE.key_id, host="evil.test", plain=True,
    )  # fmt: skip
    assert known.requests == 0


class Case(msgspec.Struct, frozen=True):
    """A delivery by E, and the answer it gets."""

    document: dict[str, Any] | bytes
    code: str
    status: int


HOSTILE = {
    "ORG-07 id of another origin": Case(create(id="https://victim.test/act/55"), "id_mismatch", 403),
    "ORG-07 id on another port": Case(create(id="https://evil.test:8443/a"), "id_mismatch", 403),
    "ORG-09 id empty": Case(create(id=""), "bad_id", 400),
    "ORG-09 id urn": Case(create(id="urn:x"), "bad_id", 400),
    "ORG-09 id with user": Case(create(id="https://victim.test@evil.test/n"), "bad_id", 400),
    "ORG-09 id without host": Case(create(id="https:///n/1"), "bad_id", 400),
    "ORG-09 actor empty": Case(create(actor=""), "bad_actor", 400),
    "ORG-09 actor a path": Case(create(actor="/u/e"), "bad_actor", 400),
    "JSN-05 actor missing": Case({"id": "https://evil.test/1", "type": "Create"}, "bad_actor", 400),
    "JSN-05 actor null": Case(create(actor=None), "bad_actor", 400),
    "JSN-05 actor list of two": Case(create(actor=[E, V]), "bad_actor", 400),
    "JSN-05 actor nested": Case(create(actor=[[E]]), "bad_actor", 400),
    "JSN-05 actor without id": Case(create(actor={}), "bad_actor", 400),
    "JSN-05 id a number": Case(create(id=5), "bad_id", 400),
    "JSN-05 id a list": Case(create(id=["https://evil.test/a/1"]), "bad_id", 400),
    "JSN-05 two types": Case(create(type=["Create", "Delete"]), "bad_type", 400),
    "JSN-05 type a number": Case(create(type=5), "bad_type", 400),
    "JSN-05 no type": Case(create(type=None), "bad_type", 400),
    "JSN-05 type empty": Case(create(type=""), "bad_type", 400),
    "JSN-05 type long": Case(create(type="C" * 65), "bad_type", 400),
    "JSN-04 actor twice": Case(b'{"id":"https://evil.test/1","type":"Like","actor":"a","actor":"b"}',
                               "json_duplicate_key", 400),
    "JSN-02 deep": Case(b'{"a":' * 1000, "json_too_deep", 400),
    "JSN-01 NUL": Case(create(object="a\0b"), "json_bad_text", 400),
    "JSN-08 empty": Case(b"", "bad_json", 400),
    "ORG-11 object of ours": Case(create(object={"id": "https://local.test/n/1"}), "own_origin", 403),
    "ORG-11 by http": Case(create(object={"id": "http://local.test/n/1"}), "own_origin", 403),
    "ORG-11 with port": Case(create(object={"id": "https://local.test:443/n/1"}), "own_origin", 403),
    "ORG-11 upper case": Case(create(type="Update", object={"id": "https://LOCAL.test/n/1"}), "own_origin", 403),
    "ORG-11 in a list": Case(create(object=[{"id": "https://local.test/n/1"}]), "own_origin", 403),
    "ORG-11 actor of ours": Case(create(id="https://local.test/1", actor="https://local.test/u/l"),
                                 "own_origin", 403),
    "SIG-03 actor V without id": Case({"type": "Follow", "actor": V, "object": "x"}, "not_the_author", 401),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE.values(), ids=HOSTILE)
async def test_a_hostile_delivery_is_refused(known: Rig, case: Case) -> None:
    with pytest.raises(FederationError) as refusal:
        await _receive(known, signed(case.document, EVE))
    assert (refusal.value.code, refusal.value.status) == (case.code, case.status)
    assert known.requests == 0


async def test_org_07_the_genuine_owner_of_the_id_is_still_heard(known: Rig) -> None:
    with pytest.raises(FederationError):
        await _receive(known, signed(create(id="https://victim.test/act/55"), EVE))
    genuine = {
        "id": "https://victim.test/act/55",
        "type": "Like",
        "actor": V,
        "object": "https://local.test/n/1",
    }
    assert (await _received(known, genuine, VICTOR)).object_id == "https://local.test/n/1"


async def test_pointing_at_our_objects_is_what_others_are_for(known: Rig) -> None:
    for kind in ("Like", "Announce", "Undo", "Flag"):
        assert (await _received(known, create(type=kind, object="https://local.test/n/1"))).type == kind


MEDIA_TYPES = {
    "application/activity+json": True, "application/activity+json; charset=UTF-8": True, "application/ld+json": True,
    'application/ld+json; profile="https://www.w3.org/ns/activitystreams"': True, "application/json": True,
    "application/activity+json; charset=latin1": False, "application/json; charset=utf-16": False,
    "text/html": False, "text/plain": False, "multipart/form-data": False, "": False,
}  # fmt: skip


@pytest.mark.parametrize(
    ("media_type", "accepted"), MEDIA_TYPES.items(), ids=[f"JSN-08 {name}" for name in MEDIA_TYPES]
)
async def test_the_media_types_an_inbox_takes(known: Rig, media_type: str, accepted: bool) -> None:
    body = orjson.dumps(create())
    headers = cavage.sign(Outgoing("POST", ORIGIN + "/inbox", body, content_type=media_type), EVE, NOW)
    request = SignedRequest("POST", "/inbox", tuple(headers.items()), body)
    if accepted:
        assert isinstance(await _receive(known, request), Received)
        return
    with pytest.raises(FederationError) as refusal:
        await _receive(known, request)
    assert (refusal.value.code, refusal.value.status) == ("bad_media_type", 415)


async def test_a_body_that_is_too_large_or_compressed_is_refused(known: Rig) -> None:
    large = signed(b" " * (MAX_BODY_BYTES + 1), EVE)
    with pytest.raises(FederationError) as refusal:
        await _receive(known, large)
    assert (refusal.value.code, refusal.value.status) == ("body_too_large", 413)
    zipped = signed(create(), EVE)
    zipped = SignedRequest("POST", "/inbox", (*zipped.headers, ("Content-Encoding", "gzip")), zipped.body)
    with pytest.raises(FederationError) as refusal:
        await _receive(known, zipped)
    assert (refusal.value.code, refusal.value.status) == ("bad_encoding", 415)


async def test_an_unsigned_or_wrongly_signed_delivery_is_refused(known: Rig) -> None:
    for request in (
        replaced(signed(create(), EVE), "Signature", None),
        signed(create(), Signer(EVE.key_id, key("mallory"))),
    ):
        with pytest.raises(FederationError) as refusal:
            await _receive(known, request)
        assert refusal.value.status == 401


async def test_sig_19_a_refused_host_is_stopped_whether_it_signs_or_writes(known: Rig) -> None:
    known.directory.refused.add("evil.test")
    theirs = {"id": "https://victim.test/1", "type": "Like", "actor": V, "object": "x"}
    for document, signer in ((create(), EVE), (create(), VICTOR), (theirs, EVE)):
        with pytest.raises(FederationError) as refusal:
            await _receive(known, signed(document, signer))
        assert (refusal.value.code, refusal.value.status) == ("host_refused", 403)
    assert known.requests == 0


@pytest.mark.parametrize("kind", ["Add", "Remove", "Leave"])
async def test_an_activity_without_id_gets_the_same_one_each_time(known: Rig, kind: str) -> None:
    document = create(type=kind)
    del document["id"]
    first, again = await _received(known, document), await _received(known, document)
    assert first.activity_id == again.activity_id
    assert first.activity_id.startswith(f"{E}#derived-")
    assert (await _received(known, {**document, "target": "y"})).activity_id != first.activity_id


# Somebody else's words: forwarded by E, written by V.

ED_VICTOR = Signer(f"{V}#ed25519-key", key("ed-victim"))
THEIRS = {"@context": "https://www.w3.org/ns/activitystreams", "id": "https://victim.test/a/1", "type": "Create",
          "actor": V, "object": {"id": "https://victim.test/n/1", "attributedTo": V, "content": "x"}}  # fmt: skip


def _with_proof_key(rig: Rig, owner: str = V) -> Rig:
    multibase = keys.multikey(key("ed-victim"))  # type: ignore[arg-type]  # it is Ed25519
    rig.directory.keys[ED_VICTOR.key_id] = PublicKey(ED_VICTOR.key_id, owner, multibase=multibase)
    return rig


async def test_sig_03_words_of_another_are_only_a_hint_where_to_ask(known: Rig) -> None:
    found = await _received(known, THEIRS)
    assert (found.forwarded, found.refetch, found.signer_key_id) == (True, True, EVE.key_id)
    assert (found.actor, found.host) == (V, "victim.test")


async def test_a_forwarded_activity_with_its_authors_proof_is_received(known: Rig) -> None:
    found = await _received(_with_proof_key(known), proofs.add_proof(THEIRS, ED_VICTOR, NOW))
    assert (found.forwarded, found.refetch) == (True, False)


async def test_a_proof_key_not_known_yet_is_fetched_from_its_owner(known: Rig) -> None:
    victim = known.peers["victim.test"]
    uri = victim.uri("/u/v")
    multibase = keys.multikey(key("ed-victim"))  # type: ignore[arg-type]
    entry = {"id": f"{uri}#ed", "type": "Multikey", "controller": uri, "publicKeyMultibase": multibase}
    victim.person("/u/v", key("victim"), assertionMethod=[entry])
    document = {**THEIRS, "id": victim.uri("/a/1"), "actor": uri}
    proved = proofs.add_proof(document, Signer(f"{uri}#ed", key("ed-victim")), NOW)
    assert not (await _received(known, proved)).refetch
    assert known.requests == 1


FALSE_PROOFS = {
    "content changed": {**proofs.add_proof(THEIRS, ED_VICTOR, NOW), "object": "changed"},
    "proof by E": proofs.add_proof(THEIRS, Signer(f"{E}#ed", key("ed-eve")), NOW),
    "SIG-16 LD signature": {**THEIRS, "signature": {"type": "RsaSignature2017", "creator": f"{V}#main-key",
                                                    "signatureValue": "AAAA"}},
    "garbage": {**THEIRS, "proof": "x"},
}  # fmt: skip


@pytest.mark.parametrize("document", FALSE_PROOFS.values(), ids=FALSE_PROOFS)
async def test_a_proof_that_fails_is_worth_no_more_than_none(known: Rig, document: dict[str, Any]) -> None:
    assert (await _received(_with_proof_key(known), document)).refetch


async def test_sig_17_members_moved_into_a_graph_are_refused_whatever_proof_they_carry(known: Rig) -> None:
    moved = {**proofs.add_proof(THEIRS, ED_VICTOR, NOW), "@graph": []}
    with pytest.raises(FederationError, match="jsonld_forbidden"):
        await _received(_with_proof_key(known), moved)


async def test_a_proof_by_another_user_of_the_same_host_does_not_count(known: Rig) -> None:
    rig = _with_proof_key(known, owner="https://victim.test/u/other")
    assert (await _received(rig, proofs.add_proof(THEIRS, ED_VICTOR, NOW))).refetch


# Deletes of actors.

LEAVES = {"id": f"{V}#delete", "type": "Delete", "actor": V, "object": V}


async def test_rel_22_a_stranger_who_leaves_costs_no_request(rig: Rig) -> None:
    for object_ in (V, {"id": V, "type": "Tombstone"}, [V]):
        found = await _receive(rig, signed({**LEAVES, "object": object_}, VICTOR))
        assert found == Ignored("delete_of_unknown_actor")
    assert rig.requests == 0


async def test_an_actor_we_know_leaves_with_a_known_key(known: Rig) -> None:
    found = await _received(known, LEAVES, VICTOR)
    assert not found.gone and found.object_id == V


async def test_an_actor_we_know_leaves_when_its_host_says_so(rig: Rig) -> None:
    victim = rig.peers["victim.test"]
    uri = victim.uri("/u/v")
    rig.directory.actors.add(uri)

    async def gone(request: web.Request) -> web.StreamResponse:
        return web.Response(status=410)

    victim.handlers["/u/v"] = gone
    leaves = {"id": f"{uri}#delete", "type": "Delete", "actor": uri, "object": uri}
    found = await _received(rig, leaves, Signer(f"{uri}#main-key", key("victim")))
    assert (found.gone, found.signer_key_id) == (True, "")


async def test_org_03_nobody_leaves_because_somebody_elses_key_is_gone(rig: Rig) -> None:
    victim = rig.peers["victim.test"]
    uri = victim.person("/u/v", key("victim"))
    rig.directory.actors.add(uri)

    async def gone(request: web.Request) -> web.StreamResponse:
        return web.Response(status=410)

    evil = rig.peers["evil.test"]
    evil.handlers["/u/e"] = gone
    victim.handlers["/u/w"] = gone
    leaves = {"id": f"{uri}#delete", "type": "Delete", "actor": uri, "object": uri}
    for key_id in (evil.uri("/u/e#main-key"), victim.uri("/u/w#main-key")):
        with pytest.raises(FederationError) as refusal:
            await _receive(rig, signed(leaves, Signer(key_id, key("eve"))))
        assert (refusal.value.code, refusal.value.status) == ("gone", 401)


async def test_org_03_a_delete_of_others_is_only_a_hint(known: Rig) -> None:
    """E says that V left: E is not V, so only V's own host can confirm it."""
    found = await _received(known, LEAVES)
    assert found.refetch and not found.gone


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.sampled_from([E, V, "", "Create", "https://local.test/n"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "type", "actor", "object", "proof"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["id", "type", "actor", "object", "proof", "@context"]), JSON))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
async def test_jsn_11_any_document_is_received_ignored_or_refused_with_a_code(
    known: Rig, changes: dict[str, Any]
) -> None:
    try:
        found = await _receive(known, signed({**create(), **changes}, EVE))
    except FederationError as refusal:
        assert refusal.status in (400, 401, 403)
    else:
        assert isinstance(found, Ignored) or found.refetch or found.actor == E
    assert known.requests == 0

"""Hostile requests at a real node's door: the status they get, and that nothing comes of them.

The rows carry the ids of the threat catalogue. "Nothing" is the count of every table of effects, no answer
of ours that begins with 5, and an honest request that works right afterwards.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from federation.keys import Signer
from federation.signatures.message import SignedRequest
from node.features.actors.store.reads import Actor
from tests.federation.peers import NOW, key, replaced, signed
from tests.node.wire.strangers import (
    PUBLIC,
    Stranger,
    counted,
    faults,
    outcome,
    post,
    run,
)
from tests.rig import Rig, RigNode


class Scene(msgspec.Struct):
    """Everybody a row may use."""

    node: RigNode
    amina: Actor
    eve: Stranger
    vera: Stranger

    def mention(self, who: Stranger | None = None) -> dict[str, Any]:
        """An honest Create that our member would be told of."""
        writer = who or self.eve
        note = writer.note(tag=[{"type": "Mention", "href": self.amina.uri}], to=[self.amina.uri, PUBLIC])
        return writer.does("Create", note)

    def signed(self, **changes: Any) -> SignedRequest:
        """That Create, signed, with members of the activity changed."""
        return self.eve.sign(self.node, {**self.mention(), **changes})


@pytest.fixture
async def scene(lindenhof: RigNode, follower: Actor, eve: Stranger, vera: Stranger) -> Scene:
    return Scene(lindenhof, follower, eve, vera)


Make = Callable[[Scene], SignedRequest]


class Case(msgspec.Struct, frozen=True):
    """What is sent and what is answered; `codes` are allowed ends of what was taken in (202)."""

    id: str
    make: Make
    status: tuple[int, ...]
    codes: tuple[str, ...] = ()


def _parts(request: SignedRequest) -> dict[str, str]:
    value = next(value for name, value in request.headers if name.lower() == "signature")
    return dict(part.split("=", 1) for part in value.split(",") if "=" in part)


def _signature(request: SignedRequest, **changes: str) -> SignedRequest:
    parts = _parts(request) | {name: f'"{value}"' for name, value in changes.items()}
    return replaced(request, "signature", ",".join(f"{name}={value}" for name, value in parts.items()))


def _with(request: SignedRequest, name: str, value: str) -> SignedRequest:
    return SignedRequest(request.method, request.target, (*request.headers, (name, value)), request.body)


def _covering(names: str) -> Make:
    return lambda s: _signature(s.signed(), headers=names)


def _body(request: SignedRequest, body: bytes) -> SignedRequest:
    return SignedRequest(request.method, request.target, request.headers, body)


def _raw(body: bytes) -> Make:
    return lambda s: s.eve.sign(s.node, body)


def _changed(**changes: Any) -> Make:
    return lambda s: s.signed(**changes)


def _json(s: Scene, text: Callable[[str], str]) -> SignedRequest:
    return s.eve.sign(s.node, text(json.dumps(s.mention())).encode())


def _as_vera(s: Scene) -> SignedRequest:
    return s.eve.sign(s.node, {**s.mention(s.vera), "id": s.vera.new_id("a")})


def _claimed_key(s: Scene) -> SignedRequest:
    """A key of Eve's that says its owner is Vera."""
    path = "/claimed"
    s.eve.peer.documents[path] = {
        "id": s.eve.peer.uri(path), "owner": s.vera.uri,
        "publicKeyPem": s.eve.peer.documents["/u/eve"]["publicKey"]["publicKeyPem"],
    }  # fmt: skip
    return signed(s.mention(s.vera), Signer(s.eve.peer.uri(path), key("eve")), origin=s.node.origin)


def _posed_actor(s: Scene) -> SignedRequest:
    """A document at Eve's that says it is Vera, with Eve's key."""
    document = dict(s.vera.peer.documents["/u/vera"])
    document["publicKey"] = {
        **document["publicKey"],
        "publicKeyPem": s.eve.peer.documents["/u/eve"]["publicKey"]["publicKeyPem"],
    }
    s.eve.peer.documents["/posed"] = document
    signer = Signer(s.eve.peer.uri("/posed") + "#main-key", key("eve"))
    return signed(s.mention(s.vera), signer, origin=s.node.origin)


def _hmac_label(s: Scene) -> SignedRequest:
    return _signature(s.signed(), algorithm="hmac-sha256")


def _two_schemes(s: Scene) -> SignedRequest:
    one = s.signed()
    new = s.vera.sign(s.node, one.body, scheme="rfc9421")
    extra = tuple(h for h in new.headers if h[0].lower() in ("signature-input",))
    return SignedRequest("POST", one.target, (*one.headers, *extra), one.body)


def _other_door(s: Scene) -> SignedRequest:
    made = s.signed()
    return SignedRequest("POST", s.amina.uri.removeprefix(s.node.origin) + "/inbox", made.headers, made.body)


def _refused_host(s: Scene) -> SignedRequest:
    return s.signed()


def _foreign_object(kind: str) -> Make:
    return lambda s: s.eve.sign(
        s.node, s.eve.does(kind, s.vera.note(id=s.vera.peer.uri("/n/known"), content="<p>falsch</p>"))
    )


def _delete_foreign(s: Scene) -> SignedRequest:
    return s.eve.sign(s.node, s.eve.does("Delete", s.vera.peer.uri("/n/known")))


def _delete_ours(s: Scene) -> SignedRequest:
    return s.eve.sign(s.node, s.eve.does("Delete", s.amina.uri))


def _foreign_id(s: Scene) -> SignedRequest:
    return s.eve.sign(s.node, s.eve.does("Like", s.vera.peer.uri("/n/known"), id=s.vera.peer.uri("/a/55")))


def _attributed(author: Any) -> Make:
    def make(s: Scene) -> SignedRequest:
        names = {"vera": s.vera.uri, "eve": s.eve.uri, "other": s.eve.peer.uri("/u/other")}
        value = [names[a] for a in author] if isinstance(author, list) else names[author]
        note = {**s.mention()["object"], "attributedTo": value}
        return s.eve.sign(s.node, s.eve.does("Create", note))

    return make


def _local(spell: Callable[[str], str], kind: str = "Create") -> Make:
    def make(s: Scene) -> SignedRequest:
        note = {**s.mention()["object"], "id": spell(s.node.origin) + "/ap/notes/1"}
        return s.eve.sign(s.node, s.eve.does(kind, note))

    return make


def _note_id(uri: str) -> Make:
    return lambda s: s.eve.sign(s.node, s.eve.does("Create", {**s.mention()["object"], "id": uri}))


def _undo_foreign(s: Scene) -> SignedRequest:
    return s.eve.sign(
        s.node,
        s.eve.does(
            "Undo", {"type": "Follow", "id": s.vera.uri + "/f", "actor": s.vera.uri, "object": s.amina.uri}
        ),
    )


def _move(s: Scene) -> SignedRequest:
    return s.eve.sign(s.node, s.eve.does("Move", s.eve.uri, target=s.vera.uri))


def _move_other(s: Scene) -> SignedRequest:
    return s.eve.sign(s.node, s.eve.does("Move", s.vera.uri, target=s.eve.uri))


def _pin_foreign(s: Scene) -> SignedRequest:
    return s.eve.sign(s.node, s.eve.does("Add", s.eve.peer.uri("/n/x"), target=s.vera.uri + "/featured"))


def _accept_unasked(s: Scene) -> SignedRequest:
    asked = {
        "type": "Follow",
        "actor": s.amina.uri,
        "object": s.eve.uri,
        "id": s.node.origin + "/ap/follows/9",
    }
    return s.eve.sign(s.node, s.eve.does("Accept", asked))


CASES = (
    Case("SIG-01-only-date", _covering("date"), (401,)),
    Case("SIG-01-no-digest", _covering("(request-target) host date"), (401,)),
    Case("SIG-01-no-host", _covering("(request-target) date digest"), (401,)),
    Case("SIG-01-unsigned", lambda s: replaced(s.signed(), "signature", None), (401,)),
    Case("SIG-02-swapped-body", lambda s: _body(s.signed(), s.signed(type="Like").body), (401,)),
    Case("SIG-02-digest-md5", lambda s: replaced(s.signed(), "digest", "MD5=AAAA"), (401,)),
    Case("SIG-02-digest-empty", lambda s: replaced(s.signed(), "digest", "SHA-256="), (401,)),
    Case("SIG-03-actor-of-another", lambda s: s.signed(actor=s.vera.uri), (403,)),
    Case("SIG-03-whole-of-another", _as_vera, (202,), ("not_found", "bad_object", "not_the_author")),
    Case("SIG-04-key-claims-owner", _claimed_key, (401,)),
    Case("SIG-05-posed-document", _posed_actor, (401,)),
    Case("SIG-08-two-key-ids", lambda s: replaced(
        s.signed(), "signature",
        f'keyId="{s.vera.signer.key_id}",'
        + next(v for n, v in s.signed().headers if n.lower() == "signature")), (401,)),
    Case("SIG-09-two-schemes", _two_schemes, (401,)),
    Case("SIG-10-garbage-date", lambda s: replaced(s.signed(), "date", "neulich"), (401,)),
    Case("SIG-10-no-date", lambda s: replaced(s.signed(), "date", None), (401,)),
    Case("SIG-11-none", lambda s: _signature(s.signed(), algorithm="none"), (401,)),
    Case("SIG-11-hmac", _hmac_label, (401,)),
    Case("SIG-11-rsa-sha1", lambda s: _signature(s.signed(), algorithm="rsa-sha1"), (401,)),
    Case("SIG-11-ed25519-label", lambda s: _signature(s.signed(), algorithm="ed25519"), (401,)),
    Case("SIG-11-empty", lambda s: _signature(s.signed(), signature=""), (401,)),
    Case("SIG-11-random", lambda s: _signature(s.signed(), signature=base64.b64encode(b"x" * 256).decode()), (401,)),
    Case("SIG-14-other-door", _other_door, (401,)),
    Case("SIG-15-other-spelling", lambda s: SignedRequest(
        "POST", "/%69nbox", s.signed().headers, s.signed().body), (401,)),
    Case("SIG-15-query-added", lambda s: SignedRequest(
        "POST", "/inbox?x=1", s.signed().headers, s.signed().body), (401,)),
    Case("SIG-key-odd", lambda s: _signature(s.signed(), keyId="ü%00\\\\x"), (400, 401)),
    Case("SIG-key-nowhere", lambda s: _signature(s.signed(), keyId="http://localhost:1/x#k"), (401, 503)),
    Case("SSRF-01-key-inside", lambda s: _signature(s.signed(), keyId="http://169.254.169.254/x"), (401,)),
    Case("SSRF-08-key-scheme", lambda s: _signature(s.signed(), keyId="file:///etc/passwd"), (400, 401)),
    Case("ORG-02-update-of-anothers", _foreign_object("Update"), (202,), ("not_owner",)),
    Case("ORG-05-create-of-anothers", _foreign_object("Create"), (202,), ("not_owner",)),
    Case("ORG-03-delete-anothers-post", _delete_foreign, (202,), ("not_owner",)),
    Case("ORG-03-delete-our-person", _delete_ours, (202,), ("not_owner",)),
    Case("ORG-05-attributed-elsewhere", _attributed("vera"), (202,), ("not_owner",)),
    Case("ORG-05-attributed-to-both", _attributed(["eve", "vera"]), (202,), ("not_owner",)),
    Case("ORG-05-attributed-next-door", _attributed("other"), (202,), ("not_owner",)),
    Case("ORG-07-id-of-another-origin", _foreign_id, (403,)),
    Case("ORG-08-collection", lambda s: s.eve.sign(s.node, s.eve.does(
        "Create", {"type": "Collection", "items": [s.vera.note()]})), (202,), ("bad_object", "unknown_object")),
    *(Case(f"ORG-09-activity-id-{n}", _changed(id=uri), (400, 403)) for n, uri in enumerate((
        "", "urn:x", "acct:v@localhost", "/n/1", "https:///n/1", "https://victim.test@evil.test/n", 5, [], {}))),
    *(Case(f"ORG-09-object-id-{n}", _note_id(uri), (202,), ("not_owner", "bad_id", "bad_object", "unknown_object"))
      for n, uri in enumerate(("urn:x", "/n/1", "https:///n/1", "https://victim.test@evil.test/n"))),
    Case("ORG-11-our-origin", _local(lambda o: o), (403,)),
    Case("ORG-11-our-origin-update", _local(lambda o: o, "Update"), (403,)),
    Case("ORG-11-our-origin-upper", _local(lambda o: o.replace("localhost", "LOCALHOST")), (403,)),
    Case("ORG-11-our-actor", lambda s: s.signed(actor=s.amina.uri, id=s.node.origin + "/a/1"), (403,)),
    Case("ORG-13-undo-anothers-follow", _undo_foreign, (202,), ("not_owner",)),
    Case("ORG-14-accept-never-asked", _accept_unasked, (202,), ("follow_unknown",)),
    Case("ORG-17-pin-elsewhere", _pin_foreign, (202,), ("unknown_target",)),
    Case("ORG-21-move-without-alias", _move, (202,), ("not_an_alias",)),
    Case("ORG-21-move-of-another", _move_other, (202,), ("not_owner",)),
    Case("RES-10-too-big", lambda s: s.eve.sign(s.node, json.dumps({
        **s.mention(), "content": "x" * 2_000_000}).encode()), (413,)),
    Case("JSN-01-nul", lambda s: _json(s, lambda t: t.replace("Hallo", "a\\u0000b")), (400,)),
    Case("JSN-01-surrogate", lambda s: _json(s, lambda t: t.replace("Hallo", "\\ud800")), (400,)),
    Case("JSN-02-deep", _raw(b'{"a":' * 2000 + b"1" + b"}" * 2000), (400,)),
    Case("JSN-02-very-deep", _raw(b"[" * 200_000), (400,)),
    Case("JSN-04-two-actors", lambda s: _json(s, lambda t: t.replace(
        '"actor":', f'"actor": "{s.vera.uri}", "actor":')), (400,)),
    Case("JSN-05-no-object", lambda s: s.eve.sign(s.node, {
        k: v for k, v in s.mention().items() if k != "object"}), (202, 400), ("bad_object", "unknown_object")),
    *(Case(f"JSN-05-actor-{n}", _changed(actor=value), (400,)) for n, value in enumerate(
        (None, "", [], {}, [[]], 5, True))),
    *(Case(f"JSN-05-type-{n}", _changed(type=value), (400,)) for n, value in enumerate(
        (None, "", [], {}, 5, ["Create", "Delete"], "x" * 100))),
    *(Case(f"JSN-05-object-{n}", _changed(object=value), (202, 400), ("bad_object", "unknown_object", "not_owner"))
      for n, value in enumerate((None, "", [], {}, [[]], 5, True, [1, "a", {}]))),
    Case("JSN-06-swapped-context", _changed(**{"@context": [
        "https://www.w3.org/ns/activitystreams", {"actor": "as:object", "object": "as:actor"}]}),
        (202, 400), ("context_redefines", "jsonld_disagrees")),
    Case("JSN-06-graph", lambda s: s.eve.sign(s.node, {
        "@context": "https://www.w3.org/ns/activitystreams", "@graph": [s.mention()]}), (400,)),
    Case("JSN-08-utf16", lambda s: s.eve.sign(s.node, json.dumps(s.mention()).encode("utf-16")), (400,)),
    Case("JSN-08-bom-garbage", _raw(b"\xef\xbb\xbf{} trailing"), (400,)),
    Case("JSN-08-empty", _raw(b""), (400,)),
    Case("JSN-08-not-an-object", _raw(b"[1,2,3]"), (400,)),
    Case("JSN-08-html", lambda s: replaced(s.signed(), "content-type", "text/html"), (415,)),
    Case("JSN-08-encoding", lambda s: _with(s.signed(), "Content-Encoding", "br"), (400, 415)),
    Case("RPL-own-accept", lambda s: s.eve.sign(s.node, s.eve.does("Accept", "http://localhost:1/never")),
         (202,), ("nothing_takes_it", "follow_unknown")),
)  # fmt: skip


GROUPS = sorted({case.id.partition("-")[0] for case in CASES})


@pytest.mark.parametrize("group", GROUPS)
async def test_a_hostile_request_changes_nothing(rig: Rig, scene: Scene, group: str) -> None:
    node = scene.node
    assert await scene.eve.send(node, scene.mention()) == 202  # Eve is known, and so is her key
    known = scene.vera.note(id=scene.vera.peer.uri("/n/known"))
    assert await scene.vera.send(node, scene.vera.does("Create", known)) == 202
    await run(node)
    wrong = []
    for case in CASES:
        if case.id.startswith(f"{group}-"):
            rig.clock.advance(milliseconds=7)
            wrong += [f"{case.id}: {fault}" for fault in await _faults_of(scene, case, known["id"])]
    assert wrong == []
    honest = scene.mention()
    assert await scene.eve.send(node, honest) == 202
    await run(node)
    assert await outcome(node, honest) == ("done", "")


async def _faults_of(scene: Scene, case: Case, known_uri: str) -> list[str]:
    node = scene.node
    before, html = await counted(node), await _html_of(node, known_uri)
    request = case.make(scene)
    answered = await post(node, request)
    await run(node)
    after = await counted(node)
    arrived = after.pop("inbox_items") - before.pop("inbox_items")
    found = [] if answered.status in case.status else [f"answered {answered.status} {answered.body[:100]!r}"]
    found += [
        f"{name}: {before[name]} became {after[name]}" for name in before if before[name] != after[name]
    ]
    if await _html_of(node, known_uri) != html:
        found.append("the known post changed")
    if arrived != (answered.status == 202):
        found.append(f"{arrived} activities kept")
    if arrived and (end := await _last_end(node))[1] not in case.codes:
        found.append(f"ended as {end}")
    return [*found, *map(str, await faults(node))]


async def _html_of(node: RigNode, uri: str) -> str:
    async with node.db.read() as tx:
        found: str = await tx.fetchval("SELECT html FROM posts WHERE uri = $1", uri)
    return found


async def _last_end(node: RigNode) -> tuple[str, str]:
    async with node.db.read() as tx:
        row = await tx.fetchrow("SELECT state, code FROM inbox_items ORDER BY received_at DESC LIMIT 1")
    return row["state"], row["code"]


async def test_sig_19_a_refused_host_is_refused_before_anything_is_fetched(scene: Scene) -> None:
    node, eve = scene.node, scene.eve
    async with node.db.tx() as tx:
        await tx.execute(
            "INSERT INTO hosts (host, first_seen_at, refused_at) VALUES ($1, $2, $2)",
            f"localhost:{eve.peer.port}",
            tx.now,
        )
    node.node.directory.forget_refused()  # type: ignore[attr-defined]
    asked = len(eve.peer.requests)
    assert await eve.send(node, scene.mention()) == 403
    assert len(eve.peer.requests) == asked


async def test_clk_01_a_date_counts_inside_the_window_only(scene: Scene) -> None:
    expected = {-1440: 401, -120: 401, -50: 202, 0: 202, 4: 202, 61: 401, 1440: 401}
    answers = {
        minutes: await scene.eve.send(scene.node, scene.mention(), now=NOW + timedelta(minutes=minutes))
        for minutes in expected
    }
    assert answers == expected

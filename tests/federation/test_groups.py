"""What a group may pass on, what must prove it, and the words it passes things on with."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec import Struct

from federation import groups, vocab
from federation.errors import FederationError
from federation.groups import Basis, Deed

G = "https://group.test/g/1"
V = "https://victim.test/u/v"
POST = "https://victim.test/n/1"
NOW = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)


def announce(inner: Any, actor: str = G) -> vocab.Activity:
    found = vocab.read({"id": f"{G}/a/1", "type": "Announce", "actor": actor, "object": inner})
    assert isinstance(found, vocab.Activity)
    return found


def act(kind: str, about: Any = POST, **fields: Any) -> dict[str, Any]:
    return {"id": "https://victim.test/a/9", "type": kind, "actor": V, "object": about} | fields


def read(document: dict[str, Any]) -> vocab.Activity:
    found = vocab.read(document)
    assert isinstance(found, vocab.Activity)
    return found


NOTE = {"id": POST, "type": "Note", "attributedTo": V, "content": "x"}


class Case(Struct, frozen=True):
    inner: dict[str, Any]
    basis: Basis


BELIEVED = [
    Case(act("Create", NOTE), Basis.OBJECT),
    Case(act("Update", NOTE), Basis.OBJECT),
    Case(act("Delete"), Basis.GONE),
    Case(act("Delete", summary="spam"), Basis.WORD),
    Case(act("Delete", summary=""), Basis.WORD),
    Case(act("Delete", "https://elsewhere.test/n/1"), Basis.WORD),
    Case(act("Like"), Basis.WORD),
    Case(act("Dislike"), Basis.WORD),
    Case(act("Undo", act("Like")), Basis.WORD),
    Case(act("Lock"), Basis.WORD),
    Case(act("Add", target=f"{G}/featured"), Basis.WORD),
]


@pytest.mark.parametrize("case", BELIEVED, ids=lambda case: f"{case.inner['type']} by {case.basis}")
def test_each_kind_a_group_passes_on_has_its_proof(case: Case) -> None:
    inner = groups.inner_of(announce(case.inner))
    assert groups.basis_of(inner) is case.basis


FORGED = [
    act("Announce"),
    act("Announce", act("Create", NOTE)),
    act("Follow"),
    act("Flag"),
    act("Join"),
    act("Accept", act("Follow")),
    act("Move"),
    act("Undo", act("Follow")),
    act("Undo", act("Announce")),
    act("Like", id="https://evil.test/a/9"),
    act("Lock", id="https://victim.test.evil.test/a/9"),
    act("Like", actor="https://evil.test/u/e"),
    {name: value for name, value in act("Like").items() if name != "id"},
    NOTE,
]


@pytest.mark.parametrize("inner", FORGED, ids=lambda inner: f"{inner['type']} {inner.get('id', 'no id')}")
def test_a_group_cannot_pass_on_what_groups_have_no_say_in(inner: dict[str, Any]) -> None:
    with pytest.raises(FederationError) as refused:
        groups.inner_of(announce(inner))
    assert refused.value.code in ("bad_object", "id_mismatch")


def test_a_boost_is_not_taken_for_an_activity() -> None:
    assert not groups.is_passed_on(announce(POST))
    assert not groups.is_passed_on(announce(NOTE))
    assert groups.is_passed_on(announce(act("Like")))


def test_what_is_passed_on_stays_word_for_word_and_has_one_id() -> None:
    inner = act("Create", NOTE | {"odd": [1]}, proof={"type": "DataIntegrityProof"})
    written = vocab.write(groups.pass_on(G, f"{G}/followers", inner, NOW, public=True))
    again = vocab.write(groups.pass_on(G, f"{G}/followers", inner, NOW, public=True))
    assert written["object"] == inner and written["id"] == again["id"]
    assert written["to"] == [vocab.PUBLIC] and written["cc"] == [f"{G}/followers"]
    closed = vocab.write(groups.pass_on(G, f"{G}/followers", inner, NOW, public=False))
    assert closed["to"] == [f"{G}/followers"] and closed["cc"] == []


def test_those_who_run_a_group_speak_as_lemmy_reads_it() -> None:
    deed = Deed(V, G, f"{G}/followers", public=True)
    lock = vocab.write(deed.lock(f"{V}/a/1", POST, "enough said"))
    assert (lock["type"], lock["summary"], lock["audience"]) == ("Lock", "enough said", G)
    assert (lock["to"], lock["cc"]) == ([vocab.PUBLIC], [G])
    undo = vocab.write(deed.undo(f"{V}/a/2", deed.lock(f"{V}/a/1", POST, "")))
    assert undo["object"]["type"] == "Lock" and undo["object"]["object"] == POST
    pin = vocab.write(deed.pin(f"{V}/a/3", POST, f"{G}/featured", add=True))
    assert (pin["type"], pin["target"]) == ("Add", f"{G}/featured")
    removed = read(vocab.write(deed.remove(f"{V}/a/4", POST, "")))
    assert groups.is_removal(removed)


def test_acts_in_a_closed_group_are_for_its_members() -> None:
    lock = vocab.write(Deed(V, G, f"{G}/followers", public=False).lock(f"{V}/a/1", POST, ""))
    assert vocab.PUBLIC not in (*lock["to"], *lock["cc"])

"""The table of handlers: exact pair, then the type alone, then nobody; never two for one pair."""

from __future__ import annotations

import pytest

from federation import dispatch, vocab
from federation.dispatch import ANY, DuplicateHandler, Inbound

ACTOR = "https://peer.example/users/bob"


def follow_somebody() -> str:
    return "follow"


def join_event() -> str:
    return "event"


def table() -> Inbound:  # type: ignore[type-arg]
    inbound: Inbound = Inbound()  # type: ignore[type-arg]
    inbound.on("Follow", ANY, needs=("actor", "object"))(follow_somebody)
    inbound.on("Join", "Event")(join_event)
    return inbound


def test_the_exact_pair_comes_before_the_type_alone() -> None:
    inbound = table()
    inbound.on("Follow", "Group")(join_event)
    exact, alone = inbound.lookup("Follow", "Group"), inbound.lookup("Follow", "Person")
    assert exact is not None and exact.function is join_event
    assert alone is not None and alone.function is follow_somebody
    assert alone.needs == ("actor", "object")


def test_a_bare_id_goes_to_the_type_alone() -> None:
    found = table().lookup("Follow", None)
    assert found is not None and found.function is follow_somebody


def test_what_nobody_handles_finds_nobody() -> None:
    assert table().lookup("Travel", "Place") is None
    assert table().lookup("Join", "Group") is None


def test_a_second_handler_for_a_pair_is_a_fault_at_start() -> None:
    with pytest.raises(DuplicateHandler):
        table().on("Follow", ANY)(join_event)
    with pytest.raises(DuplicateHandler):
        table().include(table())


def test_a_feature_brings_its_handlers_along() -> None:
    whole: Inbound = Inbound()  # type: ignore[type-arg]
    whole.include(table())
    assert whole.pairs() == [("Follow", "*"), ("Join", "Event")]


def test_a_need_nobody_gathers_is_a_fault_at_start() -> None:
    with pytest.raises(ValueError, match="weather"):
        table().on("Like", ANY, needs=("weather",))


def test_one_handler_may_serve_several_pairs() -> None:
    inbound = table()
    stacked = inbound.on("Create", "Note")(inbound.on("Create", "Page")(join_event))
    assert stacked is join_event
    assert ("Create", "Note") in inbound.pairs() and ("Create", "Page") in inbound.pairs()


def test_an_activity_is_keyed_by_itself_and_what_it_embeds() -> None:
    follow = vocab.Follow(actor=ACTOR, object="https://node.example/ap/users/1")
    assert dispatch.pair_of(follow) == ("Follow", ANY)
    assert dispatch.pair_of(vocab.Undo(actor=ACTOR, object=follow)) == ("Undo", "Follow")

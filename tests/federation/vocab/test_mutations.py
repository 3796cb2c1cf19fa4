"""JSN-11: whatever one changes in a real document, it reads or is refused by code, and grants nothing."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from federation import gather, vocab
from federation.errors import CODES, FederationError
from tests.federation.vocab.test_wire import FILES, load

DOCUMENTS = [load(path) for path in FILES]
scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text(max_size=30)
TEXTS = [
    "https://victim.test/u/v",
    "as:Public",
    "Create",
    "Person",
    "Tombstone",
    "https://",
    "2026-01-01T00:00:00Z",
    "0001-01-01T00:00:00+23:59",
    "",
]
anything = st.recursive(
    scalars | st.sampled_from(TEXTS),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "type", "href", "url", "name", "items", "@id"]), inner, max_size=4
        )
    ),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    if isinstance(value, dict):
        for key, inner in value.items():
            found += places(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            found += places(inner, (*path, index))
    return found


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    document: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(DOCUMENTS)))
    for _ in range(draw(st.integers(1, 3))):
        spots = places(document)
        if not spots:
            break
        *road, last = draw(st.sampled_from(spots))
        parent: Any = document
        for step in road:
            parent = parent[step]
        match draw(st.sampled_from(["replace", "wrap", "drop", "swap"])):
            case "wrap":
                parent[last] = [parent[last]]
            case "drop":
                del parent[last]
            case "swap":
                parent[last] = copy.deepcopy(draw(st.sampled_from(DOCUMENTS)))
            case _:
                parent[last] = draw(anything)
    return document


@settings(max_examples=400, deadline=None)
@given(mutated())
def test_a_mutated_document_reads_or_is_refused_by_code(document: dict[str, Any]) -> None:
    try:
        thing = vocab.read(document)
    except FederationError as error:
        assert error.code in CODES
        return
    assert isinstance(thing, vocab.Thing)
    if isinstance(thing, vocab.Activity) and isinstance(thing.object, vocab.Object):
        inner = thing.object
        if gather.is_trusted(thing, inner) and inner.id is not None:
            assert vocab.same_host(inner.id, thing.actor)
    try:
        json.loads(vocab.encode(thing))
    except FederationError as error:
        assert error.code in ("not_ascii_id", "bad_json")


@settings(max_examples=200, deadline=None)
@given(anything)
def test_any_json_value_reads_or_is_refused_by_code(value: Any) -> None:
    try:
        vocab.read(value)
    except FederationError as error:
        assert error.code in CODES

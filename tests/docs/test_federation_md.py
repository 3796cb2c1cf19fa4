"""FEDERATION.md shows what this node really says: its examples are read, and compared with a living node's."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from federation import proofs, vocab
from federation.errors import FederationError
from node.features.registry import FEATURES
from tests.docs import tour
from tests.house.tree import ROOT
from tests.rig import Rig

TEXT = (ROOT / "FEDERATION.md").read_text("utf-8")
EXAMPLES: list[dict[str, Any]] = [
    json.loads(block) for block in re.findall(r"^```json\n(.*?)^```$", TEXT, re.M | re.S)
]
NAMES = [tour.name_of(example) for example in EXAMPLES]
# The two that show every term; the others name only the addresses of their contexts.
FULL_CONTEXTS = ("Person", "Create Note")


# The one example that shows the proof which every public activity carries; the others leave it out.
WITH_PROOF = "Create Note"


def bare(document: dict[str, Any]) -> dict[str, Any]:
    """Without the proof, and without the terms it needs."""
    context = document["@context"]
    if isinstance(context, list):
        context = [entry for entry in context if entry != proofs.DATA_INTEGRITY]
        context = context[0] if len(context) == 1 else context
    return {name: value for name, value in document.items() if name != "proof"} | {"@context": context}


def shape(value: Any) -> Any:
    """Keys and kinds of values, without the values; a list is the set of its members' shapes."""
    if isinstance(value, dict):
        return {key: shape(member) for key, member in value.items() if key != "@context"}
    if isinstance(value, list):
        return sorted({json.dumps(shape(member), sort_keys=True) for member in value})
    return type(value).__name__


def addresses(context: Any) -> list[str]:
    return [
        entry for entry in (context if isinstance(context, list) else [context]) if isinstance(entry, str)
    ]


@pytest.mark.parametrize("example", EXAMPLES, ids=NAMES)
def test_an_example_can_be_read_as_what_it_says_it_is(example: dict[str, Any]) -> None:
    thing = vocab.read(example)
    assert thing.type == example["type"]
    assert thing.id == example["id"]
    if isinstance(thing, vocab.Activity):
        assert type(thing) is vocab.ACTIVITIES[example["type"]]
        assert thing.object_id


def test_the_reader_would_notice_an_example_that_is_none() -> None:
    with pytest.raises(FederationError):
        vocab.read({**EXAMPLES[0], "type": None})


def test_hosts_in_examples_are_nobodys() -> None:
    hosts = {
        host for example in EXAMPLES for host in re.findall(r"https?://([^/\"#\\<]+)", json.dumps(example))
    }
    known = {"www.w3.org", "w3id.org", "purl.archive.org", "joinmastodon.org", "schema.org", "ostatus.org",
             "litepub.social", "gotosocial.org", "misskey-hub.net"}  # fmt: skip
    assert {host for host in hosts - known if not host.endswith(".example")} == set()


async def test_the_examples_look_like_what_a_living_node_says(rig: Rig) -> None:
    real = await tour.take(rig)
    real = {name: found if name == WITH_PROOF else bare(found) for name, found in real.items()}
    assert sorted(NAMES) == sorted(real)
    differing = [
        name
        for name, example in zip(NAMES, EXAMPLES, strict=True)
        if shape(example) != shape(real[name])
        or addresses(example["@context"]) != addresses(real[name]["@context"])
        or (name in FULL_CONTEXTS and example["@context"] != real[name]["@context"])
    ]
    assert not differing


def test_every_activity_a_feature_handles_is_in_the_table_of_what_arrives() -> None:
    table = TEXT.partition("## What arrives")[2].partition("##")[0]
    handled = {pair[0] for feature in FEATURES for registry in feature.inbound for pair in registry.pairs()}
    assert {kind for kind in handled if kind not in table} == set()

"""JSON-LD games: what could be read in two ways is refused, what is merely unknown is not."""

from __future__ import annotations

import json
import socket
import time
from typing import Any, NoReturn

import pytest
from msgspec import Struct

from federation import jsonld
from federation.errors import CODES, FederationError
from federation.vocab import AS, PUBLIC
from federation.vocab.terms import CID, SECURITY, WEBFINGER

E = "https://evil.test/u/e"
V = "https://victim.test/u/v"
LIKE: dict[str, Any] = {
    "@context": AS,
    "id": "https://evil.test/a/1",
    "type": "Like",
    "actor": E,
    "object": V,
    "to": [PUBLIC],
}


def like(*context: Any, **fields: Any) -> dict[str, Any]:
    return LIKE | {"@context": [AS, *context]} | fields


class Game(Struct, frozen=True):
    name: str
    document: dict[str, Any]
    code: str


GAMES = [
    Game("M3 swapped roles", like({"actor": "as:object", "object": "as:actor"}), "context_redefines"),
    Game("actor under another name", like({"actor": "x:nobody", "boss": "as:actor"}), "context_redefines"),
    Game("by definition object", like({"to": {"@id": "as:cc", "@type": "@id"}}), "context_redefines"),
    Game("type renamed", like({"Like": "as:Delete"}), "context_redefines"),
    Game("id moved", like({"uri": "@id"}), "context_redefines"),
    Game("id taken away", like({"id": "x:id"}), "context_redefines"),
    Game("type taken away", like({"type": {"@id": "x:type"}}), "context_redefines"),
    Game("term switched off", like({"actor": None}), "context_redefines"),
    Game("term switched off inside", like({"actor": {"@id": None}}), "context_redefines"),
    Game("prefix moved", like({"as": "https://evil.test/ns#"}), "context_redefines"),
    Game("prefix of keys moved", like({"sec": "https://evil.test/ns#"}), "context_redefines"),
    Game("key owner moved", like({"owner": "x:owner"}), "context_redefines"),
    Game("all contexts dropped", like(None), "context_redefines"),
    Game("vocabulary moved", like({"@vocab": "https://evil.test/ns#"}), "context_redefines"),
    Game(
        "in an embedded object", like(object=LIKE | {"@context": {"actor": "as:object"}}), "context_redefines"
    ),
    Game("in a list", like(tag=[[{"@context": {"actor": "x:y"}}]]), "context_redefines"),
    Game("scoped to a type", like({"X": {"@id": "x:X", "@context": {"actor": "x:y"}}}), "jsonld_forbidden"),
    Game("reverse property", like({"did": {"@reverse": "as:actor"}}), "jsonld_forbidden"),
    Game("imported", like({"@import": "https://evil.test/ctx"}), "jsonld_forbidden"),
    Game("keyword alias", like({"all": "@graph"}), "context_redefines"),
    Game("@graph", like(**{"@graph": [LIKE]}), "jsonld_forbidden"),
    Game("@included", like(**{"@included": [LIKE]}), "jsonld_forbidden"),
    Game("@reverse", like(**{"@reverse": {"actor": V}}), "jsonld_forbidden"),
    Game("@nest", like(tag=[{"@nest": {"type": "Mention"}}]), "jsonld_forbidden"),
    Game("as:actor beside actor", like(**{"as:actor": V}), "jsonld_disagrees"),
    Game("a full IRI beside actor", like(**{AS + "#actor": V}), "jsonld_disagrees"),
    Game("more recipients in long form", like(**{"as:to": V}), "jsonld_disagrees"),
    Game("in the object", like(object=LIKE | {"as:attributedTo": V}), "jsonld_disagrees"),
    Game("nothing but long keys", {AS + "#actor": E, "@id": "https://evil.test/a/1"}, "jsonld_disagrees"),
    Game("RES-15 contexts without end", like(*[{} for _ in range(10_000)]), "jsonld_too_big"),
    Game(
        "RES-15 terms without end", like({f"t{number}": "x:y" for number in range(10_000)}), "jsonld_too_big"
    ),
    Game("RES-15 nodes without end", like(tag=[{} for _ in range(10_000)]), "jsonld_too_big"),
    Game("RES-15 long form without end", like(to=[PUBLIC] * 1_000, **{"as:name": "x"}), "jsonld_too_big"),
    Game("broken context", like(7, **{"as:name": "x"}), "jsonld_failed"),
]


@pytest.mark.parametrize("case", GAMES, ids=lambda case: case.name)
def test_jsn_06_a_game_with_terms_is_refused(case: Game) -> None:
    with pytest.raises(FederationError) as caught:
        jsonld.plain(case.document)
    assert caught.value.code == case.code and case.code in CODES
    assert caught.value.status == 400


HARMLESS: list[dict[str, Any]] = [
    LIKE,
    {key: value for key, value in LIKE.items() if key != "@context"},
    like("https://unknown.example/ctx.jsonld"),
    like("https://w3id.org/fep/ef61", "http://joinmastodon.org/ns#", "https://schema.org/"),
    LIKE | {"@context": "https://mbin.example/contexts"},
    like("https://pleroma.example/schemas/litepub-0.1.jsonld", {"@language": "und"}),
    like(
        {
            "sensitive": "as:sensitive",
            "Hashtag": "as:Hashtag",
            "movedTo": {"@id": "as:movedTo", "@type": "@id"},
        }
    ),
    like({"actor": AS + "#actor", "id": "@id", "type": "@type", "to": {"@id": "as:to", "@type": "@id"}}),
    like({"to": {"@type": "@id"}}),
    like({"location": {"@id": "sc:location", "@type": "sc:Place"}, "sc": "http://schema.org#"}),
    like(**{"http://joinmastodon.org/ns#discoverable": "long but harmless"}),
    like(**{"diaspora:guid": "1", "ical:status": "CONFIRMED"}),
]


@pytest.mark.parametrize("document", HARMLESS, ids=lambda document: json.dumps(document)[:60])
def test_jsn_07_what_is_merely_unknown_is_accepted_without_the_network(
    document: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise AssertionError("nothing here may open a socket")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert jsonld.plain(document) is document
    jsonld.compact({"@context": "https://unknown.example/ctx", "type": "Like", "actor": E})


def test_usual_documents_never_meet_the_processor() -> None:
    assert not jsonld.needs_compaction(LIKE)
    assert not jsonld.needs_compaction(like("https://unknown.example/ctx", {"x": "y:z"}))
    assert not jsonld.needs_compaction({"type": "Like"})
    assert jsonld.needs_compaction(LIKE | {"@context": "https://unknown.example/ctx"})
    assert jsonld.needs_compaction({"@type": ["as:Like"], "as:actor": E})
    assert jsonld.needs_compaction(like(object={"@value": 5}))


def test_long_form_is_compacted_to_our_words() -> None:
    long = {
        "@id": "https://evil.test/a/1",
        "@type": [AS + "#Like"],
        AS + "#actor": [{"@id": E}],
        AS + "#object": [{"@id": V}],
        "http://joinmastodon.org/ns#discoverable": [{"@value": True}],
    }
    found = jsonld.compact(long)
    assert (found["id"], found["type"], found["actor"], found["object"]) == (long["@id"], "Like", E, V)
    assert found["discoverable"] is True


def test_res_15_a_clique_of_blank_nodes_costs_little() -> None:
    names = [f"_:b{number}" for number in range(8)]
    clique = [{"id": name, "tag": [{"id": other} for other in names if other != name]} for name in names]
    started = time.process_time()
    jsonld.plain(like(tag=clique))
    jsonld.compact(like(tag=clique))
    assert time.process_time() - started < 5, "only canonicalising takes minutes, and nothing does it"


@pytest.mark.parametrize(
    "url", [AS, SECURITY, CID, WEBFINGER, "https://x.example/schemas/litepub-0.1.jsonld"]
)
def test_the_contexts_we_write_and_meet_are_bundled(url: str) -> None:
    document = jsonld.bundled(url)
    assert document is not None and "@context" in document


def test_every_bundled_file_is_named_in_its_readme_and_has_an_address() -> None:
    from importlib import resources

    folder = resources.files("federation").joinpath("contexts")
    readme = folder.joinpath("README.md").read_text("utf-8")
    names = {item.name.removesuffix(".json") for item in folder.iterdir() if item.name.endswith(".json")}
    assert names == {*jsonld._FILES.values(), "litepub"}
    assert all(f"`{name}.json`" in readme or f"`-{name[-2:]}.json`" in readme for name in names)

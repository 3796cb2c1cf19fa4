"""JSON-LD games: what could be read in two ways is refused, what is merely unknown is not."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

import pytest
from msgspec import Struct

from federation import compacting, compactor, jsonld, known_contexts, vocab
from federation.documents import Documents
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
    Game("boss beside actor", like({"boss": "as:actor"}, boss=V), "jsonld_disagrees"),
    Game("boss beside actor, by its word", like({"boss": {"@id": "actor"}}, boss=V), "jsonld_disagrees"),
    Game("boss by two steps", like({"chief": "as:actor", "boss": "chief"}, boss=V), "jsonld_disagrees"),
    Game(
        "boss by ten steps",
        like({f"b{n}": f"b{n - 1}" for n in range(1, 11)} | {"b0": "as:actor"}, b10=V),
        "context_redefines",
    ),
    Game("another prefix", like({"a": AS + "#"}, **{"a:actor": V}), "jsonld_disagrees"),
    Game(
        "half a prefix",
        like({"w": "https://www.w3.org/ns/"}, **{"w:activitystreams#actor": V}),
        "jsonld_disagrees",
    ),
    Game(
        "another word for a deed",
        like({"Nice": "as:Delete"}, object={"id": V, "type": "Nice"}),
        "jsonld_disagrees",
    ),
    Game("RES-15 contexts without end", like(*[{} for _ in range(10_000)]), "jsonld_too_big"),
    Game(
        "RES-15 terms without end", like({f"t{number}": "x:y" for number in range(10_000)}), "jsonld_too_big"
    ),
    Game("RES-15 nodes without end", like(tag=[{} for _ in range(10_000)]), "jsonld_too_big"),
    Game("RES-15 long form without end", like(to=[PUBLIC] * 2_000, **{"as:name": "x"}), "jsonld_too_big"),
    Game("broken context", like(7, **{"as:name": "x"}), "jsonld_failed"),
]


@pytest.mark.parametrize("case", GAMES, ids=lambda case: case.name)
async def test_jsn_06_a_game_with_terms_is_refused(case: Game) -> None:
    with pytest.raises(FederationError) as caught:
        await Documents().plain(case.document)
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
    like(**{"diaspora:guid": "1", "ical:status": "CONFIRMED"}),
]


@pytest.mark.parametrize("document", HARMLESS, ids=lambda document: json.dumps(document)[:60])
async def test_jsn_07_what_is_merely_unknown_is_accepted_without_the_network(
    document: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise AssertionError("nothing here may open a socket")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert jsonld.plain(document) is document
    unknown = compactor.compact(
        compacting.question_for({"@context": "https://unknown.example/ctx", "type": "Like"})
    )
    assert unknown["compacted"]["type"] == "Like"


def test_usual_documents_never_meet_the_processor() -> None:
    peertube = {"pt": "https://joinpeertube.org/ns#", "icons": "as:icon"}
    for document in (
        LIKE,
        like("https://unknown.example/ctx", {"x": "y:z"}),
        {"type": "Like"},
        LIKE | {"@context": "https://unknown.example/ctx"},
        like(peertube, icons=[{"type": "Image", "url": "https://tube.example/1.png"}]),
        like({"boss": "as:actor"}),
    ):
        assert not jsonld.needs_processor(document, jsonld.check(document)), document
    for odd in (
        {"@type": ["as:Like"], "as:actor": E},
        like(object={"@value": 5}),
        like({"gefallen": "as:Like"}, type="gefallen"),
        like({"vok": AS + "#"}, **{"vok:name": "x"}),
    ):
        assert jsonld.needs_processor(odd, jsonld.check(odd)), odd
        with pytest.raises(FederationError, match="jsonld_long_form"):
            jsonld.plain(odd)


LONG_LIKE = {
    "@id": "https://evil.test/a/1",
    "@type": [AS + "#Like"],
    AS + "#actor": [{"@id": E}],
    AS + "#object": [{"@id": V}],
    AS + "#to": [{"@id": PUBLIC}],
}
GERMAN_LIKE = {
    "@context": [
        {"a": AS + "#", "Gefallen": "a:Like", "wer": {"@id": "a:actor", "@type": "@id"}},
        {"was": {"@id": "a:object", "@type": "@id"}, "an": {"@id": "a:to", "@type": "@id"}},
    ],
    "@id": "https://evil.test/a/1",
    "@type": "Gefallen",
    "wer": E,
    "was": V,
    "an": "a:Public",
}


@pytest.mark.parametrize("document", [LONG_LIKE, GERMAN_LIKE], ids=["expanded", "in other words"])
async def test_a_document_all_in_long_form_is_read_as_what_it_says(document: dict[str, Any]) -> None:
    found = vocab.read(await Documents().plain(document))
    assert isinstance(found, vocab.Like)
    assert (found.id, found.actor, found.object_id, found.to) == ("https://evil.test/a/1", E, V, (PUBLIC,))


async def test_an_extension_under_another_name_is_understood_and_what_is_unknown_stays() -> None:
    named = {"t": "http://joinmastodon.org/ns#", "findbar": "t:discoverable", "neu": "https://x.example/#neu"}
    document = like(named, findbar=True, neu=5, **{"http://joinmastodon.org/ns#indexable": True})
    found = await Documents().plain(document)
    assert found["discoverable"] is True and found["indexable"] is True
    assert found["neu"] == 5, "a word nobody knows is kept as it came"
    assert (found["actor"], found["type"]) == (E, "Like")
    assert jsonld.plain(found) is found, "what was made plain stays plain"


async def test_m_2_a_processor_that_takes_too_long_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[asyncio.subprocess.Process] = []
    make = asyncio.create_subprocess_exec

    async def start(*_: Any, **options: Any) -> asyncio.subprocess.Process:
        child = await make(sys.executable, "-c", "import time; time.sleep(600)", **options)
        started.append(child)
        return child

    monkeypatch.setattr(asyncio, "create_subprocess_exec", start)
    with pytest.raises(FederationError, match="jsonld_failed"):
        await Documents(deadline_s=0.05).plain(LONG_LIKE)
    assert started[0].returncode is not None and started[0].returncode < 0


async def test_no_more_documents_wait_for_the_processor_than_can_be_served() -> None:
    reader = Documents()
    ends = await asyncio.gather(*(reader.plain(LONG_LIKE) for _ in range(20)), return_exceptions=True)
    refused = [end for end in ends if isinstance(end, FederationError)]
    assert {(end.code, end.status, end.permanent) for end in refused} == {("jsonld_busy", 503, False)}
    assert len(refused) == 4
    assert (await reader.plain(LONG_LIKE))["type"] == "Like"


async def test_m_1_the_processor_can_open_neither_a_file_nor_a_socket() -> None:
    attempt = (
        "import socket, sys; sys.path.insert(0, sys.argv[1]); import compactor; compactor.confine(**compactor.LIMITS)\n"
        "for way in (lambda: open('/etc/passwd'), socket.socket):\n"
        "    try: way()\n"
        "    except OSError: print('refused')\n"
    )
    folder = str(Path(compactor.__file__).parent)
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-c", attempt, folder, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await child.communicate()
    assert said.split() == [b"refused", b"refused"]


async def test_res_15_a_clique_of_blank_nodes_costs_little() -> None:
    names = [f"_:b{number}" for number in range(8)]
    clique = [{"id": name, "tag": [{"id": other} for other in names if other != name]} for name in names]
    started = time.process_time()
    jsonld.plain(like(tag=clique))
    compactor.compact(compacting.question_for(like(tag=clique)))
    assert time.process_time() - started < 5, "only canonicalising takes minutes, and nothing does it"


@pytest.mark.parametrize(
    "url", [AS, SECURITY, CID, WEBFINGER, "https://x.example/schemas/litepub-0.1.jsonld"]
)
def test_the_contexts_we_write_and_meet_are_bundled(url: str) -> None:
    document = known_contexts.bundled(url)
    assert document is not None and "@context" in document


def test_every_bundled_file_is_named_in_its_readme_and_has_an_address() -> None:
    from importlib import resources

    folder = resources.files("federation").joinpath("contexts")
    readme = folder.joinpath("README.md").read_text("utf-8")
    names = {item.name.removesuffix(".json") for item in folder.iterdir() if item.name.endswith(".json")}
    assert names == {*known_contexts.FILES.values(), "litepub"}
    assert all(f"`{name}.json`" in readme or f"`-{name[-2:]}.json`" in readme for name in names)

"""Real documents of other projects, where they lie beside the repository: each reads to its kind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from federation import jsonld, vocab
from federation.errors import FederationError

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
FILES = sorted(CORPUS.rglob("*.json"))
# What stands below these folders or in these files is no ActivityPub at all.
REFUSED = {"nodeinfo": "no_type", "webfinger": "no_type"}
KIND_BY_FOLDER: dict[str, type[vocab.Thing]] = {"activities": vocab.Activity, "collections": vocab.Collection}


def load(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return document


def expected_kind(path: Path) -> type[vocab.Thing]:
    if path.stem == "private_message":
        return vocab.Note
    for folder, kind in KIND_BY_FOLDER.items():
        if folder in path.parts:
            return kind
    name = path.stem
    if name.startswith(("person", "group")) or name.endswith("actor"):
        return vocab.Actor
    if ("activity" in name and "pleroma" not in name) or name.startswith(("mastodon-", "prismo")):
        return vocab.Object if name.startswith("mastodon-status") else vocab.Activity
    return vocab.Object


@pytest.mark.skipif(not FILES, reason="the corpus of other projects' documents is not beside this repository")
@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(CORPUS)))
def test_a_real_document_reads_to_its_kind(path: Path) -> None:
    document = load(path)
    code = REFUSED.get(path.parent.name)
    if code is not None:
        with pytest.raises(FederationError) as caught:
            vocab.read(document)
        assert caught.value.code == code
        return
    thing = vocab.read(jsonld.plain(document))
    assert isinstance(thing, expected_kind(path)), type(thing).__name__
    assert thing.type == document["type"] or type(thing) is not vocab.Object
    again = vocab.read(json.loads(vocab.encode(thing)))
    assert type(again) is type(thing) and again.id == thing.id


@pytest.mark.skipif(not FILES, reason="the corpus of other projects' documents is not beside this repository")
def test_the_corpus_knows_many_programs() -> None:
    assert len({path.relative_to(CORPUS).parts[:2] for path in FILES}) > 10

"""Real documents of other projects: each is read to the right thing, or refused for the right reason."""

from __future__ import annotations

import json

import pytest

from federation import jsonld, vocab
from federation.errors import FederationError
from tests.corpus.files import FOLDER, READ_AS, load, needed


def described(thing: vocab.Thing) -> str:
    """What a document was read as, in the words of `READ_AS`."""
    if isinstance(thing, vocab.Actor | vocab.Collection):
        return thing.type
    name = type(thing).__name__
    if isinstance(thing, vocab.Activity) and thing.object_type:
        return f"{name} {thing.object_type}"
    return name


@needed
def test_every_file_is_named_and_every_name_has_a_file() -> None:
    found = {path.relative_to(FOLDER).with_suffix("").as_posix() for path in FOLDER.rglob("*.json")}
    assert found == set(READ_AS)


def test_the_corpus_knows_many_programs() -> None:
    assert (
        len({name.rpartition("/")[0].split("/objects")[0].split("/activities")[0] for name in READ_AS}) > 15
    )


@needed
@pytest.mark.parametrize("name", READ_AS)
def test_a_real_document_is_read_to_what_it_is(name: str) -> None:
    document = load(name)
    expected = READ_AS[name]
    if expected.startswith("!"):
        with pytest.raises(FederationError) as caught:
            vocab.read(jsonld.plain(document))
        assert f"!{caught.value.code}" == expected
        return
    thing = vocab.read(jsonld.plain(document))
    assert described(thing) == expected
    assert thing.raw is document, "what we do not know is kept as it came"
    again = vocab.read(json.loads(vocab.encode(thing)))
    assert type(again) is type(thing) and again.id == thing.id

"""Every example document reads to the right kind of thing and survives writing and reading again."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from federation import jsonld, vocab
from federation.vocab import quirks

WIRE = Path(__file__).parents[2] / "wire"
FILES = sorted(WIRE.glob("*/*.json"))


def load(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return document


def bare(value: Any) -> Any:
    """A Struct as plain data without any `raw`."""
    if isinstance(value, msgspec.Struct):
        return {
            "struct": type(value).__name__,
            **{name: bare(getattr(value, name)) for name in value.__struct_fields__ if name != "raw"},
        }
    return [bare(item) for item in value] if isinstance(value, tuple) else value


def lost(first: Any, again: Any, place: str = "") -> dict[str, Any]:
    """What the first reading had and the second has not; we may say more, never less.

    `attributed_to_all` shrinks on purpose: we write one author, or peers cannot read us.
    """
    if isinstance(first, dict) and isinstance(again, dict):
        found: dict[str, Any] = {}
        for name, value in first.items():
            if name != "attributed_to_all":
                found |= lost(value, again.get(name), f"{place}.{name}")
        return found
    if isinstance(first, list) and isinstance(again, list) and len(first) <= len(again):
        return {
            k: v for i, value in enumerate(first) for k, v in lost(value, again[i], f"{place}[{i}]").items()
        }
    return {} if first in (None, [], {}, "") or first == again else {place: (first, again)}


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_an_example_survives_reading_writing_and_reading_again(path: Path) -> None:
    document = load(path)
    before = json.dumps(document)
    first = vocab.read(jsonld.plain(document))
    again = vocab.read(json.loads(vocab.encode(first)))
    assert lost(bare(first), bare(again)) == {}
    third = vocab.read(json.loads(vocab.encode(again)))
    assert bare(third) == bare(again), "what we write must not change by being read"
    assert json.dumps(document) == before, "reading must not touch the document"
    assert first.raw is document


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_an_example_reads_to_a_struct_of_its_own_type(path: Path) -> None:
    document = load(path)
    thing = vocab.read(document)
    if quirks.repair(document) is document:
        assert thing.type == document["type"]
    assert vocab.kind_of(thing.type) is not None


@pytest.mark.parametrize("repair", dict.fromkeys(quirks.REPAIRS.values()))
def test_every_repair_names_its_program_and_its_proof(repair: quirks.Repair) -> None:
    words = repair.__doc__ or ""
    fixture = re.search(r"Fixture: `([a-z_/]+)`", words)
    assert "Link: " in words and fixture
    document = load(WIRE / f"{fixture[1]}.json")
    mended = repair(document)
    assert mended is not document
    assert quirks.repair(document) == mended


def test_repairs_turn_dialects_into_common_words() -> None:
    reaction = vocab.read(load(WIRE / "misskey/like_with_reaction.json"))
    assert isinstance(reaction, vocab.EmojiReact) and reaction.content == "🎉"
    heart = load(WIRE / "misskey/like_with_reaction.json") | {"content": "❤", "_misskey_reaction": "❤"}
    assert isinstance(vocab.read(heart), vocab.Like)
    chat = vocab.read(load(WIRE / "pleroma/chat_message.json"))
    assert isinstance(chat, vocab.Note) and chat.direct_message
    assert isinstance(vocab.read(load(WIRE / "bookwyrm/review.json")), vocab.Article)
    ban = vocab.read(load(WIRE / "mbin/block_until.json"))
    assert isinstance(ban, vocab.Block) and ban.end_time == vocab.when("2026-12-31T00:00:00Z")


def test_a_video_gives_its_person_its_page_and_its_file() -> None:
    video = vocab.read(load(WIRE / "peertube/video.json"))
    assert isinstance(video, vocab.Video)
    assert video.attributed_to == "https://tube.example/accounts/greta"
    assert video.url == "https://tube.example/videos/watch/e794"
    assert video.media is not None and video.media.url.endswith("-480.mp4")
    assert video.language == "de"


def test_a_post_on_a_wall_names_the_wall() -> None:
    post = vocab.read(load(WIRE / "smithereen/wall_post.json"))
    assert isinstance(post, vocab.Note) and post.target == "https://smith.example/groups/2/wall"


def test_an_event_without_an_offset_is_read_in_its_own_zone() -> None:
    event = vocab.read(load(WIRE / "wordpress/event.json"))
    assert isinstance(event, vocab.Event)
    assert event.start_time == vocab.when("2026-12-12T09:00:00Z") and not event.floating
    assert event.location is not None and event.location.address is not None
    assert event.location.address.text == "Ring 1, 1010 Wien"


def test_a_gancio_event_keeps_its_place_and_its_online_address() -> None:
    created = vocab.read(load(WIRE / "gancio/create_event.json"))
    assert isinstance(created, vocab.Create) and isinstance(created.object, vocab.Event)
    event = created.object
    assert event.location is not None and event.location.latitude == 45.07
    assert event.online_url == "https://meet.example/film"
    assert event.tags == (vocab.Hashtag(name="#film"),)


def test_an_embedded_actor_counts_by_its_id() -> None:
    like = vocab.read(load(WIRE / "discourse/like.json"))
    assert isinstance(like, vocab.Like) and like.actor == "https://talk.example/ap/actor/5"

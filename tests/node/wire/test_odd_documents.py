"""Signed activities with one part made odd: whatever they mean, nothing of ours may break over them (JSN-11).

Every member of a rich Create, Update and the like is replaced in turn by values of other kinds and sizes.
The oracle: our door never answers with 5xx, no arrival ends or waits because something raised, and pages and
API answers that show what was kept still work.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from node.features.actors.store.reads import Actor
from node.features.posts import service as posts
from node.features.posts.service import Draft
from tests.node.wire.shown import all_pages_work
from tests.node.wire.strangers import PUBLIC, Stranger, faults, run
from tests.rig import Rig, RigNode

ODD: tuple[Any, ...] = (
    None, "", 5, -1, 2**62, 1e300, True, [], {}, [[]], [None, 5, {}, "x"], {"type": 5}, "x" * 20_000,
    "http://localhost:1/nothing", "https://exa mple.org/", "javascript:alert(1)", "\u202e\u0007\ufffe",
    "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", {"id": "x", "type": ["Note", "Person"]},
    ["http://localhost:1/a"] * 300,
)  # fmt: skip


def rich_note(who: Stranger, amina: Actor, answered: str) -> dict[str, Any]:
    """A note with everything we read."""
    return who.note(
        content="<p>Hallo <b>Welt</b></p>", contentMap={"de": "<p>Hallo</p>", "en": "<p>Hello</p>"},
        summary="Vorsicht", sensitive=True, name="Titel", inReplyTo=answered, url=who.peer.uri("/@eve/1"),
        updated="2026-11-23T10:20:00Z", to=[PUBLIC, amina.uri], context=who.peer.uri("/c/1"),
        replies={"type": "Collection", "first": {"type": "CollectionPage", "items": []}},
        tag=[
            {"type": "Mention", "href": amina.uri, "name": "@amina"},
            {"type": "Hashtag", "href": who.peer.uri("/t/x"), "name": "#Thema"},
            {"type": "Emoji", "name": ":blume:", "icon": {"type": "Image", "url": who.peer.uri("/b.png")}},
        ],
        attachment=[
            {
                "type": "Document", "mediaType": "image/png", "url": who.peer.uri("/1.png"), "name": "Bild",
                "width": 640, "height": 480, "blurhash": "LEHV6nWB2yk8pyo0adR*.7kCMdnj", "focalPoint": [0.1, 0.2],
            }
        ],
        source={"content": "Hallo", "mediaType": "text/plain"},
    )  # fmt: skip


def places(document: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every member of a document."""
    items = document.items() if isinstance(document, dict) else enumerate(document)
    for name, value in items:
        yield (*at, name)
        if isinstance(value, dict | list):
            yield from places(value, (*at, name))


def changed(document: dict[str, Any], at: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """A copy with one member replaced."""
    made = copy.deepcopy(document)
    inner: Any = made
    for name in at[:-1]:
        inner = inner[name]
    inner[at[-1]] = value
    return made


@pytest.mark.parametrize("kind", ["Create", "Update", "actor", "deeds"])
async def test_no_odd_document_breaks_anything(
    rig: Rig, lindenhof: RigNode, follower: Actor, vera: Stranger, kind: str
) -> None:
    node = lindenhof
    async with node.db.tx() as tx:
        post_id = await posts.write_post(tx, node.node, follower.id, Draft(source="Anfang"))
    ours = f"{node.origin}/ap/notes/{post_id}"
    sent = 0
    for activity, at, value in odd_ones(kind, vera, follower, ours):
        if kind == "Update":
            known = vera.does("Create", vera.note(id=activity["object"]["id"]))
            assert await vera.send(node, known) == 202
        rig.clock.advance(milliseconds=7)
        status = await vera.send(node, changed(activity, at, value))
        assert status < 500, (at, str(value)[:60])
        sent += status == 202
        if kind == "actor" or sent % 40 == 0:
            await run(node)
    await run(node)
    assert sent > 20
    assert await faults(node) == []
    await all_pages_work(node, follower)


def odd_ones(
    kind: str, vera: Stranger, amina: Actor, ours: str
) -> Iterator[tuple[dict[str, Any], tuple[Any, ...], Any]]:
    """(activity, place, value) for one family; each value visits each place at some turn."""
    turn = 0
    if kind in ("Create", "Update"):
        for at in places(rich_note(vera, amina, ours)):
            for value in ODD[turn % 3 :: 3]:
                yield vera.does(kind, rich_note(vera, amina, ours)), ("object", *at), value
            turn += 1
    elif kind == "actor":
        document = {**vera.peer.documents["/u/vera"], "summary": "<p>Ich</p>", "icon": {"type": "Image", "url": "x"},
                    "attachment": [{"type": "PropertyValue", "name": "a", "value": "b"}], "alsoKnownAs": [],
                    "endpoints": {"sharedInbox": vera.peer.uri("/inbox")}, "manuallyApprovesFollowers": True,
                    "movedTo": "", "published": "2026-01-01T00:00:00Z"}  # fmt: skip
        for at in places(document):
            if at[0] not in ("publicKey", "@context", "id"):
                for value in ODD[turn % 4 :: 4]:
                    vera.peer.documents["/u/vera"] = changed(document, at, value)
                    update = vera.does("Update", {"id": vera.uri, "type": "Person"})
                    yield update, ("published",), "2026-11-23T10:20:00Z"
                turn += 1
        vera.peer.documents["/u/vera"] = document
    else:
        for deed in ("Like", "Announce", "Follow", "Block", "Delete", "Undo", "Accept", "Reject", "Move", "Add",
                     "Remove", "Flag", "Question", "Create"):  # fmt: skip
            for at in (("object",), ("target",), ("to",), ("published",), ("cc",), ("type",), ("content",)):
                for value in ODD[turn % 5 :: 5]:
                    yield vera.does(deed, ours, target=vera.uri), at, value
                turn += 1

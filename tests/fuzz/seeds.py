"""What the inbox fuzzing starts from: our captured documents moved to a peer, and a deed of every kind."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests.node.wire.strangers import CONTEXT, PUBLIC, Stranger

WIRE = Path(__file__).parents[1] / "wire"
_HOST = re.compile(r'https?://([a-z0-9.-]+\.example)(?=[/"#])')


def captured(who: Stranger, ours: str, person: str) -> list[dict[str, Any]]:
    """Every document of tests/wire as an activity of `who`; our house in them is the real one."""
    found = []
    for path in sorted(WIRE.glob("*/*.json")):
        text = path.read_text("utf-8")
        document = json.loads(text)
        actor = document.get("actor") or document.get("attributedTo") or document.get("id") or ""
        actor = actor[0] if isinstance(actor, list) and actor else actor
        actor = actor.get("id", "") if isinstance(actor, dict) else actor
        home = _HOST.match(actor + "/")
        text = text.replace(actor + '"', who.uri + '"') if actor else text
        text = re.sub(r"https://node\.example/ap/users/\d+", person, text)
        text = re.sub(r"https://node\.example/ap/(?:notes|events)/[0-9a-f-]+", ours, text)
        if home:
            text = text.replace(home.group(0), who.peer.origin)
        document = json.loads(text)
        if "actor" not in document:
            document = who.does("Create", document)
        found.append(document)
    return found


def deeds(who: Stranger, ours: str, person: str, theirs: str) -> list[dict[str, Any]]:
    """One of everything somebody may do to a post, a person, or a post of a third."""
    made = [
        who.does(kind, thing, to=[person, PUBLIC], target=target)
        for kind in ("Like", "EmojiReact", "Dislike", "Announce", "Follow", "Block", "Delete", "Accept", "Reject",
                     "Add", "Remove", "Flag", "Move", "View", "Join", "Leave", "Invite", "Offer", "QuoteRequest")
        for thing, target in ((ours, person), (person, who.uri), (theirs, f"{who.uri}/featured"))
    ]  # fmt: skip
    made += [who.does("Undo", {**deed, "id": who.new_id("a")}) for deed in made[::4]]
    made += [who.does("Announce", {**deed, "id": who.new_id("a")}) for deed in made[::7]]
    note = rich_note(who, person, ours)
    poll = {**who.note(), "type": "Question", "endTime": "2026-12-23T10:15:00Z", "votersCount": 3, "oneOf": [
        {"type": "Note", "name": name, "replies": {"type": "Collection", "totalItems": n}}
        for n, name in enumerate(("ja", "nein"))]}  # fmt: skip
    vote = who.note(name="ja", content="", inReplyTo=ours, to=[person])
    event = {**note, "id": who.new_id("n"), "type": "Event", "startTime": "2026-12-01T18:00:00+01:00",
             "location": {"type": "Place", "name": "Garten", "latitude": 52.5, "longitude": 13.4}}  # fmt: skip
    quote = {**note, "id": who.new_id("n"), "quote": ours, "quoteUrl": ours, "_misskey_quote": ours}
    for thing in (note, poll, vote, event, quote):
        made += [who.does("Create", thing), who.does("Update", {**thing, "updated": "2026-11-23T10:20:00Z"})]
    return [*made, who.does("Update", actor(who))]


def rich_note(who: Stranger, person: str, answered: str) -> dict[str, Any]:
    """A note with everything we read."""
    return who.note(
        content="<p>Hallo <b>Welt</b> <a href='https://a.example/x'>Link</a></p>", summary="Vorsicht",
        contentMap={"de": "<p>Hallo</p>", "en": "<p>Hello</p>"}, sensitive=True, name="Titel", inReplyTo=answered,
        url=who.peer.uri("/@x/1"), updated="2026-11-23T10:20:00Z", to=[PUBLIC, person], context=who.peer.uri("/c/1"),
        replies={"type": "Collection", "first": {"type": "CollectionPage", "items": [who.peer.uri("/n/9")]}},
        tag=[
            {"type": "Mention", "href": person, "name": "@amina"},
            {"type": "Hashtag", "href": who.peer.uri("/t/x"), "name": "#Thema"},
            {"type": "Emoji", "id": who.peer.uri("/e/b"), "name": ":blume:",
             "icon": {"type": "Image", "mediaType": "image/png", "url": who.peer.uri("/b.png")}},
        ],
        attachment=[
            {"type": "Document", "mediaType": "image/png", "url": who.peer.uri("/1.png"), "name": "Bild", "width": 640,
             "height": 480, "blurhash": "LEHV6nWB2yk8pyo0adR*.7kCMdnj", "focalPoint": [0.1, 0.2]},
        ],
        source={"content": "Hallo", "mediaType": "text/plain"},
        interactionPolicy={"canQuote": {"automaticApproval": [PUBLIC]}},
    )  # fmt: skip


def actor(who: Stranger) -> dict[str, Any]:
    """The stranger's own document with everything we read in one."""
    return {
        **who.peer.documents[f"/u/{who.name}"], "summary": "<p>Ich</p>", "icon": {"type": "Image", "url": "x"},
        "image": {"type": "Image", "url": who.peer.uri("/h.png")}, "alsoKnownAs": [], "movedTo": None,
        "attachment": [{"type": "PropertyValue", "name": "a", "value": "b"}], "outbox": f"{who.uri}/outbox",
        "endpoints": {"sharedInbox": who.peer.uri("/inbox")}, "manuallyApprovesFollowers": True, "indexable": False,
        "featured": f"{who.uri}/featured", "published": "2026-01-01T00:00:00Z", "@context": CONTEXT,
    }  # fmt: skip

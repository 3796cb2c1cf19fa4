"""What we send: read by every persona, understood by JSON-LD, and the same when read back."""

from __future__ import annotations

import json
import zlib
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from msgspec import Struct, structs

from federation import compacting, compactor, known_contexts, vocab
from federation.errors import FederationError
from tests.federation.vocab.test_wire import bare, lost
from tests.personas.readers import PERSONAS, choke_on

ALICE = "https://node.example/ap/users/1"
GROUP = "https://node.example/ap/groups/2"
BOB = "https://masto.example/users/bob"
NOW = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)
TO = (vocab.PUBLIC,)
CC = (ALICE + "/followers", BOB)
PEM = "-----BEGIN PUBLIC KEY-----\nMIIBexample\n-----END PUBLIC KEY-----\n"

NOTE = vocab.Note(
    id="https://node.example/ap/notes/88",
    attributed_to=ALICE,
    url="https://node.example/@alice/88",
    published=NOW,
    in_reply_to=BOB + "/statuses/7",
    summary="Spoiler: seeds",
    sensitive=True,
    content="<p>hi <b>you</b></p>",
    language="de",
    source=vocab.Source(content="hi **you**", media_type="text/markdown"),
    context="https://node.example/ap/contexts/12",
    conversation="https://node.example/ap/contexts/12",
    tags=(
        vocab.Mention(href=BOB, name="@bob@masto.example"),
        vocab.Hashtag(name="#seeds", href="https://node.example/tags/seeds"),
        vocab.Emoji(
            name=":cat:", icon_url="https://node.example/emoji/cat.png", id="https://node.example/emoji/1"
        ),
    ),
    attachments=(
        vocab.Media(
            url="https://node.example/media/1.jpg",
            media_type="image/jpeg",
            name="a cat",
            blurhash="UBL_:rOpGG-oBUNG",
            width=1200,
            height=800,
            focal_point=(0.0, 0.25),
        ),
    ),
    replies="https://node.example/ap/notes/88/replies",
    likes="https://node.example/ap/notes/88/likes",
    likes_count=3,
    shares="https://node.example/ap/notes/88/shares",
    shares_count=0,
    to=TO,
    cc=CC,
)
PERSON = vocab.Actor(
    id=ALICE,
    preferred_username="alice",
    inbox=ALICE + "/inbox",
    outbox=ALICE + "/outbox",
    followers=ALICE + "/followers",
    following=ALICE + "/following",
    featured=ALICE + "/featured",
    shared_inbox="https://node.example/inbox",
    webfinger="alice@node.example",
    name="Alice",
    url="https://node.example/@alice",
    published=NOW,
    discoverable=True,
    also_known_as=("https://old.example/users/alice",),
    attribution_domains=("alice.example",),
    icon=vocab.Media(type="Image", url="https://node.example/media/a.png", media_type="image/png"),
    fields=(vocab.PropertyValue(name="Web", value="<a href='https://alice.example'>alice.example</a>"),),
    keys=(
        vocab.ActorKey(id=ALICE + "#main-key", owner=ALICE, pem=PEM),
        vocab.ActorKey(id=ALICE + "#ed25519-key", owner=ALICE, multibase="z6MkhaXgBZDvotDkL5257faiztiGiC2Qt"),
    ),
)
EVENT = vocab.Event(
    id="https://node.example/ap/events/5f0c",
    attributed_to=GROUP,
    actor=ALICE,
    name="Spring work day",
    summary="Sat 3 Apr 2027, 10:00-14:00",
    content="<p>Bring gloves.</p>",
    url="https://node.example/events/5f0c",
    published=NOW,
    start_time=datetime(2027, 4, 3, 10, tzinfo=timezone(timedelta(hours=2))),
    end_time=datetime(2027, 4, 3, 14, tzinfo=timezone(timedelta(hours=2))),
    timezone="Europe/Berlin",
    language="en",
    category="OUTDOORS_ADVENTURE",
    capacity=20,
    remaining_capacity=16,
    participant_count=4,
    online_url="https://meet.example/x",
    location=vocab.Place(
        name="Allotments",
        latitude=51.0,
        longitude=13.0,
        address=vocab.PostalAddress(street="Elbe Str. 3", locality="Dresden", country="Germany"),
    ),
    attachments=(
        vocab.Link(href="https://node.example/more", name="More"),
        vocab.Media(
            url="https://node.example/media/ev.jpg", name="Banner", summary="beds", media_type="image/jpeg"
        ),
    ),
    tags=(vocab.Hashtag(name="#garden", href="https://node.example/tags/garden"),),
    to=TO,
    cc=CC,
)
FOLLOW = vocab.Follow(id="https://node.example/ap/follows/17", actor=ALICE, object=BOB, to=(BOB,))


def activity(kind: type[vocab.Activity], thing: Any, **fields: Any) -> vocab.Activity:
    number = zlib.crc32(f"{kind.__name__} {thing}".encode())
    identity = f"https://node.example/ap/activities/{number}"
    return kind(
        **({"id": identity, "actor": ALICE, "object": thing, "published": NOW, "to": TO, "cc": CC} | fields)
    )


class Sent(Struct, frozen=True):
    name: str
    thing: vocab.Thing


PAGE = vocab.Page(
    id="https://node.example/ap/notes/100",
    attributed_to=ALICE,
    name="Seed swap?",
    content="<p>Anyone?</p>",
    published=NOW,
    audience=("https://lemmy.example/c/gardening",),
    to=("https://lemmy.example/c/gardening", vocab.PUBLIC),
    attachments=(
        vocab.Media(type="Video", url="https://node.example/1.mp4"),
        vocab.PropertyValue(name="a", value="b"),
        vocab.Link(href="https://example.org/seeds"),
    ),
)
GROUP_ACTOR = structs.replace(
    PERSON,
    id=GROUP,
    type="Group",
    preferred_username="gardeners",
    inbox=GROUP + "/inbox",
    outbox=GROUP + "/outbox",
    followers=GROUP + "/followers",
    following=GROUP + "/following",
    featured=GROUP + "/featured",
    attributed_to=(GROUP + "/moderators",),
    moderators=GROUP + "/moderators",
    members=GROUP + "/members",
    events=GROUP + "/events",
    openness="open",
    member_count=42,
    keys=(vocab.ActorKey(id=GROUP + "#main-key", owner=GROUP, pem=PEM),),
)
QUESTION = vocab.Question(
    id="https://node.example/ap/notes/90",
    attributed_to=ALICE,
    content="<p>Which day?</p>",
    options=(vocab.Option(name="Saturday", votes=2), vocab.Option(name="Sunday")),
    end_time=NOW,
    voters_count=2,
    to=TO,
    cc=CC,
)
TOMBSTONE = vocab.Tombstone(id="https://node.example/ap/notes/88", former_type="Note", deleted=NOW)
SENT = [
    Sent("create a note", activity(vocab.Create, NOTE)),
    Sent("update a note", activity(vocab.Update, structs.replace(NOTE, updated=NOW))),
    Sent("a note alone", NOTE),
    Sent("a quote", activity(vocab.Create, structs.replace(NOTE, quote=BOB + "/statuses/7"))),
    Sent(
        "a direct note", activity(vocab.Create, structs.replace(NOTE, direct_message=True, to=(BOB,), cc=()))
    ),
    Sent(
        "a vote",
        activity(
            vocab.Create, vocab.Note(id=ALICE + "/v", name="Sunday", attributed_to=ALICE, in_reply_to=BOB)
        ),
    ),
    Sent("a poll", activity(vocab.Create, QUESTION)),
    Sent(
        "a thread in a foreign group", activity(vocab.Create, PAGE, to=PAGE.to, cc=(), audience=PAGE.audience)
    ),
    Sent(
        "an article",
        activity(
            vocab.Create,
            vocab.Article(id=ALICE + "/a", name="T", content="x", attributed_to=ALICE, preview="<p>x</p>"),
        ),
    ),
    Sent("an event", activity(vocab.Create, EVENT, attributed_to=GROUP)),
    Sent("delete a note", activity(vocab.Delete, TOMBSTONE)),
    Sent("a tombstone", TOMBSTONE),
    Sent("delete oneself", activity(vocab.Delete, ALICE)),
    Sent("a person", PERSON),
    Sent("a group", GROUP_ACTOR),
    Sent("update a person", activity(vocab.Update, PERSON)),
    Sent("follow", FOLLOW),
    Sent("undo a follow", activity(vocab.Undo, FOLLOW)),
    Sent("accept a follow", activity(vocab.Accept, vocab.Follow(id=BOB + "#f/1", actor=BOB, object=ALICE))),
    Sent("like", activity(vocab.Like, BOB + "/statuses/7")),
    Sent("boost", activity(vocab.Announce, BOB + "/statuses/7")),
    Sent("react", activity(vocab.EmojiReact, BOB + "/statuses/7", content=":cat:", tags=NOTE.tags[2:])),
    Sent("block", activity(vocab.Block, BOB, to=(BOB,), cc=())),
    Sent(
        "report",
        activity(vocab.Flag, BOB, objects=(BOB, BOB + "/statuses/7"), content="Spam", to=(BOB,), cc=()),
    ),
    Sent("pin", activity(vocab.Add, NOTE.id, target=ALICE + "/featured")),
    Sent("move", activity(vocab.Move, ALICE, target="https://new.example/users/alice")),
    Sent("join", activity(vocab.Join, BOB + "/event", participation_message="May I?", to=(BOB,), cc=())),
    Sent(
        "ban from a group",
        activity(vocab.Block, BOB, target=GROUP, remove_data=True, summary="spam", end_time=NOW),
    ),
    Sent(
        "followers",
        vocab.Collection(
            id=ALICE + "/followers",
            type="OrderedCollection",
            total_items=3,
            first=ALICE + "/followers/page/9",
        ),
    ),
    Sent(
        "outbox page",
        vocab.Collection(
            id=ALICE + "/outbox/page/9",
            type="OrderedCollectionPage",
            part_of=ALICE + "/outbox",
            items=(FOLLOW, BOB),
            owner=ALICE,
            owner_term="outboxOf",
        ),
    ),
]


@pytest.mark.parametrize("case", SENT, ids=lambda case: case.name)
def test_every_persona_reads_what_we_send(case: Sent) -> None:
    assert choke_on(json.loads(vocab.encode(case.thing))) == {}


@pytest.mark.parametrize("case", SENT, ids=lambda case: case.name)
def test_what_we_send_reads_back_whole(case: Sent) -> None:
    again = vocab.read(json.loads(vocab.encode(case.thing)))
    missing = lost(bare(case.thing), bare(again))
    # A group post loses on purpose what Lemmy could not read, and files get the type they are shown with.
    assert all("attachments" in place or place.endswith("media_type") for place in missing), missing


def keys_of(value: Any) -> set[str]:
    if isinstance(value, list):
        return {key for inner in value for key in keys_of(inner)}
    if not isinstance(value, dict):
        return set()
    own = value.keys() - {"@context"}
    return own | {key for term in own for key in keys_of(value[term])}


@pytest.mark.parametrize("case", SENT, ids=lambda case: case.name)
def test_our_context_names_every_term_and_changes_none(case: Sent) -> None:
    document = json.loads(vocab.encode(case.thing))
    answer = compactor.compact(compacting.question_for(document))
    assert compacting.merged(document, answer["compacted"])["type"] == document["type"]
    context = document["@context"]
    assert context[0] == vocab.AS
    defined = set(context[-1]) if isinstance(context[-1], dict) else set()
    for url in context:
        found = known_contexts.bundled(url) if isinstance(url, str) else None
        for term, meaning in found["@context"].items() if found else ():
            # Multikey brings its own terms along.
            defined |= {term} | (set(meaning.get("@context", ())) if isinstance(meaning, dict) else set())
    languages = {"de", "en"}
    assert {key.partition(":")[0] for key in keys_of(document)} <= defined | languages


def test_the_smallest_context_that_fits_is_sent() -> None:
    assert vocab.write(FOLLOW)["@context"] == [vocab.AS]
    assert "mz" not in str(vocab.write(activity(vocab.Create, NOTE))["@context"])
    assert vocab.write(PERSON)["@context"][1] == "https://w3id.org/security/v1"


def test_what_is_announced_word_for_word_stays_so() -> None:
    inner = {
        "id": "https://peer.example/l/5",
        "type": "Like",
        "actor": BOB,
        "object": NOTE.id,
        "x:odd": [1.0, None],
    }
    announce = activity(vocab.Announce, vocab.Verbatim(id="https://peer.example/l/5", type="Like", raw=inner))
    assert json.loads(vocab.encode(announce))["object"] == inner


def test_an_id_that_is_not_ascii_is_not_sent() -> None:
    with pytest.raises(FederationError, match="not_ascii_id"):
        vocab.encode(vocab.Note(id="https://node.example/ä"))


def test_a_hidden_collection_has_no_items_and_an_empty_page_says_so() -> None:
    hidden = vocab.write(vocab.Collection(id=ALICE + "/followers", type="OrderedCollection", total_items=0))
    assert "orderedItems" not in hidden and hidden["totalItems"] == 0
    page = vocab.write(vocab.Collection(id=ALICE + "/p", type="CollectionPage", part_of=ALICE + "/followers"))
    assert page["items"] == []


class Bad(Struct, frozen=True):
    persona: str
    document: dict[str, Any]


def changed(thing: vocab.Thing, *path: str, value: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(vocab.encode(thing))
    part = document
    for step in path[:-1]:
        part = part[step]
    part[path[-1]] = value
    return document


CREATED, HELD = activity(vocab.Create, NOTE), activity(vocab.Create, EVENT)
BAD = [
    Bad("mastodon", changed(CREATED, "@context", value=vocab.AS)),
    Bad("mastodon", changed(CREATED, "object", "attributedTo", value=[ALICE])),
    Bad("mobilizon", changed(CREATED, "object", "attachment", value=None)),
    Bad("mobilizon", changed(HELD, "object", "location", "latitude", value=51)),
    Bad("gancio", changed(CREATED, "object", "attachment", value=[{"type": "Document", "url": "x"}])),
    Bad("lemmy", changed(activity(vocab.Create, PAGE), "object", "attachment", value=[{"type": "Video"}])),
    Bad("pleroma", changed(CREATED, "cc", value=BOB)),
    Bad("misskey", changed(CREATED, "object", "summary", value="")),
    Bad("gotosocial", changed(CREATED, "object", "inReplyTo", value=None)),
    Bad("friendica", changed(CREATED, "actor", value={"id": ALICE})),
    Bad("pixelfed", changed(PERSON, "manuallyApprovesFollowers", value=None)),
    Bad("piefed", {**changed(CREATED, "cc", value=[]), "signature": {"type": "RsaSignature2017"}}),
    Bad("bovine", changed(activity(vocab.Undo, FOLLOW), "object", value={"type": "Follow"})),
    Bad("mastodon", changed(activity(vocab.Update, NOTE), "actor", value=ALICE)),
    Bad("mobilizon", changed(activity(vocab.Flag, BOB), "object", value=BOB)),
    Bad("lemmy", changed(activity(vocab.Undo, FOLLOW), "object", value=FOLLOW.id)),
    Bad("gotosocial", {k: v for k, v in changed(CREATED, "actor", value=ALICE).items() if k != "to"}),
    Bad("threads", changed(activity(vocab.Undo, FOLLOW), "object", value=FOLLOW.id)),
]


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.persona)
def test_a_persona_chokes_as_its_program_does(case: Bad) -> None:
    assert case.persona in choke_on(case.document)


def test_every_persona_has_been_seen_choking() -> None:
    assert {case.persona for case in BAD} == set(PERSONAS)

"""Reading hostile and odd documents: one meaning, or a refusal with a code; never another exception."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec import Struct

from federation import vocab
from federation.errors import CODES, FederationError
from federation.vocab import limits, values

E = "https://evil.test/u/e"
V = "https://victim.test/u/v"
NOTE: dict[str, Any] = {
    "@context": vocab.AS,
    "id": "https://evil.test/n/1",
    "type": "Note",
    "attributedTo": E,
    "content": "<p>hi</p>",
    "to": [vocab.PUBLIC],
}
CREATE: dict[str, Any] = {"@context": vocab.AS, "id": "https://evil.test/a/1", "type": "Create", "actor": E}
PERSON: dict[str, Any] = {
    "@context": vocab.AS,
    "id": E,
    "type": "Person",
    "preferredUsername": "e",
    "inbox": E + "/inbox",
}


def note(**fields: Any) -> vocab.Note:
    thing = vocab.read(NOTE | fields)
    assert isinstance(thing, vocab.Note)
    return thing


def person(**fields: Any) -> vocab.Actor:
    thing = vocab.read(PERSON | fields)
    assert isinstance(thing, vocab.Actor)
    return thing


def code_of(document: Any) -> str:
    with pytest.raises(FederationError) as caught:
        vocab.read(document)
    assert caught.value.code in CODES
    return caught.value.code


class Refusal(Struct, frozen=True):
    name: str
    document: Any
    code: str


REFUSALS = [
    Refusal("JSN-05 no object at all", 5, "not_an_object"),
    Refusal("JSN-05 a list", [NOTE], "not_an_object"),
    Refusal("JSN-05 type missing", {"id": "https://evil.test/1"}, "no_type"),
    Refusal("JSN-05 type is a number", NOTE | {"type": 5}, "no_type"),
    Refusal("JSN-05 type is an empty list", NOTE | {"type": []}, "no_type"),
    Refusal(
        "JSN-05 type of two deeds", CREATE | {"type": ["Create", "Delete"], "object": NOTE}, "ambiguous_type"
    ),
    Refusal("JSN-05 type of deed and thing", NOTE | {"type": ["Note", "Create"]}, "ambiguous_type"),
    Refusal("JSN-05 object missing", CREATE, "bad_object"),
    Refusal("JSN-05 object null", CREATE | {"object": None}, "bad_object"),
    Refusal("JSN-05 object empty", CREATE | {"object": {}}, "bad_object"),
    Refusal("JSN-05 object a number", CREATE | {"object": 7}, "bad_object"),
    Refusal("JSN-05 two objects", CREATE | {"object": [NOTE, NOTE]}, "bad_object"),
    Refusal("JSN-05 actor missing", {"type": "Like", "object": "https://a.test/1"}, "bad_actor"),
    Refusal("JSN-05 two actors", CREATE | {"actor": [E, V], "object": NOTE}, "bad_actor"),
    Refusal("JSN-05 actor is Public", CREATE | {"actor": vocab.PUBLIC + "x y", "object": NOTE}, "bad_actor"),
    Refusal("ORG-09 empty id", NOTE | {"id": ""}, "bad_id"),
    Refusal("ORG-09 urn", NOTE | {"id": "urn:x"}, "bad_id"),
    Refusal("ORG-09 acct", NOTE | {"id": "acct:v@victim.test"}, "bad_id"),
    Refusal("ORG-09 path", NOTE | {"id": "/n/1"}, "bad_id"),
    Refusal("ORG-09 no host", NOTE | {"id": "https:///n/1"}, "bad_id"),
    Refusal("ORG-09 user name before the host", NOTE | {"id": "https://victim.test@evil.test/n"}, "bad_id"),
    Refusal("ORG-09 nomadic id", NOTE | {"id": "ap://did:key:z6/actor"}, "bad_id"),
    Refusal("ORG-09 id is an object", NOTE | {"id": {"id": "https://evil.test/n/1"}}, "bad_id"),
    Refusal("ORG-09 two ids", NOTE | {"@id": "https://victim.test/n/1"}, "bad_id"),
    Refusal("ORG-09 embedded id", CREATE | {"object": NOTE | {"id": "urn:x"}}, "bad_id"),
    Refusal("RES-09 endless id", NOTE | {"id": "https://evil.test/" + "a" * 3_000}, "bad_id"),
    Refusal("actor without inbox", {key: PERSON[key] for key in PERSON if key != "inbox"}, "bad_actor"),
    Refusal("actor with an inbox elsewhere", PERSON | {"inbox": V + "/inbox"}, "bad_actor"),
    Refusal(
        "actor without name", {key: PERSON[key] for key in PERSON if key != "preferredUsername"}, "bad_actor"
    ),
    Refusal("actor without id", {key: PERSON[key] for key in PERSON if key != "id"}, "bad_id"),
    Refusal("event without start", NOTE | {"type": "Event", "name": "x"}, "bad_event_start"),
    Refusal("event with a bad start", NOTE | {"type": "Event", "startTime": "soon"}, "bad_event_start"),
]


@pytest.mark.parametrize("case", REFUSALS, ids=lambda case: case.name)
def test_a_malformed_document_is_refused_by_code(case: Refusal) -> None:
    assert code_of(case.document) == case.code


class Unsafe(Struct, frozen=True):
    name: str
    url: Any


UNSAFE = [
    Unsafe("script", "javascript:alert(1)"),
    Unsafe("script in pieces", "JaVa\tscript:alert(1)"),
    Unsafe("data", "data:text/html,x"),
    Unsafe("vbscript", "vbscript:x"),
    Unsafe("protocol-relative", "//evil.test/x"),
    Unsafe("user name", "https://good.test@evil.test/x"),
    Unsafe("backslash", "https:\\\\evil.test/x"),
    Unsafe("blank", "https://evil.test/a b"),
    Unsafe("line break", "https://evil.test/\n"),
    Unsafe("quote", 'https://evil.test/"onclick="x'),
    Unsafe("file", "file:///etc/passwd"),
    Unsafe("no host", "https://"),
    Unsafe("number", 7),
    Unsafe("empty", ""),
]


@pytest.mark.parametrize("case", UNSAFE, ids=lambda case: case.name)
def test_htm_05_an_unsafe_address_survives_nowhere(case: Unsafe) -> None:
    bad = case.url
    read = note(
        url=bad,
        image=bad,
        inReplyTo=bad,
        context=bad,
        quote=bad,
        tag=[
            {"type": "Mention", "href": bad, "name": "@x"},
            {"type": "Hashtag", "name": "#kept", "href": bad},
            {"type": "Emoji", "name": ":x:", "icon": {"type": "Image", "url": bad}},
            {"type": "Link", "href": bad},
        ],
        attachment=[
            {"type": "Image", "url": bad},
            {"type": "Link", "href": bad},
            {"type": "Video", "url": [bad]},
        ],
    )
    assert (read.url, read.image, read.in_reply_to, read.context, read.quote) == (None,) * 5
    assert read.attachments == ()
    assert read.tags == (vocab.Hashtag(name="#kept"),)
    who = person(url=bad, icon={"type": "Image", "url": bad}, image=bad, featured=bad, movedTo=bad)
    assert (who.url, who.icon, who.image, who.featured, who.moved_to) == (None,) * 5


def test_htm_05_an_event_takes_mail_and_web_addresses_only() -> None:
    event = NOTE | {"type": "Event", "startTime": "2026-12-05T19:00:00Z"}

    def address(value: str) -> str | None:
        thing = vocab.read(event | {"externalParticipationUrl": value})
        assert isinstance(thing, vocab.Event)
        return thing.external_participation_url

    assert address("mailto:us@example.org") == "mailto:us@example.org"
    assert address("https://example.org/") == "https://example.org/"
    assert address("mailto:a@b.example?bcc=c@d.example") is None
    assert address("javascript:x") is None


def test_org_06_a_page_on_another_host_is_dropped() -> None:
    assert note(url="https://victim.test/@v/1").url is None
    assert note(url="https://evil.test/@e/1").url == "https://evil.test/@e/1"
    assert note(url=[{"type": "Link", "href": "https://victim.test/x", "mediaType": "text/html"}]).url is None
    assert person(url="https://victim.test/@v").url is None
    assert (
        person(followers=V + "/followers", endpoints={"sharedInbox": "https://victim.test/inbox"}).followers
        is None
    )
    assert person(endpoints={"sharedInbox": "https://victim.test/inbox"}).shared_inbox is None


def test_res_08_long_lists_are_cut() -> None:
    many = [f"https://evil.test/{number}" for number in range(100_000)]
    read = note(
        to=many,
        cc=many,
        tag=[{"type": "Hashtag", "name": f"#{number}"} for number in range(100_000)],
        attachment=[{"type": "Image", "url": uri} for uri in many],
        attributedTo=many,
        contentMap={f"a{chr(97 + a)}-{b:03}": "x" for a in range(26) for b in range(100)},
    )
    assert len(read.to) == len(read.cc) == limits.RECIPIENTS
    assert len(read.tags) == limits.TAGS and len(read.attachments) == limits.ATTACHMENTS
    assert len(read.attributed_to_all) == limits.AUTHORS
    assert len(read.content_map) == limits.LANGUAGES
    poll = vocab.read(
        NOTE | {"type": "Question", "oneOf": [{"name": str(number)} for number in range(100_000)]}
    )
    assert isinstance(poll, vocab.Question) and len(poll.options) == limits.POLL_OPTIONS
    lines = [{"type": "PropertyValue", "name": "n", "value": "v"}] * 100_000
    who = person(attachment=lines, alsoKnownAs=many, publicKey=[{}] * 100_000)
    assert len(who.fields) == limits.ACTOR_FIELDS and len(who.also_known_as) == limits.ALIASES
    listed = vocab.read({"type": "OrderedCollection", "orderedItems": many})
    assert isinstance(listed, vocab.Collection) and len(listed.items) == limits.COLLECTION_ITEMS
    report = vocab.read(CREATE | {"type": "Flag", "object": many})
    assert isinstance(report, vocab.Flag) and len(report.objects) == limits.REPORTED_OBJECTS


def test_res_09_long_texts_are_cut() -> None:
    long = "x" * 5_000_000
    read = note(
        content=long,
        summary=long,
        name=long,
        contentMap={"en": long},
        tag=[{"type": "Hashtag", "name": long}],
    )
    assert read.content is not None and len(read.content) == limits.CONTENT_CHARS
    assert read.summary is not None and len(read.summary) == limits.SUMMARY_CHARS
    assert read.name is not None and len(read.name) == limits.NAME_CHARS
    assert len(read.content_map["en"]) == limits.CONTENT_CHARS
    assert len(read.hashtags[0]) <= limits.TAG_NAME_CHARS + 1
    who = person(
        preferredUsername=long,
        summary=long,
        attachment=[{"type": "PropertyValue", "name": long, "value": long}],
    )
    assert len(who.preferred_username) == limits.USERNAME_CHARS
    assert len(who.fields[0].value) == limits.FIELD_CHARS


def test_deep_embedding_becomes_a_reference() -> None:
    document: Any = NOTE
    for number in range(30):
        document = CREATE | {"id": f"https://evil.test/a/{number}", "type": "Announce", "object": document}
    depth = 0
    thing: Any = vocab.read(document)
    while isinstance(thing, vocab.Activity):
        thing, depth = thing.object, depth + 1
    assert isinstance(thing, str) and depth == limits.EMBEDDED_DEPTH + 1


def test_jsn_10_the_plain_text_wins_over_the_map() -> None:
    read = note(content="<p>plain</p>", contentMap={"de": "<p>anders</p>", "no tag!": "x", "en": 5})
    assert read.content == "<p>plain</p>" and read.language == "de"
    assert read.content_map == {"de": "<p>anders</p>", "en": "5"}
    assert note(content=None, contentMap={"de": "<p>nur hier</p>"}).content == "<p>nur hier</p>"


class Moment(Struct, frozen=True):
    text: Any
    read: datetime | None


MOMENTS = [
    Moment("2026-11-23T10:15:00Z", datetime(2026, 11, 23, 10, 15, tzinfo=UTC)),
    Moment("2026-11-23T10:15:00", datetime(2026, 11, 23, 10, 15, tzinfo=UTC)),
    Moment("2026-11-23T12:15:00+02:00", datetime(2026, 11, 23, 10, 15, tzinfo=UTC)),
    Moment("2026-11-23T10:15:00+0000", datetime(2026, 11, 23, 10, 15, tzinfo=UTC)),
    Moment("2026-11-23T10:15:00.123456789Z", datetime(2026, 11, 23, 10, 15, 0, 123456, tzinfo=UTC)),
    Moment("2026-11-23 10:15:00Z", datetime(2026, 11, 23, 10, 15, tzinfo=UTC)),
    Moment(["2026-11-23T10:15:00Z"], datetime(2026, 11, 23, 10, 15, tzinfo=UTC)),
    Moment("0001-01-01T00:00:00+14:00", None),
    Moment("yesterday", None),
    Moment("2026-13-45T99:99:99Z", None),
    Moment("", None),
    Moment(1795432500, None),
    Moment({"@value": "2026"}, None),
    Moment("2" * 1_000, None),
]


@pytest.mark.parametrize("case", MOMENTS, ids=lambda case: str(case.text)[:40])
def test_dates_are_read_as_peers_write_them(case: Moment) -> None:
    assert values.when(case.text) == case.read


class Reference(Struct, frozen=True):
    value: Any
    read: str | None


REFERENCES = [
    Reference(V, V),
    Reference({"id": V}, V),
    Reference({"@id": V}, V),
    Reference({"type": "Link", "href": V}, V),
    Reference([{"type": "Person", "id": V}], V),
    Reference([None, V], V),
    Reference("as:Public", vocab.PUBLIC),
    Reference("Public", vocab.PUBLIC),
    Reference(vocab.PUBLIC, vocab.PUBLIC),
    Reference({"id": {"id": V}}, None),
    Reference([[V]], None),
    Reference("at://did:plc:x", None),
    Reference(None, None),
    Reference(5, None),
    Reference({}, None),
]


@pytest.mark.parametrize("case", REFERENCES, ids=lambda case: str(case.value)[:40])
def test_a_reference_is_read_in_every_form(case: Reference) -> None:
    assert values.ref(case.value) == case.read


@pytest.mark.parametrize(
    "name", ["as:Note", "https://www.w3.org/ns/activitystreams#Note", ["Note"], ["x:Y", "Note"]]
)
def test_a_type_is_read_with_and_without_prefix(name: Any) -> None:
    assert isinstance(vocab.read(NOTE | {"type": name}), vocab.Note)


def test_an_unknown_type_is_an_object_of_that_type() -> None:
    thing = vocab.read(NOTE | {"type": "Sculpture", "material": "bronze"})
    assert type(thing) is vocab.Object and thing.type == "Sculpture" and thing.raw["material"] == "bronze"


def test_bto_and_bcc_are_not_read() -> None:
    thing = vocab.read(CREATE | {"object": NOTE | {"bcc": [V]}, "bto": [V], "bcc": [V]})
    assert isinstance(thing, vocab.Create) and isinstance(thing.object, vocab.Note)
    assert V not in (*thing.to, *thing.cc, *thing.object.to, *thing.object.cc)


@pytest.mark.parametrize("kind", ["Person", "Group", "Follow", "Like"])
def test_a_thing_given_only_by_type_and_id_is_no_more_than_its_id(kind: str) -> None:
    thing = vocab.read(CREATE | {"type": "Undo", "object": {"type": kind, "id": V}})
    assert isinstance(thing, vocab.Undo) and thing.object == V
    assert code_of(CREATE | {"type": "Undo", "object": {"type": kind}}) == "bad_object"


def test_keys_are_read_one_or_many_and_in_both_forms() -> None:
    pem = {"id": E + "#main-key", "owner": E, "publicKeyPem": "PEM"}
    multikey = {"id": E + "#ed", "type": "Multikey", "controller": E, "publicKeyMultibase": "z6Mk"}
    for listed in (pem, [pem], [pem, {"id": "urn:x", "owner": E, "publicKeyPem": "PEM"}]):
        who = person(publicKey=listed, assertionMethod=[multikey, "https://evil.test/#other"])
        assert who.keys == (
            vocab.ActorKey(id=E + "#main-key", owner=E, pem="PEM"),
            vocab.ActorKey(id=E + "#ed", owner=E, multibase="z6Mk"),
        )


def test_quotes_are_read_in_the_order_of_trust() -> None:
    assert note(quoteUrl=V, quote=E).quote == E
    assert note(quoteUri=V).quote == V
    assert note(quote={"type": "Tombstone"}, quoteUrl=V).quote == V


def test_two_hosts_without_a_name_are_not_the_same() -> None:
    assert not values.same_host("", "")
    assert not values.same_host(None, None)
    assert not values.same_host("urn:x", "urn:x")
    assert values.same_host("https://A.test/x", "http://a.test:80/y")
    assert not values.same_host("https://a.test/x", "https://a.test.evil.test/x")


def test_jsn_01_nul_is_stripped_from_texts_and_refused_in_addresses() -> None:
    read = note(content="a\x00b", name="\x00", contentMap={"en": "a\x00b"}, url="https://evil.test/\x00")
    assert (read.content, read.name, read.url) == ("ab", None, None)
    assert read.content_map == {"en": "ab"}
    assert code_of(NOTE | {"id": "https://evil.test/n/\x00"}) == "bad_id"
    assert code_of(NOTE | {"id": "https://evil.test/n/\ud800"}) == "bad_id"

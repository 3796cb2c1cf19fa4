"""Documents made odd: types, nesting, letters, addresses, contexts, and single bytes.

Pure and seeded: the same `random.Random` makes the same documents again. Knows nothing of nodes.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any

AS = "https://www.w3.org/ns/activitystreams"
PUBLIC = f"{AS}#Public"
TYPES = (
    "Create", "Update", "Delete", "Undo", "Follow", "Accept", "Reject", "TentativeAccept", "Like", "Dislike",
    "EmojiReact", "Announce", "Add", "Remove", "Block", "Flag", "Move", "Join", "Leave", "Invite", "Offer", "View",
    "QuoteRequest", "Note", "Article", "Page", "Question", "Event", "Image", "Video", "Audio", "Document", "Link",
    "Tombstone", "Person", "Group", "Service", "Organization", "Application", "Collection", "OrderedCollection",
    "CollectionPage", "OrderedCollectionPage", "Mention", "Hashtag", "Emoji", "PropertyValue", "Place", "Key",
    "Relationship", "Profile", "ChatMessage", "QuoteAuthorization", "Zot", "",
)  # fmt: skip
NAMES = (
    "id", "type", "actor", "object", "target", "origin", "result", "instrument", "to", "cc", "bto", "bcc", "audience",
    "attributedTo", "inReplyTo", "content", "contentMap", "summary", "summaryMap", "name", "nameMap", "url", "href",
    "tag", "attachment", "icon", "image", "published", "updated", "startTime", "endTime", "closed", "oneOf", "anyOf",
    "votersCount", "replies", "totalItems", "items", "orderedItems", "first", "last", "next", "partOf", "quote",
    "quoteUrl", "quoteUri", "_misskey_quote", "_misskey_content", "interactionPolicy", "context", "conversation",
    "sensitive", "source", "mediaType", "width", "height", "blurhash", "focalPoint", "duration", "inbox", "outbox",
    "followers", "following", "featured", "endpoints", "sharedInbox", "publicKey", "assertionMethod",
    "preferredUsername", "alsoKnownAs", "movedTo", "manuallyApprovesFollowers", "discoverable", "indexable",
    "formerType", "deleted", "location", "proof", "signature", "@context", "@graph", "@id", "@type", "@reverse",
    "@included", "@list", "@set", "@value", "@nest", "as:actor", f"{AS}#object", "", "\u0130d",
)  # fmt: skip
WORDS = (
    "", " ", "\u0000", "\ud800", "\ufeff", "\ufffe", "\u202e", "\u200b" * 50, "a" + "\u0301" * 300, "x" * 300, "x" * 70_000,
    "-", "null", "'; --", "%", "_", "\\", "\r\nSet-Cookie: a=b", "{{7*7}}", "%s%n", "<b>", "&lt;", "<p>Hallo</p>",
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "javascript:alert(1)", "data:text/html,x",
    "2026-11-23T10:15:00Z", "0000-00-00T00:00:00Z", "9999-12-31T23:59:59+14:00", "-1", "1e999", "P1DT9H",
    "PT" + "9" * 40 + "S", "@amina@localhost", "#" + "ä" * 500, "LEHV6nWB2yk8pyo0adR*.7kCMdnj", "image/png",
    "text/html; charset=x", "😀" * 200, "ﷺ" * 500, "de", "zz-" + "x" * 60, "SHA-256=", "eddsa-jcs-2022",
)  # fmt: skip
LINKS = (
    PUBLIC, "as:Public", "Public", "https:", "https://", "https:///n/1", "http://[::1", "http://[::ffff:127.0.0.1]/",
    "http://127.1/", "http://2130706433/", "https://good@evil.example/", "https://a.example:99999/",
    "https://a.example:6379/", "https://ex\u0430mple.example/n", "https://xn--80ak6aa92e.example/", "urn:uuid:1",
    "acct:amina@localhost", "/n/1", "//evil.example/n", "mailto:a@b.example", "did:key:z6Mk", "at://did:plc:x/app/1",
    "tag:a.example,2026:1", "HTTPS://A.EXAMPLE/N", "https://a.example/%2e%2e/%00", "https://a.example/" + "x" * 9000,
    "https://a.example/ n", "https://a.example/\n", "https://a.example./n", "https://a.example/#", "http://localhost:1/x",
)  # fmt: skip
NUMBERS = (
    0, 1, -1, 2, 255, 2**15, 2**31 - 1, 2**31, 2**53 + 1, 2**63 - 1, 2**63, -(2**63) - 1, 10**40, 0.1, -0.0, 1e300, 1.5,
)  # fmt: skip
CONTEXTS: tuple[Any, ...] = (
    AS, [AS], [], {}, None, "", 5, [AS, "https://w3id.org/security/v1"], [AS, "http://localhost:1/context"],
    [AS, {"actor": "as:object", "object": "as:actor"}], [AS, {"@vocab": "https://x.example/"}],
    [AS, {"@base": "https://x.example/"}], [AS, {"id": None}], [AS, {"type": "as:name"}], [AS, {"@language": "de"}],
    [AS, {"@import": "http://localhost:1/c"}], {"@vocab": f"{AS}#"}, [AS, {"x": {"@id": "as:actor", "@type": "@id"}}],
    ["https://join-lemmy.org/context.json", AS], [AS] * 60, [[AS]], [AS, {"a": {"@context": {"b": {"@context": {}}}}}],
    [AS, {"to": {"@id": "as:to", "@container": "@language"}}], f"{AS}#", "http://www.w3.org/ns/activitystreams",
)  # fmt: skip
MOST_BYTES = 400_000

Place = tuple[Any, ...]


def places(document: Any, at: Place = ()) -> Iterator[Place]:
    """The way to every member of a document."""
    items = document.items() if isinstance(document, dict) else enumerate(document)
    for name, value in items:
        yield (*at, name)
        if isinstance(value, dict | list) and len(at) < 12:
            yield from places(value, (*at, name))


class Mutator:
    """Makes odd documents; `links` are addresses of the scene, the most dangerous ones."""

    def __init__(self, random: Random, links: Sequence[str]) -> None:
        self.random = random
        self.links = tuple(links)
        self._ways: tuple[Callable[[Any, Place], None], ...] = (
            self._replace, self._replace, self._replace, self._drop, self._wrap, self._multiply, self._swap,
            self._rename, self._graft, self._add, self._relink, self._relink, self._retype, self._bury,
        )  # fmt: skip

    def value(self) -> Any:
        """Anything at all."""
        pick = self.random.choice
        kind = self.random.randrange(9)
        if kind == 0:
            return pick(
                (None, True, False, [], {}, [[]], [None], {"": None}, [{}], {"type": None}, {"id": {}})
            )
        if kind == 1:
            return pick(NUMBERS)
        if kind in (2, 3):
            return pick(WORDS)
        if kind in (4, 5):
            return self.link()
        if kind == 6:
            return {pick(NAMES): self.value() for _ in range(self.random.randrange(1, 5))}
        if kind == 7:
            return [self.value() for _ in range(self.random.randrange(1, 5))]
        return {"type": pick(TYPES), "id": self.link(), pick(NAMES): self.value()}

    def link(self) -> str:
        """An address: usually one of the scene, sometimes one that is none."""
        if self.random.random() < 0.6:
            return self.random.choice(self.links)
        return self.random.choice(LINKS)

    def document(self, seed: dict[str, Any]) -> dict[str, Any]:
        """A copy of the seed with one to five changes."""
        made = copy.deepcopy(seed)
        for _ in range(self.random.choice((1, 1, 1, 2, 2, 3, 5))):
            found = list(places(made))
            if found:
                self.random.choice(self._ways)(made, self.random.choice(found))
        if self.random.random() < 0.05:
            made["@context"] = copy.deepcopy(self.random.choice(CONTEXTS))
        return made

    def body(self, document: Any) -> bytes:
        """The document as bytes, now and then with single bytes changed."""
        try:
            made = json.dumps(document, ensure_ascii=self.random.random() < 0.7).encode(
                "utf-8", "surrogatepass"
            )
        except (ValueError, RecursionError):
            made = b"{}"
        if len(made) > MOST_BYTES:
            made = made[:MOST_BYTES]
        if self.random.random() < 0.04:
            broken = bytearray(made)
            for _ in range(self.random.randrange(1, 4)):
                broken[self.random.randrange(len(broken))] = self.random.randrange(256)
            made = bytes(broken)
        return made

    @staticmethod
    def _around(document: Any, at: Place) -> tuple[Any, Any]:
        inner = document
        for name in at[:-1]:
            inner = inner[name]
        return inner, at[-1]

    def _replace(self, document: Any, at: Place) -> None:
        inner, name = self._around(document, at)
        inner[name] = self.value()

    def _drop(self, document: Any, at: Place) -> None:
        inner, name = self._around(document, at)
        del inner[name]

    def _wrap(self, document: Any, at: Place) -> None:
        inner, name = self._around(document, at)
        old = inner[name]
        inner[name] = self.random.choice(
            (
                [old],
                [[old]],
                {"id": old},
                {"@id": old},
                {"@value": old},
                {"@list": [old]},
                [old, self.value()],
            )
        )

    def _multiply(self, document: Any, at: Place) -> None:
        inner, name = self._around(document, at)
        times = self.random.choice((2, 3, 40, 400))
        inner[name] = (
            [copy.deepcopy(inner[name]) for _ in range(times)]
            if _size(inner[name]) < 400
            else [inner[name]] * 2
        )

    def _swap(self, document: Any, at: Place) -> None:
        inner, name = self._around(document, at)
        if isinstance(inner, dict) and len(inner) > 1:
            other = self.random.choice(list(inner))
            inner[name], inner[other] = inner[other], inner[name]

    def _rename(self, document: Any, at: Place) -> None:
        inner, name = self._around(document, at)
        if isinstance(inner, dict):
            inner[self.random.choice(NAMES)] = inner.pop(name)

    def _graft(self, document: Any, at: Place) -> None:
        inner, name = self._around(document, at)
        there, what = self._around(document, self.random.choice(list(places(document))))
        inner[name] = copy.deepcopy(there[what])

    def _add(self, document: Any, at: Place) -> None:
        inner, _ = self._around(document, at)
        if isinstance(inner, dict):
            inner[self.random.choice(NAMES)] = self.value()

    def _relink(self, document: Any, at: Place) -> None:
        inner, name = self._around(document, at)
        if isinstance(inner[name], str) and "://" in inner[name]:
            inner[name] = self.link()

    def _retype(self, document: Any, at: Place) -> None:
        inner, _ = self._around(document, at)
        if isinstance(inner, dict) and "type" in inner:
            inner["type"] = self.random.choice(
                (self.random.choice(TYPES), list(self.random.sample(TYPES, 2)))
            )

    def _bury(self, document: Any, at: Place) -> None:
        inner, name = self._around(document, at)
        old = inner[name]
        for _ in range(self.random.choice((3, 20, 31, 40))):
            old = [old] if self.random.random() < 0.5 else {"object": old, "type": "Create"}
        inner[name] = old


def _size(value: Any) -> int:
    return len(json.dumps(value, default=str))

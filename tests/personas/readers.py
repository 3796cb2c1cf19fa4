"""Strict readers that choke where the real programs choke: every document we send is shown to all.

Own words for what is known of each reader. A persona returns nothing and raises `Chokes` with
the reason. They judge only what concerns them; `choke_on` runs all of them over one document.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

AS: Final = "https://www.w3.org/ns/activitystreams"
PUBLIC: Final = AS + "#Public"
POSTS: Final = ("Note", "Article", "Page", "Question", "Event", "Image", "Document", "Audio", "Video")
ACTORS: Final = ("Person", "Group", "Organization", "Application", "Service")
HANDLE: Final = re.compile(r"[a-z0-9_]+([.-]+[a-z0-9_]+)*", re.IGNORECASE)
Document = dict[str, Any]


class Chokes(AssertionError):
    """This program would refuse or misread the document."""


def must(condition: object, reason: str) -> None:
    if not condition:
        raise Chokes(reason)


def host(uri: str) -> str:
    must(isinstance(uri, str) and uri.startswith("http"), f"not an address: {uri!r}")
    return uri.split("/")[2]


def parts_of(value: Any) -> Iterator[Document]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from parts_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from parts_of(inner)


def posts_in(document: Document) -> list[Document]:
    """The posts of a document that are sent to be stored: with an author."""
    return [part for part in parts_of(document) if part.get("type") in POSTS and "attributedTo" in part]


def actors_in(document: Document) -> list[Document]:
    return [part for part in parts_of(document) if part.get("type") in ACTORS and "inbox" in part]


def is_activity(document: Document) -> bool:
    return "actor" in document and "object" in document and document["type"] not in POSTS


def mastodon(document: Document) -> None:
    must(isinstance(document["@context"], list) and document["@context"][0] == AS, "context literal first")
    must(document["id"].isascii() and document["id"].startswith("http"), "id")
    for post in posts_in(document):
        must(isinstance(post["attributedTo"], str), "one author as text")
        must(isinstance(post.get("inReplyTo", ""), str), "one parent as text")
        must("as:Public" not in str(post.get("to")) + str(post.get("cc")), "full Public")
        must(isinstance(post["tag"], list) and isinstance(post["attachment"], list), "arrays")
        must(all(tag["name"].startswith("#") for tag in post["tag"] if tag["type"] == "Hashtag"), "hashtag")
        page = post.get("url")
        must(host(page if isinstance(page, str) else post["id"]) == host(post["id"]), "url host")
        must(
            all(isinstance(item.get("url", item.get("href")), str) for item in post["attachment"]), "file url"
        )
    for actor in actors_in(document):
        must(HANDLE.fullmatch(actor["preferredUsername"]), "user name")
        must(actor["publicKey"]["owner"] == actor["id"], "key owner")
        must(isinstance(actor["attachment"], list), "profile lines as array")
        must(isinstance(actor["endpoints"]["sharedInbox"], str), "shared inbox")

    if is_activity(document):
        must(isinstance(document["actor"], str), "actor as text")
        changed = posts_in(document) if document["type"] == "Update" else []
        for post in changed:
            # Counts of a poll and a quote's consent come without a date; it reads them all the same.
            undated = post["type"] == "Question" or "quoteAuthorization" in post
            must("updated" in post or undated, "an edit without a newer date is none")


def mobilizon(document: Document) -> None:
    if is_activity(document):
        must(isinstance(document["actor"], str), "actor as text")
        if document["type"] == "Flag":
            must(isinstance(document["object"], list), "what is reported as a list")
    for part in (*posts_in(document), *actors_in(document)):
        must(part.get("attachment") is not None, "attachment must be there, never null")
        for term in ("icon", "image"):
            picture = part.get(term, {"url": ""})
            must(isinstance(picture, dict) and isinstance(picture["url"], str), f"{term}: one, url as text")
        for item in part["attachment"]:
            if item["type"] in ("Document", "Image"):
                must(isinstance(item["url"], str) and "name" in item, "file with url and name")
    for post in posts_in(document):
        must(
            isinstance(post["attributedTo"], str) and isinstance(post.get("actor", ""), str), "single values"
        )
        must(isinstance(post.get("status", ""), str), "status as text")
        if post["type"] == "Event":
            must(
                post["name"] and re.search(r"(Z|[+-]\d\d:\d\d)$", post["startTime"]),
                "name, start with offset",
            )
            must(isinstance(post.get("location", {}), dict), "one place")
            place = post.get("location", {})
            must(
                all(isinstance(place.get(term, 0.0), float) for term in ("latitude", "longitude")),
                "float coordinates",
            )
    for actor in actors_in(document):
        must(isinstance(actor["publicKey"], dict), "one key")


def gancio(document: Document) -> None:
    for post in posts_in(document):
        must(
            all("mediaType" in item for item in post["attachment"] if item["type"] != "PropertyValue"),
            "mediaType",
        )
        must(
            all(tag["name"][1:] for tag in post["tag"] if tag["type"] == "Hashtag"),
            "tag loses its first letter",
        )
        if post["type"] == "Event":
            must("name" in post.get("location", {"name": ""}), "place with name")
            files = [item["type"] for item in post["attachment"]]
            must(
                "Link" not in files
                or "Document" not in files
                or files.index("Document") < files.index("Link"),
                "order",
            )


def lemmy(document: Document) -> None:
    for post in posts_in(document):
        must("language" not in post, "language of another shape")
        if "audience" not in post:
            continue
        must(isinstance(post["audience"], str) and post["to"][0] == post["audience"], "group first in to")
        must(PUBLIC in (*post["to"], *post["cc"]), "Public on the post")
        must(PUBLIC in (*document["to"], *document["cc"]), "Public on the activity")
        must(
            {item["type"] for item in post["attachment"]} <= {"Link", "Image", "Document"}, "attachment types"
        )
        must(isinstance(post.get("image", {}), dict), "one image")
    for actor in actors_in(document):
        must(
            isinstance(actor["publicKey"], dict) and "#" in actor["publicKey"]["id"], "one key with fragment"
        )
        must(
            "outbox" in actor and "sharedInbox" in actor.get("endpoints", {"sharedInbox": ""}),
            "outbox, endpoints",
        )
        if actor["type"] == "Group":
            must(isinstance(actor["attributedTo"], str), "moderators by address")
    if document["type"] == "Flag":
        must("summary" in document, "reason in summary")
    if document["type"] in ("Undo", "Accept", "Reject"):
        inner = document["object"]
        must(isinstance(inner, dict) and isinstance(inner["actor"], str), "what it is about, embedded")


def pleroma(document: Document) -> None:
    for part in (document, *posts_in(document)):
        if is_activity(part) or part in posts_in(document):
            must(
                isinstance(part["to"], list) and isinstance(part["cc"], list), "to and cc arrays, even empty"
            )
            must("bto" not in part and "bcc" not in part, "blind copies")


def misskey(document: Document) -> None:
    if is_activity(document):
        must(host(document["id"]) == host(document["actor"]), "id on the actor's host")
    for post in posts_in(document):
        must(post.get("summary") != "", "an empty summary is an empty warning")


def gotosocial(document: Document) -> None:
    if is_activity(document):
        must(document["id"] and "to" in document and "cc" in document, "id and addresses")
    for post in posts_in(document):
        must("to" in post and "cc" in post and post["attributedTo"], "addresses and author on the post")
    for actor in actors_in(document):
        must("publicKey" in actor and "BEGIN PUBLIC KEY" in actor["publicKey"]["publicKeyPem"], "SPKI key")
    must(all(value is not None for part in parts_of(document) for value in part.values()), "null")
    for part in parts_of(document):
        # A proof says which words it was made over; nothing else has a context of its own.
        must("@context" not in part or part is document or part is document.get("proof"), "context inside")


def friendica(document: Document) -> None:
    for part in (document, *posts_in(document)):
        if is_activity(part):
            must(part.get("actor") and isinstance(part["actor"], str), "actor as text")
            must(part["object"], "object")


def pixelfed(document: Document) -> None:
    for actor in actors_in(document):
        must(isinstance(actor["manuallyApprovesFollowers"], bool), "manuallyApprovesFollowers as boolean")
        must("summary" in actor, "summary")


def piefed(document: Document) -> None:
    must("signature" not in document, "a Linked Data signature makes it load contexts from the net")
    for post in posts_in(document):
        must(isinstance(post["to"], list) and isinstance(post["cc"], list), "addresses as lists")
        must(isinstance(post.get("content", ""), str), "content as text")


def bovine(document: Document) -> None:
    """And Takahē, snac: small readers that take `object` by id or with its id, and one actor."""
    if is_activity(document):
        must(document["id"], "id")
        inner = document["object"]
        inner = inner[0] if isinstance(inner, list) else inner
        must(isinstance(inner, str) or inner["id"], "object with an id")


def threads(document: Document) -> None:
    if document["type"] in ("Undo", "Accept", "Reject"):
        inner = document["object"]
        must(
            isinstance(inner, dict) and {"id", "type", "actor", "object"} <= inner.keys(), "embedded in full"
        )


PERSONAS: Final[dict[str, Callable[[Document], None]]] = {
    reader.__name__: reader
    for reader in (
        mastodon,
        mobilizon,
        gancio,
        lemmy,
        pleroma,
        misskey,
        gotosocial,
        friendica,
        pixelfed,
        piefed,
        bovine,
        threads,
    )
}


def choke_on(document: Document) -> dict[str, str]:
    """Who chokes, and on what; empty when everybody can read it."""
    found: dict[str, str] = {}
    for name, reader in PERSONAS.items():
        try:
            reader(document)
        except (Chokes, KeyError, TypeError, AttributeError, IndexError) as reason:
            # A crash is how several of them refuse.
            found[name] = f"{type(reason).__name__}: {reason}"
    return found

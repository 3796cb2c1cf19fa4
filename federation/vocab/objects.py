"""Posts and other content: Note, Article, Page, Question, media, Tombstone, Place.

Owns the Structs named exactly as AS2 names them, with what they add to Object. A vote is a
Note with `name` and no `content`. Called through `vocab.read` and `vocab.write`.
Spec: AS2 Vocabulary §3.3.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct

from federation.vocab import limits, parts
from federation.vocab.base import Document, Object, Thing, id_of, reads, writes
from federation.vocab.fields import object_fields, write_object
from federation.vocab.values import as_list, integer, number, one, ref, stamp, text, when


class Note(Object, frozen=True, kw_only=True):
    """A short post, a comment, a vote, a direct message."""

    type: str = "Note"

    @property
    def is_vote(self) -> bool:
        """Whether this looks like an answer to a poll: a name, a parent, no content."""
        named = self.name is not None and self.in_reply_to is not None
        return named and self.content is None and not self.attachments

    @property
    def choices(self) -> tuple[str, ...]:
        """What was chosen, where this is a vote: its name, or several from GoToSocial."""
        names = [text(name, limits.POLL_OPTION_CHARS) for name in as_list(self.raw.get("name"))]
        return tuple(dict.fromkeys(name for name in names if name is not None)) or (self.name or "",)


class Article(Object, frozen=True, kw_only=True):
    """A long text with a title; `summary` is a teaser, `preview` a short Note (FEP-b2b8)."""

    type: str = "Article"
    preview: str | None = None


class Page(Object, frozen=True, kw_only=True):
    """A thread in a forum, often about a link."""

    type: str = "Page"


class Image(Object, frozen=True, kw_only=True):
    """A picture as a post of its own; `media` holds the file."""

    type: str = "Image"
    media: parts.Media | None = None


class File(Object, frozen=True, kw_only=True):
    """A file as a post of its own; `media` holds the file."""

    type: str = "Document"
    media: parts.Media | None = None


class Audio(Object, frozen=True, kw_only=True):
    """A sound as a post of its own; `media` holds the file."""

    type: str = "Audio"
    media: parts.Media | None = None


class Video(Object, frozen=True, kw_only=True):
    """A film as a post of its own; `media` holds the best file."""

    type: str = "Video"
    media: parts.Media | None = None


class Option(Struct, frozen=True, kw_only=True):
    """One answer of a poll and how often it was given; None while that is kept back."""

    name: str
    votes: int | None = 0


class Question(Object, frozen=True, kw_only=True):
    """A poll; `multiple` allows several answers. Answers are matched by their exact text."""

    type: str = "Question"
    options: tuple[Option, ...] = ()
    multiple: bool = False
    end_time: datetime | None = None
    closed: datetime | None = None
    voters_count: int | None = None


class Tombstone(Object, frozen=True, kw_only=True):
    """What is left of something deleted."""

    type: str = "Tombstone"
    former_type: str | None = None
    deleted: datetime | None = None


class QuoteAuthorization(Object, frozen=True, kw_only=True):
    """The author of `interaction_target` agrees to be quoted by `interacting_object` (FEP-044f)."""

    type: str = "QuoteAuthorization"
    interacting_object: str | None = None
    interaction_target: str | None = None


class PostalAddress(Struct, frozen=True, kw_only=True):
    """An address in parts; peers that send one line give `text` alone."""

    street: str | None = None
    postal_code: str | None = None
    locality: str | None = None
    region: str | None = None
    country: str | None = None
    text: str | None = None


class Place(Object, frozen=True, kw_only=True):
    """Somewhere; coordinates in degrees."""

    type: str = "Place"
    latitude: float | None = None
    longitude: float | None = None
    address: PostalAddress | None = None


@reads("object", "Note")
def _read_note(document: Document, name: str, depth: int) -> Note:
    return Note(**object_fields(document, name, depth))


@reads("object", "Page")
def _read_page(document: Document, name: str, depth: int) -> Page:
    return Page(**object_fields(document, name, depth))


@reads("object", "Article")
def _read_article(document: Document, name: str, depth: int) -> Article:
    preview = one(document.get("preview"))
    teaser = text(preview.get("content"), limits.SUMMARY_CHARS) if type(preview) is dict else None
    return Article(**object_fields(document, name, depth), preview=teaser)


_MEDIA_OBJECTS: dict[str, type[Image | File | Audio | Video]] = {
    "Image": Image,
    "Document": File,
    "Audio": Audio,
    "Video": Video,
}


@reads("object", *_MEDIA_OBJECTS)
def _read_media_object(document: Document, name: str, depth: int) -> Object:
    # `mediaType` on the object is that of its text; the file's own stands in its link.
    file = {
        term: document.get(term) for term in ("url", "href", "type", "width", "height", "blurhash", "size")
    }
    if type(file["url"]) is str or type(file["href"]) is str:
        file["mediaType"] = document.get("mediaType")
    return _MEDIA_OBJECTS[name](**object_fields(document, name, depth), media=parts.read_media(file))


@reads("object", "Question")
def _read_question(document: Document, name: str, depth: int) -> Question:
    multiple = document.get("anyOf") is not None
    closed = document.get("closed")
    end = when(document.get("endTime"))
    return Question(
        **object_fields(document, name, depth),
        options=_read_options(document.get("anyOf") if multiple else document.get("oneOf")),
        multiple=multiple,
        end_time=end,
        # AS2 lets `closed` be a date, a boolean or an object.
        closed=when(closed) or (end if closed is True else None),
        voters_count=integer(document.get("votersCount")),
    )


def _read_options(value: Any) -> tuple[Option, ...]:
    found: dict[str, Option] = {}
    for item in as_list(value)[: limits.POLL_OPTIONS]:
        name = text(item.get("name"), limits.POLL_OPTION_CHARS) if type(item) is dict else None
        if name is None or name in found:
            continue
        replies = item.get("replies")
        votes = integer(replies.get("totalItems")) if type(replies) is dict else None
        found[name] = Option(name=name, votes=votes)
    return tuple(found.values())


@reads("object", "Tombstone")
def _read_tombstone(document: Document, name: str, depth: int) -> Tombstone:
    return Tombstone(
        **object_fields(document, name, depth),
        former_type=text(document.get("formerType"), limits.TYPE_CHARS),
        deleted=when(document.get("deleted")),
    )


@reads("object", "QuoteAuthorization")
def _read_quote_authorization(document: Document, name: str, depth: int) -> QuoteAuthorization:
    return QuoteAuthorization(
        **object_fields(document, name, depth),
        interacting_object=ref(document.get("interactingObject")),
        interaction_target=ref(document.get("interactionTarget")),
    )


@reads("object", "Place", "VirtualLocation")
def _read_place(document: Document, name: str, depth: int) -> Thing:
    return _place(document, name, depth)


def _place(document: Document, name: str, depth: int) -> Place:
    latitude, longitude = number(document.get("latitude")), number(document.get("longitude"))
    if latitude is None or longitude is None or not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        latitude = longitude = None
    return Place(
        **object_fields(document, name, depth),
        latitude=latitude,
        longitude=longitude,
        address=_read_address(one(document.get("address"))),
    )


def _read_address(value: Any) -> PostalAddress | None:
    if type(value) is not dict:
        line = text(value, limits.SHORT_TEXT_CHARS)
        return None if line is None else PostalAddress(text=line)

    def part(term: str) -> str | None:
        return text(value.get(term), limits.SHORT_TEXT_CHARS)

    return PostalAddress(
        street=part("streetAddress"),
        postal_code=part("postalCode"),
        locality=part("addressLocality"),
        region=part("addressRegion"),
        country=part("addressCountry"),
        text=part("name"),
    )


@writes(Note)
def _write_note(thing: Note) -> Document:
    document = write_object(thing)
    # Peers need `content` on a post; a vote is told from a post by having none.
    if not thing.is_vote:
        document.setdefault("content", "")
    return document


@writes(Article)
def _write_article(thing: Article) -> Document:
    document = write_object(thing)
    if thing.preview is not None:
        document["preview"] = {"type": "Note", "content": thing.preview}
    return document


@writes(Image, File, Audio, Video)
def _write_media_object(thing: Image | File | Audio | Video) -> Document:
    document = write_object(thing)
    if thing.media is not None:
        document["url"] = [
            {"type": "Link", "mediaType": "text/html", "href": thing.url or thing.id},
            {"type": "Link", "mediaType": thing.media.media_type, "href": thing.media.url},
        ]
    return document


@writes(Question)
def _write_question(thing: Question) -> Document:
    document = write_object(thing)
    document["anyOf" if thing.multiple else "oneOf"] = [
        {
            "type": "Note",
            "name": item.name,
            "replies": parts.trimmed({"type": "Collection", "totalItems": item.votes}),
        }
        for item in thing.options
    ]
    document.setdefault("content", "")
    more = {
        "endTime": stamp(thing.end_time),
        "closed": stamp(thing.closed),
        "votersCount": thing.voters_count,
    }
    return document | parts.trimmed(more)


@writes(Tombstone)
def _write_tombstone(thing: Tombstone) -> Document:
    return parts.trimmed(
        {"id": thing.id, "type": thing.type, "formerType": thing.former_type, "deleted": stamp(thing.deleted)}
    )


@writes(QuoteAuthorization)
def _write_quote_authorization(thing: QuoteAuthorization) -> Document:
    return parts.trimmed(
        {
            "id": thing.id,
            "type": thing.type,
            "attributedTo": thing.attributed_to,
            "interactingObject": thing.interacting_object,
            "interactionTarget": thing.interaction_target,
        }
    )


@writes(Place)
def _write_place(thing: Place) -> Document:
    address: Document | None = None
    if thing.address is not None:
        address = parts.trimmed(
            {
                "type": "PostalAddress",
                "name": thing.address.text,
                "streetAddress": thing.address.street,
                "postalCode": thing.address.postal_code,
                "addressLocality": thing.address.locality,
                "addressRegion": thing.address.region,
                "addressCountry": thing.address.country,
            }
        )
    return parts.trimmed(
        {
            "id": thing.id,
            "type": thing.type,
            "name": thing.name,
            "address": address,
            "latitude": thing.latitude,
            "longitude": thing.longitude,
        }
    )


def place_of(value: Any, depth: int) -> Place | None:
    """The first Place in a `location`: one, several, untyped, or with an online place beside it."""
    candidates = [item for item in as_list(value)[: limits.LINKS] if type(item) is dict]
    places = [item for item in candidates if item.get("type") != "VirtualLocation"] or candidates
    if not places:
        line = text(value, limits.NAME_CHARS)
        return None if line is None else Place(name=line)
    id_of(places[0])
    return _place(places[0], "Place", depth + 1)

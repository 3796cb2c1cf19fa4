"""The shapes everything is made of, Thing, Object and Activity, and the way to read one.

Owns the frozen Structs and the registry from an AS2 type name to its reader. Never decides
authority, never fetches. The sibling modules register themselves here; the host application
calls `vocab.read` and `vocab.write`.
Spec: AS2 Core §4, AS2 Vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, TypeVar

from msgspec import Struct, field

from federation.errors import FederationError
from federation.vocab import limits
from federation.vocab.parts import Attachment, CanQuote, Hashtag, Media, Mention, Source, Tag
from federation.vocab.values import as_list, one, ref, url

__all__ = [
    "Activity",
    "Document",
    "Object",
    "Thing",
    "Verbatim",
    "embedded",
    "id_of",
    "kind_of",
    "optional",
    "read_document",
    "reads",
    "type_of",
    "write_thing",
    "writes",
]

Document = dict[str, Any]


class Thing(Struct, frozen=True, kw_only=True):
    """Whatever has a type. `raw` is the document as received, with every field we do not know."""

    id: str | None = None
    type: str
    raw: Document = field(default_factory=dict)


class Object(Thing, frozen=True, kw_only=True):
    """Anything that is not an actor, an activity or a collection; unknown types land here too.

    `attributed_to` is the first author; more than one in `attributed_to_all` never carries
    authority. `summary` is a content warning on Note and Question, a teaser elsewhere.
    `url` is only ever on the host of `id`.
    """

    name: str | None = None
    name_map: dict[str, str] = field(default_factory=dict)
    summary: str | None = None
    summary_map: dict[str, str] = field(default_factory=dict)
    content: str | None = None
    content_map: dict[str, str] = field(default_factory=dict)
    media_type: str | None = None
    language: str | None = None
    attributed_to: str | None = None
    attributed_to_all: tuple[str, ...] = ()
    actor: str | None = None
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    audience: tuple[str, ...] = ()
    published: datetime | None = None
    updated: datetime | None = None
    in_reply_to: str | None = None
    url: str | None = None
    tags: tuple[Tag, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    image: Media | None = None
    context: str | None = None
    conversation: str | None = None
    target: str | None = None
    sensitive: bool = False
    direct_message: bool = False
    replies: Thing | str | None = None
    likes: str | None = None
    shares: str | None = None
    likes_count: int | None = None
    shares_count: int | None = None
    quote: str | None = None
    quote_authorization: str | None = None
    can_quote: CanQuote | None = None
    source: Source | None = None

    @property
    def mentions(self) -> tuple[str, ...]:
        """The ids of the actors named by Mention tags."""
        return tuple(tag.href for tag in self.tags if isinstance(tag, Mention))

    @property
    def hashtags(self) -> tuple[str, ...]:
        """Topics with their `#`, as written."""
        return tuple(tag.name for tag in self.tags if isinstance(tag, Hashtag))


class Activity(Thing, frozen=True, kw_only=True):
    """Somebody did something. `object` is embedded or an id; embedded is not yet trusted.

    `objects` holds every id of a report's list (Flag), and the one id otherwise.
    """

    actor: str
    object: Thing | str | None = None
    objects: tuple[str, ...] = ()
    target: Thing | str | None = None
    origin: Thing | str | None = None
    result: Thing | str | None = None
    instrument: Thing | str | None = None
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    audience: tuple[str, ...] = ()
    published: datetime | None = None
    updated: datetime | None = None
    end_time: datetime | None = None
    attributed_to: str | None = None
    name: str | None = None
    summary: str | None = None
    content: str | None = None
    tags: tuple[Tag, ...] = ()
    remove_data: bool = False
    participation_message: str | None = None

    @property
    def object_id(self) -> str | None:
        """The id of the object, embedded or not."""
        found = self.object
        return found if found is None or type(found) is str else found.id  # type: ignore[union-attr]

    @property
    def object_type(self) -> str | None:
        """The type of an embedded object; None when only its id came."""
        return self.object.type if isinstance(self.object, Thing) else None

    @property
    def target_id(self) -> str | None:
        """The id of the target, embedded or not."""
        return self.target if self.target is None or isinstance(self.target, str) else self.target.id


Reader = Callable[[Document, str, int], Thing]
"""(document, type name, how deep it is embedded; 0 is the top) -> Struct."""
_READERS: Final[dict[str, Reader]] = {}
_KINDS: Final[dict[str, str]] = {}

_PREFIXES: Final = (
    "https://www.w3.org/ns/activitystreams#",
    "http://joinmastodon.org/ns#",
    "http://litepub.social/ns#",
    "http://schema.org#",
    "http://schema.org/",
    "https://schema.org/",
    "https://w3id.org/valueflows/ont/vf#",
    "as:",
    "toot:",
    "litepub:",
    "sc:",
    "schema:",
    "vf:",
)


def reads(kind: str, *names: str) -> Callable[[Reader], Reader]:
    """Registers the reader of some type names; `kind` is actor, activity, object or collection."""

    def register(reader: Reader) -> Reader:
        for name in names:
            if name in _READERS:
                raise ValueError(f"two readers for {name}")
            _READERS[name] = reader
            _KINDS[name] = kind
        return reader

    return register


def kind_of(type_name: str) -> str | None:
    """actor, activity, object or collection; None for a type nobody reads."""
    return _KINDS.get(type_name)


def _bare(name: str) -> str:
    if ":" in name:
        for prefix in _PREFIXES:
            if name.startswith(prefix):
                return name[len(prefix) :]
    return name


def type_of(document: Document) -> str:
    """The type name we act on, without prefix: of several, the first we know.

    Raises: `no_type` when there is none; `ambiguous_type` when the list names two kinds of
    thing or two activities, so that two readers could see two deeds (JSN-05).
    """
    value = document.get("type")
    if value is None:
        value = document.get("@type")
    if type(value) is str and 0 < len(value) <= limits.TYPE_CHARS:
        return value if value in _READERS else _bare(value)
    names = [
        _bare(name) for name in as_list(value) if type(name) is str and 0 < len(name) <= limits.TYPE_CHARS
    ]
    if not names or len(names) > 20:
        raise FederationError("no_type")
    known = [name for name in names if name in _KINDS]
    kinds = {_KINDS[name] for name in known}
    if len(kinds) > 1 or (kinds == {"activity"} and len(set(known)) > 1):
        raise FederationError("ambiguous_type", ",".join(known[:4]))
    return known[0] if known else names[0]


def id_of(document: Document) -> str | None:
    """The document's own id; None when it has none.

    Raises: `bad_id` for anything but one plain http(s) URL (ORG-09).
    """
    value = document.get("id")
    if "@id" in document:
        if value is not None and value != document["@id"]:
            raise FederationError("bad_id", "id and @id differ")
        value = document["@id"]
    if value is None:
        return None
    found = url(value)
    if found is None:
        raise FederationError("bad_id")
    return found


def read_document(document: Document, depth: int) -> Thing:
    """Reads one JSON object of any type. Raises: as `vocab.read`."""
    name = type_of(document)
    return (_READERS.get(name) or _READERS["Object"])(document, name, depth)


def embedded(value: Any, depth: int) -> Thing | str | None:
    """What a property points at: a Struct when a whole thing came with it, else its id."""
    value = one(value)
    if type(value) is dict:
        if depth < limits.EMBEDDED_DEPTH and ("type" in value or "@type" in value):
            return _embedded_thing(value, depth)
        id_of(value)
    return ref(value)


def _embedded_thing(value: Document, depth: int) -> Thing | str:
    """A whole thing; an actor or activity given only by type and id is no more than its id.

    So an embedded `Follow` always has an actor, and an embedded `Person` always an inbox.
    """
    needed = _NEEDED.get(_KINDS.get(type_of(value), ""))
    if needed is None or ref(value.get(needed)) is not None:
        return read_document(value, depth + 1)
    identity = id_of(value)
    if identity is None:
        raise FederationError("bad_object", f"embedded without {needed}")
    return identity


_NEEDED: Final = {"actor": "inbox", "activity": "actor"}


def optional(value: Any, depth: int) -> Thing | str | None:
    """As `embedded`, for properties a document can live without: what is malformed is None."""
    if value is None:
        return None
    try:
        return embedded(value, depth)
    except FederationError:
        return None


class Verbatim(Thing, frozen=True, kw_only=True):
    """A document to embed exactly as it was received: what a group announces, proofs and all."""


Writer = Callable[[Any], Document]
_WRITERS: Final[dict[type[Thing], Writer]] = {}
W = TypeVar("W", bound=Callable[[Any], Document])


def writes(*kinds: type[Thing]) -> Callable[[W], W]:
    """Registers the writer of some Structs; their subclasses use it too unless they have their own."""

    def register(writer: W) -> W:
        _WRITERS.update(dict.fromkeys(kinds, writer))
        return writer

    return register


def write_thing(thing: Thing | str | None) -> Document | str | None:
    """A thing as JSON without `@context`; ids and None pass through."""
    if not isinstance(thing, Thing):
        return thing
    for kind in type(thing).__mro__:
        writer = _WRITERS.get(kind)
        if writer is not None:
            return writer(thing)
    raise TypeError(f"no writer for {type(thing).__name__}")


@writes(Verbatim)
def _write_verbatim(thing: Verbatim) -> Document:
    return thing.raw

"""The words of the protocol: documents from peers as typed Structs, and Structs as documents.

`read` takes any JSON object and never fails but by FederationError; `write` and `encode` make
what every peer can read. Plain JSON both ways: JSON-LD processing is `federation.jsonld`'s.
Nothing here is trusted because it was read: who may say what is decided by `gather` and the
handlers.
"""

from __future__ import annotations

from typing import Any

from msgspec import structs

from federation import strict_json
from federation.errors import FederationError
from federation.vocab import limits, terms
from federation.vocab.activities import (
    ACTIVITIES,
    Accept,
    Add,
    Announce,
    Block,
    Create,
    Delete,
    Dislike,
    EmojiReact,
    Flag,
    Follow,
    Ignore,
    Invite,
    Join,
    Leave,
    Like,
    Listen,
    Lock,
    Move,
    Offer,
    QuoteRequest,
    Read,
    Reject,
    Remove,
    TentativeAccept,
    TentativeJoin,
    TentativeReject,
    Undo,
    Update,
    View,
)
from federation.vocab.actors import ACTOR_TYPES, Actor, ActorKey, read_keys
from federation.vocab.base import (
    Activity,
    Object,
    Thing,
    Verbatim,
    kind_of,
    read_document,
    type_of,
    write_thing,
)
from federation.vocab.collections import Collection
from federation.vocab.events import Event
from federation.vocab.objects import (
    Article,
    Audio,
    File,
    Image,
    Note,
    Option,
    Page,
    Place,
    PostalAddress,
    Question,
    QuoteAuthorization,
    Tombstone,
    Video,
)
from federation.vocab.parts import (
    Attachment,
    CanQuote,
    Emoji,
    Hashtag,
    Link,
    Media,
    Mention,
    PropertyValue,
    Source,
    Tag,
    quote_link,
)
from federation.vocab.quirks import repair
from federation.vocab.values import AS, PUBLIC, as_list, one, ref, refs, same_host, stamp, text, url, when

__all__ = [
    "ACTIVITIES",
    "ACTOR_TYPES",
    "AS",
    "PUBLIC",
    "Accept",
    "Activity",
    "Actor",
    "ActorKey",
    "Add",
    "Announce",
    "Article",
    "Attachment",
    "Audio",
    "Block",
    "CanQuote",
    "Collection",
    "Create",
    "Delete",
    "Dislike",
    "Emoji",
    "EmojiReact",
    "Event",
    "File",
    "Flag",
    "Follow",
    "Hashtag",
    "Ignore",
    "Image",
    "Invite",
    "Join",
    "Leave",
    "Like",
    "Link",
    "Listen",
    "Lock",
    "Media",
    "Mention",
    "Move",
    "Note",
    "Object",
    "Offer",
    "Option",
    "Page",
    "Place",
    "PostalAddress",
    "PropertyValue",
    "Question",
    "QuoteAuthorization",
    "QuoteRequest",
    "Read",
    "Reject",
    "Remove",
    "Source",
    "Tag",
    "TentativeAccept",
    "TentativeJoin",
    "TentativeReject",
    "Thing",
    "Tombstone",
    "Undo",
    "Update",
    "Verbatim",
    "Video",
    "View",
    "as_list",
    "encode",
    "kind_of",
    "limits",
    "one",
    "quote_link",
    "read",
    "read_keys",
    "ref",
    "refs",
    "same_host",
    "stamp",
    "text",
    "type_of",
    "url",
    "when",
    "write",
]


def read(document: Any) -> Thing:
    """Reads any JSON object: an Activity, Actor, Collection or Object; unknown types are Objects.

    Dialects are repaired first (`quirks`); `raw` is the document as given.
    Raises: `not_an_object`, `no_type`, `ambiguous_type`, `bad_id`, `bad_actor`, `bad_object`,
    `bad_event_start`.
    """
    if type(document) is not dict:
        raise FederationError("not_an_object")
    mended = repair(document)
    thing = read_document(mended, 0)
    return thing if mended is document else structs.replace(thing, raw=document)


def write(thing: Thing) -> dict[str, Any]:
    """The document to send, with the smallest `@context` that names its terms.

    Raises: `not_ascii_id` when the thing's own id is not ASCII: peers compare ids as bytes.
    """
    document = write_thing(thing)
    assert isinstance(document, dict)
    identity = document.get("id")
    if isinstance(identity, str) and not identity.isascii():
        raise FederationError("not_ascii_id")
    if "@context" in document:
        return document
    return {"@context": terms.context_for(document), **document}


def encode(thing: Thing) -> bytes:
    """`write`, as the UTF-8 bytes that are stored, signed and sent. Raises: as `write`."""
    return strict_json.dumps(write(thing))

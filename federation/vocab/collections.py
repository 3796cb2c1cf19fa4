"""Lists: Collection, OrderedCollection and their pages.

Owns reading of any of them into one Struct and writing of ours. Never follows `next`: the
fetcher does, under its budget. Items may be embedded; they are trusted no more than any other
embedded object. Called through `vocab.read` and `vocab.write`.
Spec: AS2 Core §5, AP §5; FEP-5711 (inverse properties).
"""

from __future__ import annotations

from typing import Any, Final

from federation.errors import FederationError
from federation.vocab import limits, parts
from federation.vocab.base import Document, Thing, embedded, id_of, optional, reads, write_thing, writes
from federation.vocab.values import as_list, integer, ref, text


class Collection(Thing, frozen=True, kw_only=True):
    """A list or one page of it. `items` are ids or embedded things, in the order given.

    `first` is an id, an embedded page, or None: a followers collection without it is hidden.
    `owner` is whose list it says it is; `owner_term` says as what (FEP-5711), unproven.
    """

    type: str = "Collection"
    items: tuple[Thing | str, ...] = ()
    total_items: int | None = None
    first: Collection | str | None = None
    last: str | None = None
    next: str | None = None
    prev: str | None = None
    part_of: str | None = None
    attributed_to: str | None = None
    name: str | None = None
    owner: str | None = None
    owner_term: str | None = None

    @property
    def is_ordered(self) -> bool:
        """Whether the order means something."""
        return self.type.startswith("Ordered")

    @property
    def is_page(self) -> bool:
        """Whether this is one page."""
        return self.type.endswith("Page")

    @property
    def item_ids(self) -> tuple[str, ...]:
        """The ids of the items that have one."""
        ids = (item if isinstance(item, str) else item.id for item in self.items)
        return tuple(uri for uri in ids if uri is not None)


OWNER_TERMS: Final = (
    "outboxOf",
    "followersOf",
    "followingOf",
    "inboxOf",
    "likesOf",
    "sharesOf",
    "repliesOf",
    "likedOf",
)


def _items(document: Document, depth: int) -> tuple[Thing | str, ...]:
    value = document.get("orderedItems")
    if value is None:
        value = document.get("items")
    found: list[Thing | str] = []
    for item in as_list(value)[: limits.COLLECTION_ITEMS]:
        try:
            read = embedded(item, depth)
        except FederationError:
            continue
        if read is not None:
            found.append(read)
    return tuple(found)


def _owner(document: Document) -> tuple[str | None, str | None]:
    for term in OWNER_TERMS:
        if term in document:
            return ref(document[term]), term
    return None, None


@reads("collection", "Collection", "OrderedCollection", "CollectionPage", "OrderedCollectionPage")
def _read_collection(document: Document, name: str, depth: int) -> Collection:
    get = document.get
    first: Any = optional(get("first"), depth)
    owner, owner_term = _owner(document)
    return Collection(
        id=id_of(document),
        type=name,
        raw=document,
        items=_items(document, depth),
        total_items=integer(get("totalItems")),
        first=first if isinstance(first, Collection | str) else None,
        last=ref(get("last")),
        next=ref(get("next")),
        prev=ref(get("prev")),
        part_of=ref(get("partOf")),
        attributed_to=ref(get("attributedTo")),
        name=text(get("name"), limits.NAME_CHARS),
        owner=owner,
        owner_term=owner_term if owner else None,
    )


@writes(Collection)
def write_collection(collection: Collection) -> Document:
    """A collection or page; a page and a list without pages always carry their items."""
    document = parts.trimmed(
        {
            "id": collection.id,
            "type": collection.type,
            "name": collection.name,
            "attributedTo": collection.attributed_to,
            "totalItems": collection.total_items,
            "partOf": collection.part_of,
            "first": write_thing(collection.first),
            "last": collection.last,
            "next": collection.next,
            "prev": collection.prev,
        }
    )
    if collection.owner is not None and collection.owner_term in OWNER_TERMS:
        document[collection.owner_term] = collection.owner
    # A count without `first` and without items says "hidden"; an empty list would say "empty".
    if collection.items or collection.is_page:
        term = "orderedItems" if collection.is_ordered else "items"
        document[term] = [write_thing(item) for item in collection.items]
    return document

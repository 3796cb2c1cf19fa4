"""Reading a peer's collection: page by page, within limits, and never away from its own origin.

Owns following `first` and `next` and when to stop: at a page seen before, at another origin, at so
many pages or items, at the end of the budget (RES-06). What the items are worth is the caller's to
judge; `own_items` tells which the collection's own host may be believed about. Spec: AP §5, FEP-fe34.
"""

from __future__ import annotations

from typing import Final

import msgspec

from federation import uris, vocab
from federation.budget import FetchBudget
from federation.errors import FederationError
from federation.fetch import Fetcher
from federation.vocab import Collection, Thing

MAX_PAGES: Final = 5
MAX_ITEMS: Final = 200


class Listed(msgspec.Struct, frozen=True):
    """What a collection held as far as it was read; `complete` when that was all of it."""

    url: str
    items: tuple[Thing | str, ...]
    complete: bool

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the items, each once; of an activity, the id of what it is about."""
        found: dict[str, None] = {}
        for item in self.items:
            about = _about(item)
            uri = about.id if isinstance(about, Thing) else about
            if uri is not None and uris.is_http_uri(uri):
                found[uri] = None
        return tuple(found)

    def own_items(self) -> dict[str, Thing]:
        """Embedded things of the collection's own origin, by id: that origin has said them itself."""
        found: dict[str, Thing] = {}
        for item in self.items:
            thing = _about(item)
            if isinstance(thing, Thing) and thing.id and uris.same_origin(thing.id, self.url):
                found[thing.id] = thing
        return found


def _about(item: Thing | str) -> Thing | str | None:
    """What an entry is in the end about: of an Add of a Create of a post, the post."""
    about: Thing | str | None = item
    while isinstance(about, vocab.Activity):
        about = about.object
    return about


class Collector:
    """Reads collections with one fetcher, all within one budget."""

    def __init__(
        self,
        fetcher: Fetcher,
        budget: FetchBudget,
        *,
        pages: int = MAX_PAGES,
        items: int = MAX_ITEMS,
    ) -> None:
        self._fetcher = fetcher
        self._budget = budget
        self._pages = pages
        self._items = items

    async def read(self, start: Thing | str | None, *, home: str) -> Listed:
        """The items of a collection of the origin of `home`, given as its address or embedded.

        What fails on the way only ends the reading: what was read so far counts, as incomplete.
        """
        if isinstance(start, str):
            page = await self._get(start, home)
        else:
            page = start if isinstance(start, Collection) else None
        items: list[Thing | str] = []
        seen: set[str] = set()
        complete = page is not None
        while page is not None and len(items) < self._items:
            items += page.items
            onward = page.next if page.is_page else page.first
            if onward is None:
                break
            page = await self._onward(onward, home, seen)
            # Whoever has more than we read, or fails to give it, gave us a part.
            complete = page is not None
        complete = complete and len(items) <= self._items
        return Listed(home, tuple(items[: self._items]), complete)

    async def _onward(self, page: Collection | str, home: str, seen: set[str]) -> Collection | None:
        if isinstance(page, Collection):
            return page
        if page in seen or len(seen) >= self._pages:
            return None
        seen.add(page)
        return await self._get(page, home)

    async def _get(self, uri: str, home: str) -> Collection | None:
        if not uris.is_http_uri(uri) or not uris.same_origin(uri, home):
            return None
        try:
            fetched = await self._fetcher.get(uri, budget=self._budget)
            thing = vocab.read(fetched.document)
        except FederationError:
            return None
        return thing if isinstance(thing, Collection) and uris.same_origin(fetched.uri, home) else None

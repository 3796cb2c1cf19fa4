"""The rest of a thread, fetched once somebody signed in opens it.

Up along `inReplyTo`, down along `replies` and the thread's `context`, everything from its own host and
within one budget. Only public posts that hang on the thread are kept, so that a list of answers cannot
be used to plant anything else here. Spec: AP §5, FEP-7888, FEP-f228.
"""

import asyncio
from typing import Final

import msgspec

from federation import uris, vocab
from federation.budget import FetchBudget
from federation.collecting import Collector
from federation.errors import FederationError
from node.errors import NodeError
from node.features.posts.fetched import take_fetched
from node.features.posts.translate import POST_TYPES
from node.features.reach import store
from node.features.reach.store import Held, Opened
from node.runtime import Node
from node.wire import wants
from node.wire.wants import Want

FETCHES: Final = 60
AT_ONCE: Final = 4
MAX_UP: Final = 40
MAX_ROUNDS: Final = 6
MAX_SOURCES: Final = 10
_MOST_HELD: Final = 500


class Search(msgspec.Struct):
    """One search for the rest of a thread: its budget, what belongs to it, and what was looked at."""

    budget: FetchBudget
    held: set[str]
    looked: set[str] = msgspec.field(default_factory=set)
    loose: dict[str, vocab.Object] = msgspec.field(default_factory=dict)

    @property
    def spent(self) -> bool:
        """Whether nothing more may be asked of the network."""
        return self.budget.left <= 0 or self.budget.remaining_s <= 0


async def run(node: Node, argument: str) -> None:
    """The job `thread:<thread id>`; the want's detail is the post that was opened."""
    await wants.work(node, "thread", argument, fetch_thread)


async def fetch_thread(node: Node, want: Want) -> None:
    """Bring what is missing around the opened post."""
    async with node.db.read() as tx:
        opened = await store.find_opened(tx, int(want.detail))
        held = await store.list_held(tx, opened.id, _MOST_HELD) if opened else []
    if opened is None:
        return
    search = Search(wants.budget_of(node, FETCHES), {post.uri for post in held})
    await _climb(node, search, held)
    sources = await _sources(node, search, opened, held)
    for _ in range(MAX_ROUNDS):
        if search.spent or not sources:
            return
        sources = await _take_answers(node, search, await _named_by(node, search, sources))


async def _climb(node: Node, search: Search, held: list[Held]) -> None:
    """What the oldest known post answers, and so on to the root."""
    missing = [post.in_reply_to_uri for post in held if not post.has_parent and post.in_reply_to_uri]
    for _ in range(MAX_UP):
        if not missing:
            return
        thing = await _fetch(node, search, missing.pop())
        if thing is not None and await _keep(node, search, thing) and thing.in_reply_to:
            async with node.db.read() as tx:
                known = await store.list_known(tx, [thing.in_reply_to])
            if thing.in_reply_to not in known:
                missing.append(thing.in_reply_to)


async def _sources(node: Node, search: Search, opened: Opened, held: list[Held]) -> list[vocab.Object]:
    """Whose lists of answers are read first: the opened post's, then those of the latest answers."""
    asked = [] if opened.local else [opened.uri]
    asked += [post.uri for post in held if not post.local and post.has_parent][-MAX_SOURCES:]
    found = await _fetch_all(node, search, list(dict.fromkeys(asked)))
    return list(found.values())


async def _named_by(
    node: Node, search: Search, sources: list[vocab.Object]
) -> dict[str, vocab.Object | None]:
    """Every id that the sources' lists name, with what a host said about its own posts."""
    collector = Collector(node.fetcher, search.budget)
    named: dict[str, vocab.Object | None] = {}
    for source in sources:
        lists = [(source.replies, source.id or "")]
        for whole in (source.context, source.raw.get("contextHistory")):
            if isinstance(whole, str) and whole not in search.looked:
                search.looked.add(whole)
                # It lies with the thread's owner: what it names counts no more than any other name.
                lists.append((whole, whole))
        for start, home in lists:
            if search.spent or start is None or node.is_ours(home):
                continue
            listed = await collector.read(start, home=home)
            own = listed.own_items()
            for uri in listed.ids:
                thing = own.get(uri)
                named.setdefault(uri, thing if isinstance(thing, vocab.Object) else None)
    return named


async def _take_answers(
    node: Node, search: Search, named: dict[str, vocab.Object | None]
) -> list[vocab.Object]:
    """Keep what hangs on the thread; returns it, as the sources of the next round."""
    async with node.db.read() as tx:
        known = await store.list_known(tx, list(named))
    wanted = [uri for uri in named if uri not in known and uri not in search.looked and not node.is_ours(uri)]
    embedded = {uri: thing for uri in wanted if (thing := named[uri]) is not None}
    fetched = await _fetch_all(node, search, [uri for uri in wanted if uri not in embedded])
    search.loose |= embedded | fetched
    kept: list[vocab.Object] = []
    while fitting := [t for t in search.loose.values() if t.in_reply_to in search.held]:
        for thing in fitting:
            search.loose.pop(thing.id or "")
            if await _keep(node, search, thing):
                kept.append(thing)
    return kept


async def _keep(node: Node, search: Search, thing: vocab.Object) -> bool:
    """Store a public post; what it answers has been looked at by the caller."""
    if vocab.PUBLIC not in (*thing.to, *thing.cc) or thing.type not in POST_TYPES:
        return False
    try:
        post_id = await take_fetched(node, thing, budget=search.budget)
    except (NodeError, FederationError):
        return False  # its author cannot be had
    if post_id is not None and thing.id:
        search.held.add(thing.id)
    return post_id is not None


async def _fetch_all(node: Node, search: Search, asked: list[str]) -> dict[str, vocab.Object]:
    found: dict[str, vocab.Object] = {}
    for at in range(0, len(asked), AT_ONCE):
        things = await asyncio.gather(*(_fetch(node, search, uri) for uri in asked[at : at + AT_ONCE]))
        found |= {thing.id: thing for thing in things if thing is not None and thing.id}
    return found


async def _fetch(node: Node, search: Search, uri: str) -> vocab.Object | None:
    """A post from its own host, asked once; None for anything else and for whatever fails."""
    if uri in search.looked or search.spent or node.is_ours(uri) or not uris.is_http_uri(uri):
        return None
    search.looked.add(uri)
    try:
        fetched = await node.fetcher.fetch(uri, budget=search.budget)
        thing = vocab.read(fetched.document)
    except FederationError:
        return None
    return thing if isinstance(thing, vocab.Object) else None

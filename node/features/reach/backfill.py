"""What somebody wrote before anyone here followed them: the latest of their outbox, and what they pinned.

Asked for when a follow is answered and when a member opens the page of somebody never seen. Nobody is
notified, and posts stand in homes at the time they were written. Spec: AP §5.1.
"""

from typing import Final

from federation import vocab
from federation.budget import FetchBudget
from federation.collecting import Collector, Listed
from federation.errors import FederationError
from node.errors import NodeError
from node.features.actors.store.reads import Actor, get_actor
from node.features.posts.fetched import take_boost, take_fetched
from node.features.posts.store import marks, writes
from node.runtime import Node
from node.wire import wants
from node.wire.wants import Want

FETCHES: Final = 30
POSTS: Final = 20
_PAGES: Final = 2


async def run(node: Node, argument: str) -> None:
    """The job `backfill:<actor id>`."""
    await wants.work(node, "backfill", argument, fetch_recent)


async def fetch_recent(node: Node, want: Want) -> None:
    """Bring the latest posts of an actor, and mark what they pinned."""
    async with node.db.read() as tx:
        actor = await get_actor(tx, want.subject_id)
    if actor.local or actor.deleted_at or actor.suspended_at or actor.kind == "Application":
        return
    budget = wants.budget_of(node, FETCHES)
    collector = Collector(node.fetcher, budget, pages=_PAGES, items=POSTS)
    outbox = await collector.read(actor.outbox_uri, home=actor.uri)
    for item in outbox.items:
        await _take_said(node, actor, item, outbox, budget)
    featured = await collector.read(actor.featured_uri, home=actor.uri)
    for uri in featured.ids:
        if await _take(node, actor, uri, featured, budget) is not None:
            await _pin(node, actor, uri)


async def _take_said(
    node: Node, actor: Actor, item: vocab.Thing | str, outbox: Listed, budget: FetchBudget
) -> None:
    """An entry of an outbox: a post, its Create, or, of a group, what it passed on."""
    if isinstance(item, vocab.Activity):
        if item.actor != actor.uri or item.type not in ("Create", "Announce"):
            return
        is_boost, uri = item.type == "Announce", _said_about(item)
        # What people pass on would fill homes with what nobody asked for; groups are nothing else.
        if is_boost and actor.kind != "Group":
            return
    else:
        is_boost, uri = False, item if isinstance(item, str) else item.id
    if uri is None:
        return
    post_id = await _take(node, actor, uri, outbox, budget, own=not is_boost)
    if is_boost and post_id is not None and isinstance(item, vocab.Activity):
        await take_boost(node, actor, post_id, item)


def _said_about(activity: vocab.Activity) -> str | None:
    """What an activity is about; a group often passes on the Create rather than the post (FEP-1b12)."""
    inner = activity.object
    return inner.object_id if isinstance(inner, vocab.Activity) else activity.object_id


async def _take(
    node: Node, actor: Actor, uri: str, listed: Listed, budget: FetchBudget, *, own: bool = True
) -> int | None:
    """One public post, as the author's host said it in the list or says it now; the id it has here."""
    if node.is_ours(uri):
        return None
    async with node.db.read() as tx:
        known = await writes.find_by_uri(tx, uri)
    if known is not None:
        return known.id
    try:
        thing = listed.own_items().get(uri)
        if not isinstance(thing, vocab.Object):
            fetched = await node.fetcher.fetch(uri, budget=budget)
            thing = vocab.read(fetched.document)
        if not isinstance(thing, vocab.Object) or vocab.PUBLIC not in (*thing.to, *thing.cc):
            return None
        if own and thing.attributed_to != actor.uri:
            return None
        return await take_fetched(node, thing, budget=budget)
    except (FederationError, NodeError):
        return None


async def _pin(node: Node, actor: Actor, uri: str) -> None:
    async with node.db.tx() as tx:
        post = await writes.find_by_uri(tx, uri)
        if post is not None and post.author_id == actor.id and post.pinned_at is None:
            await marks.put_pinned(tx, post.id, tx.now)

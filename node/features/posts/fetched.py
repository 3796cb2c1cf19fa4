"""Take in posts that somebody here asked for, proved by their own host; ask for the rest of a thread."""

from datetime import timedelta
from typing import Final

from federation import vocab
from federation.budget import FetchBudget
from federation.uris import host_of
from node.features.actors import lookup
from node.features.actors.store.reads import Actor
from node.features.media import service as media
from node.features.polls import service as polls
from node.features.polls import translate as poll_translate
from node.features.posts import in_groups, translate
from node.features.posts.store import marks, writes
from node.features.posts.views import Thread
from node.features.timelines import store as timelines
from node.runtime import Node
from node.wire import wants
from node.wire.store import arrivals

THREAD_COOLDOWN: Final = timedelta(minutes=15)


async def look_for_more(node: Node, thread: Thread) -> bool:
    """Have the rest of a thread fetched in the background, for somebody who is signed in and reads it.

    At most once in `THREAD_COOLDOWN` for a whole thread. True while it is being looked for.
    """
    post = thread.post
    if post.audience not in ("public", "unlisted") or all(
        other.local for other in (post, *thread.ancestors, *thread.descendants)
    ):
        return False
    async with node.db.read() as tx:
        state = await wants.state_of(tx, "thread", post.thread_id, THREAD_COOLDOWN)
    if state != "unasked":
        return state == "looking"
    async with node.db.tx() as tx:
        return await wants.ask(tx, "thread", post.thread_id, cooldown=THREAD_COOLDOWN, detail=str(post.id))


async def take_fetched(node: Node, thing: vocab.Object, *, budget: FetchBudget | None = None) -> int | None:
    """Store a fetched post and return its id; None for what is no post of its own host's author.

    Nobody is notified: it was here for others before, and now it was looked for.

    Raises: NodeError `handle_unknown`, `peer_unreachable` for an author who cannot be had.
    """
    if thing.id is None or thing.type not in translate.POST_TYPES or not thing.attributed_to:
        return None
    if isinstance(thing, vocab.Note) and thing.is_vote:
        return None  # a choice in somebody's poll is nobody else's to see
    if host_of(thing.attributed_to) != host_of(thing.id):
        return None
    author = await lookup.resolve_uri(node, thing.attributed_to, budget=budget)
    async with node.db.tx() as tx:
        known = await arrivals.list_known(tx, [author.uri, *thing.mentions])
        sender = known[author.uri]
        if sender.suspended or sender.deleted or sender.local:
            return None
        published = min(thing.published or tx.now, tx.now)
        post = translate.from_vocab(thing, sender, known, tx.new_id(published), tx.now, wanted=True)
        stored = await writes.put_post(tx, post)
        if stored is not None and await in_groups.turn_out(tx, stored):
            return None
        if stored is not None:
            await media.put_remote(tx, post.id, sender.id, thing.attachments)
            await polls.take_told(tx, post.id, poll_translate.from_vocab(thing), edited=True)
            return post.id
        row = await writes.find_by_uri(tx, thing.id)
        return row.id if row else None


async def take_boost(node: Node, booster: Actor, post_id: int, activity: vocab.Activity) -> None:
    """Note that somebody passed a post on at the time they say; nobody is notified."""
    async with node.db.tx() as tx:
        post = await writes.get_post(tx, post_id)
        if activity.id is None or post.audience not in ("public", "unlisted"):
            return
        if await arrivals.list_tombstoned(tx, [activity.id]):
            return
        published = min(activity.published or tx.now, tx.now)
        boost = marks.Boost(tx.new_id(published), activity.id, booster.id, post_id, "public", published)
        if await marks.put_boost(tx, boost):
            await timelines.put_boost(tx, boost.id)

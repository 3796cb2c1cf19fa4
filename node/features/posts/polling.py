"""Polls on the move: votes in and out, counts told to those who hold a copy, ends, and fresh counts.

The author's node counts. Ours tells new counts of a poll at most once a minute and once more at its
end; who chose what never leaves, except to the poll's author. Called by pages, the API, the wire's
handlers and the sweep.
"""

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from federation import vocab
from federation.budget import FetchBudget
from federation.errors import FederationError
from node.db.database import Tx
from node.errors import NodeError
from node.features.actors.store.reads import get_actor
from node.features.polls import service as polls
from node.features.polls import store, translate
from node.features.polls.service import VoteRefused
from node.features.posts import translate as post_translate
from node.features.posts import views
from node.features.posts.service import note_of, whom
from node.features.posts.store import writes
from node.features.posts.views import PostView
from node.runtime import Node
from node.wire.publish import Destinations, publish

log = logging.getLogger("node.posts")

TOLD_EVERY: Final = timedelta(minutes=1)
STALE_AFTER: Final = timedelta(minutes=3)
GRACE: Final = timedelta(minutes=5)
"""After the end of others' polls: their node first tells the last counts."""

REFRESH_S: Final = 5.0
_AT_ONCE: Final = 100


async def vote(tx: Tx, node: Node, voter_id: int, post_id: int, places: Sequence[int]) -> None:
    """Choose in a poll one may see; a poll of another node hears of it as its author's node wants it.

    Raises: NodeError `not_found`; VoteRefused.
    """
    post = await views.get_post(tx, post_id, voter_id)
    if post.poll is None:
        raise NodeError("not_found", detail="a post that asks nothing")
    if post.author.id == voter_id:
        raise VoteRefused("own")
    ballot = await store.lock_ballot(tx, post_id, voter_id)
    if ballot is None:
        raise NodeError("not_found", detail="a post that asks nothing")
    ours = post.local and post.audience != "local"
    await polls.cast(tx, ballot, voter_id, places, ours=ours)
    if not post.local:
        await _send_votes(tx, voter_id, post, [ballot.titles[place] for place in dict.fromkeys(places)])


async def _send_votes(tx: Tx, voter_id: int, post: PostView, titles: Sequence[str]) -> None:
    voter = await get_actor(tx, voter_id)
    to_author = Destinations(actors=(post.author.id,), personal=True)
    for title in titles:
        # Not an address of its own: it leads to nothing but the voter, and nobody else may read it.
        uri = f"{voter.uri}#votes/{tx.new_id()}"
        choice = translate.vote(uri, voter.uri, post.author.uri, post.uri, title, tx.now)
        await publish(tx, voter_id, choice, to_author)


async def take_vote(tx: Tx, thing: vocab.Note, voter_id: int) -> str:
    """A vote from elsewhere. Returns '' when it counted, else why not."""
    post = await writes.find_by_uri(tx, thing.in_reply_to or "")
    if post is None or not post.local:
        return "vote"
    if post.audience == "local" or not await writes.may_see(tx, post.id, voter_id):
        return "not_visible"
    ballot = await store.lock_ballot(tx, post.id, voter_id)
    if ballot is None or not set(thing.choices) <= set(ballot.titles):
        return "no_such_choice"
    places = [ballot.titles.index(title) for title in thing.choices]
    try:
        await polls.cast(tx, ballot, voter_id, places, ours=True)
    except VoteRefused as refused:
        return {"ended": "poll_ended", "voted": "voted_already"}[refused.reason]
    return ""


async def sweep(node: Node) -> None:
    """End the polls whose time is up, and tell the counts that have changed."""
    async with node.db.tx() as tx:
        ended = await store.claim_ended(tx, GRACE, _AT_ONCE)
        for poll in ended:
            if poll.concerned:
                await store.put_end_news(tx, poll)
        due = await store.claim_untold(tx, tx.now - TOLD_EVERY, _AT_ONCE)
        for post_id in dict.fromkeys([*(poll.post_id for poll in ended if poll.local), *due]):
            await _tell(tx, node, post_id)


async def _tell(tx: Tx, node: Node, post_id: int) -> None:
    """Publish how a poll of ours stands, to everybody who holds a copy of it."""
    author_id = (await writes.get_post(tx, post_id)).author_id
    found = await views.list_posts(tx, [post_id], author_id)
    if not found or found[0].audience == "local":
        return
    post = found[0]
    uri = f"{post.uri}#updates/{tx.new_id()}"
    voters = tuple(await store.list_remote_voters(tx, post_id))
    await publish(tx, author_id, post_translate.update(note_of(node, post), uri, tx.now), whom(post, voters))


async def refresh(node: Node, post_id: int) -> None:
    """Ask the author's node how a poll stands, when that was last heard long ago.

    One request, a few seconds, and nothing is made of a failure: the counts we have are shown.
    """
    async with node.db.tx() as tx:
        if not await store.claim_stale(tx, post_id, tx.now - STALE_AFTER):
            return
        post = await writes.get_post(tx, post_id)
        author_uri = (await get_actor(tx, post.author_id)).uri
    try:
        fetched = await node.fetcher.fetch(post.uri, budget=FetchBudget(2, REFRESH_S))
        thing = vocab.read(fetched.document)
    except FederationError as error:
        log.info("poll not refreshed", extra={"code": error.code, "post": post.uri})
        return
    if not isinstance(thing, vocab.Question) or thing.id != post.uri or thing.attributed_to != author_uri:
        return
    async with node.db.tx() as tx:
        await polls.take_told(tx, post_id, translate.from_vocab(thing), edited=False)


async def refresh_job(node: Node, argument: str) -> None:
    """The same, for a post named by its id."""
    if argument.isdecimal() and len(argument) < 19:
        await refresh(node, int(argument))


def is_stale(post: PostView, node: Node) -> bool:
    """Whether a poll of another node should be asked about before it is believed."""
    poll = post.poll
    if post.local or poll is None or poll.counted_at > node.clock.now() - STALE_AFTER:
        return False
    return poll.ends_at is None or poll.counted_at < poll.ends_at

"""Keeping posts of other nodes: the rows, and what comes with them (files, quotes, polls, notices).

Whether a post may be kept is decided before (`inbound`, `inbound_marks`, quotes' inbound); nothing is
fetched here.
"""

from collections.abc import Sequence

import msgspec

from federation import vocab
from node.db.database import Tx
from node.features.media import service as media
from node.features.notifications.service import Notice, notify_several
from node.features.polls import service as polls
from node.features.polls import translate as poll_translate
from node.features.posts import in_groups, quoting, translate
from node.features.posts.store import writes
from node.wire.incoming import Incoming
from node.wire.store.arrivals import Known


class Taken(msgspec.Struct, frozen=True):
    """A proved post of another node, about to be stored; `wanted` by somebody here, or only as an answer."""

    incoming: Incoming
    thing: vocab.Object
    author: Known
    wanted: bool = True


async def take_posts(tx: Tx, several: Sequence[Taken]) -> list[writes.Stored | None]:
    """Store posts of other nodes; None for one that is not kept or not new. No two may answer one another."""
    posts = [_row_of(tx, one) for one in several]
    stored = await writes.put_posts(tx, posts)
    news: list[Notice] = []
    for one, post in zip(several, posts, strict=True):
        kept = stored.get(post.id)
        if kept is None:
            continue
        if one.thing.attachments:
            await media.put_remote(tx, post.id, one.author.id, one.thing.attachments)
        if one.thing.quote:
            await quoting.take_quote(tx, one.thing, post.id, one.author, one.incoming.gathered.things)
        if isinstance(one.thing, vocab.Question):
            await polls.take_told(tx, post.id, poll_translate.from_vocab(one.thing), edited=True)
        known, mentions = one.incoming.known, one.thing.mentions
        named = {known[uri].id for uri in mentions if uri in known and known[uri].local}
        if kept.answers_us and kept.in_reply_to_actor_id is not None:
            named.add(kept.in_reply_to_actor_id)
        news += [Notice(owner_id, "mention", one.author.id, post.id) for owner_id in sorted(named)]
    await notify_several(tx, news)
    return [stored.get(post.id) for post in posts]


async def take_post(tx: Tx, one: Taken) -> writes.Stored | None:
    """As `take_posts`, for one."""
    return (await take_posts(tx, [one]))[0]


async def take_looked_up(tx: Tx, one: Taken) -> None:
    """Store one that its author did not send: it was fetched as what others answer, quote or pass on."""
    stored = await take_post(tx, one)
    if stored is not None:
        await in_groups.turn_out(tx, stored)


def _row_of(tx: Tx, one: Taken) -> writes.NewPost:
    published = min(one.thing.published or tx.now, tx.now)
    post_id = tx.new_id(published)
    return translate.from_vocab(one.thing, one.author, one.incoming.known, post_id, tx.now, wanted=one.wanted)


async def take_context(tx: Tx, incoming: Incoming, uri: str | None) -> None:
    """Keep what a post answers or quotes, when it was fetched with it."""
    found = incoming.gathered.thing(uri)
    if isinstance(found, vocab.Object) and found.type in translate.POST_TYPES:
        author = incoming.known.get(found.attributed_to or "")
        if author is not None and not author.local and not author.suspended and not author.deleted:
            await take_looked_up(tx, Taken(incoming, found, author))

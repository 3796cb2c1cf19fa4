"""Wishes to quote that arrive, and answers to ours.

An answer counts only from whoever wrote what is quoted; a wish only for a post of the one who asks.
"""

import msgspec

from federation import vocab
from federation.dispatch import Inbound
from node.db.database import Tx
from node.features.actors.store.reads import get_actor
from node.features.posts import service as posts
from node.features.posts import translate
from node.features.posts.arriving import Taken, take_post
from node.features.posts.store import quotes, writes
from node.features.posts.store.quotes import Sides
from node.features.quotes import service
from node.runtime import Node
from node.wire.incoming import Ignored, Incoming, Refused, Registry

inbound: Registry = Inbound()


@inbound.on("QuoteRequest", "*", needs=("actor", "instrument"))
async def quote_wished(tx: Tx, node: Node, incoming: Incoming) -> Ignored | None:
    """Somebody wants to quote a post of ours: answered at once by the rule its author set."""
    request = incoming.activity
    quoted = await writes.find_by_uri(tx, request.object_id or "")
    if quoted is None or not quoted.local:
        return Ignored("post_unknown")
    if not await writes.may_see(tx, quoted.id, incoming.sender.id):
        raise Refused("not_visible")
    post = _quoting_post(incoming, quoted.uri)
    if post is None or post.id is None:
        return Ignored("quoting_post_unknown")
    stamp_uri = ""
    if await service.may_quote(tx, quoted, incoming.sender.id):
        # Whom they quote was handed the post with the wish, so may read it whatever its audience.
        author_uri = (await get_actor(tx, quoted.author_id)).uri
        shown = msgspec.structs.replace(post, cc=(*post.cc, author_uri))
        await take_post(tx, Taken(incoming, shown, incoming.sender))
        stamp_uri = await service.give_leave(tx, node, quoted, incoming.sender.id, post.id)
    await service.answer_request(tx, quoted, incoming.sender.id, request, stamp_uri)
    return None


def _quoting_post(incoming: Incoming, quoted_uri: str) -> vocab.Object | None:
    """The post that quotes, embedded or fetched; it must be the asker's own and quote what they say."""
    found = incoming.activity.instrument
    if isinstance(found, str):
        found = incoming.gathered.thing(found)
    if not isinstance(found, vocab.Object) or found.type not in translate.POST_TYPES or found.id is None:
        return None
    own = found.attributed_to == incoming.sender.uri and vocab.same_host(found.id, incoming.sender.uri)
    if not own or found.quote != quoted_uri:
        raise Refused("not_owner")
    return found


async def _our_wish(tx: Tx, node: Node, incoming: Incoming) -> Sides | None:
    """The quote an answer is about: our post, named in the request we sent."""
    asked = incoming.activity.object
    if not isinstance(asked, vocab.Activity):
        return None
    instrument = asked.instrument.id if isinstance(asked.instrument, vocab.Thing) else asked.instrument
    post = await writes.find_by_uri(tx, instrument or "")
    sides = await quotes.find_sides(tx, post.id) if post is not None and post.local else None
    if sides is not None and sides.quoted_author_id != incoming.sender.id:
        raise Refused("not_asked")
    return sides


@inbound.on("Accept", "QuoteRequest", needs=("actor",))
async def quote_allowed(tx: Tx, node: Node, incoming: Incoming) -> Ignored | None:
    """They agreed: our post now shows what it quotes, here and elsewhere."""
    sides = await _our_wish(tx, node, incoming)
    if sides is None:
        return Ignored("post_unknown")
    result = incoming.activity.result
    stamp_uri = result.id if isinstance(result, vocab.Thing) else result
    if not stamp_uri or not vocab.same_host(stamp_uri, incoming.sender.uri):
        raise Refused("no_leave_named")
    if sides.state not in ("pending", "rejected"):
        return Ignored("known_already")
    await posts.settle_quote(tx, node, sides, "accepted", stamp_uri)
    return None


@inbound.on("Reject", "QuoteRequest", needs=("actor",))
async def quote_refused(tx: Tx, node: Node, incoming: Incoming) -> Ignored | None:
    """They did not agree, or agree no longer: our post keeps the words and loses the quote."""
    sides = await _our_wish(tx, node, incoming)
    if sides is None:
        return Ignored("post_unknown")
    if sides.state in ("rejected", "revoked"):
        return Ignored("known_already")
    await posts.settle_quote(tx, node, sides, "rejected" if sides.state == "pending" else "revoked")
    return None

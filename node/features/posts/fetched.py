"""Take in a post that somebody here asked for by its address, proved by its own host."""

from federation import vocab
from federation.uris import host_of
from node.features.actors import lookup
from node.features.media import service as media
from node.features.posts import translate
from node.features.posts.store import writes
from node.runtime import Node
from node.wire.store import arrivals


async def take_fetched(node: Node, thing: vocab.Object) -> int | None:
    """Store a fetched post and return its id; None for what is no public post.

    Raises: NodeError `handle_unknown`, `peer_unreachable` for an author who cannot be had.
    """
    if thing.id is None or thing.type not in translate.POST_TYPES or not thing.attributed_to:
        return None
    if host_of(thing.attributed_to) != host_of(thing.id):
        return None
    author = await lookup.resolve_uri(node, thing.attributed_to)
    async with node.db.tx() as tx:
        known = await arrivals.list_known(tx, [author.uri, *thing.mentions])
        sender = known[author.uri]
        if sender.suspended or sender.deleted or sender.local:
            return None
        published = min(thing.published or tx.now, tx.now)
        post = translate.from_vocab(thing, sender, known, tx.new_id(published), tx.now, wanted=True)
        stored = await writes.put_post(tx, post)
        if stored is not None:
            await media.put_remote(tx, post.id, sender.id, thing.attachments)
            return post.id
        row = await writes.find_by_uri(tx, thing.id)
        return row.id if row else None

"""Mend follows that two hosts disagree about, by the list of the one who is followed (FEP-8fcf).

Only a list that was read whole, and whose digest is the announced one, changes anything: never an
error, never a part (REL-33).
"""

from typing import Final

from federation import followers
from federation.collecting import Collector
from node.db.database import Tx
from node.features.actors.store.reads import Actor, get_actor, list_by_uris
from node.features.follows import service, store, translate
from node.runtime import Node
from node.wire import wants
from node.wire.publish import Destinations, publish
from node.wire.wants import Want

FETCHES: Final = 52
_PAGES: Final = 50
_MOST: Final = 50_000


async def run(node: Node, argument: str) -> None:
    """The job `followers:<actor id>`; the want's detail is the announced digest and where the list is."""
    await wants.work(node, "followers", argument, mend)


async def mend(node: Node, want: Want) -> None:
    """Fetch the list of our people who follow somebody, and act on the difference."""
    digest, _, url = want.detail.partition(" ")
    async with node.db.read() as tx:
        followee = await get_actor(tx, want.subject_id)
    collector = Collector(node.fetcher, wants.budget_of(node, FETCHES), pages=_PAGES, items=_MOST)
    listed = await collector.read(url, home=followee.uri)
    ours = [uri for uri in listed.ids if node.is_ours(uri)]
    if not listed.complete or followers.digest_of(ours) != digest:
        return
    async with node.db.tx() as tx:
        await _end_unlisted(tx, node, want, followee, set(ours))
        for follower in await list_by_uris(tx, ours):
            if follower.local and follower.deleted_at is None:
                await _settle_listed(tx, node, follower, followee)


async def _end_unlisted(tx: Tx, node: Node, want: Want, followee: Actor, listed: set[str]) -> None:
    """They do not know of it, so it brings nothing: it ends here too."""
    for row in await store.list_local_followers(tx, followee.id):
        accepted_since = row.accepted_at is not None and row.accepted_at >= want.asked_at
        if row.uri in listed or accepted_since:
            continue
        standing = await store.find_follow(tx, row.follower_id, followee.id)
        if standing is not None:
            await service.rejected_by(tx, node, standing, followee.kind)


async def _settle_listed(tx: Tx, node: Node, follower: Actor, followee: Actor) -> None:
    """They think one of ours follows: an answer was lost, or an Undo was."""
    standing = await store.find_follow(tx, follower.id, followee.id)
    if standing is not None:
        if standing.state == "asked":
            await service.accepted_by(tx, node, standing, followee.kind)
        return
    follow_uri = f"{follower.uri}#follows/{followee.id}"
    undo = translate.undo_follow(f"{follow_uri}/undo/{tx.new_id()}", follow_uri, follower.uri, followee.uri)
    await publish(tx, follower.id, undo, Destinations(actors=(followee.id,), personal=True))

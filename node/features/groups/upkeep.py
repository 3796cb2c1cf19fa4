"""What keeps groups right by itself: once a day the two sides of a membership are compared and mended.

Of our groups each house with members is sent the digest of those it should have (FEP-8fcf) and mends its
side. Of others' groups we ask their house what it says: its document, who moderates, and which of our
people belong. Groups whose owners all left get the next in line; bans end; notices run out.
"""

from datetime import timedelta
from typing import Final

from federation import vocab
from federation.budget import FetchBudget
from federation.collecting import Collector
from federation.errors import FederationError
from node.db.database import Tx
from node.features.actors import service as actors
from node.features.actors.store.reads import find_by_uri, get_actor
from node.features.follows import translate as follow_words
from node.features.groups import deeds
from node.features.groups.service import belonging, joining, log, telling
from node.features.groups.store import groups, members
from node.features.groups.store import upkeep as store
from node.features.groups.store.groups import Group
from node.runtime import Node
from node.wire import wants
from node.wire.followers import PATH
from node.wire.publish import Destinations, publish
from node.wire.wants import Want

EVERY: Final = timedelta(days=1)
SETTLED: Final = timedelta(hours=1)
"""Younger memberships are left alone: their answers may still be on the way."""

FETCHES: Final = 16
_AT_ONCE: Final = 50
_MOST: Final = 10_000


async def look_after(node: Node) -> None:
    """Every hour: groups that nobody compared for a day, and those without an owner."""
    async with node.db.tx() as tx:
        for group in await groups.list_groups(tx, await store.list_unchecked(tx, tx.now - EVERY, _AT_ONCE)):
            await store.put_checked(tx, group.actor_id)
            if not group.local:
                await wants.ask(tx, "group", group.actor_id, cooldown=EVERY / 2)
            elif group.visibility != "local":
                await _send_digest(tx, node, group)
        for group_id in await store.list_orphaned(tx, _AT_ONCE):
            await _find_heir(tx, await groups.lock_group(tx, group_id))


async def _send_digest(tx: Tx, node: Node, group: Group) -> None:
    """For members' houses alone, so that it carries the digest of those each should have."""
    document = await actors.describe(tx, node, await get_actor(tx, group.actor_id))
    update = vocab.Update(
        id=f"{group.uri}#updates/{tx.new_id()}", actor=group.uri, object=document, to=(group.followers_uri,)
    )
    await publish(tx, group.actor_id, update, Destinations(followers_of=group.actor_id))


async def _find_heir(tx: Tx, group: Group) -> None:
    """Whoever stands highest and belongs longest owns a group that nobody owns; without anybody it is closed."""
    heir = await store.find_heir(tx, group.actor_id)
    if heir is None:
        await store.put_archived(tx, group.actor_id)
        await log.write(tx, group.actor_id, None, "archive")
        return
    await members.put_role(tx, heir.id, "owner")
    await log.write(
        tx, group.actor_id, None, "role", target_id=heir.actor_id, before=heir.role, after="owner"
    )
    await telling.notice(tx, group, "group_role", group.actor_id, [heir.actor_id])
    tx.tell_changed(group.actor_id)


async def run(node: Node, argument: str) -> None:
    """The job `group:<actor id>`."""
    await wants.work(node, "group", argument, compare)


async def compare(node: Node, want: Want) -> None:
    """Ask the house of a group what it says, and have our copy follow. Raises: FederationError."""
    budget = wants.budget_of(node, FETCHES)
    async with node.db.read() as tx:
        actor = await get_actor(tx, want.subject_id)
    if actor.local or actor.deleted_at is not None:
        return
    document = vocab.read((await node.fetcher.fetch(actor.uri, budget=budget)).document)
    if isinstance(document, vocab.Actor) and document.id == actor.uri:
        async with node.db.tx() as tx:
            await node.hooks.remember_actor(tx, node, document)
    await _compare_moderators(node, want.subject_id, budget)
    await _compare_members(node, want, budget)


async def _read(node: Node, url: str, home: str, budget: FetchBudget) -> list[str] | None:
    """All ids of a collection; None when it cannot be had whole."""
    collector = Collector(node.fetcher, budget, pages=10, items=_MOST)
    try:
        listed = await collector.read(url, home=home)
    except FederationError as error:
        if not error.permanent:
            raise
        return None
    return list(listed.ids) if listed.complete else None


async def _compare_moderators(node: Node, group_id: int, budget: FetchBudget) -> None:
    async with node.db.read() as tx:
        group = await groups.get_group(tx, group_id)
    if not vocab.same_host(group.moderators_uri, group.uri):
        return
    listed = await _read(node, group.moderators_uri, group.uri, budget)
    if listed is None:
        return
    async with node.db.tx() as tx:
        known = set(await members.list_leading_uris(tx, group_id))
        for uri in {*listed, *known}:
            target = await find_by_uri(tx, uri)
            if target is not None and (uri in listed) != (uri in known):
                await deeds.copy_moderator(tx, group, target, moderates=uri in listed)


async def _compare_members(node: Node, want: Want, budget: FetchBudget) -> None:
    """Which of our people belong, as the group's house says to ours (FEP-8fcf)."""
    async with node.db.read() as tx:
        group = await groups.get_group(tx, want.subject_id)
    listed = await _read(node, f"{group.uri}/{PATH}", group.uri, budget)
    if listed is None:
        return
    ours = {uri for uri in listed if node.is_ours(uri)}
    async with node.db.tx() as tx:
        group = await groups.lock_group(tx, want.subject_id)
        settled = tx.now - SETTLED
        for row in await store.list_ours(tx, group.actor_id):
            if row.since <= settled and row.state == "member" and row.uri not in ours:
                await belonging.end(tx, group, row.actor_id)
            elif row.state == "asked" and row.uri in ours:
                member = await members.find_member(tx, group.actor_id, row.actor_id)
                if member is not None:
                    await joining.receive_answer(tx, member, accept=True)
        for uri in ours:
            await _part_if_gone(tx, group, uri)


async def _part_if_gone(tx: Tx, group: Group, uri: str) -> None:
    """They think one of ours belongs who does not: a goodbye was lost, so it is said again."""
    actor = await find_by_uri(tx, uri)
    if (
        actor is None
        or not actor.local
        or await members.find_member(tx, group.actor_id, actor.id) is not None
    ):
        return
    follow_uri = f"{actor.uri}#follows/{group.actor_id}"
    undo = follow_words.undo_follow(f"{follow_uri}/undo/{tx.new_id()}", follow_uri, actor.uri, group.uri)
    await publish(tx, actor.id, undo, Destinations(actors=(group.actor_id,), personal=True))

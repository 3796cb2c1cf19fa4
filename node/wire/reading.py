"""From leased rows to activities with everything already known about them, for a whole batch.

A few queries tell which named actors, objects and activities are known; only what is missing asks
the network later (`federation.gather`).
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from federation import groups, strict_json, uris, vocab
from federation.budget import FetchBudget
from federation.dispatch import Handler
from federation.errors import FederationError
from federation.gather import ANSWERS, Gathered, is_trusted, with_known_object
from federation.groups import is_passed_on
from federation.inbox import is_proved
from node.db.database import Tx
from node.runtime import Node
from node.wire.endings import outcome_of
from node.wire.incoming import InboundHandler
from node.wire.store import arrivals as store
from node.wire.store import deliveries
from node.wire.store.arrivals import InboxItem, Known, Outcome

# What one does to an actor: a Follow of a group is another thing than one of a person.
_OF_ACTORS: Final = frozenset({"Follow", "Join", "Leave", "Invite"})


class Ready(msgspec.Struct):
    """A read activity and the handler it goes to; `announcer` is the group that passed it on."""

    item: InboxItem
    activity: vocab.Activity
    handler: Handler[InboundHandler] | None
    announcer: str = ""


class Batch(msgspec.Struct):
    """Activities read together, what is known of what they name, and how each ended.

    `said` are the activities, ours or received, that others of the batch answer or take back.
    """

    entries: list[Ready]
    known: dict[str, Known]
    known_objects: set[str]
    outcomes: list[Outcome]
    said: dict[str, vocab.Activity]

    def needs_of(self, entry: Ready) -> tuple[str, ...]:
        """What must be gathered. Parents and people named by strangers are not worth a fetch."""
        needs = entry.handler.needs if entry.handler else ()
        sender = self.known.get(entry.announcer or entry.activity.actor)
        if sender is not None and sender.followed_here:
            return needs
        spared = {"in_reply_to", "mentions", "quote"}
        if entry.activity.type == "Announce":
            spared.add("object")  # what strangers pass on is not kept, so it need not be had
        return tuple(need for need in needs if need not in spared)

    def needs_network(self, entry: Ready) -> bool:
        """Whether `gather` will have to fetch something for this activity."""
        if entry.item.refetch or self._is_from_group(entry):
            return True
        needs = self.needs_of(entry)
        activity = entry.activity
        if activity.actor not in self.known:
            return True
        thing = activity.object
        if activity.type in ("Create", "Update") and isinstance(thing, vocab.Actor):
            return True
        if "target" in needs or ("instrument" in needs and isinstance(activity.instrument, str)):
            return True
        if "object" in needs and activity.type != "Delete" and not isinstance(thing, vocab.Thing):
            return thing is not None and not self.has(thing)
        if not isinstance(thing, vocab.Object):
            return False
        if "object" in needs and thing.id and not self.has(thing.id) and not is_trusted(activity, thing):
            return True
        if "in_reply_to" in needs and thing.in_reply_to and not self.has(thing.in_reply_to):
            return True
        if "quote" in needs and thing.quote and (thing.quote_authorization or not self.has(thing.quote)):
            return True
        return "mentions" in needs and any(uri not in self.known for uri in thing.mentions)

    def _is_from_group(self, entry: Ready) -> bool:
        """Whether a group that people here belong to passes on what somebody did: that wants its proof."""
        sender = self.known.get(entry.activity.actor)
        return is_passed_on(entry.activity) and sender is not None and sender.followed_here

    def has(self, uri: str) -> bool:
        """Whether we hold this actor or object."""
        return uri in self.known or uri in self.known_objects

    def expect(self, entry: Ready) -> None:
        """A post of somebody followed here that is about to be stored: those after it need not fetch it."""
        thing = entry.activity.object
        sender = self.known.get(entry.activity.actor)
        wanted = sender is not None and sender.followed_here and entry.activity.type == "Create"
        if wanted and isinstance(thing, vocab.Object) and thing.id and is_trusted(entry.activity, thing):
            self.known_objects.add(thing.id)

    def resolver(self, node: Node) -> "BatchResolver":
        """What `gather` asks."""
        return BatchResolver(node, self)

    def names_of(self, gathered: Gathered) -> list[str]:
        """Every actor that fetched things may name."""
        names = set(gathered.things)
        for thing in gathered.things.values():
            if isinstance(thing, vocab.Object):
                names.update((*thing.mentions, *thing.attributed_to_all))
        return list(names)

    async def refreshed(self, node: Node, entry: Ready, budget: FetchBudget) -> Ready:
        """What its bearer's signature does not prove: read anew at its own host, or taken out of an Announce."""
        if entry.item.refetch:
            activity = await _read_anew(node, entry, budget)
            entry = Ready(entry.item, activity, _handler_of(node, activity, self.known))
        if not self._is_from_group(entry):
            return entry
        inner = await self._passed_on(node, entry, budget)
        async with node.db.read() as tx:
            self.known.update(await store.list_known(tx, list(_names(inner)[0])))
        handler = node.hooks.inbound.lookup("Announce", inner.type)
        if handler is not None and handler.object_type != inner.type:
            handler = None  # what takes boosts must not be handed what somebody else did
        return Ready(entry.item, inner, handler, announcer=entry.activity.actor)

    async def _passed_on(self, node: Node, entry: Ready, budget: FetchBudget) -> vocab.Activity:
        """What a group's Announce holds, proved. Raises: as `groups.inner_of`, `own_origin`, `host_refused`,
        `not_the_author`, and as `Fetcher.fetch`."""
        inner = groups.inner_of(entry.activity)
        if inner.type == "Update" and inner.object_id == entry.activity.actor:
            return await _read_actor(node, inner, budget)
        if node.is_ours(inner.actor):
            async with node.db.read() as tx:
                said = (await _list_activities(tx, node, {inner.id or ""})).get(inner.id or "")
            if said is None or said.actor != inner.actor:
                raise FederationError("own_origin", "announced", status=403)
            return said
        host = uris.host_of(inner.actor)
        if await node.directory.is_host_refused(host):
            raise FederationError("host_refused", host, status=403)
        given = strict_json.loads_again(entry.item.body).get("object")
        if isinstance(given, dict) and await is_proved(
            given, inner.actor, directory=node.directory, fetcher=node.fetcher, now=node.clock.now()
        ):
            return inner
        if groups.basis_of(inner) is groups.Basis.WORD:
            return inner
        if inner.type == "Delete":
            return await _check_gone(node, inner, budget)
        return await _read_object(node, inner, budget)


async def _read_anew(node: Node, entry: Ready, budget: FetchBudget) -> vocab.Activity:
    """What the author's own host says. Raises: `not_the_author`, and as `Fetcher.fetch`."""
    told = entry.activity
    about = told.object_id or ""
    about_own = uris.same_origin(about, told.actor)
    if told.type == "Delete" and about_own:
        return await _check_gone(node, told, budget)
    try:
        fetched = await node.fetcher.fetch(entry.item.activity_uri, budget=budget)
        activity = vocab.read(fetched.document)
    except FederationError as error:
        if not (error.permanent and about_own and told.type in ("Create", "Update")):
            raise
        return await _read_object(node, told, budget)  # many hosts serve posts, but not what said them
    if not isinstance(activity, vocab.Activity) or activity.actor != entry.item.actor_uri:
        raise FederationError("not_the_author", status=403)
    return activity


async def _check_gone(node: Node, told: vocab.Activity, budget: FetchBudget) -> vocab.Activity:
    """A Delete that somebody else brought counts when the host says 410 or shows a Tombstone.

    A 404 proves nothing: a post still to come is not there either.
    """
    try:
        fetched = await node.fetcher.fetch(told.object_id or "", budget=budget)
    except FederationError as error:
        if error.code == "gone":
            return msgspec.structs.replace(told, object=told.object_id)
        raise
    if isinstance(vocab.read(fetched.document), vocab.Tombstone):
        return msgspec.structs.replace(told, object=told.object_id)
    raise FederationError("not_the_author", status=403)


async def _read_object(node: Node, told: vocab.Activity, budget: FetchBudget) -> vocab.Activity:
    fetched = await node.fetcher.fetch(told.object_id or "", budget=budget)
    thing = vocab.read(fetched.document)
    if not isinstance(thing, vocab.Object) or thing.attributed_to_all != (told.actor,):
        raise FederationError("not_the_author", status=403)
    return msgspec.structs.replace(told, object=thing, to=thing.to, cc=thing.cc, audience=thing.audience)


async def _read_actor(node: Node, told: vocab.Activity, budget: FetchBudget) -> vocab.Activity:
    """What a group says of itself at its own address, whoever of its people changed it."""
    thing = vocab.read((await node.fetcher.fetch(told.object_id or "", budget=budget)).document)
    if not isinstance(thing, vocab.Actor) or thing.id != told.object_id:
        raise FederationError("id_mismatch", "announced group", status=403)
    return msgspec.structs.replace(told, object=thing)


class BatchResolver:
    """`federation.gather.Resolver` over what the batch knows, then the network."""

    def __init__(self, node: Node, batch: Batch) -> None:
        self._node = node
        self._batch = batch

    async def known(self, uri: str) -> bool:
        """Whether we hold this actor or object already."""
        return self._batch.has(uri) or self._node.is_ours(uri)

    async def activity(self, uri: str) -> vocab.Activity | None:
        """The stored activity of this id, ours or received."""
        return self._batch.said.get(uri)

    async def fetch(self, uri: str, budget: FetchBudget) -> vocab.Thing:
        """The document from its own host."""
        if self._node.is_ours(uri):
            raise FederationError("own_origin", "fetching from ourselves", status=403)
        fetched = await self._node.fetcher.fetch(uri, budget=budget)
        return vocab.read(fetched.document)


async def _list_activities(tx: Tx, node: Node, uris: set[str]) -> dict[str, vocab.Activity]:
    """The activities of these ids that we sent or received."""
    ours = [uri for uri in uris if node.is_ours(uri)]
    bodies = await deliveries.list_activity_bodies(tx, ours) if ours else {}
    if len(ours) < len(uris):
        bodies |= await store.list_arrived_bodies(tx, list(uris.difference(ours)))
    found: dict[str, vocab.Activity] = {}
    for uri, body in bodies.items():
        try:
            activity = vocab.read(strict_json.loads_again(body))
        except Exception:
            continue  # what we cannot read means nothing, whoever answers it; its own turn says why
        if isinstance(activity, vocab.Activity):
            found[uri] = activity
    return found


def _handler_of(
    node: Node, activity: vocab.Activity, known: dict[str, Known]
) -> Handler[InboundHandler] | None:
    """By the types of activity and object; an address alone is of the kind of the actor we know there."""
    kind = activity.object_type
    if kind is None and activity.type in _OF_ACTORS:
        actor = known.get(activity.object_id or "")
        kind = actor.kind if actor is not None else None
    return node.hooks.inbound.lookup(activity.type, kind)


def _names(activity: vocab.Activity) -> tuple[set[str], set[str]]:
    """(possible actors, possible objects) that an activity speaks of."""
    actors = {activity.actor, *activity.to, *activity.cc}
    objects: set[str] = set()
    thing = activity.object
    # A Create brings its object along: nothing about that is to be known beforehand.
    brought = activity.type == "Create" and isinstance(thing, vocab.Object)
    for uri in (None if brought else activity.object_id, activity.target_id):
        if uri:
            actors.add(uri)
            objects.add(uri)
    if isinstance(thing, vocab.Object):
        actors.update((*thing.mentions, *thing.attributed_to_all, *thing.to, *thing.cc))
        objects.update(uri for uri in (thing.in_reply_to, thing.quote) if uri)
    if isinstance(thing, vocab.Activity):
        actors.update(uri for uri in (thing.actor, thing.object_id) if uri)
        objects.update(uri for uri in (thing.object_id,) if uri)
        if isinstance(thing.object, vocab.Object):  # a group's Announce of what was written
            actors.update((*thing.object.mentions, *thing.object.to, *thing.object.cc))
    return actors, objects


async def read_batch(node: Node, items: Sequence[InboxItem]) -> Batch:
    """Read the bodies and ask once what is known; unreadable ones end by themselves."""
    batch = Batch([], {}, set(), [], {})
    for item in items:
        try:
            document = strict_json.loads_again(item.body)
            activity = vocab.read(document if item.plain else await node.fetcher.documents.plain(document))
        except Exception as error:  # one that nobody can read must not hold up its batch (REL-11)
            batch.outcomes.append(outcome_of(node, item, error))
            continue
        if isinstance(activity, vocab.Activity):
            batch.entries.append(Ready(item, activity, None))
        else:
            batch.outcomes.append(Outcome(item.id, "ignored", "unknown_type"))
    async with node.db.read() as tx:
        await _learn(tx, node, batch)
    return batch


async def _learn(tx: Tx, node: Node, batch: Batch) -> None:
    """Find the handlers of a batch, and ask once for each kind of thing its activities name."""
    activities = [entry.activity for entry in batch.entries]
    answered = {said.object_id for said in activities if said.type in ANSWERS and said.object_id}
    if answered:
        batch.said = await _list_activities(tx, node, answered)
    resolver = batch.resolver(node)
    actors: set[str] = set()
    objects: set[str] = set()
    for entry in list(batch.entries):
        try:
            if entry.activity.type in ANSWERS:
                entry.activity = await with_known_object(entry.activity, resolver)
            named = _names(entry.activity)
        except Exception as error:
            batch.entries.remove(entry)
            batch.outcomes.append(outcome_of(node, entry.item, error))
            continue
        actors |= named[0]
        objects |= named[1]
    batch.known = await store.list_known(tx, list(actors))
    for entry in batch.entries:
        entry.handler = _handler_of(node, entry.activity, batch.known)
    if objects:
        batch.known_objects = await node.hooks.known_objects(tx, list(objects))
        batch.known_objects |= await store.list_tombstoned(tx, list(objects))

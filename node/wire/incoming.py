"""What a handler gets: the activity, who sent it, and everything gathered beforehand.

A handler is `async (tx, node, incoming) -> None | Ignored`. It raises `Refused` when the sender may
not do this. Handlers check before they write. What arrives most is handled by those registered with
`together`: `async (tx, node, incomings)`, which answer for each in order and return `Refused` instead
of raising it. Those handed over together are about different things (`node.wire.waves`).
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import msgspec

from federation import vocab
from federation.dispatch import Inbound
from federation.gather import Gathered
from node.db.database import Tx
from node.runtime import Node
from node.wire.store import arrivals
from node.wire.store.arrivals import Known


class Ignored(msgspec.Struct, frozen=True):
    """Understood, and nothing to do here; the code says why."""

    code: str


class Refused(Exception):
    """The sender may not do this; the code ends up beside the activity."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Incoming(msgspec.Struct, kw_only=True):
    """One verified activity with what was gathered for it.

    `known` holds every known actor the activity names, by uri, the sender included. `refetched`: its
    bearer, who signed with `bearer_key_id`, proved nothing, so it was read at its own host, and `body` is
    worth nothing. `announcer`: the group that passed it on (FEP-1b12); `body` is then its Announce.
    """

    gathered: Gathered
    sender: Known
    known: dict[str, Known]
    received_at: datetime
    body: bytes
    refetched: bool = False
    bearer_key_id: str = ""
    announcer: Known | None = None

    @property
    def activity(self) -> vocab.Activity:
        """The activity; what is still embedded in it may be believed (`federation.gather`)."""
        return self.gathered.activity

    def object_as(self, kind: type[vocab.Object]) -> vocab.Object | None:
        """The object, embedded or fetched, when it is of this kind."""
        found = self.activity.object
        if isinstance(found, str):
            found = self.gathered.thing(found)
        return found if isinstance(found, kind) else None

    def addressed(self) -> list[str]:
        """Everyone in to, cc and audience of the activity and of its object."""
        thing = self.activity.object
        more = (*thing.to, *thing.cc, *thing.audience) if isinstance(thing, vocab.Object) else ()
        return [*self.activity.to, *self.activity.cc, *self.activity.audience, *more]

    async def note_undone_first(self, tx: Tx) -> None:
        """An Undo of something not here: when that comes later it must not count (REL-27)."""
        uri = self.activity.object_id
        if uri and vocab.same_host(uri, self.sender.uri):
            await arrivals.put_tombstone(tx, uri, self.activity.object_type or "", self.sender.uri)


Ended = Ignored | Refused | None
HandlerOfSeveral = Callable[[Tx, Node, Sequence[Incoming]], Awaitable[Sequence[Ended]]]
InboundHandler = Callable[[Tx, Node, Incoming], Awaitable[Ignored | None]]
Registry = Inbound[InboundHandler]

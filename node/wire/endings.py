"""What an exception means for an arrived activity: refused for good, again later, or worn out.

Whatever raises while one arrival is read, gathered for or handled ends here, so that none is ever without a named
state and none that cannot be worked off is tried for ever. Called by `reading` and `process`.
"""

import logging
import random
from datetime import timedelta

import asyncpg

from federation import delivery
from federation.errors import FederationError
from node.db.database import describe
from node.errors import NodeError
from node.runtime import Node
from node.wire.incoming import Refused
from node.wire.store.arrivals import InboxItem, Outcome

log = logging.getLogger("node.wire.process")

MAX_ATTEMPTS = 8


def outcome_of(node: Node, item: InboxItem, error: Exception) -> Outcome:
    """The named state an exception means: refused for good, or again later, or worn out."""
    match error:
        case Refused():
            return Outcome(item.id, "refused", error.code)
        case NodeError():
            return Outcome(item.id, "refused", error.code)
        case FederationError() if error.permanent:
            return Outcome(item.id, "refused", error.code)
        case FederationError():
            code = error.code
        case asyncpg.PostgresError() | asyncpg.InterfaceError() | asyncpg.InternalClientError() | OSError():
            log.warning("database said no", extra={**describe(error), "activity": item.activity_uri})
            code = "database"
        case _:
            log.exception("handler raised", exc_info=error, extra={"activity": item.activity_uri})
            code = type(error).__name__
    delay = delivery.next_delay(item.attempts, random.Random())
    if item.attempts >= MAX_ATTEMPTS or delay is None:
        return Outcome(item.id, "failed", code)
    return Outcome(item.id, "new", code, node.clock.now() + timedelta(seconds=delay))

"""Who holds a token, remembered for a little while by those who only read.

A program asks many times in a row with the same token. Who holds it is kept as long as the database tells of
no change to the token, its person or their account (`node.copies`), and half a minute at most; what
changes something is always asked anew. Called by the guard.
"""

import time
from datetime import date
from typing import Final

import msgspec

from node.appkeys import Viewer
from node.copies import copies_of
from node.features.accounts import tokens
from node.features.oauth import service
from node.features.oauth.service import AppViewer
from node.runtime import Node

_LONGEST_S: Final = 30.0


class _Holder(msgspec.Struct, frozen=True):
    viewer: Viewer
    day: date  # of use: the first use of each day is noted in the row
    until: float


async def find_holder(node: Node, token: str, *, only_reading: bool) -> Viewer | AppViewer | None:
    """Who is behind a bearer token; None for an unknown one."""
    copies = copies_of(node)
    mark = ("token", tokens.digest_of(token))
    day = node.clock.now().date()
    kept = copies.find(mark) if copies is not None and only_reading else None
    if isinstance(kept, _Holder) and kept.day == day and time.monotonic() < kept.until:
        return kept.viewer
    turn = copies.turn if copies is not None else 0
    async with node.db.read() as tx:
        found = await service.viewer_for_token(tx, token)
    if copies is not None and isinstance(found, Viewer):
        copies.keep(mark, found.actor_id, _Holder(found, day, time.monotonic() + _LONGEST_S), turn)
    return found

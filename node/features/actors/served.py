"""Public answers about our people, ready to send: their documents and their WebFinger.

Peers ask for the same few again and again. A copy is kept only while the database tells us of every
change (`node.db.changes`). What this process changes itself it forgets with the commit (`Tx.tell_changed`):
whoever is told of a change and looks at once must not find what was before. What is not public is never
kept. Called by `actors.serve`.
"""

import hashlib
from typing import Final

import msgspec
from aiohttp import hdrs, web

from node.db.changes import Changes
from node.runtime import Node

CHANNEL: Final = "actor_changed"
_MOST: Final = 2000
_LONGEST: Final = 600  # characters of a path or query worth keeping
_NAME: Final = "actors_served"


class Copy(msgspec.Struct, frozen=True):
    """One answer's body, its entity tag and its headers."""

    actor_id: int
    body: bytes
    etag: str
    headers: dict[str, str]


class Served:
    """All copies of one process, by what was asked."""

    def __init__(self, dsn: str) -> None:
        self.changes = Changes(dsn, CHANNEL, self._changed, self._lost)
        self.turn = 0  # a copy made before the last change is not kept
        self._copies: dict[str, Copy] = {}

    def find(self, asked: str) -> Copy | None:
        """The answer, if there is one that still holds."""
        return self._copies.get(asked)

    def keep(self, asked: str, copy: Copy, turn: int) -> None:
        """Keep an answer that was read when `turn` stood so."""
        if not self.changes.hears or turn != self.turn or len(asked) > _LONGEST:
            return
        if len(self._copies) >= _MOST:
            self._copies.clear()
        self._copies[asked] = copy

    def forget(self, actor_ids: set[int]) -> None:
        """Let go of what was said about these."""
        self.turn += 1
        gone = [asked for asked, copy in self._copies.items() if copy.actor_id in actor_ids]
        for asked in gone:
            del self._copies[asked]

    def _changed(self, actor_id: str) -> None:
        self.forget({int(actor_id)})

    def _lost(self) -> None:
        self.turn += 1
        self._copies.clear()


def served_of(node: Node) -> Served | None:
    """This process's copies; None where nobody listens for changes."""
    found: Served | None = node.caches.get(_NAME)
    return found


async def open_served(node: Node, dsn: str) -> Served:
    """Begin to keep copies."""
    served = Served(dsn)
    await served.changes.open()
    node.caches[_NAME] = served
    node.db.forget = served.forget
    return served


def copy_of(actor_id: int, body: bytes, headers: dict[str, str]) -> Copy:
    """An answer to keep."""
    etag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    return Copy(actor_id, body, etag, {**headers, hdrs.ETAG: etag})


def answer(request: web.Request, copy: Copy) -> web.Response:
    """The answer, or 304 to who has it already. Spec: RFC 9110 §13.1.2."""
    wanted = request.headers.get(hdrs.IF_NONE_MATCH, "")
    if wanted and (wanted == "*" or copy.etag in wanted.replace("W/", "").replace(" ", "").split(",")):
        return web.Response(status=304, headers=copy.headers)
    return web.Response(body=copy.body, headers=copy.headers)

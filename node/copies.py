"""What one process keeps of things made from rows about our actors: public answers, holders of tokens.

A copy counts only while the database tells us of every change (`node.db.changes`). What this process
changes itself it forgets with the commit (`Tx.tell_changed`): whoever is told of a change and looks at once
must not find what was before. Kept in memory, never the truth. Opened by `node.app` for processes that
serve; used by `actors.served` and `oauth.holders`.
"""

from collections.abc import Hashable
from typing import Final

from node.db.changes import Changes
from node.runtime import Node

CHANNEL: Final = "actor_changed"
_MOST: Final = 4000
_NAME: Final = "copies"


class Copies:
    """All copies of one process, by what was asked."""

    def __init__(self, dsn: str) -> None:
        self.changes = Changes(dsn, CHANNEL, self._changed, self._lost)
        self.turn = 0  # a copy made before the last change is not kept
        self._copies: dict[Hashable, tuple[int, object]] = {}

    def find(self, asked: Hashable) -> object | None:
        """What was kept, if it still holds."""
        found = self._copies.get(asked)
        return None if found is None else found[1]

    def keep(self, asked: Hashable, actor_id: int, copy: object, turn: int) -> None:
        """Keep something about an actor of ours that was read when `turn` stood so."""
        if not self.changes.hears or turn != self.turn:
            return
        if len(self._copies) >= _MOST:
            self._copies.clear()
        self._copies[asked] = (actor_id, copy)

    def forget(self, actor_ids: set[int]) -> None:
        """Let go of what is about these."""
        self.turn += 1
        gone = [asked for asked, (actor_id, _) in self._copies.items() if actor_id in actor_ids]
        for asked in gone:
            del self._copies[asked]

    def _changed(self, actor_id: str) -> None:
        self.forget({int(actor_id)})

    def _lost(self) -> None:
        self.turn += 1
        self._copies.clear()


def copies_of(node: Node) -> Copies | None:
    """This process's copies; None where nobody listens for changes."""
    found: Copies | None = node.caches.get(_NAME)
    return found


async def open_copies(node: Node, dsn: str) -> Copies:
    """Begin to keep copies."""
    copies = Copies(dsn)
    await copies.changes.open()
    node.caches[_NAME] = copies
    node.db.forget = copies.forget
    return copies

"""Which activities of a batch may be handled side by side, and which must wait for another.

Two activities are independent when neither changes what the other speaks of. Every activity goes
into the first wave after all earlier ones it depends on; within a wave the order means nothing, so
those of one kind go to their handler together. What comes out is what handling one after the other
would have made. Pure; called by `applying`.
"""

from collections.abc import Hashable, Sequence

from federation import vocab
from node.wire.reading import Ready

_CHANGES_ITS_OBJECT = frozenset({"Create", "Update", "Delete", "Undo"})
_MARKS_A_THING = frozenset({"Like", "EmojiReact", "Announce"})


def groups_of(entries: Sequence[Ready]) -> list[list[Ready]]:
    """The activities in groups, in the order to handle them: several only where one handler takes them."""
    changed_until: dict[Hashable, int] = {}  # the first wave after the last that changes this
    read_until: dict[Hashable, int] = {}  # the first wave after the last that looks at this
    waves: list[dict[Hashable, list[Ready]]] = []
    for position, entry in enumerate(entries):
        changes, looks_at = _claims(entry)
        wave = 0
        for claim in changes:
            wave = max(wave, changed_until.get(claim, 0), read_until.get(claim, 0))
        for claim in looks_at:
            wave = max(wave, changed_until.get(claim, 0))
        for claim in changes:
            changed_until[claim] = wave + 1
        for claim in looks_at:
            read_until[claim] = max(read_until.get(claim, 0), wave + 1)
        while len(waves) <= wave:
            waves.append({})
        waves[wave].setdefault(_group_of(entry, position), []).append(entry)
    return [group for wave in waves for group in wave.values()]


def _group_of(entry: Ready, position: int) -> Hashable:
    handler = entry.handler
    return handler.function if handler is not None and handler.together else position


def _claims(entry: Ready) -> tuple[set[Hashable], set[Hashable]]:
    """(what it changes, what else it speaks of). A handler of one activity may change whatever it names."""
    if entry.handler is None:
        return set(), set()
    activity = entry.activity
    thing = activity.object
    host = ("host", entry.item.host)
    named: set[Hashable] = {activity.actor, activity.object_id, activity.target_id}
    if isinstance(thing, vocab.Object):
        named |= {thing.in_reply_to, thing.quote}
    inner = thing.object_id if isinstance(thing, vocab.Activity) else None
    named.add(inner)
    named.discard(None)
    if not entry.handler.together:
        return {host, activity.id, *named}, set()
    changes: set[Hashable] = {activity.id}
    if activity.type in _CHANGES_ITS_OBJECT:
        changes.add(activity.object_id)
    marked = activity.object_id if activity.type in _MARKS_A_THING else inner
    if marked:
        changes.add((activity.actor, marked))
    changes.discard(None)
    return changes, {host, *named} - changes

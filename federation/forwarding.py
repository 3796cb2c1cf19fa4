"""Inbox forwarding: passing a reply on to the followers who follow its thread.

Owns the decision of AP §7.1.2 and nothing else: no storage, no sending. The host application
looks up what `links_of` names, asks `decide`, and delivers the received bytes unchanged.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from federation.vocab.values import PUBLIC, ref

_ADDRESSED: Final = ("to", "cc", "audience", "bto", "bcc")
_LINKED: Final = ("object", "target", "inReplyTo", "tag")
_MAX_DEPTH: Final = 3
_MAX_LINKS: Final = 100


class Links(msgspec.Struct, frozen=True):
    """What an activity is addressed to, and what of ours it may be about."""

    addressed: frozenset[str]
    about: frozenset[str]


class Situation(msgspec.Struct, frozen=True):
    """What only the host application knows about one received activity.

    `first_seen`: this delivery made the row. `provable`: it carries a proof that the next reader
    can check. `our_collections` and `our_objects` are the links that are stored here as ours.
    """

    first_seen: bool
    provable: bool
    our_collections: frozenset[str]
    our_objects: frozenset[str]


def _entries(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _collect(node: dict[str, Any], names: tuple[str, ...], depth: int, found: set[str]) -> None:
    for name in names:
        for entry in _entries(node.get(name)):
            if len(found) >= _MAX_LINKS:
                return
            uri = entry.get("id", entry.get("href")) if isinstance(entry, dict) else entry
            uri = ref(uri) if isinstance(uri, str) else None
            if uri is not None:
                found.add(uri)
            if isinstance(entry, dict) and depth < _MAX_DEPTH:
                _collect(entry, names, depth + 1, found)


def links_of(document: dict[str, Any]) -> Links:
    """The links that matter for forwarding; nested objects are read three levels deep at most."""
    addressed: set[str] = set()
    about: set[str] = set()
    _collect(document, _ADDRESSED, _MAX_DEPTH, addressed)
    _collect(document, _LINKED, 0, about)
    return Links(frozenset(addressed), frozenset(about))


def decide(links: Links, situation: Situation) -> frozenset[str]:
    """The collections of ours whose members should get the activity as it came; often none.

    All of AP §7.1.2: seen for the first time, addressed to a collection of ours, about an object
    of ours. And beyond it, provable: the next reader would have to drop it otherwise. What is for
    everybody is for the members of our collections too; hardly any server names these.
    """
    if not (situation.first_seen and situation.provable and links.about & situation.our_objects):
        return frozenset()
    if PUBLIC in links.addressed:
        return situation.our_collections
    return links.addressed & situation.our_collections

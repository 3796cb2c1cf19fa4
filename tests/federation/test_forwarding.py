"""Inbox forwarding happens only when every condition of AP §7.1.2 holds."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from federation.forwarding import Situation, decide, links_of

FOLLOWERS = "https://local.test/ap/users/1/followers"
NOTE = "https://local.test/ap/notes/1"
REPLY: dict[str, Any] = {
    "id": "https://peer.test/a/1",
    "type": "Create",
    "actor": "https://peer.test/u/p",
    "to": "https://www.w3.org/ns/activitystreams#Public",
    "cc": [FOLLOWERS, {"id": "https://peer.test/u/p/followers"}],
    "object": {"id": "https://peer.test/n/1", "type": "Note", "inReplyTo": NOTE},
}
READY = Situation(True, True, frozenset((FOLLOWERS,)), frozenset((NOTE,)))

CASES: dict[str, tuple[dict[str, Any], Situation, bool]] = {
    "all conditions": (REPLY, READY, True),
    "seen before": (REPLY, msgspec.structs.replace(READY, first_seen=False), False),
    "not provable": (REPLY, msgspec.structs.replace(READY, provable=False), False),
    "not about ours": (REPLY, msgspec.structs.replace(READY, our_objects=frozenset()), False),
    "no collection of ours": (REPLY, msgspec.structs.replace(READY, our_collections=frozenset()), False),
    "for everybody": ({**REPLY, "cc": []}, READY, True),
    "for everybody, spelled otherwise": ({**REPLY, "to": ["as:Public"], "cc": []}, READY, True),
    "addressed to it alone": ({**REPLY, "to": FOLLOWERS, "cc": []}, READY, True),
    "not addressed to it": ({**REPLY, "to": "https://peer.test/u/q", "cc": []}, READY, False),
    "about ours by tag": ({**REPLY, "object": {"tag": [{"type": "Mention", "href": NOTE}]}}, READY, True),
    "about ours by target": ({**REPLY, "object": {}, "target": NOTE}, READY, True),
    "about ours by object": ({**REPLY, "object": NOTE}, READY, True),
    "only addressed within the object": (
        {**REPLY, "to": [], "cc": [], "object": {**REPLY["object"], "cc": FOLLOWERS}},
        READY,
        False,
    ),
    "nothing sensible": ({"to": [5, None, {}], "object": [[], 7]}, READY, False),
}


@pytest.mark.parametrize(("document", "situation", "forwards"), CASES.values(), ids=CASES)
def test_an_activity_is_forwarded_only_when_all_conditions_hold(
    document: dict[str, Any], situation: Situation, forwards: bool
) -> None:
    assert decide(links_of(document), situation) == (frozenset((FOLLOWERS,)) if forwards else frozenset())


def test_links_are_read_to_a_depth_and_a_count() -> None:
    deep: dict[str, Any] = {"inReplyTo": NOTE}
    for _ in range(500):
        deep = {"object": deep}
    assert NOTE not in links_of(deep).about
    many = {"tag": [{"href": f"https://x.test/{number}"} for number in range(5000)]}
    assert len(links_of(many).about) == 100

"""What belongs to groups and events elsewhere ends by name and leaves nothing, while nobody here is part of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.docs.codes import ENDS
from tests.node.wire.strangers import PUBLIC, known_as
from tests.threats.oracle import Scene, counted

GROUP, EVENT = "https://mob.example/@bikers", "https://mob.example/events/9a1c"
MEMBER, JOIN = "https://mob.example/member/5d7c", "https://node.example/ap/joins/31"
MEETING = {"type": "Event", "id": EVENT, "name": "Ride", "startTime": "2026-12-01T18:00:00Z"}
# Shapes as the programs named really write them; `%s` is a person of our house.
SHAPES: dict[str, dict[str, Any]] = {
    "Mobilizon leaves a group, without an id": {
        "type": "Leave", "object": GROUP, "to": [f"{GROUP}/members"], "cc": [GROUP], "id": None},
    "Mobilizon leaves an event": {"type": "Leave", "object": EVENT, "to": [GROUP]},
    "Mobilizon invites to a group": {
        "type": "Invite", "object": GROUP, "target": "%s", "attributedTo": GROUP, "to": ["%s", f"{GROUP}/members"]},
    "Streams invites to an event": {
        "type": "Invite", "object": MEETING, "target": "%s", "to": ["%s"]},
    "Smithereen invites to a group": {"type": "Invite", "object": {"type": "Group", "id": GROUP}, "target": "%s"},
    "Mobilizon accepts a member": {
        "type": "Accept", "attributedTo": GROUP, "object": {
            "type": "Member", "id": MEMBER, "actor": "%s", "object": GROUP, "role": "member"}},
    "Mobilizon refuses an invitation": {"type": "Reject", "object": MEMBER},
    "Mobilizon accepts a participation": {
        "type": "Accept", "object": {"type": "Join", "id": JOIN, "actor": "%s", "object": EVENT}},
    "Mobilizon refuses a participation": {
        "type": "Reject", "object": {"type": "Join", "id": JOIN, "actor": "%s", "object": EVENT}},
    "Friendica may come": {"type": "TentativeAccept", "object": EVENT},
    "Friendica comes": {"type": "Accept", "object": MEETING},
    "Friendica does not come": {"type": "Reject", "object": MEETING},
    "Streams may come, by the invitation": {
        "type": "TentativeAccept",
        "object": {"type": "Invite", "id": "https://s.example/i", "actor": "%s", "object": EVENT}},
    "Streams may not come": {"type": "TentativeReject", "object": EVENT},
    "Smithereen may join": {"type": "TentativeJoin", "object": GROUP},
    "Smithereen asks to be friends": {"type": "Offer", "object": {
        "type": "Follow", "id": "https://s.example/f", "actor": "https://s.example/u", "object": "%s"}},
    "an offer for a proposal": {"type": "Offer", "object": {
        "type": "Agreement", "stipulates": {"type": "Commitment", "satisfies": "https://node.example/ap/proposals/7"}}},
    "an offer is taken": {
        "type": "Accept", "object": "https://peer.example/offers/3", "result": {"type": "Agreement", "id": MEMBER}},
    "an offer is refused": {"type": "Reject", "object": "https://peer.example/offers/3", "content": "no"},
    "WordPress takes no registrations": {"type": "Ignore", "object": JOIN},
    "a Join of what nobody here has": {"type": "Join", "object": EVENT, "participationMessage": "?"},
    "a friend is taken from a list": {"type": "Remove", "object": MEMBER, "origin": GROUP, "to": ["%s"]},
    "a member is given a role": {
        "type": "Update", "object": {"type": "Member", "id": MEMBER, "actor": "%s", "object": GROUP}},
}  # fmt: skip


def named(value: Any, person: str) -> Any:
    """The shape with a person of ours in its places."""
    if isinstance(value, dict):
        return {name: named(inner, person) for name, inner in value.items()}
    if isinstance(value, list):
        return [named(inner, person) for inner in value]
    return person if value == "%s" else value


# Whom it is about must be asked of a house that nobody here can reach just now: it is tried again.
WAIT = {"Mobilizon invites to a group", "Streams invites to an event", "Smithereen invites to a group"}


@pytest.mark.parametrize("shape", SHAPES)
async def test_what_nobody_here_is_part_of_ends_by_name_and_stores_nothing(scene: Scene, shape: str) -> None:
    fields = named(SHAPES[shape], scene.amina.uri)
    activity = scene.eve.does(fields["type"], fields["object"], to=[PUBLIC]) | fields
    before = await scene.before()
    if activity["id"] is None:
        del activity["id"]
        assert await scene.eve.send(scene.node, activity, now=scene.rig.clock.now()) in (202, 400)
    else:
        ((state, code),) = await scene.works(scene.eve, activity)
        if shape in WAIT:
            assert (state, code) == ("new", "unreachable")
        else:
            assert state in ("ignored", "refused") and code in ENDS, (state, code)
    if shape in WAIT:
        after = await counted(scene.node)
        assert {name: rows for name, rows in after.items() if name != "inbox_items"} == {
            name: rows for name, rows in before.items() if name != "inbox_items"
        }
    else:
        await scene.nothing_since(before)


async def test_the_shapes_are_of_somebody_who_is_known(scene: Scene) -> None:
    """Otherwise each would end for want of a sender, and say nothing."""
    known = await known_as(scene.node, scene.eve)
    assert known.uri == scene.eve.uri

"""How people of this and of other nodes get into a group and out of it."""

from __future__ import annotations

import pytest

from node.errors import NodeError
from node.features.follows import service as follows
from node.features.groups.service import joining
from tests.node.features.groups.club import found_club, standing_of
from tests.rig import Rig, RigNode


async def test_an_open_group_lets_in_at_once(rig: Rig, lindenhof: RigNode) -> None:
    club = await found_club(rig, lindenhof)
    amina = await lindenhof.person("amina")
    async with lindenhof.db.tx() as tx:
        assert await joining.join(tx, lindenhof.node, amina.id, club.actor.id) == "member"
        assert await tx.fetchval("SELECT members_count FROM groups") == 2
    assert await standing_of(lindenhof, club.actor.uri, amina.uri) == "member"


async def test_following_a_group_is_joining_it(rig: Rig, lindenhof: RigNode) -> None:
    club = await found_club(rig, lindenhof)
    amina = await lindenhof.person("amina")
    async with lindenhof.db.tx() as tx:
        assert await follows.follow(tx, lindenhof.node, amina.id, club.actor.id) == "accepted"
    assert await standing_of(lindenhof, club.actor.uri, amina.uri) == "member"
    async with lindenhof.db.tx() as tx:
        await follows.unfollow(tx, lindenhof.node, amina.id, club.actor.id)
    assert await standing_of(lindenhof, club.actor.uri, amina.uri) == ""


async def test_joining_and_leaving_travel_between_nodes(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    club = await found_club(rig, lindenhof)
    olena = await lernwerk.person("olena")
    assert await club.join_from(lernwerk, olena) == "asked"
    assert await club.states(lernwerk, olena) == ("member", "member")
    await club.leave_from(lernwerk, olena)
    assert await club.states(lernwerk, olena) == ("", "")


async def test_a_question_is_answered_and_the_answer_arrives(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    club = await found_club(rig, lindenhof, openness="moderated", question="What do you grow?")
    olena = await lernwerk.person("olena")
    await club.join_from(lernwerk, olena, "Beans.")
    assert await club.states(lernwerk, olena) == ("asked", "asked")
    async with lindenhof.db.tx() as tx:
        assert await tx.fetchval("SELECT answer FROM members WHERE state = 'asked'") == "Beans."
        there = await club.id_of(olena)
        await joining.answer_request(tx, lindenhof.node, club.founder.id, club.actor.id, there, accept=True)
    await rig.settle()
    assert await club.states(lernwerk, olena) == ("member", "member")


async def test_the_last_owner_cannot_leave(rig: Rig, lindenhof: RigNode) -> None:
    club = await found_club(rig, lindenhof)
    with pytest.raises(NodeError, match="last owner"):
        async with lindenhof.db.tx() as tx:
            await joining.leave(tx, lindenhof.node, club.founder.id, club.actor.id)
    assert await standing_of(lindenhof, club.actor.uri, club.founder.uri) == "owner"

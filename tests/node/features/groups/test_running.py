"""What those who run a group do, here and from other houses, and what its log says of it."""

from __future__ import annotations

import pytest

from node.errors import NodeError
from node.features.actors import lookup
from node.features.groups.service import joining, roles
from node.features.groups.store import log as log_store
from tests.node.features.groups.club import Club, found_club, id_of
from tests.rig import Rig, RigNode


async def _log(club: Club) -> list[str]:
    async with club.home.db.read() as tx:
        entries = await log_store.list_entries(tx, club.actor.id, 0, 50)
    return [entry.action for entry in entries]


async def test_a_moderator_of_another_house_puts_somebody_out_and_keeps_them_out(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    club = await found_club(rig, lindenhof)
    olena, ben = await lernwerk.person("olena"), await lindenhof.person("ben")
    await club.join_from(lernwerk, olena)
    async with lindenhof.db.tx() as tx:
        await joining.join(tx, lindenhof.node, ben.id, club.actor.id)
    await club.appoint(olena, "moderator")
    assert await club.states(lernwerk, olena) == ("moderator", "moderator")
    there = await club.seen_at(lernwerk)
    ben_there = await _met(lernwerk, ben.uri)
    async with lernwerk.db.tx() as tx:
        await roles.ban(tx, lernwerk.node, olena.id, there.id, ben_there, "Spam.")
    await rig.settle()
    assert await club.states(lindenhof, ben) == ("", "")
    assert (await _log(club))[0] == "ban"
    with pytest.raises(NodeError, match="kept out"):
        async with lindenhof.db.tx() as tx:
            await joining.join(tx, lindenhof.node, ben.id, club.actor.id)
    async with lernwerk.db.tx() as tx:
        await tx.execute(
            "INSERT INTO group_bans (id, uri, group_id, actor_id, reason, created_at)"
            " SELECT 1, b.uri, $1, $2, '', now() FROM (SELECT uri FROM activities WHERE type = 'Block') b"
            " ON CONFLICT DO NOTHING",
            there.id,
            ben_there,
        )
        await roles.unban(tx, lernwerk.node, olena.id, there.id, ben_there)
    await rig.settle()
    assert (await _log(club))[0] == "unban"
    async with lindenhof.db.tx() as tx:
        assert await joining.join(tx, lindenhof.node, ben.id, club.actor.id) == "member"


async def _met(node: RigNode, uri: str) -> int:
    return (await lookup.resolve_uri(node.node, uri)).id


async def test_who_does_not_moderate_is_not_obeyed(rig: Rig, lindenhof: RigNode, lernwerk: RigNode) -> None:
    """GRP-04: a member's Block, Add and Remove change nothing, and the log stays as it was."""
    club = await found_club(rig, lindenhof)
    olena = await lernwerk.person("olena")
    await club.join_from(lernwerk, olena)
    there = await club.seen_at(lernwerk)
    founder = await _met(lernwerk, club.founder.uri)
    async with lernwerk.db.tx() as tx:
        await tx.execute("UPDATE members SET role = 'admin' WHERE actor_id = $1", olena.id)
        await roles.ban(tx, lernwerk.node, olena.id, there.id, founder, "Mine now.")
    before = await _log(club)
    await rig.settle()
    assert await _log(club) == before
    assert await club.states(lindenhof, club.founder) == ("owner", "owner")
    async with lindenhof.db.read() as tx:
        assert await tx.fetchval("SELECT code FROM inbox_items WHERE type = 'Block'") == "not_moderator"


async def test_a_ban_ends_by_itself(rig: Rig, lindenhof: RigNode, lernwerk: RigNode) -> None:
    club = await found_club(rig, lindenhof)
    olena = await lernwerk.person("olena")
    await club.join_from(lernwerk, olena)
    async with lindenhof.db.tx() as tx:
        until = tx.now.replace(hour=23)
        target = await club.id_of(olena)
        await roles.ban(tx, lindenhof.node, club.founder.id, club.actor.id, target, "Rest.", until)
    await rig.settle()
    assert await club.states(lernwerk, olena) == ("", "")
    rig.clock.advance(days=1)
    await lindenhof.sweep()
    assert (await _log(club))[0] == "unban"


async def test_an_invitation_is_answered_across_nodes(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    club = await found_club(rig, lindenhof, openness="invite_only")
    olena = await lernwerk.person("olena")
    await club.join_from(lernwerk, olena)
    assert await club.states(lernwerk, olena) == ("", "")  # turned away
    invitee = await _met(lindenhof, olena.uri)
    async with lindenhof.db.tx() as tx:
        await joining.invite(tx, lindenhof.node, club.founder.id, club.actor.id, invitee)
    await rig.settle()
    assert await club.states(lernwerk, olena) == ("invited", "invited")
    there = await id_of(lernwerk, club.actor.uri)
    async with lernwerk.db.tx() as tx:
        await joining.answer_invitation(tx, lernwerk.node, olena.id, there, accept=True)
    await rig.settle()
    assert await club.states(lernwerk, olena) == ("member", "member")


async def test_a_removed_member_hears_of_it(rig: Rig, lindenhof: RigNode, lernwerk: RigNode) -> None:
    club = await found_club(rig, lindenhof)
    olena = await lernwerk.person("olena")
    await club.join_from(lernwerk, olena)
    async with lindenhof.db.tx() as tx:
        target = await club.id_of(olena)
        await roles.remove(tx, lindenhof.node, club.founder.id, club.actor.id, target, "Not here.")
    await rig.settle()
    assert await club.states(lernwerk, olena) == ("", "")
    async with lernwerk.db.read() as tx:
        assert (
            await tx.fetchval("SELECT kind FROM notifications WHERE owner_id = $1", olena.id) == "group_left"
        )

"""People are asked into groups, by name on other nodes and by link; nobody is made a member unasked."""

from __future__ import annotations

from datetime import timedelta

import pytest

from federation import vocab
from node.errors import NodeError
from node.features.actors import lookup
from node.features.actors.store.reads import Actor
from node.features.groups.service import inviting, joining, roles
from node.features.groups.service.inviting import Terms
from node.wire.publish import Destinations, publish
from tests.node.features.groups.club import Club, found_club, standing_of
from tests.rig import Rig, RigNode


async def invite(club: Club, person: Actor) -> None:
    """Rosa asks somebody of another node in."""
    guest = await lookup.resolve_uri(club.home.node, person.uri)
    async with club.home.db.tx() as tx:
        await joining.invite(tx, club.home.node, club.founder.id, club.actor.id, guest.id)
    await club.rig.settle()


async def answer(club: Club, there: RigNode, person: Actor, *, accept: bool) -> None:
    """The invited person says yes or no."""
    group = await club.seen_at(there)
    async with there.db.tx() as tx:
        await joining.answer_invitation(tx, there.node, person.id, group.id, accept=accept)
    await club.rig.settle()


async def news_of(node: RigNode, person: Actor) -> list[str]:
    async with node.db.read() as tx:
        rows = await tx.fetch("SELECT kind FROM notifications WHERE owner_id = $1 ORDER BY id", person.id)
    return [row["kind"] for row in rows]


@pytest.mark.parametrize("visibility", ["public", "private"])
@pytest.mark.parametrize(("accept", "after"), [(True, ("member", "member")), (False, ("", ""))])
async def test_an_invitation_to_another_node_is_answered_there(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode, visibility: str, accept: bool, after: tuple[str, str]
) -> None:
    club = await found_club(rig, lindenhof, openness="invite_only", visibility=visibility)
    olena = await lernwerk.person("olena")
    await invite(club, olena)
    assert await club.states(lernwerk, olena) == ("invited", "invited")
    assert await news_of(lernwerk, olena) == ["group_invite"]
    await answer(club, lernwerk, olena, accept=accept)
    assert await club.states(lernwerk, olena) == after


async def test_a_group_cannot_make_somebody_a_member_who_was_only_invited(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    club = await found_club(rig, lindenhof, openness="invite_only")
    olena = await lernwerk.person("olena")
    await invite(club, olena)
    async with lindenhof.db.tx() as tx:
        row = await tx.fetchrow("SELECT uri, actor_id FROM members WHERE state = 'invited'")
        yes = vocab.Accept(
            id=f"{club.actor.uri}#accepts/1", actor=club.actor.uri, object=row["uri"], to=(olena.uri,)
        )
        await publish(tx, club.actor.id, yes, Destinations(actors=(row["actor_id"],), personal=True))
    await rig.settle()
    assert await standing_of(lernwerk, club.actor.uri, olena.uri) == "invited"


async def test_who_was_kept_out_meanwhile_cannot_accept(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    club = await found_club(rig, lindenhof)
    olena = await lernwerk.person("olena")
    await invite(club, olena)
    guest = await club.id_of(olena)
    async with lindenhof.db.tx() as tx:
        await roles.ban(tx, lindenhof.node, club.founder.id, club.actor.id, guest, reason="Spam")
    await answer_if_asked(club, lernwerk, olena)
    assert await club.states(lernwerk, olena) == ("", "")


async def answer_if_asked(club: Club, there: RigNode, person: Actor) -> None:
    """Yes, before the news of the ban was delivered."""
    group = await club.seen_at(there)
    async with there.db.tx() as tx:
        await joining.answer_invitation(tx, there.node, person.id, group.id, accept=True)
    await club.rig.settle()


async def test_a_link_lets_in_so_many_until_it_ends(rig: Rig, lindenhof: RigNode) -> None:
    club = await found_club(rig, lindenhof, openness="invite_only", visibility="private")
    amina, mehmet, sofia = [await lindenhof.person(name) for name in ("amina", "mehmet", "sofia")]
    async with lindenhof.db.tx() as tx:
        code = await inviting.make_link(
            tx, club.founder.id, club.actor.id, Terms(max_uses=2, lasts=timedelta(days=1))
        )
        for person in (amina, amina, mehmet):  # who is in already uses nothing up
            await inviting.join_by_link(tx, lindenhof.node, person.id, code)
    with pytest.raises(NodeError) as refused:
        async with lindenhof.db.tx() as tx:
            await inviting.join_by_link(tx, lindenhof.node, sofia.id, code)
    assert refused.value.code == "link_expired"
    async with lindenhof.db.tx() as tx:
        late = await inviting.make_link(tx, club.founder.id, club.actor.id, Terms(lasts=timedelta(days=1)))
    rig.clock.advance(days=2)
    with pytest.raises(NodeError) as refused:
        async with lindenhof.db.tx() as tx:
            await inviting.join_by_link(tx, lindenhof.node, sofia.id, late)
    assert refused.value.code == "link_expired"

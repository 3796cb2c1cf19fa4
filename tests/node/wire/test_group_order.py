"""Joins, goodbyes and answers that come late, twice or in another order lead to the same end."""

from __future__ import annotations

import itertools

import pytest

from node.features.groups.service import joining, roles
from tests.node.features.groups.club import found_club, id_of, standing_of
from tests.node.wire.strangers import Stranger, known_as, run
from tests.rig import Rig, RigNode


async def _arrive(node: RigNode, eve: Stranger, documents: tuple[dict[str, object], ...]) -> None:
    for document in documents:
        await eve.send(node, document)
        await run(node)


@pytest.mark.parametrize("order", list(itertools.permutations(("join", "leave", "join again"))))
async def test_a_goodbye_ends_its_own_join_whatever_came_first(
    rig: Rig, lindenhof: RigNode, eve: Stranger, order: tuple[str, ...]
) -> None:
    club = await found_club(rig, lindenhof)
    await known_as(lindenhof, eve)
    first, second = f"{eve.uri}/joins/1", f"{eve.uri}/joins/2"
    said = {
        "join": eve.does("Join", club.actor.uri) | {"id": first},
        "leave": eve.does("Leave", club.actor.uri) | {"id": f"{first}#leave"},
        "join again": eve.does("Join", club.actor.uri) | {"id": second},
    }
    await _arrive(lindenhof, eve, tuple(said[name] for name in order))
    assert await standing_of(lindenhof, club.actor.uri, eve.uri) == "member"


@pytest.mark.parametrize("order", list(itertools.permutations(("join", "ban", "join again", "leave"))))
async def test_a_ban_holds_whatever_comes_before_and_after_it(
    rig: Rig, lindenhof: RigNode, eve: Stranger, order: tuple[str, ...]
) -> None:
    club = await found_club(rig, lindenhof, openness="moderated")
    await known_as(lindenhof, eve)
    person = await id_of(lindenhof, eve.uri)
    said = {
        "join": eve.does("Join", club.actor.uri),
        "join again": eve.does("Follow", club.actor.uri),
        "leave": eve.does("Leave", club.actor.uri),
    }
    for name in order:
        if name == "ban":
            async with lindenhof.db.tx() as tx:
                await roles.ban(tx, lindenhof.node, club.founder.id, club.actor.id, person, reason="Spam")
        else:
            await _arrive(lindenhof, eve, (said[name], said[name]))
    assert await standing_of(lindenhof, club.actor.uri, eve.uri) == ""


@pytest.mark.parametrize("accept", [True, False])
async def test_an_answer_that_crosses_a_goodbye_changes_nothing(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode, accept: bool
) -> None:
    club = await found_club(rig, lindenhof, openness="moderated")
    olena = await lernwerk.person("olena")
    await club.join_from(lernwerk, olena)
    person, group = await club.id_of(olena), await club.seen_at(lernwerk)
    async with lindenhof.db.tx() as tx:
        await joining.answer_request(
            tx, lindenhof.node, club.founder.id, club.actor.id, person, accept=accept
        )
    async with lernwerk.db.tx() as tx:
        await joining.leave(tx, lernwerk.node, olena.id, group.id)
    await rig.settle()
    assert await club.states(lernwerk, olena) == ("", "")

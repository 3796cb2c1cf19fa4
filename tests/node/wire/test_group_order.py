"""Joins, goodbyes and answers that come late, twice or in another order lead to the same end."""

from __future__ import annotations

import itertools

import pytest

from tests.node.features.groups.club import found_club, standing_of
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

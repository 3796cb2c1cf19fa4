"""A closed group is there for nobody but those who belong: every way to look for it."""

from __future__ import annotations

import aiohttp
import pytest

from node.features.actors import lookup
from node.features.groups.service import joining
from node.features.search import service as search
from tests.node.features.groups.club import found_club
from tests.rig import Rig, RigNode

WIRE = ("", "/followers", "/following", "/members", "/moderators", "/outbox", "/featured", "/events", "/posts",
        "/followers_synchronization")  # fmt: skip


@pytest.mark.parametrize("visibility", ["private", "local"])
async def test_strangers_find_no_trace_of_a_closed_group(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode, visibility: str
) -> None:
    """ACL-08, ACL-09: the same answer as for what never was."""
    club = await found_club(rig, lindenhof, visibility=visibility)
    headers = {"Accept": "application/activity+json"}
    async with aiohttp.ClientSession() as session:
        for place in WIRE:
            async with session.get(club.actor.uri + place, headers=headers) as answer:
                assert answer.status == 404, place
        never = f"acct:nobody@{lindenhof.host}"
        found = f"acct:garden@{lindenhof.host}"
        answers = []
        for resource in (never, found, club.actor.uri):
            url = f"{lindenhof.origin}/.well-known/webfinger"
            async with session.get(url, params={"resource": resource}) as answer:
                answers.append((answer.status, await answer.text()))
        assert answers[0] == answers[1] == answers[2]
        for page in ("/@garden", f"/api/v1/accounts/{club.actor.id}", "/api/v1/accounts/lookup?acct=garden",
                     f"/api/v1/accounts/{club.actor.id}/statuses", f"/api/v1/accounts/{club.actor.id}/followers",
                     f"/from-my-house?uri={club.actor.uri}"):  # fmt: skip
            async with session.get(lindenhof.origin + page) as answer:
                assert answer.status in (401, 404) or "Garden" not in await answer.text(), page
        async with session.get(f"{lindenhof.origin}/api/v1/directory") as answer:
            assert "garden" not in await answer.text()
    for query in ("garden", "@garden", f"@garden@{lindenhof.host}", club.actor.uri, club.actor.url):
        assert (await search.find(lindenhof.node, None, query, resolve=False)).actors == [], query
    assert await lookup.find_known(lindenhof.node, "garden") is None


async def test_people_of_the_house_find_only_what_is_for_them(rig: Rig, lindenhof: RigNode) -> None:
    club = await found_club(rig, lindenhof, visibility="private")
    amina = await lindenhof.person("amina")
    for query in ("garden", "@garden", club.actor.uri):
        assert (await search.find(lindenhof.node, amina.id, query, resolve=True)).actors == [], query
        assert len((await search.find(lindenhof.node, club.founder.id, query, resolve=True)).actors) == 1


async def test_the_house_of_somebody_invited_may_look(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    club = await found_club(rig, lindenhof, visibility="private", openness="invite_only")
    olena = await lernwerk.person("olena")
    invitee = await lookup.resolve_uri(lindenhof.node, olena.uri)
    async with lindenhof.db.tx() as tx:
        await joining.invite(tx, lindenhof.node, club.founder.id, club.actor.id, invitee.id)
    await rig.settle()
    assert await club.states(lernwerk, olena) == ("invited", "invited")
    other = await lernwerk.person("ihor")
    assert (await search.find(lernwerk.node, other.id, club.actor.uri, resolve=True)).actors == []
    there = await club.seen_at(lernwerk)
    async with lernwerk.db.tx() as tx:
        await joining.answer_invitation(tx, lernwerk.node, olena.id, there.id, accept=True)
    await rig.settle()
    assert await club.states(lernwerk, olena) == ("member", "member")


async def test_a_stranger_who_knows_the_address_is_not_answered(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    """GRP-09: a Join of a closed group by somebody who cannot know of it gets neither yes nor no."""
    club = await found_club(rig, lindenhof)
    olena = await lernwerk.person("olena")
    await club.seen_at(lernwerk)
    async with lindenhof.db.tx() as tx:
        await tx.execute("UPDATE groups SET visibility = 'private'")
    await club.join_from(lernwerk, olena)
    assert await club.states(lernwerk, olena) == ("", "asked")
    async with lindenhof.db.read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM activities WHERE type IN ('Accept', 'Reject')") == 0

"""What a group of another house says was done in it: our copy follows, and nothing more than the group's is changed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from tests.federation.peers import Peer
from tests.node.features.group_posts.places import held, put_member
from tests.node.wire.strangers import PUBLIC, Stranger, faults, known_as, outcome, run
from tests.rig import RigNode


class Club(msgspec.Struct):
    """A group on another house in the words of Lemmy, its moderator there, a member of a third, and Amina here."""

    node: RigNode
    group: Stranger
    runs: Stranger
    member: Stranger
    amina_id: int
    amina_uri: str
    group_id: int

    def announces(self, inner: dict[str, Any]) -> dict[str, Any]:
        """What the group sends when somebody did this in it."""
        return self.group.does("Announce", inner, to=[PUBLIC], cc=[f"{self.group.uri}/followers"])

    async def hears(self, inner: dict[str, Any]) -> tuple[str, str]:
        """How our node ends what the group announces."""
        announce = self.announces(inner)
        assert await self.group.send(self.node, announce) == 202
        await run(self.node)
        return await outcome(self.node, announce)

    async def value(self, sql: str) -> Any:
        """One value of our node's database; $1 is the group."""
        async with self.node.db.read() as tx:
            return await tx.fetchval(sql, self.group_id)


@pytest.fixture
async def club(lindenhof: RigNode) -> AsyncIterator[Club]:
    peers = [Peer("localhost"), Peer("localhost")]
    for peer in peers:
        await peer.start()
    amina = await lindenhof.person("amina")
    group = Stranger(peers[0], "club", type="Group", attributedTo=peers[0].uri("/u/club/moderators"))
    runs, member = Stranger(peers[0], "vera"), Stranger(peers[1], "max")
    there = await known_as(lindenhof, group)
    for one in (runs, member):
        await known_as(lindenhof, one)
    async with lindenhof.db.tx() as tx:
        await tx.execute(
            """INSERT INTO groups (actor_id, moderators_uri, created_at) VALUES ($1, $2, $3)
               ON CONFLICT (actor_id) DO UPDATE SET moderators_uri = EXCLUDED.moderators_uri""",
            there.id,
            f"{group.uri}/moderators",
            tx.now,
        )
        await put_member(tx, there.id, amina.id, "member")
    yield Club(lindenhof, group, runs, member, amina.id, amina.uri, there.id)
    for peer in peers:
        await peer.stop()


async def test_a_ban_is_kept_and_taken_back_and_one_of_ours_belongs_no_more(club: Club) -> None:
    bans = "SELECT count(*) FROM group_bans WHERE group_id = $1"
    more: dict[str, Any] = {"target": club.group.uri, "audience": [club.group.uri], "to": [PUBLIC]}
    block = club.runs.does("Block", club.member.uri, **more)
    for deed, number in ((block, 1), (club.runs.does("Undo", block, audience=[club.group.uri]), 0)):
        assert await club.hears(deed) == ("done", "")
        assert await club.value(bans) == number
    assert await club.hears(club.runs.does("Block", club.amina_uri, **more)) == ("done", "")
    assert await club.value("SELECT count(*) FROM members WHERE group_id = $1 AND state = 'member'") == 0


async def test_moderators_come_and_go_as_the_group_says(club: Club) -> None:
    count = "SELECT count(*) FROM members WHERE group_id = $1 AND role = 'moderator'"
    target = f"{club.group.uri}/moderators"
    for kind, number in (("Add", 1), ("Remove", 0)):
        deed = club.runs.does(kind, club.member.uri, target=target, audience=[club.group.uri], to=[PUBLIC])
        assert await club.hears(deed) == ("done", "")
        assert await club.value(count) == number


async def test_a_new_name_is_read_at_the_groups_own_address(club: Club) -> None:
    path = club.group.uri.removeprefix(club.group.peer.origin)
    club.group.peer.documents[path]["name"] = "Gardeners of the north"
    told = {**club.group.peer.documents[path], "name": "Forged name"}
    assert await club.hears(club.runs.does("Update", told, to=[PUBLIC])) == ("done", "")
    name = await club.value("SELECT display_name FROM actors WHERE id = $1")
    assert name == "Gardeners of the north"


async def test_votes_against_end_by_their_name(club: Club) -> None:
    note = club.member.note("<p>Said in the club</p>", to=[PUBLIC, club.group.uri], audience=club.group.uri)
    club.member.peer.documents[note["id"].removeprefix(club.member.peer.origin)] = note
    assert await club.hears(club.member.does("Create", note)) == ("done", "")
    post = await held(club.node, "Said in the club")
    assert post is not None and post.group == club.group.uri and post.boosts == 1
    dislike = club.runs.does("Dislike", note["id"], audience=club.group.uri)
    assert await club.hears(dislike) == ("ignored", "votes_against")
    assert await club.hears(club.runs.does("Undo", dislike)) == ("ignored", "votes_against")
    # The plain form of the same thread says it no second time.
    plain = club.group.does("Announce", note["id"], to=[PUBLIC], cc=[f"{club.group.uri}/followers"])
    assert await club.group.send(club.node, plain) == 202
    await run(club.node)
    post = await held(club.node, "Said in the club")
    assert post is not None and post.boosts == 1
    assert await faults(club.node) == []

"""What is written in a group reaches its members on every node, once, and nobody else where it is closed."""

from __future__ import annotations

import pytest

from node.errors import NodeError
from node.features.actors import lookup
from node.features.actors.store.reads import Actor
from node.features.groups.service import roles
from node.features.posts import reactions, service
from node.features.posts.service import Draft
from node.features.search import service as search
from tests.node.features.group_posts.places import Seat, answers, found, held, join, says
from tests.node.wire.strangers import faults
from tests.rig import Rig, RigNode

Pair = tuple[RigNode, RigNode]


@pytest.fixture
async def third(rig: Rig) -> RigNode:
    """A third node: a network of families."""
    return await rig.node_of("familien")


async def _homes(node: RigNode, owner_id: int) -> list[int]:
    async with node.db.read() as tx:
        rows = await tx.fetch("SELECT post_id FROM home_entries WHERE owner_id = $1 ORDER BY id", owner_id)
    return [row["post_id"] for row in rows]


async def test_a_member_elsewhere_writes_and_all_members_read_it(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode, third: RigNode
) -> None:
    amina, jonas, olena = (
        await lindenhof.person("amina"), await lernwerk.person("jonas"), await third.person("olena")
    )  # fmt: skip
    home = await found(lindenhof, amina)
    seat = await join(home, jonas, lernwerk)
    await join(home, olena, third)
    await says(seat, jonas, "Who has seeds?", title="Seed swap")
    await rig.settle()
    for node in (lindenhof, third):
        post = await held(node, "Who has seeds?")
        assert post is not None and post.group == home.group.uri and post.boosts == 1, node.host
        assert post.title == "Seed swap" and "Seed swap" not in post.html
    assert post is not None and await _homes(third, olena.id) == [post.id]
    own = await held(lernwerk, "Who has seeds?")
    assert own is not None and own.group == home.group.uri and own.boosts == 1
    assert [await faults(node) for node in rig.nodes.values()] == [[], [], []]


async def test_answers_likes_edits_and_deletes_go_round_the_group(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode, third: RigNode
) -> None:
    amina, jonas, olena = (
        await lindenhof.person("amina"), await lernwerk.person("jonas"), await third.person("olena")
    )  # fmt: skip
    home = await found(lindenhof, amina)
    seat = await join(home, jonas, lernwerk)
    await join(home, olena, third)
    post_id = await says(seat, jonas, "First words")
    await rig.settle()
    there = await held(third, "First words")
    assert there is not None
    await answers(third, olena, there.id, "I have some")
    async with third.db.tx() as tx:
        await reactions.like(tx, third.node, olena.id, there.id)
    await rig.settle()
    for node in (lindenhof, lernwerk):
        answer = await held(node, "I have some")
        assert answer is not None and answer.group == home.group.uri and answer.boosts == 0
        async with node.db.read() as tx:
            assert await tx.fetchval("SELECT likes_count FROM posts WHERE html LIKE '%First%'") == 1
    rig.clock.advance(minutes=1)
    async with lernwerk.db.tx() as tx:
        await service.edit_post(tx, lernwerk.node, jonas.id, post_id, Draft(source="Second words"))
    await rig.settle()
    assert await held(third, "Second words") and await held(lindenhof, "Second words")
    async with third.db.tx() as tx:
        await reactions.unlike(tx, third.node, olena.id, there.id)
    async with lernwerk.db.tx() as tx:
        await service.delete_post(tx, lernwerk.node, jonas.id, post_id)
    await rig.settle()
    assert await held(third, "Second words") is None and await held(lindenhof, "Second words") is None
    assert [await faults(node) for node in rig.nodes.values()] == [[], [], []]


async def test_a_closed_group_keeps_its_posts_between_members_on_three_nodes(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode, third: RigNode
) -> None:
    amina, jonas, olena = (
        await lindenhof.person("amina"), await lernwerk.person("jonas"), await third.person("olena")
    )  # fmt: skip
    nosy = await third.person("nosy")
    home = await found(lindenhof, amina, visibility="private")
    seat = await join(home, jonas, lernwerk)
    await join(home, olena, third)
    await says(seat, jonas, "Between us, @amina")
    await rig.settle()
    here, there = await held(lindenhof, "Between us"), await held(third, "Between us")
    assert here is not None and here.audience == "group" and here.group == home.group.uri
    assert there is not None and there.audience == "group" and there.group == home.group.uri
    async with third.db.read() as tx:
        assert await tx.fetchval("SELECT visible_to(p, $1) FROM posts p", olena.id) is True
        assert await tx.fetchval("SELECT visible_to(p, $1) FROM posts p", nosy.id) is False
        assert await tx.fetchval("SELECT visible_to(p, NULL) FROM posts p") is False
    await answers(third, olena, there.id, "And nobody else", audience="group")
    await rig.settle()
    for node in (lindenhof, lernwerk):
        answer = await held(node, "And nobody else")
        assert answer is not None and answer.audience == "group" and answer.group == home.group.uri
    assert [await faults(node) for node in rig.nodes.values()] == [[], [], []]


async def _refused(seat: Seat, person: object, **draft: object) -> str:
    with pytest.raises(NodeError) as refused:
        await says(seat, person, "May I?", **draft)  # type: ignore[arg-type]
    return refused.value.detail


async def test_who_may_not_write_in_a_group_is_told_why(rig: Rig, lindenhof: RigNode) -> None:
    amina, ben = await lindenhof.person("amina"), await lindenhof.person("ben")
    seat = await found(lindenhof, amina)
    assert await _refused(seat, ben) == "not_a_member"
    await join(seat, ben, lindenhof)
    async with lindenhof.db.tx() as tx:
        await tx.execute("UPDATE groups SET posting = 'moderators'")
    assert await _refused(seat, ben) == "moderators_only"
    async with lindenhof.db.tx() as tx:
        await tx.execute("UPDATE groups SET posting = 'members', slow_mode_s = 60")
    await says(seat, ben, "Once")
    assert await _refused(seat, ben) == "too_fast"
    rig.clock.advance(minutes=2)
    post_id = await says(seat, ben, "Twice")
    async with lindenhof.db.tx() as tx:
        await tx.execute("UPDATE posts SET locked_at = now() WHERE id = $1", post_id)
    with pytest.raises(NodeError) as refused:
        await answers(lindenhof, ben, post_id, "And?")
    assert refused.value.detail == "thread_locked"
    async with lindenhof.db.tx() as tx:
        await tx.execute(
            "INSERT INTO group_bans (id, uri, group_id, actor_id, created_at) VALUES (1, 'b', $1, $2, now())",
            seat.group.id,
            ben.id,
        )
    assert await _refused(seat, ben) == "banned_from_group"


async def test_the_first_posts_of_newcomers_wait_and_nobody_reads_them(rig: Rig, lindenhof: RigNode) -> None:
    amina, ben = await lindenhof.person("amina"), await lindenhof.person("ben")
    seat = await found(lindenhof, amina, newcomer_posts=1)
    await join(seat, ben, lindenhof)
    await says(seat, ben, "Hello @amina, this is me")
    post = await held(lindenhof, "this is me")
    assert post is not None and post.group_state == "waiting" and post.boosts == 0
    async with lindenhof.db.read() as tx:
        assert await tx.fetchval("SELECT visible_to(p, $1) FROM posts p", amina.id) is False
        assert await tx.fetchval("SELECT visible_to(p, $1) FROM posts p", ben.id) is True
        assert await tx.fetchval("SELECT count(*) FROM notifications") == 0


@pytest.mark.parametrize("visibility", ["public", "unlisted", "private"])
async def test_naming_an_open_group_one_belongs_to_writes_into_it(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode, visibility: str
) -> None:
    """So write all whose program knows no groups; what a closed group is for must be chosen."""
    amina, jonas = await lindenhof.person("amina"), await lernwerk.person("jonas")
    stranger = await lindenhof.person("stranger")
    home = await found(lindenhof, amina, visibility=visibility)
    await join(home, jonas, lernwerk)
    handle = f"@gardeners@{lindenhof.node.handle_host}"
    said = ((lindenhof, amina, "Seeds?"), (lernwerk, jonas, "Soil?"), (lindenhof, stranger, "Stranger?"))
    for node, person, words in said:
        async with node.db.tx() as tx:
            await service.write_post(tx, node.node, person.id, Draft(source=f"{handle} {words}"))
        await rig.settle()
    stand = {words: await held(lindenhof, words) for _, _, words in said}
    placed = {words: post.group for words, post in stand.items() if post is not None}
    open_to_all = home.group.uri if visibility != "private" else None
    assert placed.get("Seeds?") == open_to_all and placed.get("Soil?") == open_to_all
    assert placed["Stranger?"] is None


@pytest.mark.parametrize("answering", [False, True])
async def test_a_post_that_was_looked_up_before_it_came_still_enters_its_group_once(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode, answering: bool
) -> None:
    amina, jonas = await lindenhof.person("amina"), await lernwerk.person("jonas")
    home = await found(lindenhof, amina)
    seat = await join(home, jonas, lernwerk)
    if answering:
        await _answers_first(rig, home, amina, (lernwerk, jonas))
    else:
        await says(seat, jonas, "I have.")
    own = await held(lernwerk, "I have.")
    assert own is not None
    await search.find(lindenhof.node, amina.id, own.uri, resolve=True)
    looked_up = await held(lindenhof, "I have.")
    assert looked_up is not None and looked_up.group is None
    await rig.settle()
    post = await held(lindenhof, "I have.")
    assert post is not None and post.group == home.group.uri and post.boosts == (0 if answering else 1)
    assert [await faults(node) for node in rig.nodes.values()] == [[], []]


async def _answers_first(rig: Rig, home: Seat, owner: Actor, answerer: tuple[RigNode, Actor]) -> None:
    node, person = answerer
    await says(home, owner, "Who has soil?")
    await rig.settle()
    above = await held(node, "Who has soil?")
    assert above is not None
    await answers(node, person, above.id, "I have.")


async def test_what_somebody_kept_out_answers_is_not_looked_up_either(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    amina, jonas = await lindenhof.person("amina"), await lernwerk.person("jonas")
    home = await found(lindenhof, amina)
    await join(home, jonas, lernwerk)
    await _answers_first(rig, home, amina, (lernwerk, jonas))
    known = await lookup.resolve_uri(lindenhof.node, jonas.uri)
    async with lindenhof.db.tx() as tx:
        await roles.ban(tx, lindenhof.node, amina.id, home.group.id, known.id, reason="Spam")
    own = await held(lernwerk, "I have.")
    assert own is not None
    await search.find(lindenhof.node, amina.id, own.uri, resolve=True)
    assert await held(lindenhof, "I have.") is None
    await rig.settle()
    assert await held(lindenhof, "I have.") is None

"""Those who run a group act on its posts, from here and from afar; nobody else can, and nobody can pretend."""

from __future__ import annotations

import pytest

from node.errors import NodeError
from node.features.group_posts.service import moderating
from tests.node.features.group_posts.places import answers, found, held, join, says
from tests.node.wire.strangers import faults
from tests.rig import Rig, RigNode


async def test_a_moderator_on_another_node_locks_and_removes_for_everybody(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    amina, jonas = await lindenhof.person("amina"), await lernwerk.person("jonas")
    home = await found(lindenhof, amina)
    seat = await join(home, jonas, lernwerk, role="moderator")
    await says(home, amina, "First words")
    await rig.settle()
    far = await held(lernwerk, "First words")
    assert far is not None
    for deed, locked, state in (
        ("lock", True, ""), ("remove_post", True, "removed"),
        ("restore_post", True, ""), ("unlock", False, ""),
    ):  # fmt: skip
        async with lernwerk.db.tx() as tx:
            assert await moderating.act(tx, jonas.id, far.id, deed, "enough said")
        await rig.settle()
        for node in (lindenhof, lernwerk):
            post = await held(node, "First words")
            assert post is not None and (post.locked, post.group_state) == (locked, state), (deed, node.host)
        rig.clock.advance(minutes=1)
    async with lindenhof.db.read() as tx:
        rows = await tx.fetch("SELECT action, reason FROM group_log WHERE post_id IS NOT NULL ORDER BY id")
    assert [row["action"] for row in rows] == ["lock", "remove_post", "restore_post", "unlock"]
    assert rows[0]["reason"] == "enough said" and seat.group.uri == home.group.uri
    assert [await faults(node) for node in rig.nodes.values()] == [[], []]


async def test_grp_03_a_member_who_runs_nothing_changes_nothing(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    amina, jonas = await lindenhof.person("amina"), await lernwerk.person("jonas")
    home = await found(lindenhof, amina)
    await join(home, jonas, lernwerk)
    await says(home, amina, "First words")
    await rig.settle()
    far = await held(lernwerk, "First words")
    assert far is not None
    with pytest.raises(NodeError):
        async with lernwerk.db.tx() as tx:
            await moderating.act(tx, jonas.id, far.id, "lock")
    # Their node lies about their role: the group's house knows better.
    async with lernwerk.db.tx() as tx:
        await tx.execute("UPDATE members SET role = 'owner' WHERE actor_id = $1", jonas.id)
        for deed in ("lock", "remove_post", "pin"):
            await moderating.act(tx, jonas.id, far.id, deed)
    await rig.settle()
    for node in (lindenhof, lernwerk):
        post = await held(node, "First words")
        assert post is not None and not post.locked and post.group_state == ""
    async with lindenhof.db.read() as tx:
        codes = await tx.fetch("SELECT DISTINCT state, code FROM inbox_items WHERE actor_uri = $1", jonas.uri)
        assert await tx.fetchval("SELECT count(*) FROM group_log WHERE post_id IS NOT NULL") == 0
    assert ("refused", "not_a_moderator") in {(row["state"], row["code"]) for row in codes}


async def test_what_waits_circulates_when_it_is_let_through(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    amina, jonas = await lindenhof.person("amina"), await lernwerk.person("jonas")
    home = await found(lindenhof, amina, newcomer_posts=1)
    seat = await join(home, jonas, lernwerk)
    await says(seat, jonas, "May I come in?")
    await rig.settle()
    post = await held(lindenhof, "May I come in?")
    assert post is not None and post.group_state == "waiting" and post.boosts == 0
    async with lindenhof.db.tx() as tx:
        assert await moderating.list_waiting(tx, amina.id, home.group.id) == [post.id]
        await moderating.let_through(tx, lindenhof.node, amina.id, post.id)
    with pytest.raises(NodeError):
        async with lindenhof.db.tx() as tx:
            await moderating.turn_away(tx, amina.id, post.id)
    await rig.settle()
    own = await held(lernwerk, "May I come in?")
    assert own is not None and own.boosts == 1
    await answers(lindenhof, amina, post.id, "Welcome")
    await rig.settle()
    assert await held(lernwerk, "Welcome") is not None


async def test_what_waits_in_a_group_of_this_house_is_let_through_and_never_leaves_it(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    amina, olena = await lindenhof.person("amina"), await lindenhof.person("olena")
    home = await found(lindenhof, amina, visibility="local", newcomer_posts=1)
    await join(home, olena, lindenhof)
    await says(home, olena, "Only between us", audience="local")
    post = await held(lindenhof, "Only between us")
    assert post is not None and post.group_state == "waiting" and post.audience == "local"
    async with lindenhof.db.tx() as tx:
        await moderating.let_through(tx, lindenhof.node, amina.id, post.id)
        assert await tx.fetchval("SELECT count(*) FROM deliveries") == 0
    await rig.settle()
    stands = await held(lindenhof, "Only between us")
    assert stands is not None and stands.group_state == "" and stands.boosts == 1
    assert await held(lernwerk, "Only between us") is None

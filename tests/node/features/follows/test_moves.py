"""People move from house to house, and who follows them goes along."""

from __future__ import annotations

import pytest

from node.errors import NodeError
from node.features.actors import lookup
from node.features.actors.store import reads
from node.features.actors.store.reads import Actor
from node.features.follows import moves
from node.features.follows import service as follows
from node.features.posts import service as posts
from node.features.posts.service import Draft
from tests.node.features.readers import signed_in
from tests.rig import Rig, RigNode


async def known(node: RigNode, handle: str) -> Actor:
    return await lookup.resolve_handle(node.node, handle)


async def follows_of(node: RigNode, follower: Actor) -> list[tuple[str, str]]:
    """Whom somebody follows, and whether that was accepted."""
    async with node.db.read() as tx:
        rows = await tx.fetch(
            """SELECT a.username, f.state FROM follows f JOIN actors a ON a.id = f.followee_id
               WHERE f.follower_id = $1 ORDER BY a.username""",
            follower.id,
        )
    return [(row["username"], row["state"]) for row in rows]


async def move(node: RigNode, who: Actor, target: Actor) -> None:
    fresh = await lookup.refresh(node.node, target)
    async with node.db.tx() as tx:
        await moves.move_out(tx, node.node, who.id, fresh)


async def test_a_person_moves_and_followers_in_both_houses_go_along(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    amina, jonas = await lindenhof.person("amina"), await lindenhof.person("jonas")
    olena, new = await lernwerk.person("olena"), await lernwerk.person("amina_new")
    async with lindenhof.db.tx() as tx:
        await follows.follow(tx, lindenhof.node, jonas.id, amina.id)
    far = await known(lernwerk, f"@amina@{lindenhof.host}")
    async with lernwerk.db.tx() as tx:
        await follows.follow(tx, lernwerk.node, olena.id, far.id)
        await moves.add_alias(tx, lernwerk.node, new.id, far)
    await rig.settle()
    await move(lindenhof, amina, await known(lindenhof, f"@amina_new@{lernwerk.host}"))
    await rig.settle()
    assert await follows_of(lindenhof, jonas) == [("amina_new", "accepted")]
    assert await follows_of(lernwerk, olena) == [("amina_new", "accepted")]
    async with lernwerk.db.read() as tx:
        assert (await reads.get_actor(tx, far.id)).moved_to_uri == new.uri
        assert await tx.fetchval("SELECT count(*) FROM moves WHERE ended_at IS NULL") == 0


async def test_nobody_moves_to_an_account_that_does_not_name_them(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    amina, _ = await lindenhof.person("amina"), await lernwerk.person("olena")
    with pytest.raises(NodeError, match="invalid"):
        await move(lindenhof, amina, await known(lindenhof, f"@olena@{lernwerk.host}"))
    with pytest.raises(NodeError, match="invalid"):
        await move(lindenhof, amina, amina)


async def test_who_moved_writes_no_more_until_they_come_back_and_rests_for_a_month(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    amina, new = await lindenhof.person("amina"), await lernwerk.person("amina_new")
    far = await known(lernwerk, f"@amina@{lindenhof.host}")
    async with lernwerk.db.tx() as tx:
        await moves.add_alias(tx, lernwerk.node, new.id, far)
    target = await known(lindenhof, f"@amina_new@{lernwerk.host}")
    await move(lindenhof, amina, target)
    async with lindenhof.db.tx() as tx:
        with pytest.raises(NodeError, match="not_allowed"):
            await posts.write_post(tx, lindenhof.node, amina.id, Draft(source="Still here"))
    async with lindenhof.db.tx() as tx:
        await moves.come_back(tx, lindenhof.node, amina.id)
        await posts.write_post(tx, lindenhof.node, amina.id, Draft(source="Here again"))
    with pytest.raises(NodeError, match="invalid"):
        await move(lindenhof, amina, target)
    rig.clock.advance(days=31)
    await move(lindenhof, amina, target)


async def test_a_move_that_broke_off_goes_on(rig: Rig, lindenhof: RigNode) -> None:
    amina, new = await lindenhof.person("amina"), await lindenhof.person("amina_new")
    people = [await lindenhof.person(f"reader{number}") for number in range(3)]
    async with lindenhof.db.tx() as tx:
        for reader in people:
            await follows.follow(tx, lindenhof.node, reader.id, amina.id)
        await moves.add_alias(tx, lindenhof.node, new.id, amina)
        await follows.block(tx, lindenhof.node, people[2].id, new.id)
        await moves.arrive(tx, amina, new)
    lindenhof._woken.clear()  # the wake was lost
    await lindenhof.sweep()
    await rig.settle()
    assert [await follows_of(lindenhof, reader) for reader in people] == [
        [("amina_new", "accepted")], [("amina_new", "accepted")], [("amina", "accepted")]]  # fmt: skip


async def test_an_alias_and_a_move_by_page_ask_for_the_password(lindenhof: RigNode) -> None:
    async with signed_in(lindenhof, "amina") as amina, signed_in(lindenhof, "other") as other:
        await other.get("/settings/move")
        await other.post("/settings/move/alias", **other.hidden(), alias="@amina")
        assert other.status == 303
        await other.post("/settings/move/alias", **other.hidden(), alias="@nobody")
        assert other.status == 422
        await amina.get("/settings/move")
        for password, status in (("wrong", 422), ("correct horse battery", 303)):
            await amina.post("/settings/move", **amina.hidden(), target="@other", password=password)
            assert amina.status == status
        await amina.get("/settings/move")
        assert "You moved to" in amina.text
        await other.get("/@amina")
        assert "has moved" in other.text
        await amina.post("/settings/move/back", **amina.hidden())
        await amina.get("/settings/move")
        assert "You moved to" not in amina.text


async def name_also(node: RigNode, who: Actor, other: Actor) -> None:
    async with node.db.tx() as tx:
        await moves.add_alias(tx, node.node, who.id, other)


async def test_who_came_back_can_be_moved_to_from_where_they_had_gone(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    old, new = await lindenhof.person("amina"), await lernwerk.person("amina_new")
    jonas, olena = await lindenhof.person("jonas"), await lernwerk.person("olena")
    far_old = await known(lernwerk, f"@amina@{lindenhof.host}")
    far_new = await known(lindenhof, f"@amina_new@{lernwerk.host}")
    async with lindenhof.db.tx() as tx:
        await follows.follow(tx, lindenhof.node, jonas.id, old.id)
    async with lernwerk.db.tx() as tx:
        await follows.follow(tx, lernwerk.node, olena.id, far_old.id)
    await rig.settle()
    await name_also(lernwerk, new, far_old)
    await move(lindenhof, old, far_new)
    await rig.settle()
    rig.clock.advance(minutes=1)
    async with lindenhof.db.tx() as tx:
        await moves.come_back(tx, lindenhof.node, old.id)
    await name_also(lindenhof, old, far_new)
    rig.clock.advance(minutes=1)
    await move(lernwerk, new, far_old)
    await rig.settle()
    assert await follows_of(lindenhof, jonas) == [("amina", "accepted")]
    assert await follows_of(lernwerk, olena) == [("amina", "accepted")]

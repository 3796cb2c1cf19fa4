"""What travels between two real nodes: follow, write, answer, like, pass on, delete."""

from __future__ import annotations

from node.db.rows import Window
from node.features.actors import lookup
from node.features.follows import service as follows
from node.features.follows.store import list_relationships
from node.features.posts import reactions, service, views
from node.features.posts.service import Draft
from node.features.posts.store import writes
from node.features.reading import store as reading
from tests.rig import Rig, RigNode


async def befriend(rig: Rig, here: RigNode, there: RigNode) -> tuple[int, int]:
    """Amina (here) follows Olena (there); returns Amina's id here and Olena's id here."""
    amina = await here.person("amina")
    await there.person("olena")
    olena = await lookup.resolve_handle(here.node, f"@olena@{there.host}")
    async with here.db.tx() as tx:
        await follows.follow(tx, here.node, amina.id, olena.id)
    await rig.settle()
    return amina.id, olena.id


async def local_id(node: RigNode, username: str) -> int:
    found = await lookup.find_known(node.node, username)
    assert found is not None
    return found.id


async def home_of(node: RigNode, actor_id: int) -> list[str]:
    async with node.db.read() as tx:
        entries = await reading.list_home(tx, actor_id, Window())
        posts = await views.list_posts(tx, [entry.post_id for entry in entries], actor_id)
    return [post.source or post.html for post in posts]


async def test_a_follow_is_accepted_across_nodes(rig: Rig, lindenhof: RigNode, lernwerk: RigNode) -> None:
    amina, olena = await befriend(rig, lindenhof, lernwerk)
    async with lindenhof.db.read() as tx:
        relation = (await list_relationships(tx, amina, [olena]))[0]
    assert relation.following and not relation.requested


async def test_a_post_reaches_a_follower_on_another_node(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    amina, _ = await befriend(rig, lindenhof, lernwerk)
    writer = await local_id(lernwerk, "olena")
    async with lernwerk.db.tx() as tx:
        await service.write_post(tx, lernwerk.node, writer, Draft(source="Der Kurs beginnt um **neun**."))
    await rig.settle()
    assert await home_of(lindenhof, amina) == ["<p>Der Kurs beginnt um <strong>neun</strong>.</p>"]


async def test_an_answer_a_like_and_a_boost_come_back(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    amina, _ = await befriend(rig, lindenhof, lernwerk)
    writer = await local_id(lernwerk, "olena")
    async with lernwerk.db.tx() as tx:
        post_id = await service.write_post(tx, lernwerk.node, writer, Draft(source="Wer kommt?"))
    await rig.settle()
    async with lindenhof.db.tx() as tx:
        entry = (await reading.list_home(tx, amina, Window()))[0]
        source = f"@olena@{lernwerk.host} ich!"
        await service.write_post(
            tx, lindenhof.node, amina, Draft(source=source, in_reply_to_id=entry.post_id)
        )
        await reactions.like(tx, lindenhof.node, amina, entry.post_id)
        await reactions.boost(tx, lindenhof.node, amina, entry.post_id)
    await rig.settle()
    async with lernwerk.db.read() as tx:
        thread = await views.list_thread(tx, post_id, writer)
        told = await reading.list_notifications(tx, writer, Window())
    assert (thread.post.likes_count, thread.post.boosts_count, thread.post.replies_count) == (1, 1, 1)
    assert [answer.author.username for answer in thread.descendants] == ["amina"]
    assert {notification.kind for notification in told} == {"follow", "mention", "favourite", "reblog"}


async def test_taking_back_a_like_and_a_boost_travels_too(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    amina, _ = await befriend(rig, lindenhof, lernwerk)
    writer = await local_id(lernwerk, "olena")
    async with lernwerk.db.tx() as tx:
        post_id = await service.write_post(tx, lernwerk.node, writer, Draft(source="Hallo"))
    await rig.settle()
    async with lindenhof.db.tx() as tx:
        copy = (await reading.list_home(tx, amina, Window()))[0].post_id
        await reactions.like(tx, lindenhof.node, amina, copy)
        await reactions.boost(tx, lindenhof.node, amina, copy)
    await rig.settle()
    async with lindenhof.db.tx() as tx:
        await reactions.unlike(tx, lindenhof.node, amina, copy)
        await reactions.unboost(tx, lindenhof.node, amina, copy)
    await rig.settle()
    async with lernwerk.db.read() as tx:
        post = await views.get_post(tx, post_id, writer)
    assert (post.likes_count, post.boosts_count) == (0, 0)


async def test_an_edit_and_a_deletion_reach_every_copy(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    amina, _ = await befriend(rig, lindenhof, lernwerk)
    writer = await local_id(lernwerk, "olena")
    async with lernwerk.db.tx() as tx:
        post_id = await service.write_post(tx, lernwerk.node, writer, Draft(source="Um zehn"))
    await rig.settle()
    rig.clock.advance(minutes=5)
    async with lernwerk.db.tx() as tx:
        await service.edit_post(tx, lernwerk.node, writer, post_id, Draft(source="Um elf"))
    await rig.settle()
    assert await home_of(lindenhof, amina) == ["<p>Um elf</p>"]
    async with lernwerk.db.tx() as tx:
        await service.delete_post(tx, lernwerk.node, writer, post_id)
    await rig.settle()
    assert await home_of(lindenhof, amina) == []
    async with lindenhof.db.read() as tx:
        assert await writes.find_by_uri(tx, f"{lernwerk.origin}/ap/notes/{post_id}") is None


async def test_what_is_for_this_node_only_never_leaves(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    amina, _ = await befriend(rig, lindenhof, lernwerk)
    writer = await local_id(lernwerk, "olena")
    async with lernwerk.db.tx() as tx:
        await service.write_post(tx, lernwerk.node, writer, Draft(source="Unter uns", audience="local"))
    await rig.settle()
    assert await home_of(lindenhof, amina) == []


async def test_a_message_reaches_only_the_people_it_names(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    amina, olena = await befriend(rig, lindenhof, lernwerk)
    other = await lindenhof.person("jonas")
    async with lindenhof.db.tx() as tx:
        await follows.follow(tx, lindenhof.node, other.id, olena)
    await rig.settle()
    writer = await local_id(lernwerk, "olena")
    await lookup.resolve_handle(lernwerk.node, f"@amina@{lindenhof.host}")
    async with lernwerk.db.tx() as tx:
        draft = Draft(source=f"@amina@{lindenhof.host} nur für dich", audience="direct")
        await service.write_post(tx, lernwerk.node, writer, draft)
    await rig.settle()
    async with lindenhof.db.read() as tx:
        assert len(await reading.list_messages(tx, amina, Window())) == 1
        assert await reading.list_messages(tx, other.id, Window()) == []


async def test_a_block_ends_the_follow_on_both_sides(rig: Rig, lindenhof: RigNode, lernwerk: RigNode) -> None:
    amina, olena = await befriend(rig, lindenhof, lernwerk)
    writer = await local_id(lernwerk, "olena")
    reader = await lookup.find_known(lernwerk.node, f"amina@{lindenhof.host}")
    assert reader is not None
    async with lernwerk.db.tx() as tx:
        await follows.block(tx, lernwerk.node, writer, reader.id)
    await rig.settle()
    async with lindenhof.db.read() as tx:
        relation = (await list_relationships(tx, amina, [olena]))[0]
    assert not relation.following and relation.blocked_by

"""Answers never reach further than what they answer, and always reach whom they answer."""

from __future__ import annotations

import pytest

from node.db.rows import Window
from node.features.actors import lookup
from node.features.follows import service as follows
from node.features.posts import reactions, service, views
from node.features.posts.service import Draft, narrowed
from node.features.reading import store as reading
from tests.rig import Rig, RigNode

WIDTHS = [
    # wanted, parent, what it becomes
    ("public", "public", "public"),
    ("public", "unlisted", "unlisted"),
    ("public", "followers", "followers"),
    ("public", "direct", "direct"),
    ("public", "local", "local"),
    ("local", "public", "local"),
    ("local", "followers", "followers"),
    ("local", "direct", "direct"),
    ("direct", "public", "direct"),
    ("direct", "local", "direct"),
    ("followers", "unlisted", "followers"),
]


@pytest.mark.parametrize(("wanted", "parent", "becomes"), WIDTHS)
def test_an_answer_is_never_wider_than_what_it_answers(wanted: str, parent: str, becomes: str) -> None:
    assert narrowed(wanted, parent) == becomes


async def test_an_answer_reaches_its_author_even_when_the_text_names_nobody(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    amina = await lindenhof.person("amina")
    olena = await lernwerk.person("olena")
    there = await lookup.resolve_handle(lindenhof.node, f"@olena@{lernwerk.host}")
    async with lindenhof.db.tx() as tx:
        await follows.follow(tx, lindenhof.node, amina.id, there.id)
    await rig.settle()
    async with lernwerk.db.tx() as tx:
        asked = await service.write_post(tx, lernwerk.node, olena.id, Draft(source="Wer hilft?"))
    await rig.settle()
    async with lindenhof.db.tx() as tx:
        entry = (await reading.list_home(tx, amina.id, Window()))[0]
        await service.write_post(
            tx, lindenhof.node, amina.id, Draft(source="Ich!", in_reply_to_id=entry.post_id)
        )
    await rig.settle()
    async with lernwerk.db.read() as tx:
        thread = await views.list_thread(tx, asked, olena.id)
        told = await reading.list_notifications(tx, olena.id, Window(), kinds=["mention"])
    assert [answer.html for answer in thread.descendants] == ["<p>Ich!</p>"]
    assert len(told) == 1


async def test_an_edit_for_followers_does_not_reach_who_follows_no_more(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    amina = await lindenhof.person("amina")
    olena = await lernwerk.person("olena")
    there = await lookup.resolve_handle(lindenhof.node, f"@olena@{lernwerk.host}")
    async with lindenhof.db.tx() as tx:
        await follows.follow(tx, lindenhof.node, amina.id, there.id)
    await rig.settle()
    async with lernwerk.db.tx() as tx:
        told = await service.write_post(
            tx, lernwerk.node, olena.id, Draft(source="Unter uns", audience="followers")
        )
    await rig.settle()
    async with lindenhof.db.tx() as tx:
        copy = (await reading.list_home(tx, amina.id, Window()))[0].post_id
        await reactions.like(tx, lindenhof.node, amina.id, copy)
        await follows.unfollow(tx, lindenhof.node, amina.id, there.id)
    await rig.settle()
    rig.clock.advance(minutes=5)
    async with lernwerk.db.tx() as tx:
        await service.edit_post(tx, lernwerk.node, olena.id, told, Draft(source="Geheimer"))
    await rig.settle()
    async with lindenhof.db.read() as tx:
        assert await tx.fetchval("SELECT html FROM posts WHERE id = $1", copy) == "<p>Unter uns</p>"

"""A number everybody sees tells of no answer that waits or was taken out (ACL-04)."""

from __future__ import annotations

from node.features.group_posts.service import moderating
from node.features.posts import service
from node.features.posts.store import writes
from tests.node.features.group_posts.places import answers, found, held, join, says
from tests.node.wire.strangers import wrong_counters
from tests.rig import Rig, RigNode


async def test_acl_04_an_answer_counts_while_it_stands_in_the_group(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    amina, jonas = await lindenhof.person("amina"), await lernwerk.person("jonas")
    home = await found(lindenhof, amina, newcomer_posts=1)
    await join(home, jonas, lernwerk)
    asked = await says(home, amina, "Who helps?")
    await rig.settle()
    far = await held(lernwerk, "Who helps?")
    assert far is not None
    await answers(lernwerk, jonas, far.id, "I do")
    await rig.settle()
    answer = await held(lindenhof, "I do")
    assert answer is not None and answer.group_state == "waiting"

    async def counted() -> int:
        async with lindenhof.db.read() as tx:
            assert await wrong_counters(tx) == []
            return int(await tx.fetchval("SELECT replies_count FROM posts WHERE id = $1", asked))

    assert await counted() == 0
    async with lindenhof.db.tx() as tx:
        await moderating.let_through(tx, lindenhof.node, amina.id, answer.id)
    assert await counted() == 1
    for deed, number in (("remove_post", 0), ("restore_post", 1), ("remove_post", 0)):
        rig.clock.advance(minutes=1)
        async with lindenhof.db.tx() as tx:
            await moderating.act(tx, amina.id, answer.id, deed)
        assert await counted() == number
    async with lindenhof.db.tx() as tx:
        await writes.delete_post(tx, answer.id)
    assert await counted() == 0
    async with lindenhof.db.tx() as tx:
        await service.delete_post(tx, lindenhof.node, amina.id, asked)

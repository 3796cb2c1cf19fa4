"""Two nodes of ours and one poll."""

from __future__ import annotations

from node.features.actors import lookup
from node.features.follows import service as follows
from node.features.polls.service import PollDraft
from node.features.posts import polling, service, views
from node.features.posts.service import Draft
from node.runtime import Node
from tests.node.wire.polls import ANSWERS, House
from tests.rig import Rig, RigNode


async def local(node: Node, handle: str) -> int:
    found = await lookup.resolve_handle(node, handle)
    return found.id


async def test_two_nodes_ask_vote_count_and_end_together(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    amina, olena = await lindenhof.person("amina"), await lernwerk.person("olena")
    far = await local(lindenhof.node, f"@olena@{lernwerk.host}")
    async with lindenhof.db.tx() as tx:
        await follows.follow(tx, lindenhof.node, amina.id, far)
    await rig.settle()
    there, here = House(rig, lernwerk), House(rig, lindenhof)
    post_id, uri = await there.ask(olena)
    await rig.settle()
    copy = await here.id_of(uri)
    async with lindenhof.db.tx() as tx:
        await polling.vote(tx, lindenhof.node, amina.id, copy, [1])
    await rig.settle()
    assert (await there.poll(post_id)).votes == [0, 1, 0]
    rig.clock.advance(minutes=2)
    await lernwerk.sweep()
    await rig.settle()
    poll = await here.poll(copy, amina)
    assert (poll.votes, poll.voters_count, poll.own) == ([0, 1, 0], 1, [1])
    rig.clock.advance(hours=25)
    for node in (lernwerk, lindenhof):
        await node.sweep()
    await rig.settle()
    assert (await here.poll(copy, amina)).is_over
    assert (await here.told(amina)).count("poll") == 1
    assert (await there.told(olena)).count("poll") == 1


async def test_changing_the_answers_drops_the_votes_and_changing_the_end_keeps_them(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    amina, olena = await lindenhof.person("amina"), await lernwerk.person("olena")
    far = await local(lindenhof.node, f"@olena@{lernwerk.host}")
    async with lindenhof.db.tx() as tx:
        await follows.follow(tx, lindenhof.node, amina.id, far)
    await rig.settle()
    there, here = House(rig, lernwerk), House(rig, lindenhof)
    post_id, uri = await there.ask(olena)
    await rig.settle()
    copy = await here.id_of(uri)
    async with lindenhof.db.tx() as tx:
        await polling.vote(tx, lindenhof.node, amina.id, copy, [1])
    await rig.settle()

    async def edit(titles: tuple[str, ...]) -> None:
        rig.clock.advance(minutes=5)
        async with lernwerk.db.tx() as tx:
            draft = Draft(source="Wann denn?", poll=PollDraft(titles=titles, open_s=3600))
            await service.edit_post(tx, lernwerk.node, olena.id, post_id, draft)
        await rig.settle()

    await edit(ANSWERS)
    for where, which in ((there, post_id), (here, copy)):
        poll = await where.poll(which, amina if where is here else olena)
        assert poll.votes == [0, 1, 0] and poll.ends_at is not None
        assert poll.ends_at.hour == 11
    await edit((*ANSWERS, "Immer"))
    for where, which in ((there, post_id), (here, copy)):
        poll = await where.poll(which, amina if where is here else olena)
        assert (poll.votes, poll.own, poll.titles[3]) == ([0, 0, 0, 0], [], "Immer")
    async with lernwerk.db.read() as tx:
        _, versions = await views.list_revisions(tx, post_id, olena.id)
    assert [len(version.poll_options) for version in versions] == [3, 3, 4]

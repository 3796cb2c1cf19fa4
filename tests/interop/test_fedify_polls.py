"""Polls between our node and a Fedify server, both ways, with signatures of either kind."""

from collections.abc import AsyncIterator

import pytest

from node.features.actors import lookup
from node.features.actors.store.reads import Actor
from node.features.polls.service import PollDraft
from node.features.polls.store import Poll
from node.features.posts import polling, service, views
from node.features.posts.service import Draft
from node.features.posts.store import writes
from tests.interop.peer import FedifyPeer
from tests.rig import Rig, RigNode

pytestmark = pytest.mark.interop
ANSWERS = ["Saturday", "Sunday"]


@pytest.fixture(params=["rfc9421", "draft-cavage-http-signatures-12"])
async def frieda(request: pytest.FixtureRequest) -> AsyncIterator[FedifyPeer]:
    peer = await FedifyPeer.start(request.param)
    yield peer
    await peer.stop()


@pytest.fixture
async def anna(house: RigNode) -> Actor:
    return await house.person("anna")


async def poll_of(house: RigNode, post_id: int, viewer: Actor) -> Poll:
    async with house.db.read() as tx:
        found = (await views.get_post(tx, post_id, viewer.id)).poll
    assert found is not None
    return found


async def test_their_poll_is_kept_answered_and_counted(
    rig: Rig, house: RigNode, frieda: FedifyPeer, anna: Actor
) -> None:
    asked = await frieda.order("ask", content="<p>When?</p>", answers=ANSWERS, mention=[anna.uri])
    await rig.settle()
    async with house.db.read() as tx:
        row = await writes.find_by_uri(tx, asked["question"])
    assert row is not None
    poll = await poll_of(house, row.id, anna)
    assert (poll.titles, poll.votes, poll.multiple, poll.voters_count) == (ANSWERS, [0, 0], False, 0)
    rig.clock.advance(seconds=2)
    async with house.db.tx() as tx:
        await polling.vote(tx, house.node, anna.id, row.id, [1])
    await rig.settle()
    votes = [one["object"] for one in await frieda.received("Create")]
    assert [(one["name"], one["inReplyTo"]) for one in votes] == [("Sunday", asked["question"])]
    rig.clock.advance(seconds=2)
    await frieda.order("count", question=asked["question"], counts=[3, 1])
    await rig.settle()
    poll = await poll_of(house, row.id, anna)
    assert (poll.votes, poll.voters_count, poll.own) == ([3, 1], 4, [1])


async def test_our_poll_is_read_answered_and_its_counts_told(
    rig: Rig, house: RigNode, frieda: FedifyPeer, anna: Actor
) -> None:
    await lookup.resolve_uri(house.node, frieda.actor)
    async with house.db.tx() as tx:
        asked = PollDraft(titles=tuple(ANSWERS), open_s=86_400)
        post_id = await service.write_post(tx, house.node, anna.id, Draft(source="When?", poll=asked))
    uri = f"{house.origin}/ap/notes/{post_id}"
    read = await frieda.order("lookup", url=uri)
    assert [option["name"] for option in read["document"]["oneOf"]] == ANSWERS
    for _ in range(2):  # the second does not count
        await frieda.order("vote", question=uri, author=anna.uri, choice="Saturday")
        await rig.settle()
        rig.clock.advance(seconds=2)
    poll = await poll_of(house, post_id, anna)
    assert (poll.votes, poll.voters_count) == ([1, 0], 1)
    rig.clock.advance(minutes=2)
    await house.sweep()
    await rig.settle()
    (told,) = await frieda.received("Update")
    assert [option["replies"]["totalItems"] for option in told["object"]["oneOf"]] == [1, 0]

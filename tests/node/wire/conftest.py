"""Peers for the tests of the wire; our node is `lindenhof`, its member is `amina`."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from node.features.actors.store.reads import Actor
from node.features.follows import service as follows
from tests.federation.peers import Peer
from tests.node.wire.polls import House
from tests.node.wire.strangers import Stranger, known_as, run
from tests.rig import Rig, RigNode


@pytest.fixture
async def peers() -> AsyncIterator[list[Peer]]:
    """Two empty houses."""
    made = [Peer("localhost"), Peer("localhost")]
    for peer in made:
        await peer.start()
    yield made
    for peer in made:
        await peer.stop()


@pytest.fixture
async def eve(peers: list[Peer]) -> Stranger:
    """Somebody of the first house."""
    return Stranger(peers[0], "eve")


@pytest.fixture
async def vera(peers: list[Peer]) -> Stranger:
    """Somebody of the second house."""
    return Stranger(peers[1], "vera")


@pytest.fixture
async def amina(lindenhof: RigNode) -> Actor:
    """A member here."""
    return await lindenhof.person("amina")


@pytest.fixture
async def follower(lindenhof: RigNode, amina: Actor, vera: Stranger) -> Actor:
    """Amina, who follows Vera; Vera said yes."""
    there = await known_as(lindenhof, vera)
    async with lindenhof.db.tx() as tx:
        await follows.follow(tx, lindenhof.node, amina.id, there.id)
        uri = await tx.fetchval("SELECT uri FROM follows WHERE follower_id = $1", amina.id)
    assert await vera.send(lindenhof, vera.does("Accept", uri)) == 202
    await run(lindenhof)
    return amina


@pytest.fixture
def house(rig: Rig, lindenhof: RigNode) -> House:
    """Our node, with its clock and what happens there."""
    return House(rig, lindenhof)

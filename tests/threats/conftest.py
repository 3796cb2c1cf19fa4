"""The scene every threat is played in."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import pytest

from node.features.actors.store.reads import Actor
from tests.node.wire.conftest import amina, eve, follower, peers, vera  # noqa: F401  (fixtures of this folder too)
from tests.node.wire.strangers import Stranger
from tests.rig import Rig, RigNode
from tests.threats.oracle import Connector, Heard, Scene


@pytest.fixture
async def scene(
    rig: Rig, lindenhof: RigNode, follower: Actor, eve: Stranger, vera: Stranger  # noqa: F811
) -> AsyncIterator[Scene]:  # fmt: skip
    """Amina follows Vera; Eve wrote once, so that she and her key are known."""
    heard, connector = Heard(), Connector()
    connector.watch(lindenhof.node.client)
    log = logging.getLogger("node")
    level = log.level
    log.setLevel(logging.INFO)
    log.addHandler(heard)
    made = Scene(rig, lindenhof, follower, eve, vera, heard, connector)
    assert await made.works(eve, made.mention()) == [("done", "")]
    yield made
    log.removeHandler(heard)
    log.setLevel(level)

"""A foreign peer per test, and a rig on the machine's own time: peers judge dates by theirs."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from node.clock import SettableClock
from tests.interop.peer import FedifyPeer
from tests.rig import Rig, RigNode


@pytest.fixture
async def frieda() -> AsyncIterator[FedifyPeer]:
    peer = await FedifyPeer.start()
    yield peer
    await peer.stop()


@pytest.fixture
async def house(rig: Rig) -> RigNode:
    """Our node."""
    rig.clock = SettableClock(datetime.now(UTC))
    return await rig.node_of("lindenhof")

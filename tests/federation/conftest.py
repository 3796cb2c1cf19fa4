"""Fixtures shared by the tests of `federation`."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.federation.peers import Rig


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    """Two strangers, `evil.test` and `victim.test`, and our own side facing them."""
    made = Rig()
    await made.start("evil.test", "victim.test")
    yield made
    await made.stop()

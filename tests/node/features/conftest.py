"""Programs that use the client API of one node, for the tests of the features' `api.py`."""

from collections.abc import AsyncIterator

import pytest

from tests.node.features.api_client import ApiClient, Clients
from tests.rig import RigNode


@pytest.fixture
async def clients(lindenhof: RigNode) -> AsyncIterator[Clients]:
    """People of the first node with tokens."""
    async with Clients(lindenhof) as made:
        yield made


@pytest.fixture
async def alice(clients: Clients) -> ApiClient:
    """A member with every scope."""
    return await clients.person("alice")


@pytest.fixture
async def bob(clients: Clients) -> ApiClient:
    """Another member with every scope."""
    return await clients.person("bob")


@pytest.fixture
def anybody(clients: Clients) -> ApiClient:
    """A program without a token."""
    return clients.anybody()

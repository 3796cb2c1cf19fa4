"""One node of the rig, under the names these tests use."""

import pytest


@pytest.fixture
def node(lindenhof):
    """The running node."""
    return lindenhof.node


@pytest.fixture
def clock(rig):
    """The clock of every node."""
    return rig.clock

"""A member here and strangers elsewhere."""

from tests.node.wire.conftest import amina, eve, peers, vera

__all__ = ["amina", "eve", "peers", "vera"]

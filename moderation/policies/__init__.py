"""The policies this node knows, in the order in which they are asked."""

from types import ModuleType

POLICIES: tuple[ModuleType, ...] = ()

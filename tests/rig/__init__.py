"""Two or more real nodes in one process, talking over loopback sockets.

`rig.node("lindenhof")` starts one with a database of its own; `rig.settle()` runs what was woken
until all nodes are quiet. Nothing is mocked: only the worker's loop is driven by hand.
"""

from tests.rig.nodes import Rig, RigNode

__all__ = ["Rig", "RigNode"]

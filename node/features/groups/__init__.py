"""Groups: what they are, who belongs to them, and who runs them; posts in them are group_posts'."""

from node.feature import Feature
from node.features.groups import door, inbound, pages, serve, upkeep
from node.features.groups.service import founding, roles

FEATURE = Feature(
    name="groups",
    routes=(*serve.ROUTES, *pages.ROUTES),
    inbound=(inbound.inbound,),
    jobs={"group": upkeep.run},
    sweeps=(founding.sweep_ended, roles.sweep_bans),
    retention=(upkeep.look_after,),
    nav=pages.NAV,
)

__all__ = ["FEATURE", "door"]

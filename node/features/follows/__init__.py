"""Who follows, blocks and mutes whom."""

from node.feature import Feature
from node.features.follows import api, counts, inbound, mending, moves, pages, serve

FEATURE = Feature(
    name="follows",
    routes=(*pages.ROUTES, *api.ROUTES, *serve.ROUTES),
    inbound=(inbound.inbound,),
    jobs={"followers": mending.run, "move": moves.follow_along},
    sweeps=(moves.sweep_moves,),
    retention=(counts.mend_at_night,),
)

"""Who follows, blocks and mutes whom."""

from node.feature import Feature
from node.features.follows import api, inbound, pages

FEATURE = Feature(name="follows", routes=(*pages.ROUTES, *api.ROUTES), inbound=(inbound.inbound,))

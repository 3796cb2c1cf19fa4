"""What circulates in groups: what remote groups pass on to our people, and how those who run ours act on posts."""

from node.feature import Feature
from node.features.group_posts import inbound, pages

FEATURE = Feature(name="group_posts", routes=pages.ROUTES, inbound=(inbound.inbound,))

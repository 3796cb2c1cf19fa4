"""What people write, and what others do with it."""

from node.feature import Feature
from node.features.posts import api, forwarding, inbound, pages, serve

FEATURE = Feature(
    name="posts",
    routes=(*serve.ROUTES, *pages.ROUTES, *api.ROUTES),
    inbound=(inbound.inbound,),
    retention=(forwarding.forget,),
)

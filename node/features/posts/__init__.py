"""What people write, and what others do with it."""

from node.feature import Feature
from node.features.posts import (
    api,
    forwarding,
    inbound,
    inbound_emoji,
    inbound_marks,
    pages,
    polling,
    serve,
    serve_groups,
    serve_threads,
)

FEATURE = Feature(
    name="posts",
    routes=(*serve.ROUTES, *serve_threads.ROUTES, *serve_groups.ROUTES, *pages.ROUTES, *api.ROUTES),
    inbound=(inbound.inbound, inbound_marks.inbound, inbound_emoji.inbound),
    jobs={"poll": polling.refresh_job},
    sweeps=(polling.sweep,),
    retention=(forwarding.forget,),
)

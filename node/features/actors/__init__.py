"""People, groups and services this node knows: who they are, how others fetch and find them."""

from node.feature import Feature
from node.features.actors import api, burial, handles, inbound, serve

FEATURE = Feature(
    name="actors",
    routes=(*serve.ROUTES, *api.ROUTES),
    inbound=(inbound.inbound,),
    jobs={"handle": handles.run, "burial": burial.run},
)

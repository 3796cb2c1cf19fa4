"""Reports: members and other nodes ask the moderators to look at somebody; moderators answer."""

from node.feature import Feature
from node.features.reports import api, inbound, pages, pages_manage, retention

FEATURE = Feature(
    name="reports",
    routes=(*pages.ROUTES, *pages_manage.ROUTES, *api.ROUTES),
    inbound=(inbound.inbound,),
    retention=(retention.forget,),
)

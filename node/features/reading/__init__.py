"""Timelines, messages, bookmarks and notifications as people read them."""

from node.feature import Feature
from node.features.reading import api, nodeinfo, pages

FEATURE = Feature(name="reading", routes=(*nodeinfo.ROUTES, *pages.ROUTES, *api.ROUTES), nav=pages.NAV)

"""Find people, posts and topics, here and elsewhere."""

from node.feature import Feature
from node.features.search import api, pages

FEATURE = Feature(name="search", routes=(*pages.ROUTES, *api.ROUTES), nav=pages.NAV)

"""Timelines, messages, bookmarks and notifications as people read them."""

from node.feature import Feature
from node.features.reading import api, pages

FEATURE = Feature(name="reading", routes=(*pages.ROUTES, *api.ROUTES))

"""Houses that follow houses, and relays: the admins' page, and where public posts go besides."""

from node.feature import Feature
from node.features.neighbours import pages

FEATURE = Feature(name="neighbours", routes=pages.ROUTES)

"""Houses that follow houses, relays, and what others run: the admins' page, and where public posts go besides."""

from node.feature import Feature
from node.features.neighbours import pages, software

FEATURE = Feature(name="neighbours", routes=pages.ROUTES, jobs=software.JOBS, sweeps=(software.look,))

"""Leaving the house: export everything, delete the account."""

from node.feature import Feature
from node.features.leaving import pages

FEATURE = Feature(name="leaving", routes=pages.ROUTES)

"""Leaving the house and coming from another: export everything, bring lists along, delete the account."""

from node.feature import Feature
from node.features.leaving import imports, pages, pages_import

FEATURE = Feature(
    name="leaving",
    routes=(*pages.ROUTES, *pages_import.ROUTES),
    jobs={"import": imports.run},
    sweeps=(imports.sweep,),
    retention=(imports.forget,),
)

"""Asking for leave to quote, answering who asks, and taking leave back (FEP-044f)."""

from node.feature import Feature
from node.features.quotes import api, inbound, pages, serve

FEATURE = Feature(
    name="quotes", routes=(*serve.ROUTES, *pages.ROUTES, *api.ROUTES), inbound=(inbound.inbound,)
)

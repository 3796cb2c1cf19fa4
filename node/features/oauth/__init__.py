"""Programs that act for people: apps, consent, tokens."""

from node.feature import Feature
from node.features.oauth import api, pages, service
from node.runtime import Node


async def _forget(node: Node) -> None:
    async with node.db.tx() as tx:
        await service.forget_unused(tx)


FEATURE = Feature(name="oauth", routes=(*api.ROUTES, *pages.ROUTES), retention=(_forget,))

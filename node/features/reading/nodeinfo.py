"""What the node says of itself to other nodes and to those who count them: NodeInfo 2.0 and 2.1.

Numbers only, nothing about anybody. Spec: NodeInfo, FEP-f1d5, FEP-2677.
"""

from aiohttp import web

from federation import strict_json
from federation.discovery import nodeinfo
from federation.discovery.nodeinfo import NodeFacts
from federation.errors import FederationError
from node import __version__
from node.appkeys import NODE
from node.db.database import Tx
from node.feature import Route
from node.features.actors.service import INSTANCE_PATH
from node.features.actors.store import reads as actors
from node.features.house import service as house
from node.features.house.store import count_usage

_OPEN = {"Access-Control-Allow-Origin": "*", "Cache-Control": "public, max-age=600"}


async def show_index(request: web.Request) -> web.Response:
    """Where the documents are, and which actor stands for the node."""
    node = request.app[NODE]
    return web.json_response(nodeinfo.well_known(node.origin, node.uri(INSTANCE_PATH)), headers=_OPEN)


async def show_document(request: web.Request) -> web.Response:
    """One version of the document."""
    node = request.app[NODE]
    version = request.match_info["version"]
    async with node.db.read() as tx:
        facts = await _facts(tx, node.origin)
    try:
        body = strict_json.dumps(nodeinfo.document(version, facts))
    except FederationError:
        return web.json_response({"error": "not_found"}, status=404, headers=_OPEN)
    return web.Response(body=body, headers={**_OPEN, "Content-Type": nodeinfo.media_type(version)})


async def _facts(tx: Tx, origin: str) -> NodeFacts:
    people = await actors.count_local(tx)
    usage = await count_usage(tx)
    settings = await house.get_settings(tx)
    return NodeFacts(
        software="allmende",
        version=__version__,
        repository=f"{origin}/about",
        homepage=f"{origin}/about",
        open_registrations=settings.registration in ("open", "approval"),
        users=people["total"],
        active_month=people["active_month"],
        active_half_year=people["active_halfyear"],
        local_posts=usage.posts,
        metadata={"nodeName": settings.name, "nodeDescription": settings.description},
    )


ROUTES = (
    Route("GET", "/.well-known/nodeinfo", show_index, "wire"),
    Route("GET", "/nodeinfo/{version}", show_document, "wire"),
)

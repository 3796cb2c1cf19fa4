"""The followers of one of ours that live on the asking host, for that host alone (FEP-8fcf)."""

from typing import Final

from aiohttp import web

from federation import uris, vocab
from node.appkeys import NODE
from node.feature import Route
from node.features.actors.store import reads as actors
from node.wire import serve
from node.wire.followers import PATH
from node.wire.store import followers

_MOST: Final = 1000


async def show_followers_here(request: web.Request) -> web.Response:
    """GET /ap/users/{id}/followers_synchronization, signed by anybody of the host that asks."""
    node = request.app[NODE]
    asker = await serve.signing_uri_of(request)
    if asker is None:
        return serve.answer_missing()
    async with node.db.read() as tx:
        actor = await actors.find_by_uri(tx, node.uri(request.path.rpartition("/")[0]))
        if actor is None or not actor.local or not await actors.is_reachable(tx, actor):
            return serve.answer_missing()
        listed = await followers.list_followers_at(tx, actor.id, uris.host_of(asker), _MOST)
    found = vocab.Collection(
        id=f"{actor.uri}/{PATH}",
        type="OrderedCollection",
        part_of=actor.followers_uri,
        total_items=len(listed),
        items=tuple(listed),
    )
    # An empty list says that nobody there follows, and is not the same as no list.
    return serve.answer_document({**vocab.write(found), "orderedItems": listed}, public=False)


ROUTES: tuple[Route, ...] = tuple(
    Route("GET", f"/ap/{folder}/{{id:[0-9]+}}/{PATH}", show_followers_here, "wire")
    for folder in ("users", "groups")
)

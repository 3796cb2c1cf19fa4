"""The thread a post of ours began, as other nodes fetch it: everything in it that anybody may read.

Spec: FEP-7888 (the address in `context`), FEP-f228 (its posts in time order).
"""

from aiohttp import web

from federation import vocab
from node.appkeys import NODE
from node.errors import NodeError
from node.feature import Route
from node.features.posts import translate, views
from node.features.reach import store
from node.wire import serve

_MOST: int = 500


async def show_context(request: web.Request) -> web.Response:
    """GET /ap/notes/{id}/context, for a thread whose first post is ours and public."""
    node = request.app[NODE]
    root_id = int(request.match_info["id"])
    async with node.db.read() as tx:
        try:
            root = await views.get_post(tx, root_id, None)
        except NodeError:
            return serve.answer_missing()
        listed = await store.list_thread_uris(tx, root.id, _MOST)
    uri = translate.context_uri(node, root.id)
    if not root.local or root.context_uri != uri:
        return serve.answer_missing()
    found = vocab.Collection(
        id=uri,
        type="OrderedCollection",
        attributed_to=root.author.uri,
        total_items=len(listed),
        items=tuple(listed),
    )
    return serve.answer(found)


ROUTES: tuple[Route, ...] = (Route("GET", "/ap/notes/{id:[0-9]{1,18}}/context", show_context, "wire"),)

"""The followers of one of ours that live on the asking host, for that host alone (FEP-8fcf).

Small lists are one document, larger ones pages that name what follows; only all of it is the whole list.
"""

from typing import Final

from aiohttp import web

from federation import uris, vocab
from node.appkeys import NODE
from node.db.database import Tx
from node.feature import Route
from node.features.actors.store import reads as actors
from node.wire import serve
from node.wire.followers import PATH
from node.wire.store import followers

PAGE: Final = 1000


async def _asked_of(request: web.Request, tx: Tx, host: str) -> actors.Actor | None:
    """Whose followers are asked for, if this house may find them."""
    node = request.app[NODE]
    actor = await actors.find_by_uri(tx, node.uri(request.path.partition(f"/{PATH}")[0]))
    if actor is None or not actor.local:
        return None
    if actor.kind == "Group":
        return actor if await node.hooks.groups.is_shown_at(tx, actor.id, host) else None
    return actor if await actors.is_reachable(tx, actor) else None


async def show_followers_here(request: web.Request) -> web.Response:
    """GET /ap/users/{id}/followers_synchronization, signed by anybody of the host that asks."""
    asker = await serve.signing_uri_of(request)
    if asker is None:
        return serve.answer_missing()
    host = uris.host_of(asker)
    async with request.app[NODE].db.read() as tx:
        actor = await _asked_of(request, tx, host)
        if actor is None:
            return serve.answer_missing()
        listed = await followers.list_followers_at(tx, actor.id, host, 0, PAGE)
        total = len(listed) if len(listed) < PAGE else await followers.count_followers_at(tx, actor.id, host)
    uri = f"{actor.uri}/{PATH}"
    paged = total > len(listed)
    found = vocab.Collection(
        id=uri,
        type="OrderedCollection",
        part_of=actor.followers_uri,
        total_items=total,
        first=serve.page_uri(uri, 0) if paged else None,
    )
    # An empty list says that nobody there follows, and is not the same as no list.
    whole = {} if paged else {"orderedItems": [one.uri for one in listed]}
    return serve.answer_document({**vocab.write(found), **whole}, public=False)


async def show_followers_page(request: web.Request) -> web.Response:
    """GET …/followers_synchronization/page/{after}: those whose follows are younger, oldest first."""
    asker = await serve.signing_uri_of(request)
    if asker is None:
        return serve.answer_missing()
    host, after = uris.host_of(asker), int(request.match_info["after"])
    async with request.app[NODE].db.read() as tx:
        actor = await _asked_of(request, tx, host)
        if actor is None:
            return serve.answer_missing()
        listed = await followers.list_followers_at(tx, actor.id, host, after, PAGE)
    uri = f"{actor.uri}/{PATH}"
    last = listed[-1].id if len(listed) == PAGE else None
    page = serve.page_of(uri, after, tuple(one.uri for one in listed), last)
    return serve.answer(page, public=False)


ROUTES: tuple[Route, ...] = tuple(
    route
    for folder in ("users", "groups")
    for route in (
        Route("GET", f"/ap/{folder}/{{id:[0-9]+}}/{PATH}", show_followers_here, "wire"),
        Route(
            "GET",
            f"/ap/{folder}/{{id:[0-9]+}}/{PATH}/page/{{after:[0-9]{{1,18}}}}",
            show_followers_page,
            "wire",
        ),
    )
)

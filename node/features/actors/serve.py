"""Our actors as other nodes fetch them: documents, WebFinger, host-meta, follower lists.

Actor documents are public, so that keys can always be had; who follows whom is only counted.
"""

from aiohttp import web

from federation import strict_json, uris, vocab
from federation.discovery import answers, hostmeta
from federation.discovery.webfinger import JRD_TYPE
from federation.errors import FederationError
from node.appkeys import NODE
from node.feature import Route
from node.features.actors import served, translate
from node.features.actors.service import INSTANCE_PATH
from node.features.actors.store import reads
from node.features.actors.store.reads import Actor
from node.wire import serve
from node.wire.inbound import receive_activity

_OPEN = {"Access-Control-Allow-Origin": "*"}
_FOUND = {**_OPEN, "Content-Type": JRD_TYPE, "Cache-Control": "public, max-age=180"}
# Everybody who asks in the same form gets the same document, signed or not, so a cache in front may keep it.
_BY_FORM = {"Vary": "Accept"}


async def _find(request: web.Request) -> Actor | None:
    """Our actor of this path, deleted or not; None for people who were not let in yet."""
    node = request.app[NODE]
    async with node.db.read() as tx:
        found = await reads.find_by_uri(tx, node.uri(request.path))
        if found is None or not found.local:
            return None
        return found if found.deleted_at or await reads.is_reachable(tx, found) else None


async def show_actor(request: web.Request) -> web.Response:
    """The actor document; 410 with a Tombstone after deletion."""
    node = request.app[NODE]
    for_people = serve.wants_page(request)
    kept = served.find(node, request.raw_path) if not for_people else None
    if kept is not None:
        return served.answer(request, kept)
    turn = served.turn_of(node)
    actor = await _find(request)
    if actor is None:
        return serve.answer_missing()
    if actor.deleted_at is not None:
        return serve.answer_gone(actor.uri, actor.kind)
    if for_people:
        raise web.HTTPFound(actor.url, headers=_BY_FORM)
    body = strict_json.dumps(vocab.write(translate.to_vocab(node, actor)))
    fresh = served.copy_of(actor.id, body, {**serve.PUBLIC_HEADERS, **_BY_FORM}, for_people=True)
    if request.raw_path == request.path:
        served.keep(node, request.raw_path, fresh, turn)
    return served.answer(request, fresh)


async def show_count(request: web.Request) -> web.Response:
    """Followers or following: how many, not who."""
    node = request.app[NODE]
    parent, _, which = request.path.rpartition("/")
    async with node.db.read() as tx:
        actor = await reads.find_by_uri(tx, node.uri(parent))
        shown = actor is not None and actor.local and await reads.is_reachable(tx, actor)
    if actor is None or not shown:
        return serve.answer_missing()
    total = actor.followers_count if which == "followers" else actor.following_count
    return serve.answer(serve.collection(node, f"{actor.uri}/{which}", total))


async def show_inbox(request: web.Request) -> web.Response:
    """Nobody reads an inbox from outside: an empty collection."""
    node = request.app[NODE]
    return serve.answer(serve.collection(node, node.uri(request.path), 0))


async def webfinger(request: web.Request) -> web.Response:
    """Who `acct:name@host` is. Spec: RFC 7033 §4."""
    node = request.app[NODE]
    kept = served.find(node, request.raw_path)
    if kept is not None:
        return served.answer(request, kept)
    turn = served.turn_of(node)
    try:
        asked = answers.read_resource(request.query.getall("resource", []), node.origin, node.handle_host)
    except FederationError as error:
        return web.json_response({"error": error.code}, status=error.status, headers=_OPEN)
    async with node.db.read() as tx:
        if asked.name:
            actor = await reads.find_by_handle(tx, asked.name, node.handle_host)
        elif asked.uri:
            actor = await reads.find_by_uri(tx, asked.uri) or await reads.find_by_url(tx, asked.uri)
        else:
            actor = await reads.find_by_uri(tx, node.uri(INSTANCE_PATH))
        gone = actor is not None and actor.deleted_at is not None
        shown = actor is not None and actor.local and (gone or await reads.is_reachable(tx, actor))
        closed = actor is not None and not await reads.is_shown(tx, actor, None)
    if closed and actor is not None:  # a closed group is there for the houses of its members
        asker = await serve.signing_uri_of(request)
        async with node.db.read() as tx:
            host = uris.host_of(asker) if asker is not None else ""
            shown = actor.local and await node.hooks.groups.is_shown_at(tx, actor.id, host)
    if actor is None or not shown:
        return web.json_response({"error": "not_found"}, status=404, headers=_OPEN)
    if actor.deleted_at is not None:
        return web.json_response({"error": "gone"}, status=410, headers=_OPEN)
    described = answers.Described(actor.username, actor.host, actor.uri, actor.url)
    body = answers.jrd(described, node.origin, rels=request.query.getall("rel", []))
    if closed:  # not for caches on the way either
        headers = {**_OPEN, "Content-Type": JRD_TYPE, "Cache-Control": "private, no-store"}
        return web.Response(body=strict_json.dumps(body), headers=headers)
    fresh = served.copy_of(actor.id, strict_json.dumps(body), _FOUND)
    served.keep(node, request.raw_path, fresh, turn)
    return served.answer(request, fresh)


async def host_meta(request: web.Request) -> web.Response:
    """Where WebFinger is asked, as XRD. Spec: RFC 6415."""
    body = hostmeta.xrd(request.app[NODE].origin)
    return web.Response(body=body, headers={**_OPEN, "Content-Type": "application/xrd+xml; charset=utf-8"})


async def host_meta_json(request: web.Request) -> web.Response:
    """Where WebFinger is asked, as JSON."""
    return web.json_response(hostmeta.jrd(request.app[NODE].origin), headers=_OPEN)


ROUTES = (
    Route("GET", "/.well-known/webfinger", webfinger, "wire"),
    Route("GET", "/.well-known/host-meta", host_meta, "wire"),
    Route("GET", "/.well-known/host-meta.json", host_meta_json, "wire"),
    Route("POST", "/inbox", receive_activity, "wire"),
    *(
        route
        for path in (INSTANCE_PATH, "/ap/users/{id:[0-9]+}")
        for route in (
            Route("GET", path, show_actor, "wire"),
            Route("GET", f"{path}/inbox", show_inbox, "wire"),
            Route("POST", f"{path}/inbox", receive_activity, "wire"),
            Route("GET", f"{path}/followers", show_count, "wire"),
            Route("GET", f"{path}/following", show_count, "wire"),
        )
    ),
)

"""What other houses may GET of our groups: their document, who moderates, how many belong.

A closed group is there only for houses with somebody in it; to all others it is missing, exactly like
one that never was. Answers about open ones are kept by `actors.served`. Who belongs is told to no one
but the houses of the members, each its own; to others it is a number.
"""

from aiohttp import web

from federation import strict_json, uris, vocab
from node.appkeys import NODE
from node.feature import Route
from node.features.actors import served
from node.features.actors import service as actors
from node.features.actors.store import reads
from node.features.actors.store.reads import Actor
from node.features.groups import translate
from node.features.groups.store import groups, members
from node.features.groups.store.groups import Group
from node.runtime import Node
from node.wire import serve
from node.wire.inbound import receive_activity

_GROUP = "/ap/groups/{id:[0-9]+}"
MOST_LISTED = 1000


class Seen:
    """A group that the asker may see; `host` is theirs where they had to prove it."""

    def __init__(self, actor: Actor, group: Group, host: str) -> None:
        self.actor = actor
        self.group = group
        self.host = host

    @property
    def public(self) -> bool:
        """Whether everybody may have the answer."""
        return self.group.shown_to_strangers


async def find_shown(request: web.Request, path: str) -> Seen | web.Response:
    """The group of this path, or the answer to who may not know of it."""
    node = request.app[NODE]
    async with node.db.read() as tx:
        actor = await reads.find_by_uri(tx, node.uri(path))
        group = await groups.find_group(tx, actor.id) if actor is not None and actor.local else None
        gone = actor is not None and actor.local and actor.deleted_at is not None
        if actor is not None and gone and await groups.was_shown(tx, actor.id):
            return serve.answer_gone(actor.uri, actor.kind)
    if actor is None or group is None:
        return serve.answer_missing()
    if group.shown_to_strangers:
        return Seen(actor, group, "")
    asker = await serve.signing_uri_of(request) if group.visibility == "private" else None
    if asker is None:
        return serve.answer_missing()
    host = uris.host_of(asker)
    async with node.db.read() as tx:
        inside = await members.is_host_inside(tx, group.actor_id, host)
    return Seen(actor, group, host) if inside else serve.answer_missing()


async def show_group(request: web.Request) -> web.Response:
    """The group's document; 410 with a Tombstone after deletion."""
    node = request.app[NODE]
    for_people = serve.wants_page(request)
    kept = served.find(node, request.raw_path) if not for_people else None
    if kept is not None:
        return served.answer(request, kept)
    turn = served.turn_of(node)
    seen = await find_shown(request, request.path)
    if isinstance(seen, web.Response):
        return seen
    if for_people:
        raise web.HTTPFound(seen.actor.url)
    document = await _document(node, seen.actor)
    if not seen.public:
        return serve.answer(document, public=False)
    body = strict_json.dumps(vocab.write(document))
    fresh = served.copy_of(seen.actor.id, body, serve.PUBLIC_HEADERS, for_people=True)
    if request.raw_path == request.path:
        served.keep(node, request.raw_path, fresh, turn)
    return served.answer(request, fresh)


async def _document(node: Node, actor: Actor) -> vocab.Actor:
    async with node.db.read() as tx:
        return await actors.describe(tx, node, actor)


async def show_moderators(request: web.Request) -> web.Response:
    """Who moderates, all at once: Lemmy reads no pages here. Spec: FEP-1b12."""
    node = request.app[NODE]
    seen = await find_shown(request, request.path.rpartition("/")[0])
    if isinstance(seen, web.Response):
        return seen
    async with node.db.read() as tx:
        listed = await members.list_leading_uris(tx, seen.actor.id)
    found = vocab.Collection(
        id=node.uri(request.path), type="OrderedCollection", total_items=len(listed), items=tuple(listed)
    )
    document = {**vocab.write(found), "orderedItems": listed}
    return serve.answer_document(document, public=seen.public)


async def show_members(request: web.Request) -> web.Response:
    """How many belong; to a member's house also which of its own people do, and as what."""
    node = request.app[NODE]
    seen = await find_shown(request, request.path.rpartition("/")[0])
    if isinstance(seen, web.Response):
        return seen
    host = seen.host
    if not host and "Signature" in request.headers:
        asker = await serve.signing_uri_of(request)
        host = uris.host_of(asker) if asker is not None else ""
    async with node.db.read() as tx:
        listed = await members.list_members_at(tx, seen.actor.id, host, MOST_LISTED) if host else []
    found = vocab.Collection(
        id=node.uri(request.path), type="OrderedCollection", total_items=seen.group.members_count
    )
    items = [translate.member(row.uri, row.actor_uri, seen.group.uri, row.role).raw for row in listed]
    document = vocab.write(found)
    return serve.answer_document({**document, "orderedItems": items} if items else document, public=not host)


async def show_count(request: web.Request) -> web.Response:
    """How many follow, or are followed: nobody's name."""
    node = request.app[NODE]
    parent, _, which = request.path.rpartition("/")
    seen = await find_shown(request, parent)
    if isinstance(seen, web.Response):
        return seen
    total = seen.actor.followers_count if which == "followers" else seen.actor.following_count
    return serve.answer(serve.collection(node, node.uri(request.path), total), public=seen.public)


async def show_empty(request: web.Request) -> web.Response:
    """A collection that Mobilizon looks for and that holds nothing here; nobody reads an inbox either."""
    node = request.app[NODE]
    seen = await find_shown(request, request.path.rpartition("/")[0])
    if isinstance(seen, web.Response):
        return seen
    return serve.answer(serve.collection(node, node.uri(request.path), 0), public=seen.public)


ROUTES: tuple[Route, ...] = (
    Route("GET", _GROUP, show_group, "wire"),
    Route("POST", f"{_GROUP}/inbox", receive_activity, "wire"),
    Route("GET", f"{_GROUP}/followers", show_count, "wire"),
    Route("GET", f"{_GROUP}/following", show_count, "wire"),
    Route("GET", f"{_GROUP}/moderators", show_moderators, "wire"),
    Route("GET", f"{_GROUP}/members", show_members, "wire"),
    *(Route("GET", f"{_GROUP}/{place}", show_empty, "wire") for place in ("inbox", *translate.PLACES)),
)

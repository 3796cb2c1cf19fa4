"""Our posts as other nodes fetch them: Notes, their Create, outbox, featured.

Public posts go to anybody; others only to a signer who may see them; hidden and missing look
alike, deleted is 410. Spec: AP §3, §5.
"""

from aiohttp import web

from federation import uris, vocab
from node.appkeys import NODE
from node.db.database import Tx
from node.db.rows import Window
from node.errors import NodeError
from node.feature import Route
from node.features.actors.store import reads as actors
from node.features.posts import service, translate, views
from node.features.posts.store import marks, reads
from node.features.posts.store.in_groups import find_member_at
from node.features.posts.views import PostView
from node.runtime import Node
from node.web.asked import path_id
from node.wire import serve
from node.wire.store import arrivals

PAGE = 20


async def _visible_post(request: web.Request) -> PostView | None:
    """Our federated post of this path as far as the asker may see it."""
    node = request.app[NODE]
    post_id = path_id(request)
    async with node.db.read() as tx:
        try:
            post = await views.get_post(tx, post_id, None)
        except NodeError:
            post = None
    if post is None:
        owner = await serve.signing_uri_of(request)
        if owner is None:
            return None
        async with node.db.read() as tx:
            signer = (await arrivals.list_known(tx, [owner])).get(owner)
            # A house with a member of a closed group reads for that member, whoever of it signs.
            member_id = await find_member_at(tx, post_id, uris.host_of(owner))
            viewer_id = member_id or (signer.id if signer is not None else None)
            if viewer_id is None or (signer is not None and signer.suspended):
                return None
            try:
                post = await views.get_post(tx, post_id, viewer_id)
            except NodeError:
                return None
    return post if post.local and post.audience != "local" else None


def _is_public(post: PostView) -> bool:
    return post.audience in ("public", "unlisted")


async def missing_or_gone(request: web.Request) -> web.Response:
    """What is said of a post nobody may see: 410 where it was deleted, else 404."""
    node = request.app[NODE]
    uri = translate.note_uri(node, path_id(request))
    async with node.db.read() as tx:
        if await arrivals.list_tombstoned(tx, [uri]):
            return serve.answer_gone(uri, "Note")
    return serve.answer_missing()


async def show_note(request: web.Request) -> web.Response:
    """A post as a Note; browsers are sent to its page."""
    post = await _visible_post(request)
    if post is None:
        return await missing_or_gone(request)
    if not serve.wants_activity(request) and "text/html" in request.headers.get("Accept", ""):
        raise web.HTTPFound(post.url)
    return serve.answer(service.note_of(request.app[NODE], post), public=_is_public(post))


async def show_create(request: web.Request) -> web.Response:
    """The activity that said it."""
    post = await _visible_post(request)
    if post is None:
        return await missing_or_gone(request)
    note = service.note_of(request.app[NODE], post)
    return serve.answer(translate.create(note), public=_is_public(post))


async def show_post_count(request: web.Request) -> web.Response:
    """Likes or shares of a post: how many."""
    post = await _visible_post(request)
    if post is None:
        return await missing_or_gone(request)
    which = request.path.rpartition("/")[2]
    total = post.likes_count if which == "likes" else post.boosts_count
    found = vocab.Collection(id=f"{post.uri}/{which}", type="Collection", total_items=total)
    return serve.answer(found, public=_is_public(post))


async def _owner(request: web.Request, tx: Tx) -> actors.Actor | None:
    node = request.app[NODE]
    path = request.path.partition("/outbox")[0].partition("/featured")[0]
    actor = await actors.find_by_uri(tx, node.uri(path))
    if actor is None or not actor.local or not await actors.is_reachable(tx, actor):
        return None
    return actor


async def show_outbox(request: web.Request) -> web.Response:
    """How many public posts somebody wrote, and where to read them."""
    node = request.app[NODE]
    async with node.db.read() as tx:
        actor = await _owner(request, tx)
        if actor is None:
            return serve.answer_missing()
        total = await reads.count_public(tx, actor.id)
    uri = actor.outbox_uri
    return serve.answer(serve.collection(node, uri, total, first=serve.page_uri(uri, 0)))


async def show_outbox_page(request: web.Request) -> web.Response:
    """A page of what somebody said in public, newest first."""
    node = request.app[NODE]
    before = 0 if request.match_info["before"] == "0" else path_id(request, "before")
    window = Window(max_id=before or None, limit=PAGE)
    async with node.db.read() as tx:
        actor = await _owner(request, tx)
        if actor is None:
            return serve.answer_missing()
        ids = await reads.list_public_ids(tx, actor.id, window)
        posts = await views.list_posts(tx, ids, None)
    creates = tuple(translate.create(service.note_of(node, post)) for post in posts)
    page = vocab.Collection(
        id=serve.page_uri(actor.outbox_uri, before),
        type="OrderedCollectionPage",
        part_of=actor.outbox_uri,
        next=serve.page_uri(actor.outbox_uri, ids[-1]) if len(ids) == PAGE else None,
        items=creates,
    )
    return serve.answer(page)


async def show_featured(request: web.Request) -> web.Response:
    """What somebody keeps at the top of their profile."""
    node = request.app[NODE]
    async with node.db.read() as tx:
        actor = await _owner(request, tx)
        if actor is None:
            return serve.answer_missing()
        pinned = await reads.list_pinned_ids(tx, actor.id)
        posts = await views.list_posts(tx, pinned, None)
    notes = tuple(_note_alone(node, post) for post in posts)
    found = vocab.Collection(
        id=actor.featured_uri, type="OrderedCollection", total_items=len(notes), items=notes
    )
    return serve.answer(found)


def _note_alone(node: Node, post: PostView) -> translate.Written:
    return service.note_of(node, post)


async def show_activity(request: web.Request) -> web.Response:
    """A public activity of ours by its id (likes, boosts, follows are answered with 404)."""
    node = request.app[NODE]
    async with node.db.read() as tx:
        boost = await marks.find_boost(tx, node.uri(request.path))
        if boost is None or boost.audience not in ("public", "unlisted"):
            return serve.answer_missing()
        try:
            post = await views.get_post(tx, boost.post_id, None)
        except NodeError:
            return serve.answer_missing()
        actor = await actors.get_actor(tx, boost.actor_id)
    found = translate.announce(
        node.uri(request.path), actor.uri, actor.followers_uri, post.uri, post.author.uri,
        audience=boost.audience, now=boost.published_at,
    )  # fmt: skip
    return serve.answer(found)


_NOTE = "/ap/notes/{id:[0-9]{1,19}}"

ROUTES = (
    Route("GET", _NOTE, show_note, "wire"),
    Route("GET", f"{_NOTE}/activity", show_create, "wire"),
    Route("GET", f"{_NOTE}/likes", show_post_count, "wire"),
    Route("GET", f"{_NOTE}/shares", show_post_count, "wire"),
    Route("GET", "/ap/announces/{id:[0-9]{1,19}}", show_activity, "wire"),
    *(
        route
        for path in ("/actor", "/ap/users/{id:[0-9]+}")
        for route in (
            Route("GET", f"{path}/outbox", show_outbox, "wire"),
            Route("GET", f"{path}/outbox/page/{{before:[0-9]{{1,19}}}}", show_outbox_page, "wire"),
            Route("GET", f"{path}/featured", show_featured, "wire"),
        )
    ),
)

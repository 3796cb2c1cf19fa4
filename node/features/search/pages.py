"""Finding people, posts and topics, and coming from or going to another house with an address.

Members may look up what this house does not know yet; visitors find what is known and public.
"""

from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from federation.uris import is_http_uri
from node import text
from node.appkeys import NODE, VIEWER
from node.errors import N_, NodeError
from node.feature import NavItem, Route
from node.features.actors.store import reads as actors
from node.features.follows import store as follows
from node.features.follows.present import page_path, person_line
from node.features.posts.present import list_cards, page_of
from node.features.search import elsewhere, service
from node.web.cards import PersonLine, PostCard
from node.web.forms import Form, read_form
from node.web.render import render

_LONGEST = 500


class Hit(msgspec.Struct, frozen=True):
    """Somebody found, and how the viewer stands to them: '', self, following, asked."""

    person: PersonLine
    standing: str
    locked: bool


class SearchPage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of search/search.html."""

    query: str
    people: list[Hit]
    cards: list[PostCard]
    tags: list[str]
    looked: bool
    could_be_elsewhere: bool


class Elsewhere(msgspec.Struct, kw_only=True):
    """What the form for people of other houses sends."""

    uri: Annotated[str, Meta(max_length=_LONGEST)] = ""
    handle: Annotated[str, Meta(max_length=320)] = ""


class ElsewherePage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of search/elsewhere.html; `way` is known once the handle was told."""

    form: Form[Elsewhere]
    uri: str
    person: PersonLine | None
    way: elsewhere.WayThere | None = None


async def show_search(request: web.Request) -> web.StreamResponse:
    """GET /search?q="""
    node, viewer = request.app[NODE], request.get(VIEWER)
    query = text.one_line(request.query.get("q", ""), _LONGEST).strip()
    viewer_id = viewer.actor_id if viewer else None
    found = await service.find(node, viewer_id, query, resolve=viewer is not None)
    async with node.db.read() as tx:
        ids = [actor.id for actor in found.actors]
        relations = await follows.list_relationships(tx, viewer_id, ids) if viewer_id and ids else []
        standing = {
            one.id: "following" if one.following else "asked" if one.requested else "" for one in relations
        }
        cards = await list_cards(tx, node, found.posts, viewer)
    people = [
        Hit(
            person_line(node, actor),
            "self" if actor.id == viewer_id else standing.get(actor.id, ""),
            actor.locked,
        )
        for actor in found.actors
    ]
    context = SearchPage(
        query=query,
        people=people,
        cards=cards,
        tags=found.tags,
        looked=bool(query),
        could_be_elsewhere=viewer is None and ("@" in query or is_http_uri(query)),
    )
    return render(request, "search/search.html", context)


async def authorize_interaction(request: web.Request) -> web.StreamResponse:
    """GET /authorize_interaction?uri=: somebody of ours comes back from another house (ORD-02)

    Shows what was found; nothing is done before they press a button.
    """
    node, viewer = request.app[NODE], request[VIEWER]
    address = text.one_line(request.query.get("uri", ""), _LONGEST).strip().removeprefix("acct:")
    if not (is_http_uri(address) or (address.count("@") in (1, 2) and " " not in address)):
        raise NodeError("bad_request", detail="authorize_interaction")
    found = await service.find(node, viewer.actor_id, address, resolve=True)
    if found.posts:
        raise web.HTTPSeeOther(page_of(found.posts[0]))
    if found.actors:
        raise web.HTTPSeeOther(page_path(found.actors[0]))
    raise NodeError("not_found", detail="authorize_interaction")


async def _elsewhere_page(
    request: web.Request, form: Form[Elsewhere], uri: str, way: elsewhere.WayThere | None = None
) -> web.Response:
    node = request.app[NODE]
    if not node.is_ours(uri):
        raise NodeError("not_found", detail="only our own things are handed on")
    async with node.db.read() as tx:
        actor = await actors.find_by_uri(tx, uri)
        if actor is not None and not await actors.is_shown(tx, actor, None):
            actor = None
    person = person_line(node, actor) if actor is not None and actor.deleted_at is None else None
    context = ElsewherePage(form=form, uri=uri, person=person, way=way)
    return render(request, "search/elsewhere.html", context, status=422 if form.errors else 200)


async def show_elsewhere(request: web.Request) -> web.StreamResponse:
    """GET /from-my-house?uri="""
    uri = text.one_line(request.query.get("uri", ""), _LONGEST)
    return await _elsewhere_page(request, Form(Elsewhere(uri=uri)), uri)


async def go_elsewhere(request: web.Request) -> web.StreamResponse:
    """POST /from-my-house: shows the way there with its host; the person follows the link themselves"""
    form = await read_form(request, Elsewhere)
    uri, way = form.values.uri, None
    if form.ok and request.app[NODE].is_ours(uri):
        try:
            if not form.values.handle:
                raise NodeError("invalid", field="handle", text=N_("Please fill this in."))
            way = await elsewhere.find_way(request.app[NODE], form.values.handle, uri)
        except NodeError as error:
            form.refuse(error)
    return await _elsewhere_page(request, form, uri, way)


ROUTES: tuple[Route, ...] = (
    Route("GET", "/search", show_search, "public", limit="search"),
    Route("GET", "/authorize_interaction", authorize_interaction, "member", limit="lookup"),
    Route("GET", "/from-my-house", show_elsewhere, "public"),
    Route("POST", "/from-my-house", go_elsewhere, "public", limit="lookup"),
)

NAV: tuple[NavItem, ...] = (NavItem(N_("Find"), "/search", "search", "member", 105),)

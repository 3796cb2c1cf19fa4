"""Pages between people: follow, answer requests, part, block, mute, and the lists of them.

Every change is a posted form that leads back to where it was sent from. Who follows whom is shown
to the person themselves alone. Only numbers of ours go out in forms: ids, never addresses.
"""

from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from node.appkeys import NODE, VIEWER, Viewer
from node.db.database import Tx
from node.db.rows import Window
from node.errors import NodeError
from node.feature import Route
from node.features.actors.store import reads as actors
from node.features.actors.store.reads import Actor
from node.features.follows import service, store
from node.features.follows.present import page_path, person_line, short_handle
from node.runtime import Node
from node.web.asked import older_than, path_id, way_back, window
from node.web.cards import PersonLine
from node.web.posted import read_posted
from node.web.render import render

Change = Callable[[Tx, Node, Viewer, int], Awaitable[object]]
_PAGE = 40
_MOST_HIDDEN = 200


class PeoplePage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of the lists of people: requests, followers, following."""

    people: list[PersonLine]
    older: str
    which: str = ""


class HiddenPage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of follows/hidden.html: whom the viewer does not want to read, or has shut out."""

    muted: list[PersonLine]
    blocked: list[PersonLine]


class AskPage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of follows/block.html and mute.html: asks once, and says what follows from it."""

    person: PersonLine
    back: str


async def find_shown(tx: Tx, node: Node, handle: str, viewer_id: int | None) -> Actor:
    """The person of a page's address, `alice` or `bob@peer.example`; a closed group only for who belongs.

    Raises: NodeError `not_found`, `gone`.
    """
    name, _, host = handle.partition("@")
    host = host.lower()
    if not handle.isprintable():  # the database takes no NUL
        raise NodeError("not_found", detail="handle")
    actor = await actors.find_by_handle(tx, name, node.handle_host if host in ("", node.host) else host)
    if actor is None or actor.suspended_at is not None or actor.kind == "Application":
        raise NodeError("not_found", detail="handle")
    if not await actors.is_shown(tx, actor, viewer_id):
        raise NodeError("not_found", detail="handle")
    if actor.deleted_at is not None:
        raise NodeError("gone", detail="actor")
    return actor


async def _follow(tx: Tx, node: Node, viewer: Viewer, person_id: int) -> None:
    await service.follow(tx, node, viewer.actor_id, person_id)


async def _unfollow(tx: Tx, node: Node, viewer: Viewer, person_id: int) -> None:
    await service.unfollow(tx, node, viewer.actor_id, person_id)


async def _block(tx: Tx, node: Node, viewer: Viewer, person_id: int) -> None:
    await service.block(tx, node, viewer.actor_id, person_id)


async def _unblock(tx: Tx, node: Node, viewer: Viewer, person_id: int) -> None:
    await service.unblock(tx, node, viewer.actor_id, person_id)


async def _mute(tx: Tx, node: Node, viewer: Viewer, person_id: int) -> None:
    await service.mute(tx, viewer.actor_id, person_id)


async def _unmute(tx: Tx, node: Node, viewer: Viewer, person_id: int) -> None:
    await service.unmute(tx, viewer.actor_id, person_id)


async def _accept(tx: Tx, node: Node, viewer: Viewer, person_id: int) -> None:
    await service.answer_request(tx, node, viewer.actor_id, person_id, accept=True)


async def _refuse(tx: Tx, node: Node, viewer: Viewer, person_id: int) -> None:
    await service.answer_request(tx, node, viewer.actor_id, person_id, accept=False)


async def _remove(tx: Tx, node: Node, viewer: Viewer, person_id: int) -> None:
    await service.remove_follower(tx, node, viewer.actor_id, person_id)


_CHANGES: dict[str, Change] = {
    "follow": _follow,
    "unfollow": _unfollow,
    "block": _block,
    "unblock": _unblock,
    "mute": _mute,
    "unmute": _unmute,
    "accept": _accept,
    "refuse": _refuse,
    "remove": _remove,
}


async def change(request: web.Request) -> web.StreamResponse:
    """POST /people/{id}/{what}"""
    node, viewer, person_id = request.app[NODE], request[VIEWER], path_id(request)
    await read_posted(request)
    async with node.db.tx() as tx:
        await _CHANGES[request.match_info["what"]](tx, node, viewer, person_id)
        person = await actors.get_actor(tx, person_id)
    back = await way_back(request, page_path(person))
    if back.startswith("/people/"):  # the page that asked first has its answer
        back = page_path(person)
    raise web.HTTPSeeOther(back)


async def ask_first(request: web.Request) -> web.StreamResponse:
    """GET /people/{id}/block and /mute"""
    node = request.app[NODE]
    async with node.db.read() as tx:
        person = await actors.get_actor(tx, path_id(request))
    if person.deleted_at is not None or person.id == request[VIEWER].actor_id:
        raise NodeError("not_found", detail="nobody to part from")
    context = AskPage(person=person_line(node, person), back=page_path(person))
    return render(request, f"follows/{request.match_info['what']}.html", context)


async def _lines(tx: Tx, node: Node, listed: list[store.Listed]) -> list[PersonLine]:
    people = await actors.list_actors(tx, [row.actor_id for row in listed])
    return [person_line(node, person) for person in people]


async def show_requests(request: web.Request) -> web.StreamResponse:
    """GET /requests: who asked to follow and waits"""
    node = request.app[NODE]
    async with node.db.read() as tx:
        listed = await store.list_requests(tx, request[VIEWER].actor_id, window(request, _PAGE))
        people = await _lines(tx, node, listed[:_PAGE])
    older = older_than(request, listed[_PAGE - 1].id if len(listed) > _PAGE else None)
    return render(request, "follows/requests.html", PeoplePage(people=people, older=older))


async def show_people(request: web.Request) -> web.StreamResponse:
    """GET /@{handle}/followers and /following, for the person themselves"""
    node, viewer, which = request.app[NODE], request[VIEWER], request.match_info["which"]
    lister = store.list_followers if which == "followers" else store.list_following
    async with node.db.read() as tx:
        person = await find_shown(tx, node, request.match_info["handle"], viewer.actor_id)
        if person.id != viewer.actor_id:
            raise NodeError("not_found", detail="somebody else's followers")
        listed = await lister(tx, person.id, window(request, _PAGE))
        people = await _lines(tx, node, listed[:_PAGE])
    older = older_than(request, listed[_PAGE - 1].id if len(listed) > _PAGE else None)
    return render(request, "follows/people.html", PeoplePage(people=people, older=older, which=which))


async def show_hidden(request: web.Request) -> web.StreamResponse:
    """GET /settings/hidden: muted and blocked people"""
    node, viewer, most = request.app[NODE], request[VIEWER], Window(limit=_MOST_HIDDEN)
    async with node.db.read() as tx:
        muted = await _lines(tx, node, await store.list_mutes(tx, viewer.actor_id, most))
        blocked = await _lines(tx, node, await store.list_blocks(tx, viewer.actor_id, most))
    return render(request, "follows/hidden.html", HiddenPage(muted=muted, blocked=blocked))


async def show_me(request: web.Request) -> web.StreamResponse:
    """GET /me: one's own page"""
    async with request.app[NODE].db.read() as tx:
        person = await actors.get_actor(tx, request[VIEWER].actor_id)
    raise web.HTTPSeeOther(f"/@{short_handle(person)}")


ROUTES: tuple[Route, ...] = (
    Route("POST", "/people/{id:[0-9]+}/{what:" + "|".join(_CHANGES) + "}", change, "member", limit="write"),
    Route("GET", "/people/{id:[0-9]+}/{what:block|mute}", ask_first, "member"),
    Route("GET", "/requests", show_requests, "member"),
    Route("GET", "/@{handle}/{which:followers|following}", show_people, "member"),
    Route("GET", "/settings/hidden", show_hidden, "member"),
    Route("GET", "/me", show_me, "member"),
)

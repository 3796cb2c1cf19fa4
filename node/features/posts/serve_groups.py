"""What a group of ours announced and what it keeps at its top, as other houses fetch them.

Newest first; the first page stands in the document itself, since Lemmy reads nothing else. Posts of our
people are whole, in their `Create`; those of others are named, and read where they live. A closed group's
lists are for the houses of its members, each as one of its own people would see them; to all others it is
missing. Spec: FEP-1b12.
"""

from typing import Final

import msgspec
from aiohttp import web

from federation import groups, vocab
from node.appkeys import NODE
from node.db.rows import Window
from node.feature import Route
from node.features.actors.store.reads import Actor
from node.features.groups.serve import find_shown
from node.features.posts import service, translate, views
from node.features.posts.store import in_groups as store
from node.features.posts.store.group_acts import list_pinned
from node.features.posts.store.in_groups import Announced
from node.features.posts.views import PostView
from node.runtime import Node
from node.web.asked import path_id
from node.wire import serve

PAGE: Final = 20
_GROUP: Final = "/ap/groups/{id:[0-9]+}"


class _Asked(msgspec.Struct, frozen=True):
    """A group of ours somebody may look into, as `viewer_id`: None for everybody."""

    group: Actor
    viewer_id: int | None
    public: bool


async def _asked(request: web.Request, which: str) -> _Asked | web.Response:
    node = request.app[NODE]
    seen = await find_shown(request, request.path.partition(f"/{which}")[0])
    if isinstance(seen, web.Response):
        return seen
    async with node.db.read() as tx:
        if seen.actor.suspended_at is not None:
            return serve.answer_missing()
        member_id = await store.find_inside(tx, seen.actor.id, seen.host) if seen.host else None
    # Whoever of that house was only invited may know of the group, and read nothing in it.
    return _Asked(seen.actor, member_id, seen.public) if seen.public or member_id else serve.answer_missing()


async def _items(
    node: Node, asked: _Asked, window: Window
) -> tuple[list[Announced], tuple[vocab.Announce, ...]]:
    async with node.db.read() as tx:
        listed = await store.list_announced(tx, asked.group.id, window)
        posts = await views.list_posts(tx, [one.post_id for one in listed], asked.viewer_id)
    by_id = {post.id: post for post in posts}
    return listed, tuple(
        _announce(node, asked, one, by_id[one.post_id]) for one in listed if one.post_id in by_id
    )


def _announce(node: Node, asked: _Asked, one: Announced, post: PostView) -> vocab.Announce:
    group = asked.group
    if not post.local:
        audience = "public" if asked.public else "followers"
        return translate.announce(
            one.uri, group.uri, group.followers_uri, post.uri, post.author.uri, audience=audience, now=one.at
        )
    create = vocab.write(translate.create(service.note_of(node, post)))
    return groups.pass_on(group.uri, group.followers_uri, create, one.at, public=asked.public)


async def show_outbox(request: web.Request) -> web.Response:
    """GET /ap/groups/{id}/outbox: how many conversations, and the newest of them."""
    asked = await _asked(request, "outbox")
    if isinstance(asked, web.Response):
        return asked
    node, uri = request.app[NODE], asked.group.outbox_uri
    listed, items = await _items(node, asked, Window(limit=PAGE))
    async with node.db.read() as tx:
        total = await store.count_announced(tx, asked.group.id)
    more = len(listed) == PAGE
    found = vocab.Collection(
        id=uri, type="OrderedCollection", total_items=total, items=items,
        first=serve.page_uri(uri, 0) if more else None,
    )  # fmt: skip
    return serve.answer(found, public=asked.public)


async def show_outbox_page(request: web.Request) -> web.Response:
    """GET /ap/groups/{id}/outbox/page/{before}"""
    asked = await _asked(request, "outbox")
    if isinstance(asked, web.Response):
        return asked
    before = 0 if request.match_info["before"] == "0" else path_id(request, "before")
    uri = asked.group.outbox_uri
    listed, items = await _items(request.app[NODE], asked, Window(max_id=before or None, limit=PAGE))
    page = vocab.Collection(
        id=serve.page_uri(uri, before),
        type="OrderedCollectionPage",
        part_of=uri,
        next=serve.page_uri(uri, listed[-1].id) if len(listed) == PAGE else None,
        items=items,
    )
    return serve.answer(page, public=asked.public)


async def show_featured(request: web.Request) -> web.Response:
    """GET /ap/groups/{id}/featured: whole where it is ours, else its address."""
    asked = await _asked(request, "featured")
    if isinstance(asked, web.Response):
        return asked
    node = request.app[NODE]
    async with node.db.read() as tx:
        pinned = await list_pinned(tx, asked.group.id)
        posts = await views.list_posts(tx, pinned, asked.viewer_id)
    items = tuple(service.note_of(node, post) if post.local else post.uri for post in posts)
    found = vocab.Collection(
        id=asked.group.featured_uri, type="OrderedCollection", total_items=len(items), items=items
    )
    return serve.answer(found, public=asked.public)


ROUTES: tuple[Route, ...] = (
    Route("GET", f"{_GROUP}/outbox", show_outbox, "wire"),
    Route("GET", f"{_GROUP}/outbox/page/{{before:[0-9]{{1,19}}}}", show_outbox_page, "wire"),
    Route("GET", f"{_GROUP}/featured", show_featured, "wire"),
)

"""Somebody's page: who they are, how one stands to them, and what they wrote.

No numbers stand on it: nobody is ranked here. For people elsewhere it shows what reached this
house, and where all of it is.
"""

from typing import Literal
from urllib.parse import urlencode

import msgspec
from aiohttp import web
from markupsafe import Markup

from node.appkeys import NODE, VIEWER, Viewer
from node.db.database import Tx
from node.errors import NodeError
from node.feature import Route
from node.features.actors.store import reads as actors
from node.features.actors.store.reads import Actor
from node.features.follows import store as follows
from node.features.follows.pages import find_shown
from node.features.follows.present import page_path, person_line
from node.features.groups import door
from node.features.groups.store import groups
from node.features.media import proxy
from node.features.posts.present import card, list_answered
from node.features.reading import pages_group, store, views
from node.runtime import Node
from node.web.asked import PAGE, older_than, window
from node.web.cards import PersonLine, PostCard
from node.web.render import render
from node.wire import wants
from node.wire.serve import wants_activity

Tab = Literal["posts", "replies", "pictures"]
_LISTS: dict[str, store.AuthorList] = {
    "posts": store.AuthorList(exclude_replies=True),
    "replies": store.AuthorList(exclude_reblogs=True),
    "pictures": store.AuthorList(only_media=True, exclude_reblogs=True),
}


class FieldLine(msgspec.Struct, frozen=True):
    """A labelled line of a profile; the value was cleaned when it was stored."""

    name: str
    value: Markup


class ProfilePage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of reading/profile.html. `standing` is None for visitors and for oneself."""

    person: PersonLine
    full_handle: str
    avatar_alt: str
    banner_url: str
    banner_alt: str
    summary: Markup
    fields: list[FieldLine]
    is_own: bool
    standing: follows.Relationship | None
    locked: bool
    moved_to: PersonLine | None
    uri: str
    alternate: str
    elsewhere_url: str
    tab: str
    pinned: list[PostCard]
    cards: list[PostCard]
    older: str
    is_first: bool


async def show_profile(request: web.Request) -> web.StreamResponse:
    """GET /@{handle}, with `?tab=replies|pictures`; members look elsewhere for whom we do not know"""
    node, viewer = request.app[NODE], request.get(VIEWER)
    handle = request.match_info["handle"]
    async with node.db.read() as tx:
        try:
            person = await find_shown(tx, node, handle, viewer.actor_id if viewer else None)
        except NodeError as error:
            if error.code == "not_found" and viewer is not None and "@" in handle:
                raise web.HTTPSeeOther("/search?" + urlencode({"q": f"@{handle}"})) from None
            raise
        if person.kind == "Group" and not await _shows_itself(tx, person, viewer):
            raise NodeError("not_found", detail="group")
        if wants_activity(request) and person.local:
            raise web.HTTPFound(person.uri)
        if request.path != page_path(person):
            raise web.HTTPMovedPermanently(page_path(person))
        if person.kind == "Group" and (group := await groups.find_group(tx, person.id)) is not None:
            return await pages_group.show_group(request, tx, person, group)
        context = await _profile_page(request, tx, viewer, person)
        unseen = viewer is not None and not person.local and not context.cards and context.is_first
        unseen = unseen and await wants.state_of(tx, "backfill", person.id, wants.KEPT) == "unasked"
    if unseen:
        async with node.db.tx() as tx:
            await wants.ask(tx, "backfill", person.id, cooldown=wants.KEPT)
    return render(request, "reading/profile.html", context)


async def _shows_itself(tx: Tx, person: Actor, viewer: Viewer | None) -> bool:
    """Whether somebody may know of a group; of one we know only by name, everybody may."""
    known = await groups.find_group(tx, person.id)
    return known is None or await door.is_shown(tx, person.id, viewer.actor_id if viewer else None)


async def _profile_page(request: web.Request, tx: Tx, viewer: Viewer | None, person: Actor) -> ProfilePage:
    node, viewer_id = request.app[NODE], viewer.actor_id if viewer else None
    wanted = request.query.get("tab", "posts")
    tab = wanted if wanted in _LISTS else "posts"
    is_first = "older" not in request.query
    entries = await store.list_author(tx, person.id, viewer_id, window(request), _LISTS[tab])
    pinned = await store.list_pinned(tx, person.id, viewer_id) if tab == "posts" and is_first else []
    pinned_ids = {entry.post_id for entry in pinned}
    shown = [entry for entry in entries[:PAGE] if entry.boost_id or entry.post_id not in pinned_ids]
    relations = await follows.list_relationships(tx, viewer_id, [person.id]) if viewer_id else []
    moved = await actors.find_by_uri(tx, person.moved_to_uri) if person.moved_to_uri else None
    return ProfilePage(
        person=person_line(node, person),
        full_handle=person.handle,
        avatar_alt=person.avatar_alt,
        banner_url=proxy.url_for(node, person.header_url, "picture"),
        banner_alt=person.header_alt,
        summary=Markup(person.summary_html),
        fields=[
            FieldLine(str(one.get("name", "")), Markup(str(one.get("value", "")))) for one in person.fields
        ],
        is_own=person.id == viewer_id,
        standing=relations[0] if relations and person.id != viewer_id else None,
        locked=person.locked,
        moved_to=person_line(node, moved) if moved else None,
        uri=person.uri,
        alternate=person.uri if person.local else "",
        elsewhere_url="" if person.local else (person.url or person.uri),
        tab=tab,
        pinned=await _cards(tx, node, pinned, viewer),
        cards=await _cards(tx, node, shown, viewer),
        older=older_than(request, entries[PAGE - 1].id if len(entries) > PAGE else None),
        is_first=is_first,
    )


async def _cards(tx: Tx, node: Node, entries: list[store.Entry], viewer: Viewer | None) -> list[PostCard]:
    found = await views.list_entries(tx, entries, viewer.actor_id if viewer else None)
    answered = await list_answered(tx, [entry.post for entry in found])
    return [card(node, entry.post, viewer, answered, entry.booster) for entry in found]


ROUTES: tuple[Route, ...] = (Route("GET", "/@{handle}", show_profile, "public"), *pages_group.ROUTES)

"""A group's page: what it is, how to join, what is written in it with pins first, and its feed.

Visitors, members and people who know the group from another house see the same page, each with what is
open to them. Which posts those are decides SQL alone. What shows no posts is in `groups.pages`.
"""

from datetime import datetime
from urllib.parse import quote

import msgspec
from aiohttp import web
from markupsafe import Markup

from node import text
from node.appkeys import NODE, VIEWER, Viewer
from node.db.database import Tx
from node.db.rows import Window
from node.errors import NodeError
from node.feature import Route
from node.features.actors.store.reads import Actor, get_actor, list_actors
from node.features.follows.present import page_path, person_line
from node.features.groups.pages.subject import About, about
from node.features.groups.present import explain, members_sentence
from node.features.groups.service import rights
from node.features.groups.service.rights import Standing
from node.features.groups.store import groups, members, topics
from node.features.groups.store.groups import Group
from node.features.media import proxy
from node.features.posts.present import card, list_answered, looked_after, page_of
from node.features.posts.store import group_acts
from node.features.reading import store, views
from node.runtime import Node
from node.web.asked import PAGE, older_than, path_id, read_id, window
from node.web.cards import PersonLine, Place, PostCard
from node.web.render import address, environment, render

_FEED = 20
_MOST_LEADING = 5


class GroupPage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of reading/group.html."""

    group: About
    full_handle: str
    summary: Markup
    meaning: str
    members: str
    place: str
    fields: list[tuple[str, Markup]]
    banner_url: str
    banner_alt: str
    uri: str
    archived: bool
    ends_at: datetime | None
    waiting: int
    waiting_posts: int
    may_write: bool
    may_ask: bool
    may_read: bool
    chips: list[Place]
    leading: list[PersonLine]
    pinned: list[PostCard]
    cards: list[PostCard]
    older: str
    is_first: bool
    feed: str
    elsewhere_url: str


async def show_group(request: web.Request, tx: Tx, actor: Actor, group: Group) -> web.StreamResponse:
    """GET /@{handle} of a group, with `?topic=`; the caller has asked whether it may be known of"""
    node, viewer = request.app[NODE], request.get(VIEWER)
    standing = await rights.standing_in(tx, group, viewer.actor_id if viewer else None)
    return render(request, "reading/group.html", await _page(request, tx, node, actor, standing))


async def _page(request: web.Request, tx: Tx, node: Node, actor: Actor, standing: Standing) -> GroupPage:
    group, viewer = standing.group, request.get(VIEWER)
    viewer_id = viewer.actor_id if viewer else None
    topic_id = read_id(request.query.get("topic", ""))
    is_first = "older" not in request.query
    entries, pinned = [], []
    if standing.may_read():
        entries = await store.list_group(tx, group.actor_id, viewer_id, window(request), topic_id=topic_id)
        if is_first and topic_id is None:
            pinned = await store.list_group_pinned(tx, group.actor_id, viewer_id)
    above = {entry.post_id for entry in pinned}
    leading = await members.list_leading(tx, group.actor_id)
    people = await list_actors(tx, [one.actor_id for one in leading[:_MOST_LEADING]])
    after = group.actor_id if standing.may_edit() else None
    public = group.local and group.shown_to_strangers
    return GroupPage(
        group=about(node, standing, actor, request.path),
        full_handle=actor.handle,
        summary=Markup(actor.summary_html),
        meaning=explain(group.openness, group.visibility),
        members=members_sentence(group.members_count),
        place=group.place,
        fields=[(str(one.get("name", "")), Markup(str(one.get("value", "")))) for one in actor.fields],
        banner_url=proxy.url_for(node, actor.header_url, "picture"),
        banner_alt=actor.header_alt,
        uri=actor.uri if public else "",
        archived=group.archived_at is not None,
        ends_at=group.ends_at,
        waiting=await members.count_waiting(tx, group.actor_id) if standing.may_moderate() else 0,
        waiting_posts=await _count_waiting(tx, standing),
        may_write=standing.may_post(tx.now),
        may_ask=standing.may_ask(),
        may_read=standing.may_read(),
        chips=_chips(await topics.list_topics(tx, group.actor_id), page_path(actor), topic_id),
        leading=[person_line(node, one) for one in people],
        pinned=await _cards(tx, node, pinned, viewer, after),
        cards=await _cards(
            tx, node, [one for one in entries[:PAGE] if one.post_id not in above], viewer, after
        ),
        older=older_than(request, entries[PAGE - 1].id if len(entries) > PAGE else None),
        is_first=is_first,
        feed=f"/groups/{actor.id}/feed" if public else "",
        elsewhere_url="" if actor.local else (actor.url or actor.uri),
    )


def _chips(listed: list[topics.Topic], path: str, current: int | None) -> list[Place]:
    return [Place(one.name, address(path, topic=one.id), "", is_current=one.id == current) for one in listed]


async def _count_waiting(tx: Tx, standing: Standing) -> int:
    """Posts that wait for the reader to let them through; counted as far as a page of them goes."""
    if not (standing.may_moderate() and standing.group.local):
        return 0
    return len(await group_acts.list_waiting(tx, standing.group.actor_id, PAGE))


async def _cards(
    tx: Tx, node: Node, entries: list[store.Entry], viewer: Viewer | None, after: int | None
) -> list[PostCard]:
    found = await views.list_entries(tx, entries, viewer.actor_id if viewer else None)
    answered = await list_answered(tx, [entry.post for entry in found])
    return [looked_after(card(node, entry.post, viewer, answered), entry.post, after) for entry in found]


class FeedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One post in the feed."""

    id: str
    url: str
    title: str
    author: str
    html: str
    published_at: datetime
    updated_at: datetime


class FeedPage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of reading/group.atom.html: what anybody may read in a group."""

    id: str
    title: str
    url: str
    link: str
    entries: list[FeedEntry]
    updated_at: datetime


async def show_feed(request: web.Request) -> web.StreamResponse:
    """GET /groups/{id}/feed: Atom, of what anybody on the web may read. Spec: RFC 4287."""
    node = request.app[NODE]
    async with node.db.read() as tx:
        group = await groups.get_group(tx, path_id(request))
        if not group.local or not group.shown_to_strangers:
            raise NodeError("not_found", detail="feed")
        actor = await get_actor(tx, group.actor_id)
        entries = await store.list_group(tx, group.actor_id, None, Window(limit=_FEED))
        found = [entry.post for entry in await views.list_entries(tx, entries, None)]
    posts = [
        FeedEntry(
            id=post.uri,
            url=node.origin + quote(page_of(post), safe="/@"),
            title=post.title or text.one_line(text.plain_text(post.warning or post.html), 90) or actor.name,
            author=post.author.name,
            html=post.warning or post.html,
            published_at=post.published_at,
            updated_at=post.edited_at or post.published_at,
        )
        for post in found
    ]
    context = FeedPage(
        id=actor.uri,
        title=actor.name,
        url=node.origin + page_path(actor),
        link=node.origin + request.path,
        entries=posts,
        updated_at=max((one.updated_at for one in posts), default=group.created_at),
    )
    fields = {**msgspec.structs.asdict(context)}
    body = environment().get_template("reading/group.atom.html").render(fields)
    headers = {"Cache-Control": "public, max-age=300"}
    return web.Response(text=body, content_type="application/atom+xml", charset="utf-8", headers=headers)


ROUTES: tuple[Route, ...] = (Route("GET", "/groups/{id:[0-9]+}/feed", show_feed, "public"),)

"""Pages people read: the start page, the lists of posts, messages, what was kept, and news.

Every list is paged by a plain link to older things and has an end that says so. Profiles stand in
`pages_profile`.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import msgspec
from aiohttp import web

from node import text
from node.appkeys import NODE, VIEWER, Viewer
from node.db.database import Tx
from node.db.rows import Window
from node.errors import N_, NodeError
from node.feature import NavItem, Route
from node.features.actors.store.reads import Actor, list_actors
from node.features.emoji.present import chip
from node.features.emoji.store import Reacted
from node.features.follows import store as follows
from node.features.follows.present import person_line
from node.features.house import service as house
from node.features.posts.present import card, list_answered, page_of
from node.features.reading import pages_profile, store, views
from node.features.reading.store import Entry
from node.i18n import gettext as _
from node.runtime import Node
from node.web import dates
from node.web.asked import PAGE, older_than, window
from node.web.cards import PersonLine, PostCard, ReactionChip
from node.web.render import HOUSE, House, render

Lister = Callable[[Tx, int, Window], Awaitable[list[Entry]]]
_LATEST = 3
_MOST_NEEDS = 3


class ListPage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of every list of posts. `since` is how far back this page reaches."""

    cards: list[PostCard]
    older: str
    since: datetime | None
    is_first: bool
    tag: str = ""


class WelcomePage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of reading/welcome.html: the house as a visitor meets it."""

    cards: list[PostCard]
    registration: str


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """Something that waits for the viewer: a request, or somebody who spoke to them."""

    kind: str
    person: PersonLine
    url: str
    at: datetime | None = None


class TodayPage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of reading/today.html."""

    greeting: str
    needs: list[Need]
    more_needs: bool
    cards: list[PostCard]
    older: str
    since: datetime | None
    is_first: bool
    follows_nobody: bool


class News(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to the viewer."""

    kind: str
    person: PersonLine
    at: datetime
    is_new: bool
    post_url: str = ""
    excerpt: str = ""
    card: PostCard | None = None
    is_own: bool = False
    reactions: tuple[ReactionChip, ...] = ()
    group: PersonLine | None = None


class NewsPage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of reading/notifications.html."""

    news: list[News]
    older: str
    which: str


async def list_entry_cards(
    tx: Tx, node: Node, entries: Sequence[Entry], viewer: Viewer | None
) -> list[PostCard]:
    """The entries as cards, in order."""
    shown = await views.list_entries(tx, entries, viewer.actor_id if viewer else None)
    answered = await list_answered(tx, [entry.post for entry in shown])
    return [card(node, entry.post, viewer, answered, entry.booster) for entry in shown]


async def _list_page(request: web.Request, tx: Tx, entries: list[Entry], tag: str = "") -> ListPage:
    shown = entries[:PAGE]
    cards = await list_entry_cards(tx, request.app[NODE], shown, request.get(VIEWER))
    return ListPage(
        cards=cards,
        older=older_than(request, shown[-1].id if len(entries) > PAGE else None),
        since=cards[-1].published_at if cards else None,
        is_first="older" not in request.query,
        tag=tag,
    )


async def show_start(request: web.Request) -> web.StreamResponse:
    """GET /: the house for visitors, today for members"""
    viewer = request.get(VIEWER)
    return await (_show_today(request, viewer) if viewer else _show_welcome(request))


async def _show_welcome(request: web.Request) -> web.Response:
    node = request.app[NODE]
    async with node.db.read() as tx:
        settings = await house.get_settings(tx)
        entries = await store.list_public(tx, None, Window(limit=_LATEST), store.Which(local=True))
        cards = await list_entry_cards(tx, node, entries, None)
    return render(
        request, "reading/welcome.html", WelcomePage(cards=cards, registration=settings.registration)
    )


async def _show_today(request: web.Request, viewer: Viewer) -> web.Response:
    node = request.app[NODE]
    async with node.db.read() as tx:
        entries = await store.list_home(tx, viewer.actor_id, window(request))
        page = await _list_page(request, tx, entries)
        needs = await _list_needs(tx, node, viewer) if page.is_first else []
        alone = not page.cards and not await follows.list_following(tx, viewer.actor_id, Window(limit=1))
        name = viewer.display_name or viewer.username
    context = TodayPage(
        greeting=_greeting(request, viewer, name),
        needs=needs[:_MOST_NEEDS],
        more_needs=len(needs) > _MOST_NEEDS,
        cards=page.cards,
        older=page.older,
        since=page.since,
        is_first=page.is_first,
        follows_nobody=alone,
    )
    return render(request, "reading/today.html", context)


def _greeting(request: web.Request, viewer: Viewer, name: str) -> str:
    frame: House = request.get(HOUSE) or House()
    hour = request.app[NODE].clock.now().astimezone(dates.zone(viewer.time_zone or frame.time_zone)).hour
    if 4 <= hour < 11:
        return _("Good morning, %(name)s") % {"name": name}
    if hour >= 18 or hour < 4:
        return _("Good evening, %(name)s") % {"name": name}
    return _("Hello, %(name)s") % {"name": name}


async def _list_needs(tx: Tx, node: Node, viewer: Viewer) -> list[Need]:
    """Requests to follow, then who spoke to the viewer since they last looked; one more than shown."""
    most = Window(limit=_MOST_NEEDS + 1)
    unread = viewer.unread
    happened = await store.list_notifications(
        tx, viewer.actor_id, Window(limit=min(unread, 40)), kinds=["mention", "follow_request"]
    ) if unread else []  # fmt: skip
    asked = await follows.list_requests(tx, viewer.actor_id, most)
    people = {actor.id: actor for actor in await list_actors(tx, [row.actor_id for row in asked])}
    found = [
        Need(kind="follow_request", person=person_line(node, people[row.actor_id]), url="/requests")
        for row in asked
        if row.actor_id in people
    ]
    newest = await _list_unread(tx, viewer, unread)
    mentions = [one for one in happened if one.kind == "mention" and one.id in newest]
    for one in await views.list_notifications(tx, mentions[: _MOST_NEEDS + 1], viewer.actor_id):
        if one.post is not None:
            person = person_line(node, one.actor)
            found.append(Need(kind="mention", person=person, url=page_of(one.post), at=one.created_at))
    return found[: _MOST_NEEDS + 1]


async def _list_unread(tx: Tx, viewer: Viewer, unread: int) -> set[int]:
    """The ids of what the viewer has not looked at, as far as a page reaches."""
    if not unread:
        return set()
    newest = await store.list_notifications(tx, viewer.actor_id, Window(limit=min(unread, 40)))
    return {one.id for one in newest}


def _public_list(
    template: str, wanted: store.Which
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def show(request: web.Request) -> web.StreamResponse:
        viewer = request.get(VIEWER)
        viewer_id = viewer.actor_id if viewer else None
        async with request.app[NODE].db.read() as tx:
            entries = await store.list_public(tx, viewer_id, window(request), wanted)
            page = await _list_page(request, tx, entries)
        return render(request, template, page)

    return show


show_house_news = _public_list("reading/house_news.html", store.Which(local=True))
show_world = _public_list("reading/world.html", store.Which())


async def show_tag(request: web.Request) -> web.StreamResponse:
    """GET /tags/{tag}"""
    viewer = request.get(VIEWER)
    tag = text.normalise_hashtag(text.one_line(request.match_info["tag"], 200))
    if not tag:
        raise NodeError("not_found", detail="tag")
    async with request.app[NODE].db.read() as tx:
        entries = await store.list_tag(
            tx, tag, viewer.actor_id if viewer else None, window(request), store.Which()
        )
        page = await _list_page(request, tx, entries, tag)
    return render(request, "reading/tag.html", page)


def _own_list(template: str, lister: Lister) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def show(request: web.Request) -> web.StreamResponse:
        async with request.app[NODE].db.read() as tx:
            entries = await lister(tx, request[VIEWER].actor_id, window(request))
            page = await _list_page(request, tx, entries)
        return render(request, template, page)

    return show


show_messages = _own_list("reading/messages.html", store.list_messages)
show_bookmarks = _own_list("reading/bookmarks.html", store.list_bookmarks)


async def show_notifications(request: web.Request) -> web.StreamResponse:
    """GET /notifications; what was shown counts as seen"""
    node, viewer = request.app[NODE], request[VIEWER]
    which = "mentions" if request.query.get("which") == "mentions" else ""
    async with node.db.read() as tx:
        unread = await store.count_unread(tx, viewer.actor_id)
        rows = await store.list_notifications(
            tx, viewer.actor_id, window(request), kinds=["mention"] if which else None
        )
        new = await _list_unread(tx, viewer, unread)
        found = await views.list_notifications(tx, rows[:PAGE], viewer.actor_id)
        answered = await list_answered(tx, [one.post for one in found if one.post is not None])
        about = await _list_groups(tx, node, rows[:PAGE])
        news = [
            msgspec.structs.replace(
                _news(node, viewer, one, answered, is_new=one.id in new), group=about.get(one.id)
            )
            for one in found
        ]
    if rows and unread and not which:
        async with node.db.tx() as tx:
            await store.put_read(tx, viewer.actor_id, rows[0].id)
    older = older_than(request, rows[PAGE - 1].id if len(rows) > PAGE else None)
    return render(request, "reading/notifications.html", NewsPage(news=news, older=older, which=which))


async def _list_groups(tx: Tx, node: Node, news: list[store.Notification]) -> dict[int, PersonLine]:
    """The group that each piece of news is about, by the news' id; who gets the news may know of it."""
    ids = {one.group_id for one in news} - {None}
    found = {one.id: one for one in await list_actors(tx, [i for i in ids if i is not None])} if ids else {}
    return {one.id: person_line(node, found[one.group_id]) for one in news if one.group_id in found}


def _news(
    node: Node, viewer: Viewer, one: views.NotificationView, answered: dict[int, Actor], *, is_new: bool
) -> News:
    post = one.post
    words = text.plain_text(post.html) if post is not None else ""
    speaks = post is not None and one.kind in ("mention", "status", "quote")
    return News(
        kind=one.kind,
        person=person_line(node, one.actor),
        at=one.created_at,
        is_new=is_new,
        post_url=page_of(post) if post is not None else "",
        excerpt=words if len(words) <= 140 else words[:137].rsplit(" ", 1)[0] + "…",
        card=card(node, post, viewer, answered) if post is not None and speaks else None,
        is_own=post is not None and post.author.id == viewer.actor_id,
        reactions=tuple(chip(node, Reacted(text, picture, 1, me=False)) for text, picture in one.emoji),
    )


ROUTES: tuple[Route, ...] = (
    Route("GET", "/", show_start, "public"),
    Route("GET", "/house-news", show_house_news, "public"),
    Route("GET", "/world", show_world, "public"),
    Route("GET", "/tags/{tag}", show_tag, "public"),
    Route("GET", "/messages", show_messages, "member"),
    Route("GET", "/bookmarks", show_bookmarks, "member"),
    Route("GET", "/notifications", show_notifications, "member"),
    *pages_profile.ROUTES,
)

NAV: tuple[NavItem, ...] = (
    NavItem(N_("Today"), "/", "home", "member", 10),
    NavItem(N_("House news"), "/house-news", "home", "member", 105),
    NavItem(N_("News"), "/notifications", "bell", "member", 30),
    NavItem(N_("Me"), "/me", "person", "member", 40),
    NavItem(N_("Write"), "/write", "pen", "member", 100),
    NavItem(N_("Messages"), "/messages", "mail", "member", 110),
    NavItem(N_("Everyone we know"), "/world", "world", "member", 120),
    NavItem(N_("Kept"), "/bookmarks", "keep", "member", 130),
    NavItem(N_("House news"), "/house-news", "people", "visitor", 20),
)

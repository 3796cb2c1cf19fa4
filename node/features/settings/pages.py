"""The index of settings, who may find and follow somebody, and where they are signed in.

One subject a page, at most seven fields, what was typed kept when something is refused. Writes go
through the services of actors, accounts and media.
"""

import msgspec
from aiohttp import web

from node.appkeys import NODE, VIEWER
from node.errors import NodeError
from node.feature import Route
from node.features.accounts import service as accounts
from node.features.accounts.store import sessions as session_store
from node.features.actors import service as actors
from node.features.actors.store import reads as actor_store
from node.features.posts import writing
from node.features.settings import choices
from node.web import sessions
from node.web.cards import Choice
from node.web.forms import Form, read_form
from node.web.render import render


class IndexPage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of settings/index.html."""

    may_moderate: bool


class PrivacyForm(msgspec.Struct, kw_only=True):
    """Who may follow and find somebody, and what a new post starts with."""

    locked: bool = False
    discoverable: bool = False
    indexable: bool = False
    default_audience: str = "public"
    default_language: str = ""
    quote_policy: str = "public"


class PrivacyPage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of settings/privacy.html."""

    form: Form[PrivacyForm]
    languages: tuple[str, ...]
    quote_rules: list[Choice]
    done: bool = False


class SessionLine(msgspec.Struct, frozen=True):
    """A place where somebody is signed in."""

    id: int
    browser: str
    created_at: object
    seen_at: object
    is_this: bool


class SessionsPage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of settings/sessions.html."""

    sessions: list[SessionLine]
    done: bool = False


async def show_index(request: web.Request) -> web.StreamResponse:
    """GET /settings"""
    return render(request, "settings/index.html", IndexPage(may_moderate=request[VIEWER].is_moderator))


async def show_privacy(request: web.Request) -> web.StreamResponse:
    """GET /settings/privacy"""
    viewer = request[VIEWER]
    async with request.app[NODE].db.read() as tx:
        actor = await actor_store.get_actor(tx, viewer.actor_id)
        quote_policy = await accounts.find_quote_policy(tx, viewer.actor_id)
    form = Form(
        PrivacyForm(
            locked=actor.locked,
            discoverable=actor.discoverable,
            indexable=actor.indexable,
            default_audience=viewer.default_audience,
            default_language=viewer.default_language,
            quote_policy=quote_policy,
        )
    )
    return _privacy_page(request, form, done="done" in request.query)


def _privacy_page(
    request: web.Request, form: Form[PrivacyForm], *, done: bool = False, status: int = 200
) -> web.Response:
    page = PrivacyPage(form=form, languages=choices.LANGUAGES, quote_rules=writing.quote_rules(), done=done)
    return render(request, "settings/privacy.html", page, status=status)


async def save_privacy(request: web.Request) -> web.StreamResponse:
    """POST /settings/privacy"""
    node, viewer = request.app[NODE], request[VIEWER]
    form = await read_form(request, PrivacyForm)
    if form.ok:
        given = form.values
        try:
            async with node.db.tx() as tx:
                account = await accounts.get_account(tx, viewer.actor_id)
                chosen = accounts.Preferences(
                    locale=account.locale,
                    time_zone=account.time_zone,
                    default_audience=given.default_audience,
                    default_language=choices.known_language(given.default_language),
                )
                await accounts.set_preferences(tx, viewer.actor_id, chosen)
                await accounts.set_quote_policy(tx, viewer.actor_id, given.quote_policy)
                change = actors.ProfileChange(
                    locked=given.locked, discoverable=given.discoverable, indexable=given.indexable
                )
                await actors.update_profile(tx, node, viewer.actor_id, change)
            return sessions.go_to("/settings/privacy?done=1")
        except NodeError as error:
            form.refuse(error)
    return _privacy_page(request, form, status=422)


async def show_sessions(request: web.Request) -> web.StreamResponse:
    """GET /settings/sessions"""
    viewer = request[VIEWER]
    async with request.app[NODE].db.read() as tx:
        listed = await session_store.list_sessions(tx, viewer.actor_id)
    lines = [
        SessionLine(
            one.id, browser_of(one.user_agent), one.created_at, one.seen_at, one.id == viewer.session_id
        )
        for one in listed
    ]
    page = SessionsPage(sessions=lines, done="done" in request.query)
    return render(request, "settings/sessions.html", page)


async def end_session(request: web.Request) -> web.StreamResponse:
    """POST /settings/sessions/{id}/end"""
    viewer, text = request[VIEWER], request.match_info["id"]
    if not text.isdecimal() or int(text) >= 1 << 63:
        raise NodeError("not_found")
    async with request.app[NODE].db.tx() as tx:
        await accounts.close_session(tx, viewer.actor_id, int(text))
    response = sessions.go_to("/settings/sessions?done=1" if int(text) != viewer.session_id else "/")
    if int(text) == viewer.session_id:
        sessions.clear_token(request, response)
    return response


async def end_others(request: web.Request) -> web.StreamResponse:
    """POST /settings/sessions/end-others"""
    viewer = request[VIEWER]
    async with request.app[NODE].db.tx() as tx:
        await accounts.close_other_sessions(tx, viewer.actor_id, viewer.session_id)
    return sessions.go_to("/settings/sessions?done=1")


def browser_of(user_agent: str) -> str:
    """Browser and system in two words, as far as they can be told; '' when not at all."""
    words = [
        ("Firefox", "Firefox/"), ("Edge", "Edg/"), ("Opera", "OPR/"), ("Chromium", "Chromium/"),
        ("Chrome", "Chrome/"), ("Safari", "Safari/"),
    ]  # fmt: skip
    systems = [
        ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"),
        ("macOS", "Mac OS X"), ("Linux", "Linux"),
    ]  # fmt: skip
    found = [next((name for name, mark in list_ if mark in user_agent), "") for list_ in (words, systems)]
    return " · ".join(part for part in found if part)


ROUTES = (
    Route("GET", "/settings", show_index, "member"),
    Route("GET", "/settings/privacy", show_privacy, "member"),
    Route("POST", "/settings/privacy", save_privacy, "member"),
    Route("GET", "/settings/sessions", show_sessions, "member"),
    Route("POST", "/settings/sessions/end-others", end_others, "member"),
    Route("POST", "/settings/sessions/{id}/end", end_session, "member"),
)

"""Reporting a post or a person: one page with a reason, a few words, and whom to tell."""

import msgspec
from aiohttp import web

from node.appkeys import NODE, VIEWER, Viewer
from node.db.database import Tx
from node.errors import N_, NodeError
from node.feature import Route
from node.features.actors.store.reads import Actor, get_actor
from node.features.follows.present import page_path, person_line
from node.features.house import service as house
from node.features.posts import views
from node.features.posts.present import page_of, quoted_card
from node.features.posts.views import PostView
from node.features.reports import service, translate
from node.i18n import gettext as _
from node.runtime import Node
from node.web.asked import path_id
from node.web.cards import Choice, PersonLine, QuoteCard
from node.web.forms import Form, read_form
from node.web.render import render
from node.web.sessions import go_to

_REASONS = (
    ("spam", N_("Advertising or a swindle"), N_("Links to buy something, the same text again and again.")),
    ("violation", N_("It breaks a rule of this house"), N_("You can name the rule below.")),
    ("legal", N_("It is against the law"), N_("For example threats, or pictures that must not be shown.")),
    ("other", N_("Something else"), N_("Say it in your own words.")),
)


class ReportForm(msgspec.Struct, kw_only=True):
    """What the form sends. `rule` holds numbers of the house's rules, from 1."""

    category: str = "other"
    rule: list[str] = []
    comment: str = ""
    forward: bool = False


class ReportPage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of reports/write.html. `host` is the other house, '' for people of this one."""

    form: Form[ReportForm]
    person: PersonLine
    post: QuoteCard | None
    reasons: list[Choice]
    rules: list[Choice]
    host: str
    action: str
    back: str
    most: int = translate.MAX_COMMENT_CHARS


class SentPage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of reports/sent.html."""

    person: PersonLine
    back: str


async def _subject(tx: Tx, request: web.Request, viewer: Viewer) -> tuple[Actor, PostView | None]:
    """The person to report, and the post if it is about one. Raises: NodeError `not_found`."""
    if request.match_info["what"] == "posts":
        post = await views.get_post(tx, path_id(request), viewer.actor_id)
        person = post.author
    else:
        post, person = None, await get_actor(tx, path_id(request))
    if person.deleted_at is not None or person.id == viewer.actor_id:
        raise NodeError("not_found", detail="nobody to report")
    return person, post


async def _page(
    request: web.Request, tx: Tx, form: Form[ReportForm], about: tuple[Actor, PostView | None]
) -> ReportPage:
    node: Node = request.app[NODE]
    person, post = about
    rules = (await house.get_settings(tx)).rules
    return ReportPage(
        form=form,
        person=person_line(node, person),
        post=quoted_card(node, post) if post else None,
        reasons=[Choice(value=value, label=_(label), note=_(note)) for value, label, note in _REASONS],
        rules=[Choice(value=str(number), label=rule) for number, rule in enumerate(rules, 1)],
        host="" if person.local else person.host,
        action=request.path,
        back=page_of(post) if post else page_path(person),
    )


async def show_report(request: web.Request) -> web.StreamResponse:
    """GET /posts/{id}/report and /people/{id}/report"""
    async with request.app[NODE].db.read() as tx:
        about = await _subject(tx, request, request[VIEWER])
        context = await _page(request, tx, Form(ReportForm()), about)
    return render(request, "reports/write.html", context)


async def send_report(request: web.Request) -> web.StreamResponse:
    """POST /posts/{id}/report and /people/{id}/report"""
    node, viewer = request.app[NODE], request[VIEWER]
    form = await read_form(request, ReportForm)
    async with node.db.read() as tx:
        about = await _subject(tx, request, viewer)
    if form.ok:
        try:
            async with node.db.tx() as tx:
                await service.write_report(tx, node, viewer.actor_id, _draft(form.values, about))
            return go_to(f"/people/{about[0].id}/reported")
        except NodeError as error:
            form.refuse(error)
    async with node.db.read() as tx:
        context = await _page(request, tx, form, about)
    return render(request, "reports/write.html", context, status=422)


def _draft(given: ReportForm, about: tuple[Actor, PostView | None]) -> service.Draft:
    person, post = about
    rules = tuple(int(number) for number in given.rule if number.isdecimal() and len(number) < 3)
    return service.Draft(
        target_id=person.id,
        post_ids=(post.id,) if post else (),
        category="violation" if rules and given.category == "other" else given.category,
        rule_ids=rules,
        comment=given.comment,
        forward=given.forward,
    )


async def show_sent(request: web.Request) -> web.StreamResponse:
    """GET /people/{id}/reported: thanks, and what else one can do"""
    node = request.app[NODE]
    async with node.db.read() as tx:
        person = await get_actor(tx, path_id(request))
    if person.deleted_at is not None:
        raise NodeError("not_found", detail="nobody to part from")
    return render(
        request, "reports/sent.html", SentPage(person=person_line(node, person), back=page_path(person))
    )


_ABOUT = "/{what:posts|people}/{id:[0-9]+}/report"

ROUTES: tuple[Route, ...] = (
    Route("GET", _ABOUT, show_report, "member"),
    Route("POST", _ABOUT, send_report, "member", limit="write"),
    Route("GET", "/people/{id:[0-9]+}/reported", show_sent, "member"),
)

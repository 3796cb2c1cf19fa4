"""The moderators' list of reports, and one report with everything about it."""

import msgspec
from aiohttp import web
from markupsafe import Markup

from node.appkeys import NODE, VIEWER
from node.db.database import Tx
from node.errors import NodeError
from node.feature import Route
from node.features.actors.store.reads import Actor, list_actors
from node.features.follows.present import person_line
from node.features.reports import service, store
from node.features.reports.store import Report
from node.runtime import Node
from node.web.asked import path_id, read_id
from node.web.cards import PersonLine
from node.web.forms import Form, read_form
from node.web.posted import read_posted
from node.web.render import render
from node.web.sessions import go_to

_PAGE = 30


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A report in the list. `host` is the house it came from, '' for a member here."""

    id: int
    person: PersonLine
    category: str
    comment: str
    host: str
    at: object
    assigned: PersonLine | None


class ListPage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of reports/list.html; `older` is the address of the next page, '' for none."""

    reports: list[Line]
    is_open: bool
    open_count: int
    older: str


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A reported post as it stood; `url` is '' once it is gone."""

    html: Markup
    warning: str
    files: tuple[str, ...]
    url: str
    at: object


class Said(msgspec.Struct, frozen=True):
    """A moderator's note."""

    person: PersonLine | None
    text: str
    at: object


class NoteForm(msgspec.Struct, kw_only=True):
    """A note for the other moderators."""

    note: str = ""


class OnePage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of reports/one.html. `history` counts all reports there ever were about the person."""

    report: Report
    person: PersonLine
    reporter: PersonLine | None
    assigned: PersonLine | None
    closed_by: PersonLine | None
    evidence: list[Shown]
    notes: list[Said]
    history: int
    is_mine: bool
    form: Form[NoteForm]


async def show_list(request: web.Request) -> web.StreamResponse:
    """GET /manage/reports, with `?closed`, `?before=<id>`"""
    node = request.app[NODE]
    is_open = "closed" not in request.query
    before = read_id(request.query.get("before", "")) or 0
    async with node.db.read() as tx:
        found = await store.list_reports(tx, "open" if is_open else "closed", before, _PAGE + 1)
        people = await _people(tx, found)
        open_count = await store.count_open(tx)
    shown = found[:_PAGE]
    older = (
        f"/manage/reports?{'' if is_open else 'closed&'}before={shown[-1].id}" if len(found) > _PAGE else ""
    )
    lines = [_line(node, report, people) for report in shown if report.target_id in people]
    context = ListPage(reports=lines, is_open=is_open, open_count=open_count, older=older)
    return render(request, "reports/list.html", context)


async def _people(tx: Tx, reports: list[Report]) -> dict[int, Actor]:
    ids = {
        actor_id
        for one in reports
        for actor_id in (one.target_id, one.reporter_id, one.assigned_id, one.closed_by_id)
        if actor_id is not None
    }
    return {actor.id: actor for actor in await list_actors(tx, sorted(ids))}


def _person(node: Node, people: dict[int, Actor], actor_id: int | None) -> PersonLine | None:
    actor = people.get(actor_id or 0)
    return person_line(node, actor) if actor else None


def _line(node: Node, report: Report, people: dict[int, Actor]) -> Line:
    return Line(
        id=report.id,
        person=person_line(node, people[report.target_id]),
        category=report.category,
        comment=report.comment if len(report.comment) <= 200 else report.comment[:197] + "…",
        host=report.source_host,
        at=report.created_at,
        assigned=_person(node, people, report.assigned_id),
    )


async def _one_page(request: web.Request, form: Form[NoteForm], status: int = 200) -> web.Response:
    node, viewer = request.app[NODE], request[VIEWER]
    async with node.db.read() as tx:
        report = await store.get_report(tx, path_id(request))
        evidence = await store.list_evidence(tx, report.id)
        notes = await store.list_notes(tx, report.id)
        people = await _people(tx, [report])
        authors = await list_actors(tx, sorted({one.author_id for one in notes if one.author_id}))
        history = await store.count_about(tx, report.target_id)
    people |= {actor.id: actor for actor in authors}
    target = _person(node, people, report.target_id)
    if target is None:
        raise NodeError("not_found", detail="reported person")
    context = OnePage(
        report=report,
        person=target,
        # Another house speaks for its people; only its own name is of use.
        reporter=None if report.source_host else _person(node, people, report.reporter_id),
        assigned=_person(node, people, report.assigned_id),
        closed_by=_person(node, people, report.closed_by_id),
        evidence=[_shown(one) for one in evidence],
        notes=[Said(_person(node, people, one.author_id), one.text, one.created_at) for one in notes],
        history=history,
        is_mine=report.assigned_id == viewer.actor_id,
        form=form,
    )
    return render(request, "reports/one.html", context, status=status)


def _shown(one: store.Evidence) -> Shown:
    return Shown(
        html=Markup(one.html),
        warning=one.warning,
        files=tuple(str(file.get("alt") or file.get("kind") or "") for file in one.media),
        url=f"/posts/{one.post_id}" if one.post_id else "",
        at=one.published_at,
    )


async def show_one(request: web.Request) -> web.StreamResponse:
    """GET /manage/reports/{id}"""
    return await _one_page(request, Form(NoteForm()))


async def add_note(request: web.Request) -> web.StreamResponse:
    """POST /manage/reports/{id}/note"""
    report_id = path_id(request)
    form = await read_form(request, NoteForm)
    if form.ok:
        try:
            async with request.app[NODE].db.tx() as tx:
                await service.add_note(tx, report_id, request[VIEWER].actor_id, form.values.note)
            return go_to(f"/manage/reports/{report_id}")
        except NodeError as error:
            if error.code == "not_found":
                raise
            form.refuse(error)
    return await _one_page(request, form, status=422)


async def change(request: web.Request) -> web.StreamResponse:
    """POST /manage/reports/{id}/take, /give, /close and /reopen"""
    report_id, moderator_id = path_id(request), request[VIEWER].actor_id
    await read_posted(request)
    async with request.app[NODE].db.tx() as tx:
        match request.match_info["what"]:
            case "take":
                await service.assign(tx, report_id, moderator_id)
            case "give":
                await service.assign(tx, report_id, None)
            case "close":
                await service.close(tx, report_id, moderator_id)
            case _:
                await service.reopen(tx, report_id)
    return go_to(f"/manage/reports/{report_id}")


_ONE = "/manage/reports/{id:[0-9]+}"

ROUTES: tuple[Route, ...] = (
    Route("GET", "/manage/reports", show_list, "moderator"),
    Route("GET", _ONE, show_one, "moderator"),
    Route("POST", f"{_ONE}/note", add_note, "moderator", limit="write"),
    Route("POST", _ONE + "/{what:take|give|close|reopen}", change, "moderator", limit="write"),
)

"""What waits for those who run a group, and what they did: requests to join, and the log with its undoing."""

from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from node.appkeys import NODE, VIEWER
from node.errors import NodeError
from node.feature import Route
from node.features.actors.store.reads import Actor, list_actors
from node.features.follows.present import person_line
from node.features.groups.pages.subject import About, load_about
from node.features.groups.present import role_word
from node.features.groups.service import joining, log, roles
from node.features.groups.store import log as log_store
from node.features.groups.store import members
from node.features.groups.store.log import LogEntry
from node.features.groups.store.members import Member
from node.i18n import gettext as _
from node.runtime import Node
from node.web.asked import older_than, path_id, read_id, window
from node.web.cards import PersonLine
from node.web.forms import read_form
from node.web.posted import read_posted
from node.web.render import render
from node.web.sessions import go_to

_PAGE = 20
_UNDONE_HERE = ("ban",)


class Asked(msgspec.Struct, frozen=True):
    """Somebody who would like to join, and what they answered."""

    person: PersonLine
    member: Member


class RequestsPage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of groups/requests.html."""

    group: About
    asked: list[Asked]
    older: str
    done: bool


class Answer(msgspec.Struct, kw_only=True):
    """What the answer to a request sends along."""

    reason: Annotated[str, Meta(max_length=log.MOST_REASON_CHARS)] = ""


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the log: what was done as a whole sentence."""

    sentence: str
    entry: LogEntry
    by: PersonLine | None
    target: PersonLine | None
    can_undo: bool


class LogPage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of groups/log.html."""

    group: About
    deeds: list[Deed]
    older: str
    is_public: bool


async def show_requests(request: web.Request) -> web.StreamResponse:
    """GET /groups/{id}/requests"""
    node = request.app[NODE]
    async with node.db.read() as tx:
        group, _standing = await load_about(tx, request, "moderate")
        rows = await members.list_members(tx, group.id, window(request, _PAGE), state="asked")
        people = {one.id: one for one in await list_actors(tx, [row.actor_id for row in rows])}
    context = RequestsPage(
        group=group,
        asked=[
            Asked(person_line(node, people[row.actor_id]), row)
            for row in rows[:_PAGE]
            if row.actor_id in people
        ],
        older=older_than(request, rows[_PAGE - 1].id if len(rows) > _PAGE else None),
        done="done" in request.query,
    )
    return render(request, "groups/requests.html", context)


async def answer_request(request: web.Request) -> web.StreamResponse:
    """POST /groups/{id}/requests/{person}/{what}"""
    node, viewer, group_id = request.app[NODE], request[VIEWER], path_id(request)
    form = await read_form(request, Answer)
    accept = request.match_info["what"] == "accept"
    if form.errors:
        raise NodeError("bad_request")
    async with node.db.tx() as tx:
        await joining.answer_request(
            tx, node, viewer.actor_id, group_id, path_id(request, "person"), accept=accept,
            reason=form.values.reason,
        )  # fmt: skip
    return go_to(f"/groups/{group_id}/requests?done=1")


async def show_log(request: web.Request) -> web.StreamResponse:
    """GET /groups/{id}/log: for the members, or for everybody who can read in the group"""
    node = request.app[NODE]
    async with node.db.read() as tx:
        group, standing = await load_about(tx, request)
        if not log.may_read(standing):
            raise NodeError("not_found", detail="log")
        before = read_id(request.query.get("older", "")) or 0
        entries = await log_store.list_entries(tx, group.id, before, _PAGE + 1)
        ids = {one.by_id for one in entries} | {one.target_id for one in entries}
        people = {one.id: one for one in await list_actors(tx, [i for i in ids if i is not None])}
    context = LogPage(
        group=group,
        deeds=[_deed(node, one, people, group) for one in entries[:_PAGE]],
        older=older_than(request, entries[_PAGE - 1].id if len(entries) > _PAGE else None),
        is_public=standing.group.log_visibility == "public",
    )
    return render(request, "groups/log.html", context)


def _deed(node: Node, entry: LogEntry, people: dict[int, Actor], group: About) -> Deed:
    by, target = people.get(entry.by_id or 0), people.get(entry.target_id or 0)
    return Deed(
        sentence=_sentence(entry, by, target),
        entry=entry,
        by=person_line(node, by) if by else None,
        target=person_line(node, target) if target else None,
        can_undo=group.may_moderate and entry.action in _UNDONE_HERE and entry.undone_by is None,
    )


def _sentence(entry: LogEntry, by: Actor | None, target: Actor | None) -> str:
    """What was done, as a whole sentence."""
    if entry.by_id is None:
        text = _("The time was over: %(target)s may come back.") if entry.action == "unban" else ""
        return (text or _("The house did something.")) % {"target": target.name if target else _("somebody")}
    words = {
        "found": _("%(by)s founded the group."),
        "change": _("%(by)s changed the settings."),
        "archive": _("%(by)s closed the group."),
        "reopen": _("%(by)s opened the group again."),
        "give_notice": _("%(by)s announced the end of the group."),
        "take_notice_back": _("%(by)s lets the group live on."),
        "let_in": _("%(by)s let %(target)s in."),
        "turn_away": _("%(by)s turned %(target)s away."),
        "invite": _("%(by)s invited %(target)s."),
        "remove": _("%(by)s removed %(target)s."),
        "ban": _("%(by)s keeps %(target)s out."),
        "unban": _("%(by)s lets %(target)s come back."),
        "role": _("%(by)s gave %(target)s the role %(role)s."),
        "transfer": _("%(by)s handed the group over to %(target)s."),
        "warn": _("%(by)s said a serious word to %(target)s."),
        "approve_post": _("%(by)s let a post through."),
        "remove_post": _("%(by)s removed a post."),
        "restore_post": _("%(by)s brought a post back."),
        "lock": _("%(by)s closed a conversation."),
        "unlock": _("%(by)s opened a conversation again."),
        "pin": _("%(by)s pinned a post."),
        "unpin": _("%(by)s unpinned a post."),
        "topic": _("%(by)s gave a post another topic."),
    }
    return words.get(entry.action, _("%(by)s did something.")) % {
        "by": by.name if by else _("Somebody"),
        "target": target.name if target else _("somebody"),
        "role": role_word(str(entry.detail.get("after", ""))),
    }


async def undo(request: web.Request) -> web.StreamResponse:
    """POST /groups/{id}/log/{entry}/undo"""
    node, viewer, group_id = request.app[NODE], request[VIEWER], path_id(request)
    await read_posted(request)
    async with node.db.tx() as tx:
        entry = await log_store.find_entry(tx, group_id, path_id(request, "entry"))
        if entry is None or entry.action not in _UNDONE_HERE or entry.target_id is None:
            raise NodeError("not_found", detail="nothing to take back")
        await roles.unban(tx, node, viewer.actor_id, group_id, entry.target_id)
    return go_to(f"/groups/{group_id}/log")


_GROUP = "/groups/{id:[0-9]+}"
ROUTES: tuple[Route, ...] = (
    Route("GET", f"{_GROUP}/requests", show_requests, "member"),
    Route(
        "POST",
        _GROUP + "/requests/{person:[0-9]+}/{what:accept|refuse}",
        answer_request,
        "member",
        limit="write",
    ),
    Route("GET", f"{_GROUP}/log", show_log, "public"),
    Route("POST", _GROUP + "/log/{entry:[0-9]+}/undo", undo, "member", limit="write"),
)

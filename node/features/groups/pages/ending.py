"""Closing a group, opening it again, ending it with notice: each asks once on a page of its own."""

import msgspec
from aiohttp import web

from node.appkeys import NODE, VIEWER
from node.errors import N_
from node.feature import Route
from node.features.actors.store.reads import get_actor
from node.features.follows.present import page_path
from node.features.groups.pages.subject import About, load_about
from node.features.groups.service import founding
from node.i18n import gettext as _
from node.web.asked import path_id
from node.web.posted import read_posted
from node.web.render import render
from node.web.sessions import go_to

_WORDS = {
    "archive": (
        N_("Close %(name)s?"),
        N_("Nobody can write or join any more. Everything stays readable, and you can open it again."),
        N_("Close the group"),
    ),
    "reopen": (N_("Open %(name)s again?"), N_("Members can write again from now on."), N_("Open the group")),
    "end": (
        N_("End %(name)s?"),
        N_(
            "In two weeks the group is deleted, with its page and its members. Until then you can change your mind."
        ),
        N_("End the group"),
    ),
    "keep": (N_("Keep %(name)s?"), N_("The group is not deleted after all."), N_("Keep the group")),
}  # fmt: skip


class AskPage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of groups/ask.html."""

    group: About
    heading: str
    text: str
    label: str
    kind: str


async def ask(request: web.Request) -> web.StreamResponse:
    """GET /groups/{id}/{what}"""
    what = request.match_info["what"]
    async with request.app[NODE].db.read() as tx:
        group, _standing = await load_about(tx, request, "own")
    heading, text, label = _WORDS[what]
    context = AskPage(
        group=group,
        heading=_(heading) % {"name": group.name},
        text=_(text),
        label=_(label),
        kind="danger" if what in ("archive", "end") else "",
    )
    return render(request, "groups/ask.html", context)


async def carry_out(request: web.Request) -> web.StreamResponse:
    """POST /groups/{id}/{what}"""
    node, by_id, group_id = request.app[NODE], request[VIEWER].actor_id, path_id(request)
    what = request.match_info["what"]
    await read_posted(request)
    async with node.db.tx() as tx:
        if what in ("archive", "reopen"):
            await founding.archive(tx, node, by_id, group_id, archived=what == "archive")
        elif what == "end":
            await founding.give_notice(tx, node, by_id, group_id)
        else:
            await founding.take_notice_back(tx, node, by_id, group_id)
        path = page_path(await get_actor(tx, group_id))
    return go_to(path)


_END = "/groups/{id:[0-9]+}/{what:archive|reopen|end|keep}"
ROUTES: tuple[Route, ...] = (
    Route("GET", _END, ask, "member"),
    Route("POST", _END, carry_out, "member", limit="write"),
)

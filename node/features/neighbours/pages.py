"""The admins' page of neighbours: who follows this house, whom it follows, its relays, and who may."""

from typing import Literal

import msgspec
from aiohttp import web

from node.appkeys import NODE
from node.errors import N_, NodeError
from node.feature import Route
from node.features.house.service import NeighbourPolicy
from node.features.neighbours import finding, service
from node.features.neighbours.service import Neighbours
from node.i18n import gettext as _
from node.web.asked import path_id
from node.web.cards import Choice
from node.web.forms import Form, read_form
from node.web.posted import read_posted
from node.web.render import render
from node.web.sessions import go_to

_POLICIES = {
    "open": (N_("Every house may"), N_("They follow at once; only public posts go there.")),
    "approval": (N_("After a look"), N_("They wait here until somebody says yes.")),
    "closed": (N_("No house may"), N_("People can still follow people.")),
}
_KINDS = {
    "house": (N_("A house"), N_("Its public posts then show up under “Everyone we know”.")),
    "relay": (N_("A relay"), N_("It passes public posts on between many houses. That can be a lot.")),
}


class Policy(msgspec.Struct, kw_only=True):
    """What the form about who may follow sends."""

    policy: NeighbourPolicy = "approval"


class Add(msgspec.Struct, kw_only=True):
    """What the form for a new neighbour sends."""

    address: str = ""
    kind: Literal["house", "relay"] = "house"


class NeighboursPage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of neighbours/neighbours.html."""

    neighbours: Neighbours
    policy: Form[Policy]
    policies: list[Choice]
    form: Form[Add]
    kinds: list[Choice]
    done: bool


async def _page(request: web.Request, form: Form[Add]) -> web.Response:
    node = request.app[NODE]
    async with node.db.tx() as tx:
        neighbours = await service.list_neighbours(tx, node)
    context = NeighboursPage(
        neighbours=neighbours,
        policy=Form(Policy(policy=neighbours.policy)),
        policies=_choices(_POLICIES),
        form=form,
        kinds=_choices(_KINDS),
        done="done" in request.query and form.ok,
    )
    return render(request, "neighbours/neighbours.html", context, status=200 if form.ok else 422)


def _choices(words: dict[str, tuple[str, str]]) -> list[Choice]:
    return [Choice(value=name, label=_(label), note=_(note)) for name, (label, note) in words.items()]


async def show_neighbours(request: web.Request) -> web.StreamResponse:
    """GET /manage/neighbours"""
    return await _page(request, Form(Add()))


async def choose_policy(request: web.Request) -> web.StreamResponse:
    """POST /manage/neighbours/policy"""
    form = await read_form(request, Policy)
    if form.errors:
        raise NodeError("bad_request")
    async with request.app[NODE].db.tx() as tx:
        await service.choose_policy(tx, form.values.policy)
    return go_to("/manage/neighbours?done=1")


async def add(request: web.Request) -> web.StreamResponse:
    """POST /manage/neighbours: follow a house, or use a relay"""
    node = request.app[NODE]
    form = await read_form(request, Add)
    if not form.errors:
        try:
            await finding.add(node, form.values.kind, form.values.address)
        except NodeError as error:
            if error.code == "peer_unreachable":
                error.field = "address"
            form.refuse(error)
    return await _page(request, form) if form.errors else go_to("/manage/neighbours?done=1")


async def settle(request: web.Request) -> web.StreamResponse:
    """POST /manage/neighbours/{id}/{what}"""
    node, actor_id, what = request.app[NODE], path_id(request), request.match_info["what"]
    await read_posted(request)
    async with node.db.tx() as tx:
        if what == "leave":
            await service.leave(tx, node, actor_id)
        else:
            await service.answer(tx, node, actor_id, accept=what == "accept")
    return go_to("/manage/neighbours?done=1")


ROUTES: tuple[Route, ...] = (
    Route("GET", "/manage/neighbours", show_neighbours, "admin"),
    Route("POST", "/manage/neighbours", add, "admin"),
    Route("POST", "/manage/neighbours/policy", choose_policy, "admin"),
    Route("POST", "/manage/neighbours/{id:[0-9]+}/{what:accept|refuse|leave}", settle, "admin"),
)

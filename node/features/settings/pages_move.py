"""Moving to another address and saying which other addresses are one's own too.

Nothing moves by accident: the other account must name this one first, and the password is asked.
"""

import msgspec
from aiohttp import web

from node.appkeys import NODE, VIEWER
from node.errors import N_, NodeError
from node.feature import Route
from node.features.actors import lookup
from node.features.actors.store import reads as actor_store
from node.features.actors.store.reads import Actor
from node.features.follows import moves
from node.features.follows.present import person_line
from node.features.settings.pages_account import confirm_password
from node.runtime import Node
from node.web.cards import PersonLine
from node.web.forms import Form, read_form
from node.web.posted import read_posted
from node.web.render import render
from node.web.sessions import go_to


class AliasForm(msgspec.Struct, kw_only=True):
    """Another address of one's own, to add or (its ActivityPub id) to remove."""

    alias: str = ""


class MoveForm(msgspec.Struct, kw_only=True):
    """Where to, and the password."""

    target: str = ""
    password: str = ""


class Alias(msgspec.Struct, frozen=True):
    """Another address; `person` when we know them."""

    uri: str
    person: PersonLine | None


class MovePage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of settings/move.html."""

    address: str
    aliases: list[Alias]
    moved_to: PersonLine | None
    alias_form: Form[AliasForm]
    move_form: Form[MoveForm]
    done: str = ""


async def _page(
    request: web.Request, *, alias: Form[AliasForm] | None = None, move: Form[MoveForm] | None = None
) -> web.Response:
    node, viewer = request.app[NODE], request[VIEWER]
    failed = any(form and form.errors for form in (alias, move))
    async with node.db.read() as tx:
        actor = await actor_store.get_actor(tx, viewer.actor_id)
        known = {one.uri: one for one in await actor_store.list_by_uris(tx, actor.also_known_as)}
        moved = await actor_store.find_by_uri(tx, actor.moved_to_uri) if actor.moved_to_uri else None
    context = MovePage(
        address=f"@{actor.handle}",
        aliases=[
            Alias(uri, person_line(node, known[uri]) if uri in known else None) for uri in actor.also_known_as
        ],
        moved_to=person_line(node, moved) if moved else None,
        alias_form=alias or Form(AliasForm()),
        move_form=move or Form(MoveForm()),
        done="" if failed else request.query.get("done", ""),
    )
    return render(request, "settings/move.html", context, status=422 if failed else 200)


async def show_move(request: web.Request) -> web.StreamResponse:
    """GET /settings/move"""
    return await _page(request)


async def _look_up(node: Node, typed: str, field: str) -> Actor:
    """Whom an address or handle means, as their own house shows them now. Raises: NodeError `invalid`."""
    wanted = typed.strip()
    try:
        if wanted.startswith(("https://", "http://")):
            found = await lookup.resolve_uri(node, wanted)
        else:
            found = await lookup.resolve_handle(node, wanted)
    except NodeError as error:
        if error.status >= 500:
            raise
        text = N_("We could not find this address. Please check it, for example @name@house.example.")
        raise NodeError("invalid", field=field, text=text, detail=error.code) from None
    return await lookup.refresh(node, found)


async def add_alias(request: web.Request) -> web.StreamResponse:
    """POST /settings/move/alias"""
    node, viewer = request.app[NODE], request[VIEWER]
    form = await read_form(request, AliasForm)
    if form.ok:
        try:
            other = await _look_up(node, form.values.alias, "alias")
            async with node.db.tx() as tx:
                await moves.add_alias(tx, node, viewer.actor_id, other)
            return go_to("/settings/move?done=alias")
        except NodeError as error:
            if error.status >= 500:
                raise
            form.refuse(error)
    return await _page(request, alias=form)


async def remove_alias(request: web.Request) -> web.StreamResponse:
    """POST /settings/move/remove-alias"""
    form = await read_form(request, AliasForm)
    async with request.app[NODE].db.tx() as tx:
        await moves.remove_alias(tx, request.app[NODE], request[VIEWER].actor_id, form.values.alias)
    return go_to("/settings/move?done=alias")


async def move_out(request: web.Request) -> web.StreamResponse:
    """POST /settings/move"""
    node, viewer = request.app[NODE], request[VIEWER]
    form = await read_form(request, MoveForm)
    if form.ok:
        try:
            await confirm_password(request, form.values.password, "password")
            target = await _look_up(node, form.values.target, "target")
            async with node.db.tx() as tx:
                await moves.move_out(tx, node, viewer.actor_id, target)
            return go_to("/settings/move?done=moved")
        except NodeError as error:
            if error.status >= 500:
                raise
            form.refuse(error)
    return await _page(request, move=form)


async def come_back(request: web.Request) -> web.StreamResponse:
    """POST /settings/move/back"""
    await read_posted(request)
    async with request.app[NODE].db.tx() as tx:
        await moves.come_back(tx, request.app[NODE], request[VIEWER].actor_id)
    return go_to("/settings/move?done=back")


ROUTES = (
    Route("GET", "/settings/move", show_move, "member"),
    Route("POST", "/settings/move", move_out, "member", limit="write"),
    Route("POST", "/settings/move/alias", add_alias, "member", limit="write"),
    Route("POST", "/settings/move/remove-alias", remove_alias, "member", limit="write"),
    Route("POST", "/settings/move/back", come_back, "member", limit="write"),
)

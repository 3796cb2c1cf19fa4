"""Founding a group, and changing what it says of itself and how it is run."""

from typing import BinaryIO, cast

import msgspec
from aiohttp import web

from node.appkeys import NODE, VIEWER
from node.errors import N_, NodeError
from node.feature import Route
from node.features.actors.store.reads import get_actor
from node.features.groups.pages import form as forms
from node.features.groups.pages.form import GroupForm
from node.features.groups.service import founding, rights
from node.features.groups.service.founding import GroupChange
from node.features.groups.store import groups, topics
from node.features.media import service as media
from node.runtime import Node
from node.web.asked import path_id
from node.web.forms import Form, read_form
from node.web.render import render
from node.web.sessions import go_to

_BODY_BYTES = 15_000_000  # a picture and the texts


async def show_founding(request: web.Request) -> web.StreamResponse:
    """GET /groups/new"""
    node = request.app[NODE]
    async with node.db.read() as tx:
        if not await founding.may_found(tx, request[VIEWER].actor_id):
            raise NodeError(
                "not_allowed", text=N_("Groups are founded by others in this house. Please ask them.")
            )
    return render(request, "groups/edit.html", forms.page(Form(GroupForm()), host=node.handle_host))


async def found(request: web.Request) -> web.StreamResponse:
    """POST /groups/new"""
    node, viewer = request.app[NODE], request[VIEWER]
    form = await read_form(request, GroupForm, max_bytes=_BODY_BYTES)
    if form.ok and not form.values.name:
        form.fail("name", N_("Please fill this in."))
    if form.ok and not form.values.username:
        form.fail("username", N_("Please fill this in."))
    if form.ok:
        try:
            async with node.db.tx() as tx:
                actor = await founding.found(tx, node, viewer.actor_id, forms.founding_of(form.values))
            await _picture(node, viewer.actor_id, actor.id, form)
        except NodeError as error:
            if error.status >= 500:
                raise
            form.refuse(error)
        else:
            return go_to(
                f"/groups/{actor.id}/settings?done=picture" if form.errors else f"/@{actor.username}"
            )
    return render(request, "groups/edit.html", forms.page(form, host=node.handle_host), status=422)


async def _picture(node: Node, by_id: int, group_id: int, form: Form[GroupForm]) -> None:
    """Take the picture that came along; what is wrong with it is noted beside its field."""
    upload = form.values.avatar
    if upload is None or not upload.size_bytes:
        return
    try:
        file = cast("BinaryIO", upload.file)
        taken = await media.accept_portrait(node, group_id, file, "avatar", form.values.avatar_alt)
    except NodeError as error:
        error.field = "avatar_alt" if error.field == "alt" else "avatar"
        form.refuse(error)
        return
    async with node.db.tx() as tx:
        change = GroupChange(avatar_url=media.url_of(node, taken), avatar_alt=form.values.avatar_alt)
        await founding.change(tx, node, by_id, group_id, change)


async def _settings_page(
    request: web.Request, form: Form[GroupForm] | None, *, status: int = 200
) -> web.Response:
    node, viewer, group_id = request.app[NODE], request[VIEWER], path_id(request)
    async with node.db.read() as tx:
        group = await groups.get_group(tx, group_id)
        standing = await rights.require(tx, group, viewer.actor_id, "administer")
        actor = await get_actor(tx, group_id)
        if not group.local:
            raise NodeError("not_found", detail="settings of another house")
        subjects = await topics.list_topics(tx, group_id)
    shown = form or forms.filled(actor, group, subjects)
    context = msgspec.structs.replace(
        forms.page(shown, host=node.handle_host, group=group),
        avatar_url=actor.avatar_url,
        done="done" in request.query and form is None,
        may_own=standing.may_own(),
    )
    return render(request, "groups/edit.html", context, status=status)


async def show_settings(request: web.Request) -> web.StreamResponse:
    """GET /groups/{id}/settings"""
    return await _settings_page(request, None)


async def save(request: web.Request) -> web.StreamResponse:
    """POST /groups/{id}/settings"""
    node, viewer, group_id = request.app[NODE], request[VIEWER], path_id(request)
    form = await read_form(request, GroupForm, max_bytes=_BODY_BYTES)
    if form.ok:
        try:
            async with node.db.tx() as tx:
                await founding.change(tx, node, viewer.actor_id, group_id, forms.change_of(form.values))
            await _picture(node, viewer.actor_id, group_id, form)
        except NodeError as error:
            if error.status >= 500 or error.code == "not_found":
                raise
            form.refuse(error)
    if form.errors:
        return await _settings_page(request, form, status=422)
    return go_to(f"/groups/{group_id}/settings?done=1")


_SETTINGS = "/groups/{id:[0-9]+}/settings"
ROUTES: tuple[Route, ...] = (
    Route("GET", "/groups/new", show_founding, "member"),
    Route("POST", "/groups/new", found, "member", limit="write", max_body_bytes=_BODY_BYTES),
    Route("GET", _SETTINGS, show_settings, "member"),
    Route("POST", _SETTINGS, save, "member", limit="write", max_body_bytes=_BODY_BYTES),
)

"""Taking everything along, and having everything removed.

The export is the answer to a form, not a link; deleting asks for the password and for a tick. Both
are open to accounts in every state.
"""

import asyncio
from collections.abc import Iterator
from typing import BinaryIO

import msgspec
from aiohttp import hdrs, web

from node.appkeys import NODE, VIEWER
from node.errors import N_, NodeError
from node.feature import Route
from node.features.accounts import service as accounts
from node.features.leaving import export, service
from node.web import ratelimit, sessions
from node.web.forms import Form, read_form
from node.web.render import render

_CHUNK_BYTES = 256 * 1024


class ExportPage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of leaving/export.html."""

    username: str


class DeleteForm(msgspec.Struct, kw_only=True):
    """The password, and that it is really meant."""

    password: str = ""
    sure: bool = False


class DeletePage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of leaving/delete.html."""

    form: Form[DeleteForm]
    username: str


async def show_export(request: web.Request) -> web.StreamResponse:
    """GET /settings/export"""
    return render(request, "leaving/export.html", ExportPage(username=request[VIEWER].username))


async def send_export(request: web.Request) -> web.StreamResponse:
    """POST /settings/export: the file itself"""
    node, viewer = request.app[NODE], request[VIEWER]
    file = await export.make_export(node, viewer.actor_id)
    try:
        response = web.StreamResponse(
            headers={
                hdrs.CONTENT_TYPE: "application/zip",
                hdrs.CONTENT_DISPOSITION: f'attachment; filename="{export.file_name(viewer.username, node.clock.now())}"',
                hdrs.CACHE_CONTROL: "no-store",
                "X-Content-Type-Options": "nosniff",
            }
        )
        await response.prepare(request)
        for chunk in _chunks(file):
            await response.write(chunk)
            await asyncio.sleep(0)
        await response.write_eof()
        return response
    finally:
        file.close()


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK_BYTES):
        yield chunk


async def show_delete(request: web.Request) -> web.StreamResponse:
    """GET /settings/delete"""
    page = DeletePage(form=Form(DeleteForm()), username=request[VIEWER].username)
    return render(request, "leaving/delete.html", page)


async def delete_account(request: web.Request) -> web.StreamResponse:
    """POST /settings/delete"""
    node, viewer = request.app[NODE], request[VIEWER]
    form = await read_form(request, DeleteForm)
    if form.ok and not form.values.sure:
        form.fail("sure", N_("Please tick this if you really want to go."))
    if form.ok:
        try:
            await ratelimit.check(node, "sign_in_name", viewer.username)
            await accounts.check_password(node, viewer.username, form.values.password)
            async with node.db.tx() as tx:
                await service.delete_account(tx, node, viewer.actor_id)
        except NodeError as error:
            if error.code not in ("wrong_password", "invalid"):
                raise
            error.field = ""
            if error.code == "wrong_password":
                error.field, error.text = "password", N_("This is not your password.")
            form.refuse(error)
    if not form.ok:
        page = DeletePage(form=form, username=viewer.username)
        return render(request, "leaving/delete.html", page, status=422)
    response = sessions.go_to("/sign-in?done=deleted")
    sessions.clear_token(request, response)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


ROUTES = (
    Route("GET", "/settings/export", show_export, "member"),
    Route("POST", "/settings/export", send_export, "member", limit="export"),
    Route("GET", "/settings/delete", show_delete, "member"),
    Route("POST", "/settings/delete", delete_account, "member", limit="sign_in"),
)

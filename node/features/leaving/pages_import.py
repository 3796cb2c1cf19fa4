"""Bringing lists of people along: choose a file, see how many it names, start, and see how far it is."""

from typing import Annotated, Literal

import msgspec
from aiohttp import web

from node.appkeys import NODE, VIEWER
from node.errors import N_, NodeError
from node.feature import Route
from node.features.leaving import imports, store
from node.features.leaving.store import Progress
from node.web.forms import Form, read_form
from node.web.posted import UploadedFile
from node.web.render import render
from node.web.sessions import go_to

_MOST_SHOWN = 100


class ImportForm(msgspec.Struct, kw_only=True):
    """What the list means, and the file; the second time what the file said."""

    kind: Literal["follow", "block", "mute"] = "follow"
    file: UploadedFile | None = None


class StartForm(msgspec.Struct, kw_only=True):
    """What was looked at before and is meant."""

    kind: Literal["follow", "block", "mute"] = "follow"
    people: Annotated[str, msgspec.Meta(max_length=imports.MAX_BYTES)] = ""


class ImportPage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of leaving/import.html."""

    form: Form[ImportForm]
    progress: list[Progress]
    failed: list[str]
    done: bool = False


class PreviewPage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of leaving/import_preview.html."""

    kind: str
    people: str
    count: int
    unread: int
    some: list[str]


async def _page(request: web.Request, form: Form[ImportForm]) -> web.Response:
    owner_id = request[VIEWER].actor_id
    async with request.app[NODE].db.read() as tx:
        page = ImportPage(
            form=form,
            progress=await store.list_progress(tx, owner_id),
            failed=await store.list_failed(tx, owner_id, _MOST_SHOWN),
            done=not form.errors and "done" in request.query,
        )
    return render(request, "leaving/import.html", page, status=422 if form.errors else 200)


async def show_import(request: web.Request) -> web.StreamResponse:
    """GET /settings/import"""
    return await _page(request, Form(ImportForm()))


async def preview(request: web.Request) -> web.StreamResponse:
    """POST /settings/import: what the file says, before anything is done"""
    form = await read_form(request, ImportForm, max_bytes=imports.MAX_BYTES)
    if form.ok and form.values.file is None:
        form.fail("file", N_("Please choose a file."))
    if form.ok and form.values.file is not None:
        try:
            found = imports.read_list(form.values.file.file.read())
            page = PreviewPage(
                kind=form.values.kind,
                people=found.as_text(),
                count=len(found.people),
                unread=found.unread,
                some=[handle for handle, _ in found.people[:5]],
            )
            return render(request, "leaving/import_preview.html", page)
        except NodeError as error:
            form.refuse(error)
    return await _page(request, form)


async def start(request: web.Request) -> web.StreamResponse:
    """POST /settings/import/start"""
    form = await read_form(request, StartForm, max_bytes=imports.MAX_BYTES)
    found = imports.read_list(form.values.people.encode())
    async with request.app[NODE].db.tx() as tx:
        await imports.begin(tx, request[VIEWER].actor_id, form.values.kind, found.people)
    return go_to("/settings/import?done=1")


ROUTES = (
    Route("GET", "/settings/import", show_import, "member"),
    Route("POST", "/settings/import", preview, "member", limit="write"),
    Route("POST", "/settings/import/start", start, "member", limit="export"),
)

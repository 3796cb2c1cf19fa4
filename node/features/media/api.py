"""The client API of files: upload, look at, describe.

Spec: Mastodon 4.3 client API, methods "media". Uploads are ready when they are answered, so
clients never see 202 or 206; `thumbnail` of `PUT` is not taken.
"""

from typing import BinaryIO, cast

from aiohttp import web

from node import i18n
from node.appkeys import NODE
from node.errors import NodeError
from node.features.media import service, store
from node.features.media.entities import MediaAttachment, attachment
from node.web import api
from node.web.api_params import Params, path_id, read_params


async def upload(request: web.Request) -> MediaAttachment:
    """POST /api/v2/media (and v1)."""
    node = request.app[NODE]
    owner_id = api.viewer(request).actor_id
    params = await read_params(request, files=True)
    file = params.file("file")
    if file is None:
        raise api.invalid("file", "ERR_BLANK", "can't be blank")
    focus = _focus(params) or (0.0, 0.0)
    try:
        media = await service.accept_upload(
            node, owner_id, cast(BinaryIO, file.file), params.text("description"), focus
        )
    except NodeError as error:
        raise _as_validation(error) from error
    return attachment(node, media)


async def show(request: web.Request) -> MediaAttachment:
    """GET /api/v1/media/:id, of the owner's that hang on no post yet."""
    node = request.app[NODE]
    async with node.db.read() as tx:
        media = await store.get_own(tx, api.viewer(request).actor_id, path_id(request))
    if media.post_id is not None:
        raise NodeError("not_found", detail="media is attached")
    return attachment(node, media)


async def describe(request: web.Request) -> MediaAttachment:
    """PUT /api/v1/media/:id: description and focus of a file that hangs on no post yet."""
    node = request.app[NODE]
    owner_id, media_id = api.viewer(request).actor_id, path_id(request)
    params = await read_params(request)
    async with node.db.tx() as tx:
        media = await store.get_own(tx, owner_id, media_id)
        if media.post_id is not None:
            raise NodeError("not_found", detail="media is attached")
        alt = params.find_text("description")
        media = await service.set_alt(
            tx, owner_id, media_id, media.alt if alt is None else alt, _focus(params)
        )
    return attachment(node, media)


def _focus(params: Params) -> tuple[float, float] | None:
    text = params.text("focus")
    if not text:
        return None
    point = service.read_focus(text)
    if point is None:
        raise api.invalid("focus", "ERR_INVALID", "is not a pair of numbers between -1 and 1")
    return point


def _as_validation(error: NodeError) -> NodeError | api.ApiRefusal:
    """A file that is too large is 422 here, as everything else wrong with a file."""
    if error.code != "too_large":
        return error
    words = i18n.gettext(error.text) % error.values
    return api.ApiRefusal(
        422, f"Validation failed: {words}", {"file": [{"error": "ERR_TOO_LONG", "description": words}]}
    )


ROUTES = (
    api.route("POST", "/api/v2/media", upload, scope="write:media", limit="media"),
    api.route("POST", "/api/v1/media", upload, scope="write:media", limit="media"),
    api.route("GET", "/api/v1/media/{id}", show, scope="write:media"),
    api.route("PUT", "/api/v1/media/{id}", describe, scope="write:media"),
)

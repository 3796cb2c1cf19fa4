"""The client API of posts, writing: publish, edit, delete.

Spec: Mastodon 4.5 client API, methods "statuses". Our extension: `local_only=true` (or
`visibility=local`) writes for the people of this house alone. Scheduled posts are refused in words,
never silently dropped.
"""

from typing import Final

from aiohttp import web

from node.appkeys import NODE, Viewer
from node.db.database import Tx
from node.errors import NodeError
from node.features.media import service as media
from node.features.polls.service import PollDraft
from node.features.posts import service, views
from node.features.posts.api_polls import read_poll
from node.features.posts.api_read import find_post_id
from node.features.posts.entities import AUDIENCE, Statuses
from node.features.posts.quoting import POLICIES, answer_for
from node.features.posts.status import Status
from node.features.posts.store import writes
from node.web import api
from node.web.api_params import Params, read_params

_PARENT_GONE: Final = "The post you are trying to reply to does not appear to exist."
_LONGEST_KEY: Final = 200


def _refuse_what_we_lack(params: Params) -> None:
    if params.text("scheduled_at"):
        raise api.invalid("scheduled_at", "ERR_UNSUPPORTED", "is not supported: posts are published at once")


def _audience(params: Params, viewer: Viewer) -> str:
    visibility = params.text("visibility")
    if params.flag("local_only") or visibility == "local":
        return "local"
    if not visibility:
        return viewer.default_audience
    if visibility not in AUDIENCE:
        raise api.invalid("visibility", "ERR_INCLUSION", "is not included in the list")
    return AUDIENCE[visibility]


def _check_words(text: str, media_ids: list[int]) -> None:
    if not text.strip() and not media_ids:
        raise api.invalid("text", "ERR_BLANK", "can't be blank")


async def _parent_id(tx: Tx, params: Params, viewer: Viewer) -> int | None:
    wanted = params.find_id("in_reply_to_id")
    if wanted is None:
        return None
    found = await writes.find_post_of(tx, wanted)
    if found is None or not await views.list_posts(tx, [found], viewer.actor_id):
        raise api.ApiRefusal(404, _PARENT_GONE)
    return found


def _quote_policy(params: Params) -> str:
    wanted = params.text("quote_approval_policy")
    if wanted and wanted not in POLICIES:
        raise api.invalid("quote_approval_policy", "ERR_INCLUSION", "is not included in the list")
    return wanted


async def _quoted_id(tx: Tx, params: Params, viewer: Viewer) -> int | None:
    """What the new post quotes. Raises: ApiRefusal 404, 422 for what may not be quoted."""
    wanted = params.find_id("quoted_status_id")
    if wanted is None:
        return None
    found = await writes.find_post_of(tx, wanted)
    quoted = await views.list_posts(tx, [found], viewer.actor_id) if found else []
    if not quoted:
        raise api.ApiRefusal(404, "The post you are trying to quote does not appear to exist.")
    if answer_for(quoted[0], viewer.actor_id) == "denied":
        raise api.invalid("quoted_status", "ERR_FORBIDDEN", "may not be quoted")
    return found


async def publish(request: web.Request) -> Status:
    """POST /api/v1/statuses; repeating it with the same Idempotency-Key gives the same post."""
    node, viewer = request.app[NODE], api.viewer(request)
    params = await read_params(request)
    _refuse_what_we_lack(params)
    text, media_ids = params.text("status"), params.ids("media_ids", media.MAX_PER_POST + 1)
    _check_words(text, media_ids)
    warning = params.text("spoiler_text")
    async with node.db.read() as tx:
        parent_id = await _parent_id(tx, params, viewer)
        quoted_id = await _quoted_id(tx, params, viewer)
    draft = service.Draft(
        source=text,
        audience=_audience(params, viewer),
        warning=warning,
        sensitive=params.flag("sensitive") or bool(warning),
        language=params.text("language") or viewer.default_language,
        in_reply_to_id=parent_id,
        quoted_id=quoted_id,
        quote_policy=_quote_policy(params),
        media_ids=tuple(media_ids),
        poll=read_poll(params),
        idempotency_key=request.headers.get("Idempotency-Key", "")[:_LONGEST_KEY] or None,
        app_id=viewer.app_id,
    )
    await service.meet_mentioned(node, text)
    async with node.db.tx() as tx:
        post_id = await service.write_post(tx, node, viewer.actor_id, draft)
        post = await views.get_post(tx, post_id, viewer.actor_id)
    return Statuses(node, viewer.actor_id).status(post)


async def _own(tx: Tx, request: web.Request, viewer: Viewer) -> views.PostView:
    """The viewer's own post. Raises: NodeError `not_found` for anybody else's (threat AUT-11)."""
    post = await views.get_post(tx, await find_post_id(tx, request), viewer.actor_id)
    if post.author.id != viewer.actor_id:
        raise NodeError("not_found", detail="somebody else's post")
    return post


async def edit(request: web.Request) -> Status:
    """PUT /api/v1/statuses/:id; what is not sent stays as it is."""
    node, viewer = request.app[NODE], api.viewer(request)
    params = await read_params(request)
    await service.meet_mentioned(node, params.text("status"))
    async with node.db.tx() as tx:
        post = await _own(tx, request, viewer)
        draft = _edited(params, post)
        for words in params.rows("media_attributes"):
            await _describe(tx, viewer, words)
        await service.edit_post(tx, node, viewer.actor_id, post.id, draft)
        post = await views.get_post(tx, post.id, viewer.actor_id)
    return Statuses(node, viewer.actor_id).status(post)


def _edited(params: Params, post: views.PostView) -> service.Draft:
    media_ids = [file.id for file in post.media]
    if "media_ids" in params:
        media_ids = params.ids("media_ids", media.MAX_PER_POST + 1)
    text = params.text("status", post.source)
    _check_words(text, media_ids)
    warning = params.text("spoiler_text", post.warning)
    return service.Draft(
        source=text,
        audience=post.audience,
        warning=warning,
        sensitive=params.flag("sensitive", default=post.sensitive) or bool(warning),
        language=params.text("language", post.language),
        in_reply_to_id=post.in_reply_to_id,
        quote_policy=_quote_policy(params),
        media_ids=tuple(media_ids),
        poll=_edited_poll(params, post),
    )


def _edited_poll(params: Params, post: views.PostView) -> PollDraft | None:
    """The poll as changed; None leaves it. Programs send the whole poll with every edit."""
    draft = read_poll(params, post)
    if draft is not None and post.poll is None:
        raise api.invalid("poll", "ERR_UNSUPPORTED", "cannot be added to a post")
    return draft


async def _describe(tx: Tx, viewer: Viewer, words: Params) -> None:
    media_id = words.find_id("id")
    alt = words.find_text("description")
    if media_id is None or alt is None:
        return
    focus = media.read_focus(words.text("focus"))
    await media.set_alt(tx, viewer.actor_id, media_id, alt, focus)


async def delete(request: web.Request) -> Status:
    """DELETE /api/v1/statuses/:id; answers with the typed text, for "delete and redraft"."""
    node, viewer = request.app[NODE], api.viewer(request)
    async with node.db.tx() as tx:
        post = await _own(tx, request, viewer)
        await service.delete_post(tx, node, viewer.actor_id, post.id)
    return Statuses(node, viewer.actor_id).status(post, with_source=True)


_STATUS: Final = "/api/v1/statuses/{id:[0-9]+}"

ROUTES = (
    api.route("POST", "/api/v1/statuses", publish, scope="write:statuses"),
    api.route("PUT", _STATUS, edit, scope="write:statuses"),
    api.route("DELETE", _STATUS, delete, scope="write:statuses"),
)

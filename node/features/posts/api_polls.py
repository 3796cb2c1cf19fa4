"""The client API of polls: look, vote; and what a program sends to ask something with a post.

A poll has the id of its post. Faults are said in Mastodon's words, which programs show as they are.

Spec: Mastodon 4.3 client API, methods "polls" and "statuses" (`poll`).
"""

from typing import Final

from aiohttp import web

from node.appkeys import NODE
from node.features.polls import service as polls
from node.features.polls.entities import Poll
from node.features.polls.service import Fault, PollDraft, Refusal, VoteRefused
from node.features.posts import polling, views
from node.features.posts.entities import Statuses
from node.features.posts.views import PostView
from node.web import api
from node.web.api_params import Params, path_id, read_params

_FAULTS: Final[dict[Fault, tuple[str, str, str]]] = {
    "too_few": ("options", "ERR_TOO_FEW_OPTIONS", "must have more than one item"),
    "too_many": ("options", "ERR_TOO_MANY_OPTIONS", f"can't contain more than {polls.MOST_OPTIONS} items"),
    "too_long": ("options", "ERR_TOO_LONG", f"cannot be longer than {polls.LONGEST_OPTION} characters each"),
    "duplicate": ("options", "ERR_DUPLICATE", "contain duplicate items"),
    "too_soon": ("expires_at", "ERR_TOO_SOON", "is too soon"),
    "too_late": ("expires_at", "ERR_TOO_LATE", "is too far into the future"),
}
_REFUSALS: Final[dict[Refusal, str]] = {
    "ended": "The poll has already ended",
    "voted": "You have already voted on this poll",
    "no_such_choice": "The chosen vote option does not exist",
    "own": "You cannot vote in your own polls",
}


def read_poll(params: Params, before: PostView | None = None) -> PollDraft | None:
    """The poll sent with a post; None where none was sent. `before`: the post it is an edit of.

    Raises: ApiRefusal 422 for what cannot be asked.
    """
    given = params.inner("poll")
    if not given.texts("options") and "expires_in" not in given:
        return None
    asked = before.poll if before else None
    draft = polls.tidied(
        PollDraft(
            titles=tuple(given.texts("options")),
            open_s=None if asked and "expires_in" not in given else given.number("expires_in", 0),
            multiple=given.flag("multiple", default=asked.multiple if asked else False),
            hide_totals=given.flag("hide_totals", default=asked.hide_totals if asked else False),
        )
    )
    fault = polls.find_fault(draft)
    if fault is not None:
        field, code, words = _FAULTS[fault]
        raise api.invalid(f"poll_{field}", code, words)
    return draft


def _entity(maker: Statuses, post: PostView) -> Poll:
    found = maker.poll(post)
    if found is None:
        raise api.ApiRefusal(404, "Record not found")
    return found


async def show_poll(request: web.Request) -> Poll:
    """GET /api/v1/polls/:id; old counts of another node's poll are asked for anew, for people."""
    node, viewer_id = request.app[NODE], api.viewer_id(request)
    async with node.db.read() as tx:
        post = await views.get_post(tx, path_id(request), viewer_id)
    if viewer_id is not None and polling.is_stale(post, node):
        await polling.refresh(node, post.id)
        async with node.db.read() as tx:
            post = await views.get_post(tx, post.id, viewer_id)
    return _entity(Statuses(node, viewer_id), post)


async def vote(request: web.Request) -> Poll:
    """POST /api/v1/polls/:id/votes"""
    node, viewer = request.app[NODE], api.viewer(request)
    given = (await read_params(request)).texts("choices")
    post_id = path_id(request)
    # What is no number is a choice there cannot be.
    places = [int(one) if one.isascii() and one.isdigit() and len(one) < 5 else -1 for one in given]
    try:
        async with node.db.tx() as tx:
            await polling.vote(tx, node, viewer.actor_id, post_id, places)
            post = await views.get_post(tx, post_id, viewer.actor_id)
    except VoteRefused as refused:
        raise api.ApiRefusal(422, f"Validation failed: {_REFUSALS[refused.reason]}") from refused
    return _entity(Statuses(node, viewer.actor_id), post)


_POLL: Final = "/api/v1/polls/{id:[0-9]+}"

ROUTES = (
    api.route("GET", _POLL, show_poll, access="maybe_token", scope="read:statuses"),
    api.route("POST", f"{_POLL}/votes", vote, scope="write:statuses"),
)

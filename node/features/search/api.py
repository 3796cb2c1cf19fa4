"""The client API of searching: people, posts and hashtags, here and (with `resolve`) elsewhere.

Spec: Mastodon 4.3 client API, methods "search" (v2) and `accounts/search`.
"""

from typing import Final

import msgspec
from aiohttp import web

from node.appkeys import NODE
from node.features.actors.entities import Account
from node.features.follows import store as follows
from node.features.posts.entities import Statuses
from node.features.posts.status import Status
from node.features.search import service
from node.web import api
from node.web.api_params import read_params

_KINDS: Final = ("accounts", "statuses", "hashtags")


class HashtagFound(msgspec.Struct, frozen=True):
    """Mastodon's Tag in a search answer; nothing is counted here."""

    name: str
    url: str
    history: list[object] = []
    following: bool | msgspec.UnsetType = msgspec.UNSET


class Search(msgspec.Struct, frozen=True):
    """Mastodon's Search."""

    accounts: list[Account]
    statuses: list[Status]
    hashtags: list[HashtagFound]


async def search(request: web.Request) -> Search:
    """GET /api/v2/search; without a token neither `resolve` nor `offset` is to be had."""
    node, viewer_id = request.app[NODE], api.viewer_id(request)
    params = await read_params(request)
    query, kind = params.text("q").strip(), params.text("type")
    resolve, offset = params.flag("resolve"), params.number("offset", 0, most=1000)
    limit = params.number("limit", 20, least=1, most=40)
    if viewer_id is None and offset:
        raise api.ApiRefusal(401, "Search queries pagination is not supported without authentication")
    if viewer_id is None and resolve:
        raise api.ApiRefusal(
            401, "Search queries that resolve remote resources are not supported without authentication"
        )
    if kind and kind not in _KINDS:
        raise api.ApiRefusal(400, "Unknown search type")
    if not query:
        raise api.ApiRefusal(400, "Missing or blank q parameter")
    found = await service.find(node, viewer_id, query, resolve=resolve, limit=offset + limit)
    part = slice(offset, offset + limit)
    maker = Statuses(node, viewer_id)
    return Search(
        accounts=maker.accounts(found.actors[part]) if kind in ("", "accounts") else [],
        statuses=[maker.status(post) for post in found.posts[part]] if kind in ("", "statuses") else [],
        hashtags=[_tag(maker, name) for name in found.tags[part]] if kind in ("", "hashtags") else [],
    )


def _tag(maker: Statuses, name: str) -> HashtagFound:
    tag = maker.tag(name)
    return HashtagFound(tag.name, tag.url, [], False if maker.viewer_id is not None else msgspec.UNSET)


async def search_accounts(request: web.Request) -> list[Account]:
    """GET /api/v1/accounts/search; `following` keeps those the asking person follows."""
    node, viewer = request.app[NODE], api.viewer(request)
    params = await read_params(request)
    query = params.text("q").strip()
    limit, offset = params.number("limit", 40, least=1, most=80), params.number("offset", 0, most=1000)
    if not query:
        return []
    found = await service.find(
        node, viewer.actor_id, query, resolve=params.flag("resolve"), limit=offset + limit
    )
    people = found.actors[offset : offset + limit]
    if params.flag("following"):
        async with node.db.read() as tx:
            rows = await follows.list_relationships(tx, viewer.actor_id, [one.id for one in people])
        followed = {row.id for row in rows if row.following}
        people = [one for one in people if one.id in followed]
    return Statuses(node, viewer.actor_id).accounts(people)


ROUTES = (
    api.route("GET", "/api/v2/search", search, access="maybe_token", scope="read:search", limit="search"),
    api.route("GET", "/api/v1/accounts/search", search_accounts, scope="read:accounts", limit="search"),
)

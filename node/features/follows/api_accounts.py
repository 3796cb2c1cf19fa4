"""The client API of people: one, several, found by handle, and who follows whom.

They live here and not with actors, because their pictures (media) and relations are asked for too.

Spec: Mastodon 4.3 client API, methods "accounts".
"""

from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from node.appkeys import NODE
from node.db.database import Tx
from node.db.rows import Window
from node.errors import NodeError
from node.features.actors.entities import Account, account
from node.features.actors.store import reads as actors
from node.features.actors.store.reads import Actor
from node.features.follows import store
from node.features.media.entities import addresses_of
from node.runtime import Node
from node.web import api
from node.web.api_params import path_id, read_params

Lister = Callable[[Tx, int, Window], Awaitable[list[store.Listed]]]
_MOST_IDS = 40


async def get_shown(tx: Tx, actor_id: int, viewer_id: int | None) -> Actor:
    """Somebody who is not gone and not closed to the viewer. Raises: NodeError `not_found`."""
    actor = await actors.get_actor(tx, actor_id)
    if actor.deleted_at is not None or not await actors.is_shown(tx, actor, viewer_id):
        raise NodeError("not_found", detail=f"actor {actor_id} is deleted")
    return actor


async def show_account(request: web.Request) -> Account:
    """GET /api/v1/accounts/:id"""
    node = request.app[NODE]
    async with node.db.read() as tx:
        actor = await get_shown(tx, path_id(request), api.viewer_id(request))
        return await _with_new_home(tx, node, actor)


async def _with_new_home(tx: Tx, node: Node, actor: Actor) -> Account:
    """The Account; of somebody who moved away also the Account they have now, where we know it."""
    addresses = addresses_of(node)
    shown = account(actor, addresses)
    target = await actors.find_by_uri(tx, actor.moved_to_uri) if actor.moved_to_uri else None
    return shown if target is None else msgspec.structs.replace(shown, moved=account(target, addresses))


async def list_accounts(request: web.Request) -> list[Account]:
    """GET /api/v1/accounts?id[]="""
    node = request.app[NODE]
    wanted = (await read_params(request)).ids("id", _MOST_IDS)
    async with node.db.read() as tx:
        found = await actors.list_actors(tx, wanted)
        shown = await actors.list_shown_ids(tx, wanted, api.viewer_id(request))
    addresses = addresses_of(node)
    return [account(actor, addresses) for actor in found if actor.id in shown and not actor.deleted_at]


async def look_up(request: web.Request) -> Account:
    """GET /api/v1/accounts/lookup?acct=, of those this node knows already."""
    node = request.app[NODE]
    acct = (await read_params(request)).text("acct").strip().removeprefix("@")
    username, _, host = acct.partition("@")
    host = host.lower() or node.handle_host
    if host == node.host:
        host = node.handle_host
    async with node.db.read() as tx:
        actor = await actors.find_by_handle(tx, username, host)
        viewer_id = api.viewer_id(request)
        if actor is None or actor.deleted_at or not await actors.is_shown(tx, actor, viewer_id):
            raise NodeError("not_found", detail="lookup")
        return await _with_new_home(tx, node, actor)


async def list_followers(request: web.Request) -> api.Page:
    """GET /api/v1/accounts/:id/followers"""
    return await _people_of(request, store.list_followers)


async def list_following(request: web.Request) -> api.Page:
    """GET /api/v1/accounts/:id/following"""
    return await _people_of(request, store.list_following)


async def _people_of(request: web.Request, listed: Lister) -> api.Page:
    node = request.app[NODE]
    window = (await read_params(request)).window(40, 80)
    asking = api.viewer_id(request)
    async with node.db.read() as tx:
        actor = await get_shown(tx, path_id(request), asking)
        hidden = actor.suspended_at is not None or (
            asking is not None and await store.find_block_between(tx, actor.id, asking)
        )
        rows = [] if hidden else await listed(tx, actor.id, window)
        shown = await actors.list_shown_ids(tx, [row.actor_id for row in rows], asking)
        people = await actors.list_actors(tx, [row.actor_id for row in rows if row.actor_id in shown])
    return people_page(request, rows, people, window)


def people_page(
    request: web.Request, rows: list[store.Listed], people: list[Actor], window: Window
) -> api.Page:
    """A page of people, turned by the ids of the relations that put them there."""
    addresses = addresses_of(request.app[NODE])
    return api.page([account(one, addresses) for one in people], [row.id for row in rows], window)


ROUTES = (
    api.route("GET", "/api/v1/accounts", list_accounts, access="maybe_token", scope="read:accounts"),
    api.route("GET", "/api/v1/accounts/lookup", look_up, access="maybe_token", scope="read:accounts"),
    api.route(
        "GET", "/api/v1/accounts/{id:[0-9]+}", show_account, access="maybe_token", scope="read:accounts"
    ),
    api.route(
        "GET",
        "/api/v1/accounts/{id:[0-9]+}/followers",
        list_followers,
        access="maybe_token",
        scope="read:accounts",
    ),
    api.route(
        "GET",
        "/api/v1/accounts/{id:[0-9]+}/following",
        list_following,
        access="maybe_token",
        scope="read:accounts",
    ),
)

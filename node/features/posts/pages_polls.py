"""Voting by a posted form; leads back to where it was sent from."""

from aiohttp import web

from node.appkeys import NODE, VIEWER
from node.feature import Route
from node.features.posts import polling
from node.web.asked import path_id, way_back
from node.web.posted import read_posted


async def vote(request: web.Request) -> web.StreamResponse:
    """POST /posts/{id}/vote"""
    node, viewer, post_id = request.app[NODE], request[VIEWER], path_id(request)
    chosen = (await read_posted(request)).texts.get("choice", [])
    places = [int(one) for one in chosen if one.isascii() and one.isdecimal() and len(one) < 5]
    async with node.db.tx() as tx:
        await polling.vote(tx, node, viewer.actor_id, post_id, places)
    raise web.HTTPSeeOther(await way_back(request, f"/posts/{post_id}"))


ROUTES: tuple[Route, ...] = (Route("POST", "/posts/{id:[0-9]+}/vote", vote, "member", limit="write"),)

"""The client API of a member's preferences.

Reading habits are the client's own affair here, so their values are Mastodon's defaults.

Spec: Mastodon 4.3 client API, methods "preferences".
"""

from typing import Any, Final

from aiohttp import web

from node.appkeys import NODE
from node.features.accounts.store import people
from node.web import api

# Our audiences in Mastodon's words; a post for this house alone counts as public with `local_only`.
_VISIBILITY: Final = {"followers": "private", "local": "public"}


async def show_preferences(request: web.Request) -> dict[str, Any]:
    """GET /api/v1/preferences"""
    viewer = api.viewer(request)
    async with request.app[NODE].db.read() as tx:
        policy = await people.find_quote_policy(tx, viewer.actor_id)
    return {
        "posting:default:visibility": _VISIBILITY.get(viewer.default_audience, viewer.default_audience),
        "posting:default:quote_policy": policy or "public",
        "posting:default:sensitive": False,
        "posting:default:language": viewer.default_language or None,
        "reading:expand:media": "default",
        "reading:expand:spoilers": False,
        "reading:autoplay:gifs": False,
    }


ROUTES = (api.route("GET", "/api/v1/preferences", show_preferences, scope="read:accounts"),)

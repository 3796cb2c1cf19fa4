"""The client API of a member's preferences.

Reading habits are the client's own affair here, so their values are Mastodon's defaults.

Spec: Mastodon 4.3 client API, methods "preferences".
"""

from typing import Any, Final

from aiohttp import web

from node.web import api

# Our audiences in Mastodon's words; a post for this house alone counts as public with `local_only`.
_VISIBILITY: Final = {"followers": "private", "local": "public"}


async def show_preferences(request: web.Request) -> dict[str, Any]:
    """GET /api/v1/preferences"""
    viewer = api.viewer(request)
    return {
        "posting:default:visibility": _VISIBILITY.get(viewer.default_audience, viewer.default_audience),
        "posting:default:sensitive": False,
        "posting:default:language": viewer.default_language or None,
        "reading:expand:media": "default",
        "reading:expand:spoilers": False,
        "reading:autoplay:gifs": False,
    }


ROUTES = (api.route("GET", "/api/v1/preferences", show_preferences, scope="read:accounts"),)

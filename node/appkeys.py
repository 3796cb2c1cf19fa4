"""Every key under which the web application and its requests keep something.

Handlers find the running node with `request.app[NODE]` and the person asking with
`request[VIEWER]`.
"""

from typing import TYPE_CHECKING

import msgspec
from aiohttp import web

if TYPE_CHECKING:  # runtime sits above the ground; only its name is needed here
    from node.runtime import Node


class Viewer(msgspec.Struct, frozen=True, kw_only=True):
    """Who is asking: a signed-in person, through a browser session or a bearer token.

    `unread` counts notifications not looked at yet, to 99. `csrf`, `session_id` and `unread` are empty
    for tokens; `scopes` is empty for sessions.
    """

    actor_id: int
    username: str
    display_name: str
    avatar_url: str = ""
    role: str = "member"
    state: str = "active"
    locale: str = ""
    time_zone: str = ""
    default_audience: str = "public"
    default_language: str = ""
    unread: int = 0
    csrf: bytes = b""
    session_id: int = 0
    token_id: int = 0
    scopes: frozenset[str] = frozenset()
    app_id: int | None = None

    @property
    def is_moderator(self) -> bool:
        """Moderators and admins."""
        return self.role in ("moderator", "admin")

    @property
    def is_admin(self) -> bool:
        """Admins alone."""
        return self.role == "admin"


NODE: "web.AppKey[Node]" = web.AppKey("node")
VIEWER = web.RequestKey("viewer", Viewer)
APP_ID = web.RequestKey("app_id", int)  # the client app behind an app-only token
REQUEST_ID = web.RequestKey("request_id", str)

"""What a feature gives the node: its routes, handlers, jobs and places in the menu.

`node.app` reads `FEATURES` (node/features/__init__.py) and mounts everything; a feature never
mounts itself. A route always names who may call it, so that none can be open by accident.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

import msgspec
from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

# Who may call a route; checked before the handler runs (node/web/guard.py).
#   public      anybody, signed in or not
#   visitor     only people who are not signed in (sign-in, register)
#   member      an active account's browser session
#   moderator   a session of a moderator or admin
#   admin       a session of an admin
#   token       a bearer token (client API) with `scope`
#   maybe_token a bearer token if one is sent, else as anybody
#   app_token   a bearer token of a person or of an app alone
#   wire        other nodes: HTTP signature looked at by the handler
Access = Literal[
    "public", "visitor", "member", "moderator", "admin", "token", "maybe_token", "app_token", "wire"
]


class Route(msgspec.Struct, frozen=True):
    """One method and path, its handler, and who may call it.

    `scope` is the OAuth scope a token needs. `limit` names a rate limit of node/web/ratelimit.py.
    `max_body_bytes` overrides the usual limit.
    """

    method: str
    path: str
    handler: Handler
    access: Access
    scope: str = ""
    limit: str = ""
    max_body_bytes: int = 0


class NavItem(msgspec.Struct, frozen=True):
    """A place in the main navigation: msgid, path, icon name, for whom, order (small first)."""

    label: str
    path: str
    icon: str
    access: Literal["visitor", "member", "moderator", "admin"]
    order: int


JobFunction = Callable[[Any, str], Awaitable[None]]


class Feature(msgspec.Struct, frozen=True, kw_only=True):
    """Everything `node.app`, `node.jobs` and the wire need to know of one feature.

    `inbound` is a sequence of federation.dispatch registries; `jobs` maps a wake's name (before
    the colon) to `async (app, argument)`; `sweeps` run every 30 s; `retention` runs every hour.
    """

    name: str
    routes: tuple[Route, ...] = ()
    inbound: tuple[Any, ...] = ()
    jobs: Mapping[str, JobFunction] = {}
    sweeps: tuple[Callable[[Any], Awaitable[None]], ...] = ()
    retention: tuple[Callable[[Any], Awaitable[None]], ...] = ()
    nav: tuple[NavItem, ...] = ()

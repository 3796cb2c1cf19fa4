"""The client API's empty rooms: what clients ask every node for and this one has nothing of yet.

Clients break on a 404 here, so each answers truthfully with nothing. Rules are real.

Spec: Mastodon 4.3 client API, methods "instance", "custom_emojis", "filters", "lists",
"announcements", "trends", "followed_tags", "suggestions".
"""

from html import escape
from typing import Any, Final

from aiohttp import web

from node.appkeys import NODE
from node.feature import Access, Route
from node.features.house import service
from node.web import api

_SINCE: Final = "1970-01-01T00:00:00.000Z"  # when a text was last changed is not kept


async def nothing(request: web.Request) -> list[object]:
    """An empty list."""
    return []


def rules_of(settings: service.HouseSettings) -> list[dict[str, str]]:
    """Mastodon's Rule entities."""
    return [{"id": str(place), "text": rule, "hint": ""} for place, rule in enumerate(settings.rules, 1)]


async def list_rules(request: web.Request) -> list[dict[str, str]]:
    """GET /api/v1/instance/rules"""
    async with request.app[NODE].db.read() as tx:
        return rules_of(await service.get_settings(tx))


async def show_extended_description(request: web.Request) -> dict[str, str]:
    """GET /api/v1/instance/extended_description: the house's sentence, since it has no longer text here."""
    async with request.app[NODE].db.read() as tx:
        settings = await service.get_settings(tx)
    return {"updated_at": _SINCE, "content": _paragraphs(settings.description)}


async def show_privacy_policy(request: web.Request) -> dict[str, str]:
    """GET /api/v1/instance/privacy_policy"""
    async with request.app[NODE].db.read() as tx:
        settings = await service.get_settings(tx)
    return {"updated_at": _SINCE, "content": _paragraphs(settings.privacy)}


def _paragraphs(text: str) -> str:
    """Plain text as HTML, one paragraph for each block."""
    blocks = (block.strip() for block in text.split("\n\n"))
    return "".join(f"<p>{escape(block)}</p>" for block in blocks if block)


async def show_languages(request: web.Request) -> list[dict[str, Any]]:
    """GET /api/v1/instance/languages: what the house speaks; posts may be in any."""
    return [{"code": code, "name": code} for code in request.app[NODE].config.node.languages]


def _empty(path: str, access: Access, scope: str = "") -> Route:
    return api.route("GET", path, nothing, access=access, scope=scope)


ROUTES = (
    api.route("GET", "/api/v1/instance/rules", list_rules, access="maybe_token"),
    api.route("GET", "/api/v1/instance/languages", show_languages, access="maybe_token"),
    api.route(
        "GET", "/api/v1/instance/extended_description", show_extended_description, access="maybe_token"
    ),
    api.route("GET", "/api/v1/instance/privacy_policy", show_privacy_policy, access="maybe_token"),
    _empty("/api/v1/instance/peers", "maybe_token"),
    _empty("/api/v1/instance/activity", "maybe_token"),
    _empty("/api/v1/instance/domain_blocks", "maybe_token"),
    _empty("/api/v1/custom_emojis", "maybe_token"),
    _empty("/api/v1/trends", "maybe_token"),
    _empty("/api/v1/trends/tags", "maybe_token"),
    _empty("/api/v1/trends/statuses", "maybe_token"),
    _empty("/api/v1/trends/links", "maybe_token"),
    _empty("/api/v1/announcements", "token"),
    _empty("/api/v1/filters", "token", "read:filters"),
    _empty("/api/v2/filters", "token", "read:filters"),
    _empty("/api/v1/lists", "token", "read:lists"),
    _empty("/api/v1/accounts/{id:[0-9]+}/featured_tags", "maybe_token", "read:accounts"),
    _empty("/api/v1/accounts/{id:[0-9]+}/lists", "token", "read:lists"),
    _empty("/api/v1/featured_tags", "token", "read:accounts"),
    _empty("/api/v1/endorsements", "token", "read:accounts"),
    _empty("/api/v1/domain_blocks", "token", "read:blocks"),
    _empty("/api/v1/scheduled_statuses", "token", "read:statuses"),
    _empty("/api/v1/followed_tags", "token", "read:follows"),
    _empty("/api/v2/suggestions", "token", "read:accounts"),
)

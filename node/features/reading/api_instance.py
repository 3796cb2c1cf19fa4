"""The client API's picture of this house: instance, version 1 and 2.

It lives this high up because it shows a person, the limits of posts and of files, and counts.
`version` begins with the Mastodon version whose API this is, as clients compare it.

Spec: Mastodon 4.3 client API, methods "instance" (entities Instance, V1::Instance).
"""

from typing import Any, Final

import msgspec
from aiohttp import web

from node import __version__
from node.appkeys import NODE
from node.db.database import Tx
from node.features.accounts.store import people
from node.features.actors.entities import MISSING_HEADER, Account, account
from node.features.actors.service import MAX_FIELDS
from node.features.actors.store import reads as actors
from node.features.follows.api_profile import MAX_FIELD_NAME_CHARS, MAX_FIELD_VALUE_CHARS
from node.features.house import service as house
from node.features.house.api import rules_of
from node.features.house.store import count_usage
from node.features.media import kinds
from node.features.media import service as media
from node.features.media.entities import addresses_of
from node.features.polls import service as polls
from node.features.posts.reactions import MAX_PINNED
from node.features.posts.service import MAX_CHARS
from node.runtime import Node
from node.web import api

API_VERSION: Final = "4.3.0"
_LINK_CHARS: Final = 23  # what Mastodon's clients count for a link; we count it as it stands


class House(msgspec.Struct, frozen=True):
    """What both versions are made of."""

    settings: house.HouseSettings
    contact: Account | None
    people: int
    active_month: int
    posts: int
    hosts: int


async def _read(tx: Tx, node: Node) -> House:
    settings = await house.get_settings(tx)
    staff = await people.list_staff(tx)
    contact = await actors.list_actors(tx, [staff[0].actor_id]) if staff else []
    living = await actors.count_local(tx)
    usage = await count_usage(tx)
    return House(
        settings=settings,
        contact=account(contact[0], addresses_of(node)) if contact else None,
        people=living["total"],
        active_month=living["active_month"],
        posts=usage.posts,
        hosts=usage.hosts,
    )


def _version() -> str:
    return f"{API_VERSION} (compatible; Allmende {__version__})"


def _limits(node: Node) -> dict[str, Any]:
    """What a client must know before it lets somebody write."""
    most_bytes, most_pixels = node.config.media.max_upload_bytes, node.config.media.max_pixels
    return {
        "accounts": {
            "max_featured_tags": 0,
            "max_pinned_statuses": MAX_PINNED,
            "max_profile_fields": MAX_FIELDS,
            "profile_field_name_limit": MAX_FIELD_NAME_CHARS,
            "profile_field_value_limit": MAX_FIELD_VALUE_CHARS,
        },
        "statuses": {
            "max_characters": MAX_CHARS,
            "max_media_attachments": media.MAX_PER_POST,
            "characters_reserved_per_url": _LINK_CHARS,
        },
        "media_attachments": {
            "supported_mime_types": sorted(kind.mime for kind in kinds.ALL if kind is not kinds.AVIF),
            "description_limit": media.MAX_ALT_CHARS,
            "image_size_limit": most_bytes,
            "image_matrix_limit": most_pixels,
            "video_size_limit": most_bytes,
            "video_frame_rate_limit": 120,
            "video_matrix_limit": most_pixels,
        },
        "polls": {
            "max_options": polls.MOST_OPTIONS,
            "max_characters_per_option": polls.LONGEST_OPTION,
            "min_expiration": polls.SHORTEST_S,
            "max_expiration": polls.LONGEST_S,
        },
    }


def _languages(node: Node, settings: house.HouseSettings) -> list[str]:
    return list(settings.languages or node.config.node.languages)


async def show_v1(request: web.Request) -> dict[str, Any]:
    """GET /api/v1/instance"""
    node = request.app[NODE]
    async with node.db.read() as tx:
        found = await _read(tx, node)
    settings = found.settings
    return {
        "uri": node.handle_host,
        "title": settings.name,
        "short_description": settings.description,
        "description": settings.description,
        "email": settings.contact_email,
        "version": _version(),
        "urls": {"streaming_api": node.origin.replace("http", "ws", 1)},
        "stats": {"user_count": found.people, "status_count": found.posts, "domain_count": found.hosts},
        "thumbnail": None,
        "languages": _languages(node, settings),
        "registrations": settings.registration in ("open", "approval"),
        "approval_required": settings.registration == "approval",
        "invites_enabled": True,
        "configuration": _limits(node),
        "contact_account": found.contact,
        "rules": rules_of(settings),
    }


async def show_v2(request: web.Request) -> dict[str, Any]:
    """GET /api/v2/instance"""
    node = request.app[NODE]
    async with node.db.read() as tx:
        found = await _read(tx, node)
    settings = found.settings
    return {
        "domain": node.handle_host,
        "title": settings.name,
        "version": _version(),
        "source_url": node.uri("/about"),
        "description": settings.description,
        "usage": {"users": {"active_month": found.active_month}},
        "thumbnail": {"url": f"{node.origin}{MISSING_HEADER}", "blurhash": None, "versions": {}},
        "icon": [],
        "languages": _languages(node, settings),
        "configuration": {
            "urls": {
                "streaming": node.origin.replace("http", "ws", 1),
                "status": None,
                "about": f"{node.origin}/about",
                "privacy_policy": f"{node.origin}/privacy",
                "terms_of_service": None,
            },
            "vapid": {"public_key": ""},
            **_limits(node),
            "translation": {"enabled": False},
            "limited_federation": False,
        },
        "registrations": {
            "enabled": settings.registration in ("open", "approval"),
            "approval_required": settings.registration == "approval",
            "reason_required": bool(settings.question),
            "message": None,
            "min_age": None,
            "url": f"{node.origin}/register" if settings.registration != "closed" else None,
        },
        "api_versions": {"mastodon": 2},
        "contact": {"email": settings.contact_email, "account": found.contact},
        "rules": rules_of(settings),
    }


# Some clients ask with a slash at the end, and do not follow redirects.
ROUTES = (
    api.route("GET", "/api/v1/instance", show_v1, access="maybe_token"),
    api.route("GET", "/api/v1/instance/", show_v1, access="maybe_token"),
    api.route("GET", "/api/v2/instance", show_v2, access="maybe_token"),
    api.route("GET", "/api/v2/instance/", show_v2, access="maybe_token"),
)

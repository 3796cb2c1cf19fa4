"""The client API of one's own profile: who am I, and changing it.

It lives here because it shows waiting follow requests and takes pictures (media).

Spec: Mastodon 4.3 client API, `accounts/verify_credentials` and `accounts/update_credentials`.
"""

from collections.abc import Mapping
from typing import BinaryIO, Final, Literal, cast

import msgspec
from aiohttp import web

from node.appkeys import NODE, Viewer
from node.db.database import Tx
from node.db.rows import Window
from node.features.accounts import service as accounts
from node.features.actors import service as actors
from node.features.actors.entities import Account, Source, account, role_of, source_fields
from node.features.actors.store.reads import Actor, get_actor
from node.features.follows import store
from node.features.media import service as media
from node.features.media.entities import addresses_of
from node.runtime import Node
from node.web import api
from node.web.api_params import Params, read_params

MAX_NAME_CHARS: Final = 80
MAX_NOTE_CHARS: Final = 5000
MAX_FIELD_NAME_CHARS: Final = 255
MAX_FIELD_VALUE_CHARS: Final = 2047
_MOST_COUNTED: Final = 100
_VISIBILITY: Final = {"public": "public", "unlisted": "unlisted", "followers": "private", "direct": "direct"}
_AUDIENCE: Final = {shown: audience for audience, shown in _VISIBILITY.items()} | {"local": "local"}


async def credentials(tx: Tx, node: Node, actor: Actor) -> Account:
    """The asking person's own Account with `source` and `role`."""
    chosen = await accounts.get_account(tx, actor.id)
    waiting = await store.list_requests(tx, actor.id, Window(limit=_MOST_COUNTED))
    source = Source(
        privacy=_VISIBILITY.get(chosen.default_audience, "public"),
        sensitive=False,
        language=chosen.default_language or None,
        note=actor.summary_source,
        fields=source_fields(actor),
        follow_requests_count=len(waiting),
        hide_collections=None,
        discoverable=actor.discoverable,
        indexable=actor.indexable,
        attribution_domains=[],
        quote_policy=await accounts.find_quote_policy(tx, actor.id) or "public",
    )
    shown = account(actor, addresses_of(node))
    return msgspec.structs.replace(shown, source=source, role=role_of(chosen.role))


async def verify(request: web.Request) -> Account:
    """GET /api/v1/accounts/verify_credentials"""
    node, viewer = request.app[NODE], api.viewer(request)
    async with node.db.read() as tx:
        return await credentials(tx, node, await get_actor(tx, viewer.actor_id))


async def update(request: web.Request) -> Account:
    """PATCH /api/v1/accounts/update_credentials; what is not sent stays as it is."""
    node, viewer = request.app[NODE], api.viewer(request)
    params = await read_params(request, files=True)
    change = _change(params)  # refused before any picture is taken
    portraits = {
        **await _portrait(node, viewer, params, "avatar"),
        **await _portrait(node, viewer, params, "header"),
    }
    async with node.db.tx() as tx:
        actor = await actors.update_profile(
            tx, node, viewer.actor_id, msgspec.structs.replace(change, **portraits)
        )
        await _put_preferences(tx, viewer, params.inner("source"))
        return await credentials(tx, node, actor)


def _change(params: Params) -> actors.ProfileChange:
    fields = None
    if "fields_attributes" in params:
        fields = tuple(_field(row) for row in params.rows("fields_attributes") if row.text("name").strip())
        if len(fields) > actors.MAX_FIELDS:
            raise api.invalid("fields", "ERR_TOO_MANY", f"can't be more than {actors.MAX_FIELDS}")
    return actors.ProfileChange(
        display_name=_short(params, "display_name", MAX_NAME_CHARS),
        summary_source=_short(params, "note", MAX_NOTE_CHARS),
        fields=fields,
        avatar_alt=_short(params, "avatar_description", media.MAX_ALT_CHARS),
        header_alt=_short(params, "header_description", media.MAX_ALT_CHARS),
        locked=params.find_flag("locked"),
        discoverable=params.find_flag("discoverable"),
        indexable=params.find_flag("indexable"),
    )


def _short(params: Params, name: str, most: int) -> str | None:
    text = params.find_text(name)
    if text is not None and len(text) > most:
        raise api.invalid(name, "ERR_TOO_LONG", f"is too long (maximum is {most} characters)")
    return text


def _field(row: Params) -> actors.Field:
    name = _short(row, "name", MAX_FIELD_NAME_CHARS) or ""
    return actors.Field(name.strip(), (_short(row, "value", MAX_FIELD_VALUE_CHARS) or "").strip())


async def _portrait(
    node: Node, viewer: Viewer, params: Params, purpose: Literal["avatar", "header"]
) -> Mapping[str, str]:
    """The change a sent picture makes; none when none was sent."""
    file = params.file(purpose)
    if file is None:
        return {}
    alt = params.text(f"{purpose}_description")
    taken = await media.accept_portrait(node, viewer.actor_id, cast(BinaryIO, file.file), purpose, alt)
    return {f"{purpose}_url": media.url_of(node, taken), f"{purpose}_alt": alt}


async def _put_preferences(tx: Tx, viewer: Viewer, source: Params) -> None:
    privacy, language = source.find_text("privacy"), source.find_text("language")
    quote_policy = source.find_text("quote_policy")
    if quote_policy is not None:
        await accounts.set_quote_policy(tx, viewer.actor_id, quote_policy)
    if privacy is None and language is None:
        return
    if privacy is not None and privacy not in _AUDIENCE:
        raise api.invalid("source", "ERR_INCLUSION", "privacy is not included in the list")
    held = await accounts.get_account(tx, viewer.actor_id)
    chosen = accounts.Preferences(
        locale=held.locale,
        time_zone=held.time_zone,
        default_audience=held.default_audience if privacy is None else _AUDIENCE[privacy],
        default_language=held.default_language if language is None else language[:35],
    )
    await accounts.set_preferences(tx, viewer.actor_id, chosen)


ROUTES = (
    api.route("GET", "/api/v1/accounts/verify_credentials", verify, scope="profile"),
    api.route("PATCH", "/api/v1/accounts/update_credentials", update, scope="write:accounts"),
)

"""People as the client API shows them: Mastodon's Account and its parts, and how times look there.

Pure translation of rows that are loaded already; no SQL, no request. Called by the `api.py` and
`entities.py` of the features above. `Addresses` tells where pictures are served, which the media
feature knows (`media.entities.addresses_of`).

Spec: Mastodon 4.3 client API, entities Account, CredentialAccount, Role, Field, CustomEmoji.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from node.features.actors.store.reads import Actor

MISSING_AVATAR: Final = "/avatars/original/missing.png"
MISSING_HEADER: Final = "/headers/original/missing.png"


class Addresses(msgspec.Struct, frozen=True):
    """Our origin, and what to call a picture's address so that clients can load it from us."""

    origin: str
    picture: Callable[[str], str]


class Emoji(msgspec.Struct, frozen=True):
    """A custom emoji named in a text."""

    shortcode: str
    url: str
    static_url: str
    visible_in_picker: bool = True


class Field(msgspec.Struct, frozen=True):
    """One line of the table on a profile; `value` is HTML, or as typed in a Source."""

    name: str
    value: str
    verified_at: str | None = None


class Role(msgspec.Struct, frozen=True):
    """What somebody may do here; `permissions` is Mastodon's bit field as a decimal text."""

    id: str
    name: str
    color: str
    permissions: str
    highlighted: bool


class Source(msgspec.Struct, frozen=True):
    """What the owner of an account edits: texts as typed, and how new posts start."""

    privacy: str
    sensitive: bool
    language: str | None
    note: str
    fields: list[Field]
    follow_requests_count: int
    hide_collections: bool | None
    discoverable: bool
    indexable: bool
    attribution_domains: list[str]
    quote_policy: str


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Mastodon's Account. What is UNSET is left out of the answer, as Mastodon does."""

    id: str
    username: str
    acct: str
    display_name: str
    locked: bool
    bot: bool
    discoverable: bool
    indexable: bool
    group: bool
    created_at: str
    note: str
    url: str
    uri: str
    avatar: str
    avatar_static: str
    avatar_description: str
    header: str
    header_static: str
    header_description: str
    followers_count: int
    following_count: int
    statuses_count: int
    last_status_at: str | None
    hide_collections: bool | None
    emojis: list[Emoji]
    fields: list[Field]
    noindex: bool | UnsetType = UNSET
    roles: list[Role] | UnsetType = UNSET
    suspended: bool | UnsetType = UNSET
    moved: "Account | UnsetType" = UNSET
    mute_expires_at: str | UnsetType | None = UNSET
    source: Source | UnsetType = UNSET
    role: Role | UnsetType = UNSET


def stamp(moment: datetime) -> str:
    """A moment as Mastodon writes it: `2026-11-23T10:15:00.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def stamp_or_none(moment: datetime | None) -> str | None:
    """As `stamp`; None stays None."""
    return None if moment is None else stamp(moment)


def acct_of(actor: Actor) -> str:
    """The short handle: `alice` for ours, `bob@peer.example` for others."""
    return actor.username if actor.local else actor.handle


def emojis(rows: Iterable[Mapping[str, Any]], addresses: Addresses) -> list[Emoji]:
    """Custom emojis as stored with a post or profile; incomplete ones are left out."""
    found = []
    for row in rows:
        name, url = str(row.get("shortcode") or row.get("name") or "").strip(":"), row.get("url")
        if name and isinstance(url, str) and url:
            shown = addresses.picture(url)
            if shown:
                found.append(Emoji(shortcode=name, url=shown, static_url=shown))
    return found


def account(actor: Actor, addresses: Addresses) -> Account:
    """Mastodon's Account of somebody; a suspended one keeps its name and loses the rest."""
    away = actor.suspended_at is not None
    avatar = _picture(actor.avatar_url, MISSING_AVATAR, addresses, away=away)
    header = _picture(actor.header_url, MISSING_HEADER, addresses, away=away)
    return Account(
        id=str(actor.id),
        username=actor.username,
        acct=acct_of(actor),
        display_name="" if away else actor.display_name,
        locked=actor.locked,
        bot=actor.kind in ("Service", "Application"),
        discoverable=actor.discoverable,
        indexable=actor.indexable,
        group=actor.kind == "Group",
        created_at=stamp(actor.created_at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)),
        note="" if away else actor.summary_html,
        url=actor.url or actor.uri,
        uri=actor.uri,
        avatar=avatar,
        avatar_static=avatar,
        avatar_description="" if away else actor.avatar_alt,
        header=header,
        header_static=header,
        header_description="" if away else actor.header_alt,
        followers_count=actor.followers_count,
        following_count=actor.following_count,
        statuses_count=actor.posts_count,
        last_status_at=actor.last_post_at.astimezone(UTC).date().isoformat() if actor.last_post_at else None,
        hide_collections=None,
        emojis=[],
        fields=[] if away else [_field(row) for row in actor.fields],
        noindex=not actor.indexable if actor.local else UNSET,
        roles=[] if actor.local else UNSET,
        suspended=True if away else UNSET,
    )


def _picture(url: str, missing: str, addresses: Addresses, *, away: bool) -> str:
    shown = "" if away or not url else addresses.picture(url)
    return shown or addresses.origin + missing


def _field(row: Mapping[str, Any]) -> Field:
    return Field(str(row.get("name", "")), str(row.get("value", "")), row.get("verified_at"))


def source_fields(actor: Actor) -> list[Field]:
    """The lines of the profile's table as the owner typed them."""
    return [
        Field(str(row.get("name", "")), str(row.get("source", row.get("value", "")))) for row in actor.fields
    ]


# Mastodon's ids and bit fields: everyone, moderators (reports, users), owners (all).
_ROLES: Final = {
    "member": Role("-99", "", "", "65536", False),
    "moderator": Role("1", "Moderator", "", "1308", True),
    "admin": Role("3", "Owner", "", "1", True),
}


def role_of(name: str) -> Role:
    """Mastodon's Role for our role's name."""
    return _ROLES.get(name, _ROLES["member"])

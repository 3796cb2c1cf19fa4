"""Timeline entries and notifications as the client API shows them.

Pure translation of `reading.views`. Called by the API of reading.

Spec: Mastodon 4.3 client API, entities Status (reblog), Notification and Marker.
"""

import msgspec
from msgspec import UNSET, UnsetType

from node.features.actors.entities import Account, stamp
from node.features.posts.entities import Boosted, Statuses
from node.features.posts.status import Status
from node.features.reading import store
from node.features.reading.views import EntryView, NotificationView


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """Mastodon's Notification; `status` is there for the kinds that are about one.

    An emoji reaction is told as Pleroma does, with `emoji` and, for a shortcode, `emoji_url`.
    """

    id: str
    type: str
    created_at: str
    group_key: str
    account: Account
    status: Status | UnsetType = UNSET
    emoji: str | UnsetType = UNSET
    emoji_url: str | UnsetType = UNSET


class Marker(msgspec.Struct, frozen=True):
    """Mastodon's Marker."""

    last_read_id: str
    version: int
    updated_at: str


def marker(row: store.Marker) -> Marker:
    """Mastodon's Marker."""
    return Marker(str(row.last_read_id), row.version, stamp(row.updated_at))


def entry(maker: Statuses, shown: EntryView) -> Status:
    """The Status of one place in a timeline: a post, or somebody passing it on."""
    if shown.booster is None:
        return maker.status(shown.post)
    at = shown.boosted_at or shown.post.published_at
    return maker.boost(
        shown.post, Boosted(shown.id, shown.booster, at, shown.boost_uri, shown.boost_audience)
    )


_TYPES = {"reaction": "pleroma:emoji_reaction"}
_KINDS = {shown: kind for kind, shown in _TYPES.items()}


def type_of(kind: str) -> str:
    """What programs call a kind of notification."""
    return _TYPES.get(kind, kind)


def kind_of(shown: str) -> str:
    """The kind a program means."""
    return _KINDS.get(shown, shown)


def notification(maker: Statuses, shown: NotificationView) -> Notification:
    """Mastodon's Notification."""
    text, picture = shown.emoji[-1] if shown.emoji else ("", "")
    return Notification(
        id=str(shown.id),
        type=type_of(shown.kind),
        created_at=stamp(shown.created_at),
        group_key=f"ungrouped-{shown.id}",
        account=maker.account(shown.actor),
        status=UNSET if shown.post is None else maker.status(shown.post),
        emoji=text or UNSET,
        emoji_url=(maker.addresses.picture(picture) if picture else "") or UNSET,
    )

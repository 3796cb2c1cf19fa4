"""Relations between two people as the client API shows them: Mastodon's Relationship.

Pure translation of `follows.store.Relationship`. Called by the API of follows.

Spec: Mastodon 4.3 client API, entity Relationship.
"""

import msgspec

from node.features.actors.entities import stamp_or_none
from node.features.follows import store


class Relationship(msgspec.Struct, frozen=True, kw_only=True):
    """How the asking person and another stand to each other."""

    id: str
    following: bool
    showing_reblogs: bool
    notifying: bool
    languages: list[str] | None
    followed_by: bool
    blocking: bool
    blocked_by: bool
    muting: bool
    muting_notifications: bool
    muting_expires_at: str | None
    requested: bool
    requested_by: bool
    domain_blocking: bool
    endorsed: bool
    note: str


def relationship(row: store.Relationship) -> Relationship:
    """Mastodon's Relationship; hosts are blocked by the house here, not by its members."""
    return Relationship(
        id=str(row.id),
        following=row.following,
        showing_reblogs=row.showing_reblogs,
        notifying=row.notifying,
        languages=None,
        followed_by=row.followed_by,
        blocking=row.blocking,
        blocked_by=row.blocked_by,
        muting=row.muting,
        muting_notifications=row.muting_notifications,
        muting_expires_at=stamp_or_none(row.muting_expires_at),
        requested=row.requested,
        requested_by=row.requested_by,
        domain_blocking=False,
        endorsed=False,
        note="",
    )

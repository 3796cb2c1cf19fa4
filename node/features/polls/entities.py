"""Polls as the client API shows them: Mastodon's Poll. Pure.

Spec: Mastodon 4.3 client API, entity Poll. A poll has the id of its post.
"""

import msgspec
from msgspec import UNSET, UnsetType

from node import text
from node.features.actors.entities import Emoji, stamp_or_none
from node.features.polls.store import Poll as PollRow

_LONGEST = 500


class PollOption(msgspec.Struct, frozen=True):
    """One answer; `votes_count` is null while it is kept back."""

    title: str
    votes_count: int | None


class Poll(msgspec.Struct, frozen=True, kw_only=True):
    """Mastodon's Poll; `voted` and `own_votes` are left out for visitors."""

    id: str
    expires_at: str | None
    expired: bool
    multiple: bool
    votes_count: int
    voters_count: int | None
    voted: bool | UnsetType = UNSET
    own_votes: list[int] | UnsetType = UNSET
    options: list[PollOption]
    emojis: list[Emoji]


def poll(row: PollRow, viewer_id: int | None, author_id: int, emojis: list[Emoji]) -> Poll:
    """Mastodon's Poll; authors count as having voted, since they cannot."""
    known = viewer_id is not None
    counts = row.votes if row.shows_totals else [None] * len(row.titles)
    return Poll(
        id=str(row.post_id),
        expires_at=stamp_or_none(row.ends_at),
        expired=row.is_over,
        multiple=row.multiple,
        votes_count=sum(row.votes),
        voters_count=row.voters_count,
        voted=bool(row.own) or viewer_id == author_id if known else UNSET,
        own_votes=list(row.own) if known else UNSET,
        options=[
            PollOption(text.one_line(title, _LONGEST), votes)
            for title, votes in zip(row.titles, counts, strict=True)
        ],
        emojis=emojis,
    )

"""Mastodon's Status in two halves: what all readers see alike, and what is one reader's.

The first half costs most to make and changes seldom; `Kept` holds it, encoded, for the version of the post
and the very rows of the people it was made from. The second is made for every answer. `joined` puts them
together. Knows no rows; called by `posts.entities`.

Spec: Mastodon 4.5 client API, entities Status, Quote, QuoteApproval. Our extensions: `local_only`, true for
posts that stay in this house (`visibility` is then "public"), and `emoji_reactions`.
"""

from collections.abc import Hashable
from functools import lru_cache
from operator import is_
from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from node.features.actors.entities import Account, Emoji
from node.features.media.entities import MediaAttachment
from node.features.polls.entities import Poll

Status = msgspec.Raw  # encoded already
_ENCODER: Final = msgspec.json.Encoder()
_MOST_KEPT: Final = 2000
_MOST_OWN: Final = 500


class Mention(msgspec.Struct, frozen=True):
    """Somebody a post names."""

    id: str
    username: str
    url: str
    acct: str


class Tag(msgspec.Struct, frozen=True):
    """A hashtag of a post."""

    name: str
    url: str


class Application(msgspec.Struct, frozen=True):
    """The program a post was written with."""

    name: str
    website: str | None = None


class Quote(msgspec.Struct, frozen=True):
    """Mastodon's Quote: the quoted post, when its author agreed and the reader may see it."""

    state: str
    quoted_status: Status | None


class ShallowQuote(msgspec.Struct, frozen=True):
    """Mastodon's ShallowQuote: what a quoted post quotes itself, by id alone."""

    state: str
    quoted_status_id: str | None


class QuoteApproval(msgspec.Struct, frozen=True):
    """Mastodon's QuoteApproval: who may quote a post, and whether the reader may."""

    automatic: tuple[str, ...]
    manual: tuple[str, ...]
    current_user: str


class EmojiReaction(msgspec.Struct, frozen=True, kw_only=True):
    """Our extension: one emoji under a post, in the words of Mastodon's announcement reactions."""

    name: str
    count: int
    me: bool | UnsetType = UNSET
    url: str | UnsetType = UNSET
    static_url: str | UnsetType = UNSET


class Shared(msgspec.Struct, frozen=True, kw_only=True):
    """What all readers see alike. What is UNSET is left out, as Mastodon does for strangers."""

    id: str
    created_at: str
    in_reply_to_id: str | None
    in_reply_to_account_id: str | None
    sensitive: bool
    spoiler_text: str
    visibility: str
    local_only: bool
    language: str | None
    uri: str
    url: str | None
    replies_count: int
    reblogs_count: int
    favourites_count: int
    edited_at: str | None
    content: str | UnsetType = UNSET
    text: str | UnsetType = UNSET
    application: Application | UnsetType | None = UNSET
    account: Account
    media_attachments: list[MediaAttachment]
    mentions: list[Mention]
    tags: list[Tag]
    emojis: list[Emoji]
    card: None = None


class Own(msgspec.Struct, frozen=True, kw_only=True):
    """What is one reader's, or changes without the post. What is UNSET is left out for visitors."""

    poll: Poll | None = None
    emoji_reactions: tuple[EmojiReaction, ...] = ()
    quote: Quote | ShallowQuote | None = None
    quotes_count: int = 0
    quote_approval: QuoteApproval
    favourited: bool | UnsetType = UNSET
    reblogged: bool | UnsetType = UNSET
    muted: bool | UnsetType = UNSET
    bookmarked: bool | UnsetType = UNSET
    pinned: bool | UnsetType = UNSET
    filtered: tuple[Any, ...] | UnsetType = UNSET


class Kept:
    """Encoded first halves by the id of a post or a boost, each for what it was made from."""

    def __init__(self) -> None:
        self._halves: dict[int, tuple[tuple[Hashable, ...], tuple[object, ...], bytes]] = {}

    def find(self, entry_id: int, version: tuple[Hashable, ...], people: tuple[object, ...]) -> bytes | None:
        """The half made for this very version, from these very rows of people."""
        found = self._halves.get(entry_id)
        if found is None or found[0] != version or len(found[1]) != len(people):
            return None
        return found[2] if all(map(is_, found[1], people)) else None

    def keep(
        self, entry_id: int, version: tuple[Hashable, ...], people: tuple[object, ...], half: bytes
    ) -> None:
        """Keep a half; whatever was kept under the id goes."""
        if len(self._halves) >= _MOST_KEPT:
            self._halves.clear()
        self._halves[entry_id] = (version, people, half)


def encoded(half: Shared | Own) -> bytes:
    """One half, as `joined` takes it."""
    return _ENCODER.encode(half)


def own_of(
    marks: tuple[bool, bool, bool] | None, pinned: bool | None, quotes_count: int, approval: QuoteApproval
) -> Own:
    """A second half without quote, poll and reactions. `marks`: liked, boosted, kept; None for anybody.

    `pinned`: None where it is not told, as of other people's posts.
    """
    if marks is None:
        return Own(quotes_count=quotes_count, quote_approval=approval)
    return Own(
        quotes_count=quotes_count,
        quote_approval=approval,
        favourited=marks[0],
        reblogged=marks[1],
        muted=False,  # of a conversation, which nobody can mute here yet
        bookmarked=marks[2],
        pinned=UNSET if pinned is None else pinned,
        filtered=(),
    )


@lru_cache(maxsize=_MOST_OWN)
def usual_half(
    marks: tuple[bool, bool, bool] | None, pinned: bool | None, quotes_count: int, approval: QuoteApproval
) -> bytes:
    """The second half of most posts, encoded: few of them differ. Parameters as `own_of`."""
    return _ENCODER.encode(own_of(marks, pinned, quotes_count, approval))


def joined(shared: bytes, own: bytes, reblog: bytes = b"null") -> Status:
    """A whole Status of its halves; `reblog` is the one that it passes on."""
    return msgspec.Raw(b"".join((shared[:-1], b",", own[1:-1], b',"reblog":', reblog, b"}")))

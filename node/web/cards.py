"""What the shared pieces of pages are made of: small typed Structs that features fill.

The macros of `templates/_partials` render these and nothing else, so a feature's page needs to
know neither their HTML nor another feature's rows. Texts in here are final: already translated or
somebody's own. Called by every feature's pages; knows no database.
"""

from datetime import datetime
from typing import Literal

import msgspec
from markupsafe import Markup

NoticeKind = Literal["note", "done", "wait", "stop"]
Audience = Literal["public", "unlisted", "followers", "direct", "local", "group"]


class PersonLine(msgspec.Struct, frozen=True, kw_only=True):
    """A person or group in one line. `handle` without the leading @; `here`: of this house."""

    name: str
    handle: str
    url: str
    avatar_url: str | None = None
    here: bool = False
    id: int = 0
    is_group: bool = False
    is_machine: bool = False
    note: str = ""  # a word beside the name, such as "moderator" or "asks to follow"


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """A picture of a post; sizes in pixels, 0 when unknown."""

    url: str
    preview_url: str
    alt: str = ""
    width: int = 0
    height: int = 0
    blurhash: str = ""


class FileLine(msgspec.Struct, frozen=True, kw_only=True):
    """A film, a sound or any other file of a post. `kind` decides how it is shown."""

    url: str
    name: str
    kind: Literal["video", "audio", "file"] = "file"
    mime: str = ""
    preview_url: str = ""
    alt: str = ""


class QuoteCard(msgspec.Struct, frozen=True, kw_only=True):
    """What a post quotes: the post itself, or a sentence why it is not shown, or a plain link.

    Without `author` there is only `note`; `link` is where it can be read elsewhere, '' for nowhere.
    """

    note: str = ""
    link: str = ""
    author: PersonLine | None = None
    url: str = ""
    published_at: datetime | None = None
    html: Markup = Markup("")
    language: str | None = None
    warning: str = ""
    title: str = ""
    pictures: int = 0
    quotes: str = ""


class PollAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One answer of a poll. `share` is 0 to 100, `percent` the same in words; '' while it is kept back."""

    place: int
    title: str
    votes: int = 0
    share: int = 0
    percent: str = ""
    is_own: bool = False


class PollCard(msgspec.Struct, frozen=True, kw_only=True):
    """A poll for one reader: a form while they may vote, else how it stands. `note` says how many voted."""

    answers: tuple[PollAnswer, ...]
    multiple: bool
    may_vote: bool
    is_over: bool
    shows_totals: bool
    note: str
    ends_at: datetime | None


class ReactionChip(msgspec.Struct, frozen=True, kw_only=True):
    """One emoji under a post; `picture_url` is '' for emoji that are text, `label` says it in words."""

    emoji: str
    picture_url: str
    count: int
    label: str


class PostCard(msgspec.Struct, frozen=True, kw_only=True):
    """A post as one person may see it and what they may do with it.

    `html` was cleaned by node.text; `warning` is '' for none; `can` holds any of reply, like,
    boost, bookmark, edit, delete, pin, report, mute, block, quote, unquote, group; `depth` 0 or 1 is the indentation;
    `likes_note` is a sentence about who said thanks, never a ranking.
    """

    id: int
    url: str
    author: PersonLine
    published_at: datetime
    html: Markup
    audience: Audience = "public"
    audience_sentence: str = ""
    audience_differs: bool = True  # in a thread the audience is said only where it differs
    boosted_by: PersonLine | None = None
    edited_at: datetime | None = None
    language: str | None = None
    title: str = ""
    warning: str = ""
    sensitive: bool = False
    pictures: tuple[Picture, ...] = ()
    files: tuple[FileLine, ...] = ()
    quote: QuoteCard | None = None
    reply_to: PersonLine | None = None
    reply_to_url: str | None = None
    reply_count: int = 0
    liked: bool = False
    boosted: bool = False
    bookmarked: bool = False
    pinned: bool = False
    likes_note: str = ""
    group_note: str = ""  # how it stands in its group, where that is not the usual
    poll: PollCard | None = None
    reactions: tuple[ReactionChip, ...] = ()
    can: frozenset[str] = frozenset()
    depth: int = 0
    is_focus: bool = False  # the post this page is about
    remote_url: str | None = None


class NoticeBand(msgspec.Struct, frozen=True):
    """A band on top of a page that says how things stand, with at most one way on."""

    kind: NoticeKind
    text: str
    link: str = ""
    link_text: str = ""


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One card of a set to choose from: what it is, and a line about what follows from it."""

    value: str
    label: str
    note: str = ""
    disabled: bool = False


class Place(msgspec.Struct, frozen=True):
    """An entry of the navigation, translated. `badge` is a number in words for screen readers too."""

    label: str
    path: str
    icon: str
    is_current: bool = False
    badge: str = ""


class Way(msgspec.Struct, frozen=True):
    """A way on from an error or an empty page."""

    label: str
    path: str


class Leaf(msgspec.Struct, frozen=True):
    """A calendar leaf: short month, day of the month, short weekday, all in the reader's language."""

    month: str
    day: str
    weekday: str

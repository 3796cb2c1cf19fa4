"""Posts as the client API shows them: Mastodon's Status, StatusEdit, StatusSource and Context.

Pure translation of `posts.views`, which was read for one viewer already; no SQL. One `Statuses`
serves one answer. Authors, and of each post what all readers see alike, are translated once and kept while
the rows stay as they are (`posts.status`). Called by the `api.py` of posts and of the features above.

Spec: Mastodon 4.5 client API, entities StatusEdit, StatusSource, Context.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import msgspec
from msgspec import UNSET, UnsetType

from node.features.actors.entities import Account, Emoji, account, emojis, stamp, stamp_or_none
from node.features.actors.store.reads import Actor
from node.features.emoji.store import Reacted
from node.features.media.entities import MediaAttachment, addresses_of, attachment
from node.features.polls.entities import Poll, poll
from node.features.posts import quoting
from node.features.posts.status import (
    Application,
    EmojiReaction,
    Kept,
    Mention,
    Quote,
    QuoteApproval,
    ShallowQuote,
    Shared,
    Status,
    Tag,
    encoded,
    joined,
    own_of,
    usual_half,
)
from node.features.posts.views import Mentioned, PostView, Revision, Thread
from node.text import normalise_hashtag

if TYPE_CHECKING:
    from node.runtime import Node

VISIBILITY: Final = {
    "public": "public",
    "unlisted": "unlisted",
    "followers": "private",
    "direct": "direct",
    "local": "public",
    "group": "private",
}
_MOST_ACCOUNTS: Final = 2000
AUDIENCE: Final = {"public": "public", "unlisted": "unlisted", "private": "followers", "direct": "direct"}


class EditedPoll(msgspec.Struct, frozen=True):
    """What could be chosen in one version of a poll."""

    options: list[dict[str, str]]


class StatusEdit(msgspec.Struct, frozen=True, kw_only=True):
    """One version of an edited post."""

    content: str
    spoiler_text: str
    sensitive: bool
    created_at: str
    account: Account
    media_attachments: list[MediaAttachment]
    emojis: list[Emoji]
    poll: EditedPoll | UnsetType = UNSET


class StatusSource(msgspec.Struct, frozen=True):
    """A post as its author typed it."""

    id: str
    text: str
    spoiler_text: str


class Context(msgspec.Struct, frozen=True):
    """The posts around one: what it answers, and what answers it."""

    ancestors: list[Status]
    descendants: list[Status]


class Boosted(msgspec.Struct, frozen=True):
    """Who passed a post on, when, to whom, and under which id and ActivityPub id."""

    id: int
    booster: Actor
    at: datetime
    uri: str
    audience: str


class Statuses:
    """Translates the posts of one answer, for one reader (`viewer_id` None: anybody)."""

    def __init__(self, node: "Node", viewer_id: int | None) -> None:
        self.node = node
        self.viewer_id = viewer_id
        self.addresses = addresses_of(node)
        self._accounts: dict[int, tuple[Actor, Account]] = node.caches.setdefault("accounts", {})
        self._kept: Kept = node.caches.setdefault("statuses", Kept())

    def account(self, actor: Actor) -> Account:
        """Mastodon's Account, made once for every version of a row that `actors.store.reads` gives."""
        known = self._accounts.get(actor.id)
        if known is not None and known[0] is actor:
            return known[1]
        if len(self._accounts) >= _MOST_ACCOUNTS:
            self._accounts.clear()
        found = account(actor, self.addresses)
        self._accounts[actor.id] = (actor, found)
        return found

    def status(self, post: PostView, *, with_source: bool = False, shallow: bool = False) -> Status:
        """Mastodon's Status; `with_source`: the typed text instead of HTML, as after a DELETE.

        `shallow`: it is shown within another, so what it quotes is only named.
        """
        if with_source:
            whole = msgspec.structs.replace(self._shared(post), content=UNSET, text=post.source)
            return joined(encoded(whole), self._own(post))
        return joined(self._shared_half(post), self._own(post, shallow=shallow))

    def boost(self, post: PostView, boosted: Boosted) -> Status:
        """The Status of somebody passing a post on; the post itself is its `reblog`."""
        inner = joined(self._shared_half(post), self._own(post))
        people = (post.author, boosted.booster)
        half = self._kept.find(boosted.id, post.version, people) if post.version else None
        if half is None:
            half = encoded(self._boost_of(self._shared(post), boosted))
            if post.version:
                self._kept.keep(boosted.id, post.version, people, half)
        return joined(half, self._own(post, is_boost=True), bytes(inner))

    def _shared_half(self, post: PostView) -> bytes:
        people = (post.author,)
        half = self._kept.find(post.id, post.version, people) if post.version else None
        if half is None:
            half = encoded(self._shared(post))
            if post.version:
                self._kept.keep(post.id, post.version, people, half)
        return half

    def _shared(self, post: PostView) -> Shared:
        """What all readers see alike: nothing in here may depend on `viewer_id`, or on a mark of theirs."""
        return Shared(
            id=str(post.id),
            created_at=stamp(post.published_at),
            in_reply_to_id=_text_id(post.in_reply_to_id),
            in_reply_to_account_id=_text_id(post.in_reply_to_actor_id),
            sensitive=post.sensitive,
            spoiler_text=post.warning,
            visibility=VISIBILITY[post.audience],
            local_only=post.audience == "local",
            language=post.language or None,
            uri=post.uri,
            url=post.url or post.uri,
            replies_count=post.replies_count,
            reblogs_count=post.boosts_count,
            favourites_count=post.likes_count,
            edited_at=stamp_or_none(post.edited_at),
            content=content_of(post),
            application=self._application(post),
            account=self.account(post.author),
            media_attachments=[attachment(self.node, file) for file in post.media],
            mentions=[_mention(one) for one in post.mentions],
            tags=[self.tag(name) for name in post.tags],
            emojis=emojis(post.emojis, self.addresses),
        )

    def _boost_of(self, inner: Shared, boosted: Boosted) -> Shared:
        return msgspec.structs.replace(
            inner,
            id=str(boosted.id),
            created_at=stamp(boosted.at),
            uri=boosted.uri,
            visibility=VISIBILITY[boosted.audience],
            local_only=boosted.audience == "local",
            account=self.account(boosted.booster),
            in_reply_to_id=None,
            in_reply_to_account_id=None,
            edited_at=None,
            media_attachments=[],
            mentions=[],
            tags=[],
            application=UNSET,
        )

    def _own(self, post: PostView, *, shallow: bool = False, is_boost: bool = False) -> bytes:
        viewer_id, pinned = self.viewer_id, None
        if (
            viewer_id is not None
            and post.author.id == viewer_id
            and not is_boost
            and post.audience != "direct"
        ):
            pinned = post.pinned
        mine = "denied" if viewer_id is None else quoting.answer_for(post, viewer_id)
        marks = None if viewer_id is None else (post.liked, post.boosted, post.bookmarked)
        if post.quote is None and (is_boost or (post.poll is None and not post.reactions)):
            return usual_half(marks, pinned, post.quotes_count, _approval(post.quote_policy, mine))
        own = own_of(marks, pinned, post.quotes_count, _approval(post.quote_policy, mine))
        return encoded(
            msgspec.structs.replace(
                own,
                quote=self._quote(post, shallow=shallow),
                poll=None if is_boost else self.poll(post),
                emoji_reactions=() if is_boost else tuple(self.reaction(one) for one in post.reactions),
            )
        )

    def _quote(self, post: PostView, *, shallow: bool) -> Quote | ShallowQuote | None:
        quote = post.quote
        if quote is None:
            return None
        if shallow:
            return ShallowQuote(quote.named_state, _text_id(quote.post_id))
        quoted = quote.post if quote.state == "accepted" and not quote.blocked else None
        return Quote(quote.shown_state, self.status(quoted, shallow=True) if quoted else None)

    def poll(self, post: PostView) -> Poll | None:
        """Mastodon's Poll of a post that asks something."""
        if post.poll is None:
            return None
        return poll(post.poll, self.viewer_id, post.author.id, emojis(post.emojis, self.addresses))

    def reaction(self, one: Reacted) -> EmojiReaction:
        """One emoji under a post; a shortcode stands without its colons, as Mastodon has it."""
        address = self.addresses.picture(one.picture_url) if one.picture_url else UNSET
        return EmojiReaction(
            name=one.emoji.strip(":"),
            count=one.count,
            me=one.me if self.viewer_id is not None else UNSET,
            url=address or UNSET,
            static_url=address or UNSET,
        )

    def _application(self, post: PostView) -> Application | UnsetType | None:
        if not post.local:
            return UNSET
        return Application(post.app_name) if post.app_name else None

    def tag(self, name: str) -> Tag:
        """A hashtag with the address of its page here."""
        normalised = normalise_hashtag(name)
        return Tag(normalised, f"{self.node.origin}/tags/{quote(normalised)}")

    def context(self, thread: Thread) -> Context:
        """What stands around a post."""
        return Context(
            [self.status(post) for post in thread.ancestors],
            [self.status(post) for post in thread.descendants],
        )

    def edits(self, post: PostView, revisions: Iterable[Revision]) -> list[StatusEdit]:
        """Every version of a post, oldest first."""
        return [
            StatusEdit(
                content=one.html,
                spoiler_text=one.warning,
                sensitive=one.sensitive,
                created_at=stamp(one.written_at),
                account=self.account(post.author),
                media_attachments=[attachment(self.node, file) for file in one.media],
                emojis=emojis(post.emojis, self.addresses),
                poll=EditedPoll([{"title": title} for title in one.poll_options])
                if one.poll_options
                else UNSET,
            )
            for one in revisions
        ]

    def accounts(self, actors: Sequence[Actor]) -> list[Account]:
        """Mastodon's Accounts in the same order."""
        return [self.account(actor) for actor in actors]


_POLICY_WORDS: Final = {"public": "public", "followers": "followers", "some": "unsupported_policy"}


@lru_cache(maxsize=100)
def _approval(policy: str, mine: str) -> QuoteApproval:
    words = [word for word in policy.split() if word != "nobody"]
    at_once = tuple(_POLICY_WORDS[word] for word in words if not word.startswith("?"))
    asked = tuple(_POLICY_WORDS[word[1:]] for word in words if word.startswith("?"))
    return QuoteApproval(at_once, asked, mine)


def content_of(post: PostView) -> str:
    """The post's HTML; an article's title stands above it, since a Status has no place for one."""
    if not post.title:
        return post.html
    return f"<p><strong>{escape(post.title)}</strong></p>{post.html}"


def _mention(one: Mentioned) -> Mention:
    acct = one.username if one.local else f"{one.username}@{one.host}"
    return Mention(str(one.actor_id), one.username, one.url or one.uri, acct)


def _text_id(identifier: int | None) -> str | None:
    return None if identifier is None else str(identifier)

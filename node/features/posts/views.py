"""What a page or an API answer needs of posts: one Struct per post.

One statement asks who is looking, leaves out what they may not see, and says which version of each post
there is (`store.seen`). What all readers see alike is kept by that version and read again only when it
is another; two more statements are asked where any post asks something or was answered with emoji.
Every read of a post on behalf of somebody goes through here.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from node.db.database import Tx
from node.errors import NodeError
from node.features.actors.store.reads import Actor, list_versions
from node.features.emoji import service as emoji
from node.features.emoji.store import Reacted
from node.features.media import service as media_service
from node.features.polls import store as polls
from node.features.polls.store import Poll
from node.features.posts.store import reads, seen
from node.features.posts.store.seen import Seen, Version

_VERSION: Final = ("post_xmin", "post_ctid", "parts")
_MOST_KEPT: Final = 2000


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a post; `url` and `preview_url` are made by the media feature."""

    id: int
    kind: str
    mime: str
    file_key: str
    preview_key: str
    remote_url: str
    width: int
    height: int
    blurhash: str
    alt: str
    focus_x: float
    focus_y: float


class Mentioned(msgspec.Struct, frozen=True):
    """Somebody a post names."""

    actor_id: int
    uri: str
    url: str
    username: str
    host: str
    local: bool


class QuoteView(msgspec.Struct, frozen=True, kw_only=True):
    """What a post quotes. `post` is there only when the reader may see it and its author agreed.

    `state` is as stored; `blocked`: the reader has blocked who is quoted.
    """

    state: str
    uri: str
    post_id: int | None
    stamp_uri: str
    blocked: bool = False
    post: "PostView | None" = None

    @property
    def shown_state(self) -> str:
        """How it stands for this reader, in the client API's words."""
        if self.named_state != "accepted":
            return self.named_state
        if self.post is None:
            return "unauthorized"
        return "muted_account" if self.post.muted else "accepted"

    @property
    def named_state(self) -> str:
        """As `shown_state`, where the quoted post is only named and was not looked at."""
        if self.state != "accepted":
            return self.state
        if self.post_id is None:
            return "deleted"
        return "blocked_account" if self.blocked else "accepted"


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """The group a post circulates in; nothing of this ever changes."""

    id: int
    uri: str
    local: bool
    followers_uri: str
    username: str


class PostView(msgspec.Struct, frozen=True, kw_only=True):
    """A post as one viewer may see it.

    Two with the same `version` and author differ in the viewer's part alone: marks, quotes, poll, reactions.
    """

    id: int
    uri: str
    url: str
    author: Actor
    local: bool
    kind: str
    title: str
    html: str
    source: str
    warning: str
    sensitive: bool
    language: str
    audience: str
    in_reply_to_id: int | None
    in_reply_to_uri: str
    in_reply_to_actor_id: int | None
    thread_id: int
    context_uri: str
    emojis: list[dict[str, Any]]
    replies_count: int
    likes_count: int
    boosts_count: int
    published_at: datetime
    edited_at: datetime | None
    pinned_at: datetime | None
    app_name: str
    media: tuple[Picture, ...]
    mentions: tuple[Mentioned, ...]
    tags: tuple[str, ...]
    liked: bool = False
    boosted: bool = False
    bookmarked: bool = False
    muted: bool = False
    quote_policy: str = ""
    in_quote_circle: bool = False
    quotes_count: int = 0
    quote: QuoteView | None = None
    poll: Poll | None = None
    reactions_count: int = 0
    reactions: tuple[Reacted, ...] = ()
    version: Version | None = None
    placed: Placed | None = None
    topic_id: int | None = None
    group_state: str = ""
    locked: bool = False

    @property
    def pinned(self) -> bool:
        """Whether the author keeps it at the top of their profile."""
        return self.pinned_at is not None


class Thread(msgspec.Struct, frozen=True):
    """A post, what it answers (oldest first), and everything that answers it (in time order)."""

    ancestors: list[PostView]
    post: PostView
    descendants: list[PostView]


async def list_posts(tx: Tx, post_ids: Sequence[int], viewer_id: int | None) -> list[PostView]:
    """The posts in the order of the ids, without those `viewer_id` may not see; quotes one level deep."""
    if not post_ids:
        return []
    rows = await seen.list_seen(tx, post_ids, viewer_id)
    return await list_seen(tx, [rows[i] for i in post_ids if i in rows], viewer_id)


async def list_seen(tx: Tx, rows: Sequence[Seen], viewer_id: int | None) -> list[PostView]:
    """The posts that a statement has just found open to this viewer, in its order; quotes one level deep."""
    found = await _list_plain(tx, rows, viewer_id)
    wanted = {post.quote.post_id for post in found if post.quote and post.quote.state == "accepted"} - {None}
    if not wanted:
        return found
    open_to_them = await seen.list_seen(tx, [i for i in wanted if i], viewer_id)
    quoted = {post.id: post for post in await _list_plain(tx, list(open_to_them.values()), viewer_id)}
    return [_with_quoted(post, quoted) for post in found]


def _with_quoted(post: PostView, quoted: dict[int, PostView]) -> PostView:
    quote = post.quote
    if quote is None or quote.state != "accepted" or quote.post_id not in quoted:
        return post
    return msgspec.structs.replace(post, quote=msgspec.structs.replace(quote, post=quoted[quote.post_id]))


async def _list_plain(tx: Tx, rows: Sequence[Seen], viewer_id: int | None) -> list[PostView]:
    if not rows:
        return []
    authors = await list_versions(tx, {row.author_id: (row.author_xmin, row.author_ctid) for row in rows})
    rows = [row for row in rows if row.author_id in authors]  # without who left a moment ago
    whole = await _list_whole(tx, rows, authors)
    asking = [post.id for post in whole.values() if post.kind == "Question"]
    asked = await polls.list_polls(tx, asking, viewer_id) if asking else {}
    answered = [post.id for post in whole.values() if post.reactions_count]
    reacted = await emoji.list_reacted(tx, answered, viewer_id) if answered else {}
    found = []
    for row in rows:
        post = whole.get(row.id)
        if post is None:
            continue  # deleted a moment ago
        own = row.own()
        if row.quote:
            own["quote"] = msgspec.convert(row.quote, QuoteView)
        if row.id in asked:
            own["poll"] = asked[row.id]
        if row.id in reacted:
            own["reactions"] = tuple(reacted[row.id])
        found.append(msgspec.structs.replace(post, **own) if own else post)
    return found


async def _list_whole(tx: Tx, rows: Sequence[Seen], authors: Mapping[int, Actor]) -> dict[int, PostView]:
    """The posts by id with nothing of any reader's, as they stand in these versions or newer ones."""
    kept: dict[int, PostView] = tx.caches.setdefault("posts", {})
    found = {row.id: kept[row.id] for row in rows if row.id in kept and kept[row.id].version == row.version}
    missing = list({row.id for row in rows if row.id not in found})
    if missing:
        if len(kept) + len(missing) > _MOST_KEPT:
            kept.clear()
        for post in await _read_whole(tx, missing, authors):
            kept[post.id] = found[post.id] = post
    for row in rows:
        author = authors[row.author_id]
        if row.id in found and found[row.id].author is not author:
            kept[row.id] = found[row.id] = msgspec.structs.replace(found[row.id], author=author)
    return found


async def _read_whole(tx: Tx, post_ids: Sequence[int], authors: Mapping[int, Actor]) -> list[PostView]:
    records = await seen.list_whole(tx, post_ids)
    media: dict[int, list[Picture]] = defaultdict(list)
    mentions: dict[int, list[Mentioned]] = defaultdict(list)
    tags: dict[int, list[str]] = defaultdict(list)
    for part in await seen.list_parts(tx, post_ids):
        if part["part"] == "media":
            media[part["post_id"]].append(msgspec.convert(part["body"], Picture))
        elif part["part"] == "mention":
            mentions[part["post_id"]].append(msgspec.convert(part["body"], Mentioned))
        else:
            tags[part["post_id"]].append(part["body"])
    found = []
    for record in records:
        fields = dict(record)
        xmin, ctid, parts = (fields.pop(name) for name in _VERSION)
        post_id, author_id, placed = fields["id"], fields.pop("author_id"), fields.pop("placed")
        found.append(
            PostView(
                **fields,
                author=authors[author_id],
                media=tuple(media[post_id]),
                mentions=tuple(mentions[post_id]),
                tags=tuple(tags[post_id]),
                placed=msgspec.convert(placed, Placed) if placed else None,
                version=(xmin, ctid, parts),
            )
        )
    return found


async def get_post(tx: Tx, post_id: int, viewer_id: int | None) -> PostView:
    """One post. Raises: NodeError `not_found`, also for what the viewer may not see."""
    found = await list_posts(tx, [post_id], viewer_id)
    if not found:
        raise NodeError("not_found", detail=f"post {post_id}")
    return found[0]


async def list_thread(tx: Tx, post_id: int, viewer_id: int | None, *, limit: int = 200) -> Thread:
    """The thread around a post, at most `limit` posts each way. Raises: NodeError `not_found`."""
    above = await reads.list_ancestor_ids(tx, post_id, min(limit, 40))
    below = await reads.list_descendant_ids(tx, post_id, limit)
    posts = {p.id: p for p in await list_posts(tx, [*above, post_id, *below], viewer_id)}
    if post_id not in posts:
        raise NodeError("not_found", detail=f"post {post_id}")
    return Thread(
        ancestors=[posts[i] for i in above if i in posts],
        post=posts[post_id],
        descendants=[posts[i] for i in below if i in posts],
    )


class Revision(msgspec.Struct, frozen=True):
    """One version of an edited post, oldest first; the last is what stands now."""

    html: str
    warning: str
    sensitive: bool
    poll_options: list[str]
    written_at: datetime
    media: tuple[Picture, ...] = ()


async def list_revisions(tx: Tx, post_id: int, viewer_id: int | None) -> tuple[PostView, list[Revision]]:
    """A post and all its versions. Raises: NodeError `not_found`."""
    post = await get_post(tx, post_id, viewer_id)
    records = [dict(record) for record in await reads.list_revisions(tx, post_id)]
    shown = [[(file["id"], file["alt"]) for file in record.pop("media")] for record in records]
    files = await media_service.list_earlier(tx, shown)
    earlier = [
        Revision(
            **record, media=tuple(msgspec.convert(file, Picture, from_attributes=True) for file in these)
        )
        for record, these in zip(records, files, strict=True)
    ]
    written = post.edited_at or post.published_at
    asked = post.poll.titles if post.poll else []
    return post, [*earlier, Revision(post.html, post.warning, post.sensitive, asked, written, post.media)]

"""How posts stand for one reader: whether they may see them, their own marks, and which version there is.

The one statement every reader's page asks anew. It brings no text: what all readers see alike is read
again (`list_whole`, `list_parts`) only when the version is not the one that a process keeps. A list
of another store becomes such a statement by `shown`. Called by `posts.views` and by stores of lists.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import asyncpg
import msgspec

from node.db.database import Tx
from node.features.posts.store.reads import VISIBLE

_OWN: Final = ("liked", "boosted", "bookmarked", "muted", "in_quote_circle", "quotes_count")
Version = tuple[int, tuple[int, int], str]


class Seen(msgspec.Struct, frozen=True):
    """One post as one reader may see it. `parts` stands for its files and for whom it names."""

    id: int
    post_xmin: int
    post_ctid: tuple[int, int]
    parts: str
    author_id: int
    author_xmin: int
    author_ctid: tuple[int, int]
    liked: bool
    boosted: bool
    bookmarked: bool
    muted: bool
    in_quote_circle: bool
    quotes_count: int
    quote: dict[str, Any] | None

    @property
    def version(self) -> Version:
        """Stands for all that readers see alike but the author's row; no two versions share one."""
        return self.post_xmin, self.post_ctid, self.parts

    def own(self) -> dict[str, Any]:
        """What is this reader's, or changes without the post; of most posts nothing."""
        if not (self.quotes_count or self.in_quote_circle or self.muted) and not (
            self.liked or self.boosted or self.bookmarked
        ):
            return {}
        return {name: mark for name in _OWN if (mark := getattr(self, name))}


# Rows of files, and of people who are named, stand by their own versions: they change without the post.
_PARTS: Final = """concat(
    (SELECT string_agg(concat(x.id, x.xmin, x.ctid), ' ') FROM media x WHERE x.post_id = p.id), '/',
    (SELECT string_agg(concat(m.actor_id, x.xmin, x.ctid), ' ') FROM post_mentions m
     JOIN actors x ON x.id = m.actor_id WHERE m.post_id = p.id AND NOT m.silent))"""


def _marked(table: str) -> str:
    """Whether the viewer's mark is on the post: one look into an index for each at most.

    As EXISTS, PostgreSQL would first collect everything this viewer ever marked.
    """
    return f"(SELECT true FROM {table} k WHERE k.post_id = p.id AND k.actor_id = {{viewer}}) IS NOT NULL"


_COLUMNS: Final[Mapping[str, str]] = {
    "id": "p.id",
    "post_xmin": "p.xmin",
    "post_ctid": "p.ctid",
    "parts": _PARTS,
    "author_id": "p.author_id",
    "author_xmin": "a.xmin",
    "author_ctid": "a.ctid",
    "liked": f"p.likes_count > 0 AND {_marked('likes')}",
    "boosted": f"p.boosts_count > 0 AND {_marked('boosts')}",
    "bookmarked": _marked("bookmarks"),
    "muted": """(SELECT EXISTS (SELECT 1 FROM mutes g WHERE g.actor_id = {viewer}))
                 AND (SELECT true FROM mutes m WHERE m.target_id = p.author_id AND m.actor_id = {viewer}
                 AND (m.expires_at IS NULL OR m.expires_at > {now})) IS NOT NULL""",
    "in_quote_circle": """p.quote_policy LIKE '%followers%' AND (
                 SELECT true FROM follows f WHERE f.followee_id = p.author_id AND f.follower_id = {viewer}
                 AND f.state = 'accepted') IS NOT NULL""",
    "quotes_count": "(SELECT count(*) FROM quotes c WHERE c.quoted_id = p.id AND c.state = 'accepted')",
    "quote": """(SELECT jsonb_build_object('state', c.state, 'uri', c.quoted_uri, 'post_id', c.quoted_id,
                                           'stamp_uri', c.stamp_uri, 'blocked', EXISTS (
                     SELECT 1 FROM blocks b JOIN posts w ON w.id = c.quoted_id
                     WHERE b.actor_id = {viewer} AND b.target_id = w.author_id))
                 FROM quotes c WHERE c.post_id = p.id)""",
}
# In the order of the Struct's fields, so that a record's values can be handed over as they come.
_SEEN: Final = ", ".join(f"{_COLUMNS[name]} AS seen_{name}" for name in Seen.__struct_fields__)
_MOST_ROWS: Final = 200  # far above every page; tells PostgreSQL that a list is short before it is read


def shown(entries: str, names: str, columns: str, viewer: str, now: str) -> str:
    """A statement that gives, of each of some entries, `columns` and how its post stands for the viewer.

    `entries` is SQL that gives columns `names`, `post_id` and `booster_id` among them. `columns` may refer to
    them as `e`, and as `o` to the booster's row; `viewer` and `now` are places of parameters. The values of a
    `Seen` end each record; they are NULL where the viewer may not see the post. No order is kept.
    """
    return f"""
        SELECT {columns}, {_SEEN.format(viewer=viewer, now=now)}
        FROM (SELECT {names} FROM ({entries}) AS wanted LIMIT {_MOST_ROWS}) AS e
        LEFT JOIN posts p ON p.id = e.post_id AND {VISIBLE.format(viewer=viewer)}
        LEFT JOIN actors a ON a.id = p.author_id AND a.suspended_at IS NULL
        LEFT JOIN actors o ON o.id = e.booster_id"""


def of_record(record: asyncpg.Record) -> Seen | None:
    """What ends a record of `shown`; None where the viewer may not see the post, or its author was closed out."""
    seen = Seen(*record[-len(Seen.__struct_fields__) :])
    return None if seen.author_xmin is None else seen


async def list_seen(tx: Tx, post_ids: Sequence[int], viewer_id: int | None) -> dict[int, Seen]:
    """How these posts stand for the viewer, by id; without those that the viewer may not see."""
    records = await tx.fetch(
        f"""SELECT {_SEEN.format(viewer="$2", now="$3")} FROM posts p JOIN actors a ON a.id = p.author_id
            WHERE p.id = ANY($1) AND a.suspended_at IS NULL AND {VISIBLE.format(viewer="$2")}""",
        list(post_ids),
        viewer_id,
        tx.now,
    )
    return {record["seen_id"]: Seen(*record) for record in records}


async def list_whole(tx: Tx, post_ids: Sequence[int]) -> list[asyncpg.Record]:
    """What all readers see alike of these posts; that this reader may see them is known already."""
    return await tx.fetch(
        f"""SELECT p.id, p.uri, p.url, p.author_id, p.local, p.kind, p.title, p.html, p.source, p.warning,
                  p.sensitive, p.language, p.audience, p.in_reply_to_id, p.in_reply_to_uri,
                  p.in_reply_to_actor_id, p.thread_id, p.context_uri, p.emojis, p.replies_count, p.likes_count,
                  p.boosts_count, p.reactions_count, p.published_at, p.edited_at, p.pinned_at, p.quote_policy,
                  p.topic_id, p.group_state, p.locked_at IS NOT NULL AS locked,
                  (SELECT jsonb_build_object('id', g.id, 'uri', g.uri, 'local', g.local,
                                             'followers_uri', g.followers_uri, 'username', g.username)
                   FROM actors g WHERE g.id = p.group_id) AS placed,
                  COALESCE((SELECT o.name FROM oauth_apps o WHERE o.id = p.app_id), '') AS app_name,
                  p.xmin AS post_xmin, p.ctid AS post_ctid, {_PARTS} AS parts
           FROM posts p WHERE p.id = ANY($1)""",
        list(post_ids),
    )


async def list_parts(tx: Tx, post_ids: Sequence[int]) -> list[asyncpg.Record]:
    """Files, mentions and hashtags of posts in one answer: (post_id, part, body)."""
    return await tx.fetch(
        """SELECT post_id, 'media' AS part, position AS place, jsonb_build_object(
                      'id', id, 'kind', kind, 'mime', mime, 'file_key', file_key, 'preview_key', preview_key,
                      'remote_url', remote_url, 'width', width, 'height', height, 'blurhash', blurhash,
                      'alt', alt, 'focus_x', focus_x, 'focus_y', focus_y) AS body
           FROM media WHERE post_id = ANY($1)
           UNION ALL
           SELECT m.post_id, 'mention', 0, jsonb_build_object(
                      'actor_id', a.id, 'uri', a.uri, 'url', a.url, 'username', a.username, 'host', a.handle_host,
                      'local', a.local)
           FROM post_mentions m JOIN actors a ON a.id = m.actor_id WHERE m.post_id = ANY($1) AND NOT m.silent
           UNION ALL
           SELECT post_id, 'tag', 0, to_jsonb(shown) FROM post_tags WHERE post_id = ANY($1)
           ORDER BY 1, 3""",
        list(post_ids),
    )

"""Which posts a page of a timeline holds, and how they stand for who is looking.

One statement for each list: an index scan bounded by the page size, and what `posts.store.seen` tells of
each post; `posts.views` makes posts of that. People the viewer blocked or muted, and who blocked the
viewer, are left out here so that pages stay full.
"""

from datetime import datetime

import asyncpg
import msgspec

from node.db import rows
from node.db.database import Tx
from node.db.rows import Window
from node.features.actors.store.reads import Version
from node.features.posts.store import seen
from node.features.posts.store.reads import UNBLOCKED, VISIBLE
from node.features.posts.store.seen import Seen


class Entry(msgspec.Struct, frozen=True):
    """One place in a timeline: a post, or somebody's boost of it (`id` is then the boost's).

    `seen` is how the post stands for who asked; None: they may not see it.
    """

    id: int
    post_id: int
    boost_id: int | None = None
    booster_id: int | None = None
    boosted_at: datetime | None = None
    boost_uri: str = ""
    boost_audience: str = ""
    booster_version: Version | None = None
    seen: Seen | None = None


class Marker(msgspec.Struct, frozen=True):
    """How far somebody has read one timeline."""

    timeline: str
    last_read_id: int
    version: int
    updated_at: datetime


class Notification(msgspec.Struct, frozen=True):
    """Something that happened to the owner; `kind` uses Mastodon's names."""

    id: int
    kind: str
    actor_id: int
    post_id: int | None
    created_at: datetime
    group_id: int | None = None


# Authors whose posts the viewer ($1) does not want, or who do not want the viewer. Who has nobody blocked
# or muted, and is blocked by nobody, is asked about once for the whole list.
_HIDDEN = f"""
    ((SELECT NOT EXISTS (SELECT 1 FROM mutes g WHERE g.actor_id = $1))
     OR NOT EXISTS (SELECT 1 FROM mutes mute WHERE mute.actor_id = $1 AND mute.target_id = {{author}}
                    AND (mute.expires_at IS NULL OR mute.expires_at > {{now}})))
    AND ({UNBLOCKED.format(viewer="$1")}
         OR NOT EXISTS (SELECT 1 FROM blocks stop WHERE (stop.actor_id = $1 AND stop.target_id = {{author}})
                        OR (stop.actor_id = {{author}} AND stop.target_id = $1)))"""


def _order(window: Window) -> str:
    return "ASC" if window.ascending else "DESC"


def _bounds(window: Window) -> tuple[int, int, int]:
    return window.upper, window.lower, window.limit


_NO_BOOST = """NULL::bigint AS boost_id, NULL::bigint AS booster_id, NULL::timestamptz AS boosted_at,
    '' AS boost_uri, '' AS boost_audience"""
_NAMES = "id, post_id, boost_id, booster_id, boosted_at, boost_uri, boost_audience"
_ENTRY = """e.id, e.post_id, e.boost_id, e.booster_id, e.boosted_at, e.boost_uri, e.boost_audience,
    o.xmin AS booster_xmin, o.ctid AS booster_ctid"""


async def _list(
    tx: Tx, entries: str, *given: object, viewer_id: int | None, order: str = "e.id DESC"
) -> list[Entry]:
    """What this SQL finds, as it stands for the viewer; newest first. `given` fill its places."""
    viewer, now = f"${len(given) + 1}", f"${len(given) + 2}"
    statement = f"{seen.shown(entries, _NAMES, _ENTRY, f'{viewer}::bigint', now)} ORDER BY {order}"
    return [_entry(record) for record in await tx.fetch(statement, *given, viewer_id, tx.now)]


def _entry(record: asyncpg.Record) -> Entry:
    version = None if record["booster_id"] is None else (record["booster_xmin"], record["booster_ctid"])
    return Entry(*(*record[:7], version, seen.of_record(record)))


async def list_home(tx: Tx, viewer_id: int, window: Window) -> list[Entry]:
    """The viewer's home: what those they follow wrote or passed on."""
    return await _list(
        tx,
        f"""SELECT h.id, h.post_id, h.boost_id, b.actor_id AS booster_id, b.published_at AS boosted_at,
                   COALESCE(b.uri, '') AS boost_uri, COALESCE(b.audience, '') AS boost_audience
            FROM home_entries h JOIN posts p ON p.id = h.post_id LEFT JOIN boosts b ON b.id = h.boost_id
            WHERE h.owner_id = $1 AND h.id < $2 AND h.id > $3
              AND {_HIDDEN.format(author="p.author_id", now="$5")}
              AND (b.actor_id IS NULL OR ({_HIDDEN.format(author="b.actor_id", now="$5")}))
            ORDER BY h.id {_order(window)} LIMIT $4""",
        viewer_id,
        *_bounds(window),
        tx.now,
        viewer_id=viewer_id,
    )


class Which(msgspec.Struct, frozen=True):
    """Which public posts are wanted: only ours, only others', only with pictures or films."""

    local: bool = False
    remote: bool = False
    only_media: bool = False


_WITH_MEDIA = "EXISTS (SELECT 1 FROM media x WHERE x.post_id = p.id)"


async def list_public(tx: Tx, viewer_id: int | None, window: Window, wanted: Which) -> list[Entry]:
    """Public posts this node knows; only ours: what they wrote for this node too."""
    if wanted.local:
        which = "p.local AND (p.audience = 'public' OR (p.audience = 'local' AND $1::bigint IS NOT NULL))"
    else:
        which = "p.audience = 'public'" + (" AND NOT p.local" if wanted.remote else "")
    if wanted.only_media:
        which += f" AND {_WITH_MEDIA}"
    return await _list(
        tx,
        f"""SELECT p.id, p.id AS post_id, {_NO_BOOST} FROM posts p JOIN actors a ON a.id = p.author_id
            WHERE {which} AND p.id < $2 AND p.id > $3 AND a.suspended_at IS NULL
              AND (p.in_reply_to_id IS NULL OR p.in_reply_to_actor_id = p.author_id)
              AND {_HIDDEN.format(author="p.author_id", now="$5")}
            ORDER BY p.id {_order(window)} LIMIT $4""",
        viewer_id,
        *_bounds(window),
        tx.now,
        viewer_id=viewer_id,
    )


async def list_tag(tx: Tx, tag: str, viewer_id: int | None, window: Window, wanted: Which) -> list[Entry]:
    """Public posts with a hashtag (normalised, `node.text`)."""
    return await _list(
        tx,
        f"""SELECT p.id, p.id AS post_id, {_NO_BOOST} FROM post_tags t JOIN posts p ON p.id = t.post_id
            JOIN actors a ON a.id = p.author_id
            WHERE t.tag = $5 AND t.post_id < $2 AND t.post_id > $3 AND a.suspended_at IS NULL
              AND (p.audience = 'public' OR (p.audience = 'local' AND $1::bigint IS NOT NULL))
              AND (p.local OR NOT $6) AND (NOT p.local OR NOT $7) AND (NOT $8 OR {_WITH_MEDIA})
              AND {_HIDDEN.format(author="p.author_id", now="$9")}
            ORDER BY t.post_id {_order(window)} LIMIT $4""",
        viewer_id,
        *_bounds(window),
        tag,
        wanted.local,
        wanted.remote,
        wanted.only_media,
        tx.now,
        viewer_id=viewer_id,
    )


class AuthorList(msgspec.Struct, frozen=True):
    """Which of an author's posts are wanted (Mastodon's words)."""

    only_media: bool = False
    exclude_replies: bool = False
    exclude_reblogs: bool = False
    tag: str = ""


async def list_author(
    tx: Tx, actor_id: int, viewer_id: int | None, window: Window, which: AuthorList
) -> list[Entry]:
    """What somebody wrote and passed on, as far as the viewer may see it."""
    return await _list(
        tx,
        f"""SELECT id, post_id, boost_id, booster_id, boosted_at, boost_uri, boost_audience FROM (
                (SELECT p.id, p.id AS post_id, NULL::bigint AS boost_id, NULL::bigint AS booster_id,
                        NULL::timestamptz AS boosted_at, '' AS boost_uri, '' AS boost_audience
                 FROM posts p WHERE p.author_id = $5 AND p.id < $2 AND p.id > $3
                   AND p.audience <> 'direct' AND {VISIBLE.format(viewer="$1")}
                   AND (NOT $6 OR EXISTS (SELECT 1 FROM media m WHERE m.post_id = p.id))
                   AND (NOT $7 OR p.in_reply_to_uri = '' OR p.in_reply_to_actor_id = p.author_id)
                   AND ($9 = '' OR EXISTS (SELECT 1 FROM post_tags t WHERE t.post_id = p.id AND t.tag = $9))
                 ORDER BY p.id {_order(window)} LIMIT $4)
                UNION ALL
                (SELECT b.id, b.post_id, b.id, b.actor_id, b.published_at, b.uri, b.audience
                 FROM boosts b JOIN posts p ON p.id = b.post_id
                 WHERE b.actor_id = $5 AND b.id < $2 AND b.id > $3 AND NOT $8 AND NOT $6 AND $9 = ''
                   AND {VISIBLE.format(viewer="$1")} AND (b.audience <> 'local' OR $1::bigint IS NOT NULL)
                 ORDER BY b.id {_order(window)} LIMIT $4)) AS both_kinds
            ORDER BY id {_order(window)} LIMIT $4""",
        viewer_id,
        *_bounds(window),
        actor_id,
        which.only_media,
        which.exclude_replies,
        which.exclude_reblogs,
        which.tag,
        viewer_id=viewer_id,
    )


async def list_pinned(tx: Tx, actor_id: int, viewer_id: int | None) -> list[Entry]:
    """What somebody keeps at the top of their profile, last pinned first."""
    return await _list(
        tx,
        f"""SELECT p.id, p.id AS post_id, {_NO_BOOST} FROM posts p
           WHERE p.author_id = $1 AND p.pinned_at IS NOT NULL AND {VISIBLE.format(viewer="$2")}
           ORDER BY p.pinned_at DESC LIMIT 20""",
        actor_id,
        viewer_id,
        viewer_id=viewer_id,
        order="p.pinned_at DESC",
    )


async def list_group(
    tx: Tx, group_id: int, viewer_id: int | None, window: Window, *, topic_id: int | None = None
) -> list[Entry]:
    """The conversations begun in a group, newest first, of one topic or of all."""
    return await _list(
        tx,
        f"""SELECT p.id, p.id AS post_id, {_NO_BOOST} FROM posts p
            WHERE p.group_id = $5 AND p.in_reply_to_id IS NULL AND p.group_state = '' AND p.id < $2 AND p.id > $3
              AND ($7::bigint IS NULL OR p.topic_id = $7) AND {VISIBLE.format(viewer="$1")}
              AND {_HIDDEN.format(author="p.author_id", now="$6")}
            ORDER BY p.id {_order(window)} LIMIT $4""",
        viewer_id,
        *_bounds(window),
        group_id,
        tx.now,
        topic_id,
        viewer_id=viewer_id,
    )


async def list_group_pinned(tx: Tx, group_id: int, viewer_id: int | None) -> list[Entry]:
    """What a group keeps at the top of its page, last pinned first."""
    return await _list(
        tx,
        f"""SELECT p.id, p.id AS post_id, {_NO_BOOST} FROM group_pins g JOIN posts p ON p.id = g.post_id
            WHERE g.group_id = $1 AND p.group_state = '' AND {VISIBLE.format(viewer="$2")}
            ORDER BY g.pinned_at DESC, p.id DESC LIMIT 5""",
        group_id,
        viewer_id,
        viewer_id=viewer_id,
    )


async def list_messages(tx: Tx, viewer_id: int, window: Window) -> list[Entry]:
    """Direct posts to or from the viewer, newest first."""
    return await _list(
        tx,
        f"""SELECT id, id AS post_id, {_NO_BOOST} FROM (
                (SELECT p.id FROM posts p
                 WHERE p.audience = 'direct' AND p.author_id = $1 AND p.id < $2 AND p.id > $3
                 ORDER BY p.id {_order(window)} LIMIT $4)
                UNION
                (SELECT p.id FROM post_mentions m JOIN posts p ON p.id = m.post_id
                 WHERE p.audience = 'direct' AND m.actor_id = $1 AND m.post_id < $2 AND m.post_id > $3
                   AND {_HIDDEN.format(author="p.author_id", now="$5")}
                 ORDER BY m.post_id {_order(window)} LIMIT $4)) AS both_ways
            ORDER BY id {_order(window)} LIMIT $4""",
        viewer_id,
        *_bounds(window),
        tx.now,
        viewer_id=viewer_id,
    )


async def list_bookmarks(tx: Tx, viewer_id: int, window: Window) -> list[Entry]:
    """What the viewer kept; the entry's id is the bookmark's, for paging."""
    return await _list(
        tx,
        f"""SELECT id, post_id, {_NO_BOOST} FROM bookmarks WHERE actor_id = $1 AND id < $2 AND id > $3
            ORDER BY id {_order(window)} LIMIT $4""",
        viewer_id,
        *_bounds(window),
        viewer_id=viewer_id,
    )


async def list_liked(tx: Tx, viewer_id: int, window: Window) -> list[Entry]:
    """What the viewer liked; the entry's id is the like's, for paging."""
    return await _list(
        tx,
        f"""SELECT id, post_id, {_NO_BOOST} FROM likes WHERE actor_id = $1 AND id < $2 AND id > $3
            ORDER BY id {_order(window)} LIMIT $4""",
        viewer_id,
        *_bounds(window),
        viewer_id=viewer_id,
    )


async def list_notifications(
    tx: Tx,
    owner_id: int,
    window: Window,
    *,
    kinds: list[str] | None = None,
    not_kinds: list[str] | None = None,
    actor_id: int | None = None,
) -> list[Notification]:
    """What happened to the owner, newest first; of these kinds, or all but those, or by one actor."""
    records = await tx.fetch(
        f"""SELECT n.id, n.kind, n.actor_id, n.post_id, n.created_at, n.group_id FROM notifications n
            JOIN actors a ON a.id = n.actor_id
            WHERE n.owner_id = $1 AND n.id < $2 AND n.id > $3 AND a.suspended_at IS NULL
              AND ($5::text[] IS NULL OR n.kind = ANY($5)) AND NOT n.kind = ANY($6::text[])
              AND ($7::bigint IS NULL OR n.actor_id = $7)
              AND {_HIDDEN.format(author="n.actor_id", now="$8")}
            ORDER BY n.id {_order(window)} LIMIT $4""",
        owner_id,
        *_bounds(window),
        kinds,
        not_kinds or [],
        actor_id,
        tx.now,
    )
    found: list[Notification] = window.newest_first([Notification(**record) for record in records])
    return found


async def count_unread(tx: Tx, owner_id: int) -> int:
    """Notifications newer than what the owner last looked at, counted to 100 at most."""
    found: int = await tx.fetchval(
        """SELECT count(*) FROM (
               SELECT 1 FROM notifications n JOIN accounts c ON c.actor_id = n.owner_id
               WHERE n.owner_id = $1 AND n.id > c.notifications_read_id LIMIT 100) AS unread""",
        owner_id,
    )
    return found


async def put_read(tx: Tx, owner_id: int, notification_id: int) -> None:
    """Remember how far the owner has looked."""
    await tx.execute(
        """UPDATE accounts SET notifications_read_id = GREATEST(notifications_read_id, $2) WHERE actor_id = $1""",
        owner_id,
        notification_id,
    )


async def delete_notifications(tx: Tx, owner_id: int, notification_id: int | None) -> None:
    """Forget one notification, or all."""
    await tx.execute(
        "DELETE FROM notifications WHERE owner_id = $1 AND ($2::bigint IS NULL OR id = $2)",
        owner_id,
        notification_id,
    )


async def find_entry(tx: Tx, entry_id: int, viewer_id: int | None) -> Entry | None:
    """What an id means: a post, or a boost of one."""
    found = await _list(
        tx,
        f"""SELECT p.id, p.id AS post_id, {_NO_BOOST} FROM posts p WHERE p.id = $1
            UNION ALL
            SELECT b.id, b.post_id, b.id, b.actor_id, b.published_at, b.uri, b.audience
            FROM boosts b WHERE b.id = $1
            LIMIT 1""",
        entry_id,
        viewer_id=viewer_id,
    )
    return found[0] if found else None


async def list_markers(tx: Tx, actor_id: int) -> list[Marker]:
    """How far somebody has read."""
    records = await tx.fetch(
        "SELECT timeline, last_read_id, version, updated_at FROM markers WHERE actor_id = $1", actor_id
    )
    return [Marker(**record) for record in records]


async def put_marker(tx: Tx, actor_id: int, timeline: str, last_read_id: int) -> Marker:
    """Remember how far somebody has read."""
    record = await tx.fetchrow(
        """INSERT INTO markers AS m (actor_id, timeline, last_read_id, updated_at) VALUES ($1, $2, $3, $4)
           ON CONFLICT (actor_id, timeline) DO UPDATE SET last_read_id = EXCLUDED.last_read_id,
               version = m.version + 1, updated_at = EXCLUDED.updated_at
           RETURNING timeline, last_read_id, version, updated_at""",
        actor_id,
        timeline,
        last_read_id,
        tx.now,
    )
    return rows.one(Marker, record)

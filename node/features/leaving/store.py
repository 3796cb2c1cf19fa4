"""SQL of leaving: what belongs to a person, to take along or to remove, and lists they bring along.

Everything is asked by the person's own id, so an export can hold nobody else's data.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from node.db.database import Tx
from node.db.rows import many, maybe


class OwnPost(msgspec.Struct, frozen=True):
    """A post as its author takes it along."""

    id: int
    uri: str
    url: str
    audience: str
    language: str
    warning: str
    sensitive: bool
    source: str
    html: str
    in_reply_to_uri: str
    published_at: datetime
    edited_at: datetime | None


class OwnFile(msgspec.Struct, frozen=True):
    """An uploaded file and where it belongs."""

    id: int
    post_id: int | None
    purpose: str
    mime: str
    alt: str
    file_key: str
    created_at: datetime


class Related(msgspec.Struct, frozen=True):
    """Somebody the person follows, is followed by, blocks or mutes; `flag` as the list needs it."""

    address: str
    flag: bool
    since: datetime


class Line(msgspec.Struct, frozen=True):
    """One person of a list somebody brought along. `kind`: follow, block, mute; `flag` as with `Related`."""

    id: int
    owner_id: int
    kind: str
    handle: str
    flag: bool
    attempts: int


class Progress(msgspec.Struct, frozen=True):
    """How far one list is."""

    kind: str
    due: int
    done: int
    failed: int


class Touched(msgspec.Struct, frozen=True):
    """What others see change when the person goes: posts whose counts fall, and inboxes."""

    post_ids: list[int]
    inboxes: list[str]


_RELATED = {
    "following": """
        SELECT p.username || '@' || p.handle_host AS address, f.show_boosts AS flag, f.created_at AS since
        FROM follows f JOIN actors p ON p.id = f.followee_id WHERE f.follower_id = $1 ORDER BY f.id""",
    "followers": """
        SELECT p.username || '@' || p.handle_host AS address, f.state = 'accepted' AS flag, f.created_at AS since
        FROM follows f JOIN actors p ON p.id = f.follower_id WHERE f.followee_id = $1 ORDER BY f.id""",
    "blocks": """
        SELECT p.username || '@' || p.handle_host AS address, true AS flag, b.created_at AS since
        FROM blocks b JOIN actors p ON p.id = b.target_id WHERE b.actor_id = $1 ORDER BY b.id""",
    "mutes": """
        SELECT p.username || '@' || p.handle_host AS address, m.notifications AS flag, m.created_at AS since
        FROM mutes m JOIN actors p ON p.id = m.target_id WHERE m.actor_id = $1 ORDER BY m.id""",
}
_MARKED = {
    "bookmarks": """
        SELECT o.uri FROM bookmarks k JOIN posts o ON o.id = k.post_id WHERE k.actor_id = $1 ORDER BY k.id""",
    "likes": "SELECT o.uri FROM likes k JOIN posts o ON o.id = k.post_id WHERE k.actor_id = $1 ORDER BY k.id",
    "boosts": "SELECT o.uri FROM boosts k JOIN posts o ON o.id = k.post_id WHERE k.actor_id = $1 ORDER BY k.id",
}


async def list_posts(tx: Tx, actor_id: int, after_id: int, limit: int) -> list[OwnPost]:
    """The person's posts, oldest first, after an id."""
    rows = await tx.fetch(
        """
        SELECT id, uri, url, audience, language, warning, sensitive, source, html, in_reply_to_uri,
               published_at, edited_at
        FROM posts WHERE author_id = $1 AND id > $2 ORDER BY id LIMIT $3
        """,
        actor_id,
        after_id,
        limit,
    )
    return many(OwnPost, rows)


async def list_files(tx: Tx, actor_id: int) -> list[OwnFile]:
    """The files the person uploaded and that are still kept."""
    rows = await tx.fetch(
        """
        SELECT id, post_id, purpose, mime, alt, file_key, created_at FROM media
        WHERE owner_id = $1 AND file_key <> '' ORDER BY id
        """,
        actor_id,
    )
    return many(OwnFile, rows)


async def list_related(tx: Tx, actor_id: int, relation: str) -> list[Related]:
    """People in a relation to the person: following, followers, blocks or mutes."""
    return many(Related, await tx.fetch(_RELATED[relation], actor_id))


async def list_marked(tx: Tx, actor_id: int, mark: str) -> list[str]:
    """Addresses of posts with the person's mark: bookmarks, likes or boosts."""
    return [row["uri"] for row in await tx.fetch(_MARKED[mark], actor_id)]


class Vote(msgspec.Struct, frozen=True):
    """What somebody chose in a poll: its address and the words of the choice."""

    poll: str
    choice: str
    at: datetime


async def list_votes(tx: Tx, actor_id: int) -> list[Vote]:
    """What the person chose in polls, oldest first; a poll with several choices stands there several times."""
    records = await tx.fetch(
        """
        SELECT p.uri AS poll, o.title AS choice, v.created_at AS at
        FROM poll_votes v JOIN posts p ON p.id = v.post_id
        JOIN poll_options o ON o.post_id = v.post_id AND o.place = v.place
        WHERE v.actor_id = $1 ORDER BY v.created_at, v.post_id, v.place
        """,
        actor_id,
    )
    return many(Vote, records)


async def list_touched(tx: Tx, actor_id: int) -> Touched:
    """What changes for others when the person goes, and every inbox that ever heard of them."""
    posts = await tx.fetch(
        """
        SELECT post_id AS id FROM likes WHERE actor_id = $1
        UNION SELECT post_id FROM boosts WHERE actor_id = $1
        UNION SELECT in_reply_to_id FROM posts WHERE author_id = $1 AND in_reply_to_id IS NOT NULL
        """,
        actor_id,
    )
    inboxes = await tx.fetch(
        "SELECT DISTINCT inbox_uri FROM deliveries WHERE sender_id = $1 AND state <> 'gone'", actor_id
    )
    return Touched([row["id"] for row in posts], [row["inbox_uri"] for row in inboxes])


async def put_tombstones(tx: Tx, actor_id: int) -> None:
    """Remember the addresses of the person's posts as deleted."""
    await tx.execute(
        """
        INSERT INTO tombstones (uri, former_type, actor_uri, deleted_at)
        SELECT o.uri, o.kind, p.uri, $2 FROM posts o JOIN actors p ON p.id = o.author_id WHERE o.author_id = $1
        ON CONFLICT (uri) DO NOTHING
        """,
        actor_id,
        tx.now,
    )


async def delete_said(tx: Tx, actor_id: int) -> None:
    """Remove what the person said to others, as frozen for sending, sent or not."""
    await tx.execute("DELETE FROM activities WHERE actor_id = $1", actor_id)


async def delete_account(tx: Tx, actor_id: int, email: str) -> None:
    """Remove the sign-in with its sessions, tokens and links, and the mails to it that are done."""
    tx.tell_changed(actor_id)
    await tx.execute("DELETE FROM accounts WHERE actor_id = $1", actor_id)
    await tx.execute("DELETE FROM mails WHERE recipient = $1 AND state <> 'due'", email)
    await tx.execute("UPDATE invites SET created_by = NULL, note = '' WHERE created_by = $1", actor_id)


async def put_post_counts(tx: Tx, post_ids: list[int]) -> None:
    """Set the counts of posts from the rows; held first, so that none counted meanwhile is lost."""
    await tx.execute(
        "SELECT id FROM posts WHERE id = ANY($1::bigint[]) ORDER BY id FOR NO KEY UPDATE", post_ids
    )
    await tx.execute(
        """
        UPDATE posts o SET
            likes_count = CASE WHEN o.local THEN (SELECT count(*) FROM likes l WHERE l.post_id = o.id)
                          ELSE o.likes_count END,
            boosts_count = CASE WHEN o.local THEN (SELECT count(*) FROM boosts b WHERE b.post_id = o.id)
                           ELSE o.boosts_count END,
            reactions_count = CASE WHEN o.local THEN (SELECT count(*) FROM reactions e WHERE e.post_id = o.id)
                              ELSE o.reactions_count END,
            replies_count = (SELECT count(*) FROM posts r WHERE r.in_reply_to_id = o.id
                             AND r.audience IN ('public', 'unlisted') AND r.group_state = '')
        WHERE o.id = ANY($1::bigint[])
        """,
        post_ids,
    )


async def put_lines(tx: Tx, owner_id: int, kind: str, lines: Sequence[tuple[str, bool]]) -> None:
    """Add a list to what is to be done; who failed before is tried again, who is done stays so."""
    await tx.execute(
        """INSERT INTO import_lines (id, owner_id, kind, handle, flag, next_attempt_at, created_at)
           SELECT u.id, $1, $2, u.handle, u.flag, $6, $6
           FROM unnest($3::bigint[], $4::text[], $5::boolean[]) AS u (id, handle, flag)
           ON CONFLICT (owner_id, kind, handle) DO UPDATE SET state = 'due', attempts = 0, code = '',
               flag = EXCLUDED.flag, next_attempt_at = EXCLUDED.next_attempt_at, created_at = EXCLUDED.created_at
               WHERE import_lines.state = 'failed'""",
        owner_id,
        kind,
        [tx.new_id() for _ in lines],
        [handle for handle, _ in lines],
        [flag for _, flag in lines],
        tx.now,
    )


async def lease_line(tx: Tx, owner_id: int, lease: timedelta) -> Line | None:
    """Take the next due line of somebody in hand for a while; who may not act here now has none."""
    return maybe(
        Line,
        await tx.fetchrow(
            """UPDATE import_lines SET attempts = attempts + 1, next_attempt_at = $3
               WHERE id = (SELECT l.id FROM import_lines l
                           JOIN accounts c ON c.actor_id = l.owner_id AND c.state = 'active'
                           WHERE l.owner_id = $1 AND l.state = 'due' AND l.next_attempt_at <= $2
                           ORDER BY l.attempts, l.id LIMIT 1 FOR UPDATE OF l SKIP LOCKED)
               RETURNING id, owner_id, kind, handle, flag, attempts""",
            owner_id,
            tx.now,
            tx.now + lease,
        ),
    )


async def put_line_ended(tx: Tx, line_id: int, code: str = "") -> None:
    """A line is done, or failed for good with this code."""
    await tx.execute(
        "UPDATE import_lines SET state = CASE WHEN $2 = '' THEN 'done' ELSE 'failed' END, code = $2 WHERE id = $1",
        line_id,
        code,
    )


async def put_line_again(tx: Tx, line_id: int, at: datetime) -> None:
    """A line is tried again later."""
    await tx.execute("UPDATE import_lines SET next_attempt_at = $2 WHERE id = $1", line_id, at)


async def list_importers(tx: Tx, limit: int) -> list[int]:
    """Whose lists have lines that are due."""
    records = await tx.fetch(
        """SELECT DISTINCT l.owner_id FROM import_lines l
           JOIN accounts c ON c.actor_id = l.owner_id AND c.state = 'active'
           WHERE l.state = 'due' AND l.next_attempt_at <= $1 LIMIT $2""",
        tx.now,
        limit,
    )
    return [record["owner_id"] for record in records]


async def list_progress(tx: Tx, owner_id: int) -> list[Progress]:
    """How far somebody's lists are."""
    return many(
        Progress,
        await tx.fetch(
            """SELECT kind, count(*) FILTER (WHERE state = 'due') AS due,
                      count(*) FILTER (WHERE state = 'done') AS done,
                      count(*) FILTER (WHERE state = 'failed') AS failed
               FROM import_lines WHERE owner_id = $1 GROUP BY kind ORDER BY kind""",
            owner_id,
        ),
    )


async def list_failed(tx: Tx, owner_id: int, limit: int) -> list[str]:
    """Addresses that led nowhere."""
    records = await tx.fetch(
        "SELECT handle FROM import_lines WHERE owner_id = $1 AND state = 'failed' ORDER BY id LIMIT $2",
        owner_id,
        limit,
    )
    return [record["handle"] for record in records]


async def delete_old_lines(tx: Tx, before: datetime) -> None:
    """Forget lines of lists brought along long ago."""
    await tx.execute("DELETE FROM import_lines WHERE created_at < $1 AND state <> 'due'", before)

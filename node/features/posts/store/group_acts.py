"""What those who run a group did with a post: taken out, closed to answers, kept at the top. One deed a time."""

import msgspec

from node.db import rows
from node.db.database import Tx
from node.features.posts.store.in_groups import COUNT_ANSWERS, STANDS_CHANGED


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """A post in a group, ours where `hosted`, as far as deeds about it need it."""

    post_id: int
    post_uri: str
    author_id: int
    author_local: bool
    group_id: int
    group_uri: str
    hosted: bool
    followers_uri: str
    featured_uri: str
    visibility: str
    state: str
    locked: bool
    pinned: bool
    answers: bool


async def find_subject(tx: Tx, post_id: int) -> Subject | None:
    """The post, when it stands in a group, waits to, or was taken out."""
    return rows.maybe(
        Subject,
        await tx.fetchrow(
            """SELECT p.id AS post_id, p.uri AS post_uri, p.author_id, w.local AS author_local, p.group_id,
                      a.uri AS group_uri, a.local AS hosted, a.followers_uri, a.featured_uri, g.visibility,
                      p.group_state AS state, p.locked_at IS NOT NULL AS locked,
                      EXISTS (SELECT 1 FROM group_pins x WHERE x.group_id = p.group_id AND x.post_id = p.id)
                          AS pinned,
                      p.in_reply_to_id IS NOT NULL AS answers
               FROM posts p JOIN groups g ON g.actor_id = p.group_id JOIN actors a ON a.id = g.actor_id
               JOIN actors w ON w.id = p.author_id
               WHERE p.id = $1""",
            post_id,
        ),
    )


async def put_state(tx: Tx, post_id: int, state: str) -> None:
    """It stands, waits, or was removed; the post above counts what everybody may read."""
    await tx.execute(
        f"""WITH was AS (
               SELECT id, group_state, in_reply_to_id, audience FROM posts
               WHERE id = $1 AND group_state <> $2 FOR NO KEY UPDATE),
           changed AS (
               UPDATE posts p SET group_state = $2 FROM was WHERE p.id = was.id
               RETURNING p.id, was.in_reply_to_id, was.audience, {STANDS_CHANGED.format(state="$2")} AS more),
           unpinned AS (
               DELETE FROM group_pins x USING changed WHERE $2 = 'removed' AND x.post_id = changed.id)
           {COUNT_ANSWERS}""",
        post_id,
        state,
    )


async def put_locked(tx: Tx, post_id: int, *, locked: bool) -> None:
    """Nobody may answer any more, or everybody again."""
    await tx.execute(
        "UPDATE posts SET locked_at = CASE WHEN $2 THEN $3::timestamptz END WHERE id = $1",
        post_id,
        locked,
        tx.now,
    )


async def put_pinned(tx: Tx, group_id: int, post_id: int, *, pinned: bool) -> None:
    """To the top of the group, or down again."""
    if pinned:
        await tx.execute(
            """INSERT INTO group_pins (group_id, post_id, pinned_at) VALUES ($1, $2, $3)
               ON CONFLICT DO NOTHING""",
            group_id,
            post_id,
            tx.now,
        )
    else:
        await tx.execute("DELETE FROM group_pins WHERE group_id = $1 AND post_id = $2", group_id, post_id)


async def list_pinned(tx: Tx, group_id: int) -> list[int]:
    """What is kept at the top, last pinned first."""
    records = await tx.fetch(
        "SELECT post_id FROM group_pins WHERE group_id = $1 ORDER BY pinned_at DESC, post_id DESC LIMIT 50",
        group_id,
    )
    return [record["post_id"] for record in records]


async def list_waiting(tx: Tx, group_id: int, limit: int) -> list[int]:
    """What waits to be let through, oldest first."""
    records = await tx.fetch(
        """SELECT id FROM posts WHERE group_id = $1 AND group_state = 'waiting' ORDER BY id LIMIT $2""",
        group_id,
        limit,
    )
    return [record["id"] for record in records]


async def find_create(tx: Tx, post_uri: str) -> tuple[bytes, bool] | None:
    """What said that a post of another node was written, as it came; and whether its bearer proved nothing."""
    record = await tx.fetchrow(
        """SELECT body, refetch FROM inbox_items WHERE object_uri = $1 AND type = 'Create'
           ORDER BY id LIMIT 1""",
        post_uri,
    )
    return (record["body"], record["refetch"]) if record else None

"""All SQL about follows, blocks and mutes."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from node.db import rows
from node.db.database import Tx
from node.db.rows import Window

_COLUMNS = "id, uri, follower_id, followee_id, state, show_boosts, notify_posts, created_at, accepted_at"


class Follow(msgspec.Struct, frozen=True):
    """Somebody follows somebody, or asked to."""

    id: int
    uri: str
    follower_id: int
    followee_id: int
    state: str
    show_boosts: bool
    notify_posts: bool
    created_at: datetime
    accepted_at: datetime | None


class Relationship(msgspec.Struct, frozen=True):
    """How the viewer and another stand to each other, in the Mastodon API's words."""

    id: int
    following: bool
    showing_reblogs: bool
    notifying: bool
    followed_by: bool
    blocking: bool
    blocked_by: bool
    muting: bool
    muting_notifications: bool
    muting_expires_at: datetime | None
    requested: bool
    requested_by: bool


class Listed(msgspec.Struct, frozen=True):
    """A row of a list of people: the relation's id (for paging) and the person's."""

    id: int
    actor_id: int


async def find_follow(tx: Tx, follower_id: int, followee_id: int) -> Follow | None:
    """The follow between two, whatever its state."""
    return rows.maybe(
        Follow,
        await tx.fetchrow(
            f"SELECT {_COLUMNS} FROM follows WHERE follower_id = $1 AND followee_id = $2",
            follower_id,
            followee_id,
        ),
    )


async def find_follow_by_uri(tx: Tx, uri: str) -> Follow | None:
    """The follow with this activity id."""
    return rows.maybe(Follow, await tx.fetchrow(f"SELECT {_COLUMNS} FROM follows WHERE uri = $1", uri))


async def put_follow(tx: Tx, follow: Follow) -> Follow:
    """Store a follow; a repeated one takes the new activity id and never loses an acceptance."""
    return rows.one(
        Follow,
        await tx.fetchrow(
            f"""INSERT INTO follows ({_COLUMNS}) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9)
                ON CONFLICT (follower_id, followee_id) DO UPDATE SET uri = EXCLUDED.uri,
                    state = CASE WHEN follows.state = 'accepted' THEN 'accepted' ELSE EXCLUDED.state END,
                    accepted_at = COALESCE(follows.accepted_at, EXCLUDED.accepted_at)
                RETURNING {_COLUMNS}""",
            *[getattr(follow, field) for field in Follow.__struct_fields__],
        ),
    )


async def put_follow_wishes(
    tx: Tx, follow_id: int, show_boosts: bool | None, notify_posts: bool | None
) -> None:
    """Change what a follow shows; None leaves it as it is."""
    await tx.execute(
        """UPDATE follows SET show_boosts = COALESCE($2, show_boosts), notify_posts = COALESCE($3, notify_posts)
           WHERE id = $1""",
        follow_id,
        show_boosts,
        notify_posts,
    )


async def put_accepted(tx: Tx, follow_id: int) -> bool:
    """Mark an asked follow accepted; False when it was already."""
    found = await tx.fetchval(
        "UPDATE follows SET state = 'accepted', accepted_at = $2 WHERE id = $1 AND state = 'asked' RETURNING id",
        follow_id,
        tx.now,
    )
    return found is not None


async def delete_follow(tx: Tx, follower_id: int, followee_id: int) -> Follow | None:
    """End a follow and return what it was."""
    return rows.maybe(
        Follow,
        await tx.fetchrow(
            f"DELETE FROM follows WHERE follower_id = $1 AND followee_id = $2 RETURNING {_COLUMNS}",
            follower_id,
            followee_id,
        ),
    )


async def list_relationships(tx: Tx, viewer_id: int, actor_ids: Sequence[int]) -> list[Relationship]:
    """How the viewer stands to each, in the order of the ids."""
    records = await tx.fetch(
        """SELECT a.id,
                  COALESCE(mine.state = 'accepted', false) AS following,
                  COALESCE(mine.show_boosts, false) AS showing_reblogs,
                  COALESCE(mine.notify_posts, false) AS notifying,
                  COALESCE(theirs.state = 'accepted', false) AS followed_by,
                  EXISTS (SELECT 1 FROM blocks b WHERE b.actor_id = $1 AND b.target_id = a.id) AS blocking,
                  EXISTS (SELECT 1 FROM blocks b WHERE b.actor_id = a.id AND b.target_id = $1) AS blocked_by,
                  m.id IS NOT NULL AS muting,
                  COALESCE(m.notifications, false) AS muting_notifications,
                  m.expires_at AS muting_expires_at,
                  COALESCE(mine.state = 'asked', false) AS requested,
                  COALESCE(theirs.state = 'asked', false) AS requested_by
           FROM unnest($2::bigint[]) WITH ORDINALITY AS wanted(id, place)
           JOIN actors a ON a.id = wanted.id
           LEFT JOIN follows mine ON mine.follower_id = $1 AND mine.followee_id = a.id
           LEFT JOIN follows theirs ON theirs.follower_id = a.id AND theirs.followee_id = $1
           LEFT JOIN mutes m ON m.actor_id = $1 AND m.target_id = a.id
                AND (m.expires_at IS NULL OR m.expires_at > $3)
           ORDER BY wanted.place""",
        viewer_id,
        list(actor_ids),
        tx.now,
    )
    return rows.many(Relationship, records)


async def _list(tx: Tx, window: Window, query: str, owner_id: int, *more: object) -> list[Listed]:
    order = "ASC" if window.ascending else "DESC"
    records = await tx.fetch(
        f"{query} AND r.id < $2 AND r.id > $3 ORDER BY r.id {order} LIMIT $4",
        owner_id,
        window.upper,
        window.lower,
        window.limit,
        *more,
    )
    found: list[Listed] = window.newest_first(rows.many(Listed, records))
    return found


async def list_followers(tx: Tx, actor_id: int, window: Window) -> list[Listed]:
    """Who follows the actor."""
    return await _list(
        tx,
        window,
        """SELECT r.id, r.follower_id AS actor_id FROM follows r JOIN actors a ON a.id = r.follower_id
           WHERE r.followee_id = $1 AND r.state = 'accepted' AND a.deleted_at IS NULL AND a.suspended_at IS NULL""",
        actor_id,
    )


async def list_following(tx: Tx, actor_id: int, window: Window) -> list[Listed]:
    """Whom the actor follows."""
    return await _list(
        tx,
        window,
        """SELECT r.id, r.followee_id AS actor_id FROM follows r JOIN actors a ON a.id = r.followee_id
           WHERE r.follower_id = $1 AND r.state = 'accepted' AND a.deleted_at IS NULL AND a.suspended_at IS NULL""",
        actor_id,
    )


async def list_requests(tx: Tx, actor_id: int, window: Window) -> list[Listed]:
    """Who asked to follow the actor and waits."""
    return await _list(
        tx,
        window,
        """SELECT r.id, r.follower_id AS actor_id FROM follows r JOIN actors a ON a.id = r.follower_id
           WHERE r.followee_id = $1 AND r.state = 'asked' AND a.deleted_at IS NULL""",
        actor_id,
    )


async def list_blocks(tx: Tx, actor_id: int, window: Window) -> list[Listed]:
    """Whom the actor blocked."""
    return await _list(
        tx, window, "SELECT r.id, r.target_id AS actor_id FROM blocks r WHERE r.actor_id = $1", actor_id
    )


async def list_mutes(tx: Tx, actor_id: int, window: Window) -> list[Listed]:
    """Whom the actor muted."""
    return await _list(
        tx,
        window,
        """SELECT r.id, r.target_id AS actor_id FROM mutes r
           WHERE r.actor_id = $1
             AND (r.expires_at IS NULL OR r.expires_at > $5)""",
        actor_id,
        tx.now,
    )


async def put_block(tx: Tx, block_id: int, uri: str, actor_id: int, target_id: int) -> bool:
    """Store a block; False when it stood already."""
    found = await tx.fetchval(
        """INSERT INTO blocks (id, uri, actor_id, target_id, created_at) VALUES ($1,$2,$3,$4,$5)
           ON CONFLICT (actor_id, target_id) DO NOTHING RETURNING id""",
        block_id,
        uri,
        actor_id,
        target_id,
        tx.now,
    )
    return found is not None


async def delete_block(tx: Tx, actor_id: int, target_id: int) -> str | None:
    """Lift a block; returns its activity id."""
    uri: str | None = await tx.fetchval(
        "DELETE FROM blocks WHERE actor_id = $1 AND target_id = $2 RETURNING uri", actor_id, target_id
    )
    return uri


async def find_block_between(tx: Tx, one_id: int, other_id: int) -> bool:
    """Whether either blocked the other."""
    found = await tx.fetchval(
        """SELECT 1 FROM blocks WHERE (actor_id = $1 AND target_id = $2) OR (actor_id = $2 AND target_id = $1)
           LIMIT 1""",
        one_id,
        other_id,
    )
    return found is not None


async def put_mute(
    tx: Tx, actor_id: int, target_id: int, notifications: bool, expires_at: datetime | None
) -> None:
    """Mute somebody, or change how."""
    await tx.execute(
        """INSERT INTO mutes (id, actor_id, target_id, notifications, expires_at, created_at)
           VALUES ($1,$2,$3,$4,$5,$6)
           ON CONFLICT (actor_id, target_id) DO UPDATE SET notifications = EXCLUDED.notifications,
               expires_at = EXCLUDED.expires_at""",
        tx.new_id(),
        actor_id,
        target_id,
        notifications,
        expires_at,
        tx.now,
    )


async def delete_mute(tx: Tx, actor_id: int, target_id: int) -> None:
    """Stop muting somebody."""
    await tx.execute("DELETE FROM mutes WHERE actor_id = $1 AND target_id = $2", actor_id, target_id)


class Move(msgspec.Struct, frozen=True):
    """An account went on under another address."""

    id: int
    actor_id: int
    target_id: int
    created_at: datetime


_MOVE = "id, actor_id, target_id, created_at"


async def put_move(tx: Tx, actor_id: int, target_id: int) -> int:
    """Remember a move whose followers still have to go along; its id."""
    move_id = tx.new_id()
    await tx.execute(
        "INSERT INTO moves (id, actor_id, target_id, created_at) VALUES ($1, $2, $3, $4)",
        move_id,
        actor_id,
        target_id,
        tx.now,
    )
    return move_id


async def find_last_move(tx: Tx, actor_id: int) -> Move | None:
    """The last time somebody moved."""
    return rows.maybe(
        Move,
        await tx.fetchrow(
            f"SELECT {_MOVE} FROM moves WHERE actor_id = $1 ORDER BY id DESC LIMIT 1", actor_id
        ),
    )


async def find_open_move(tx: Tx, move_id: int) -> Move | None:
    """A move that is not through, held against others who work on it."""
    return rows.maybe(
        Move,
        await tx.fetchrow(
            f"SELECT {_MOVE} FROM moves WHERE id = $1 AND ended_at IS NULL FOR UPDATE SKIP LOCKED", move_id
        ),
    )


async def list_open_moves(tx: Tx) -> list[int]:
    """Moves that are not through."""
    return [
        record["id"] for record in await tx.fetch("SELECT id FROM moves WHERE ended_at IS NULL LIMIT 100")
    ]


async def put_move_ended(tx: Tx, move_id: int) -> None:
    """All who wanted went along."""
    await tx.execute("UPDATE moves SET ended_at = $2 WHERE id = $1", move_id, tx.now)


async def list_movers(tx: Tx, actor_id: int, target_id: int, limit: int) -> list[int]:
    """Our people who follow the old account and may follow the new one."""
    records = await tx.fetch(
        """SELECT f.follower_id FROM follows f JOIN actors a ON a.id = f.follower_id
           WHERE f.followee_id = $1 AND f.state = 'accepted' AND a.local AND a.suspended_at IS NULL
             AND a.deleted_at IS NULL AND f.follower_id <> $2
             AND NOT EXISTS (SELECT 1 FROM blocks b WHERE (b.actor_id = $2 AND b.target_id = f.follower_id)
                                                       OR (b.actor_id = f.follower_id AND b.target_id = $2))
           ORDER BY f.id LIMIT $3""",
        actor_id,
        target_id,
        limit,
    )
    return [record["follower_id"] for record in records]


class LocalFollower(msgspec.Struct, frozen=True):
    """One of our people who follows somebody, and since when."""

    follower_id: int
    uri: str
    accepted_at: datetime | None


async def list_local_followers(tx: Tx, actor_id: int) -> list[LocalFollower]:
    """Our own people whose follow of the actor was accepted."""
    records = await tx.fetch(
        """SELECT f.follower_id, a.uri, f.accepted_at FROM follows f JOIN actors a ON a.id = f.follower_id
           WHERE f.followee_id = $1 AND f.state = 'accepted' AND a.local""",
        actor_id,
    )
    return rows.many(LocalFollower, records)

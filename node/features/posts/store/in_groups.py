"""Posts in groups: who may post where, what circulates, and which groups of ours a thing belongs to."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from node.db import rows
from node.db.database import Tx
from node.db.rows import Window
from node.features.posts.store.writes import Stored


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A post that wants into a group, ours where `hosted`, and all that decides whether it may.

    `state` and `role` are the author's membership, '' for none; `answers`: it answers a post of that
    group; `locked`: nobody may answer there; `waited_s`: seconds since the author last posted there.
    """

    post_id: int
    group_id: int
    author_id: int
    audience: str
    visibility: str
    posting: str
    newcomer_posts: int
    slow_mode_s: int
    closed: bool
    state: str
    role: str
    last_post_at: datetime | None
    let_through: int
    banned: bool
    answers: bool
    locked: bool
    hosted: bool


async def list_cases(tx: Tx, wanted: Sequence[tuple[int, int]]) -> list[Case]:
    """What decides about (post, group) pairs; one query for all."""
    records = await tx.fetch(
        """SELECT p.id AS post_id, g.actor_id AS group_id, p.author_id, p.audience, g.visibility, g.posting,
                  g.newcomer_posts, g.slow_mode_s,
                  (g.archived_at IS NOT NULL OR a.suspended_at IS NOT NULL OR a.deleted_at IS NOT NULL) AS closed,
                  COALESCE(m.state, '') AS state, COALESCE(m.role, '') AS role, m.last_post_at,
                  COALESCE(m.posts_let_through, 0) AS let_through,
                  EXISTS (SELECT 1 FROM group_bans b WHERE b.group_id = g.actor_id AND b.actor_id = p.author_id
                          AND (b.expires_at IS NULL OR b.expires_at > $3)) AS banned,
                  COALESCE(parent.group_id = g.actor_id AND parent.group_state = '', false) AS answers,
                  COALESCE(parent.locked_at, root.locked_at) IS NOT NULL AS locked,
                  a.local AS hosted
           FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS w (post_id, group_id, place)
           JOIN posts p ON p.id = w.post_id
           JOIN groups g ON g.actor_id = w.group_id
           JOIN actors a ON a.id = g.actor_id
           LEFT JOIN posts parent ON parent.id = p.in_reply_to_id
           LEFT JOIN posts root ON root.id = parent.thread_id
           LEFT JOIN members m ON m.group_id = g.actor_id AND m.actor_id = p.author_id
           ORDER BY w.place""",
        [post_id for post_id, _ in wanted],
        [group_id for _, group_id in wanted],
        tx.now,
    )
    return rows.many(Case, records)


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A group as far as what circulates in it needs it."""

    id: int
    uri: str
    local: bool
    followers_uri: str
    inbox_uri: str
    visibility: str

    @property
    def is_public(self) -> bool:
        """Whether what circulates may be read by anybody."""
        return self.visibility in ("public", "unlisted")

    @property
    def audience(self) -> str:
        """The audience of the posts in it."""
        return "group" if self.visibility == "private" else self.visibility


_PLACE = """g.actor_id AS id, a.uri, a.local, a.followers_uri, a.inbox_uri, g.visibility
            FROM groups g JOIN actors a ON a.id = g.actor_id"""


async def find_place(tx: Tx, group_id: int) -> Place | None:
    """The group."""
    return rows.maybe(Place, await tx.fetchrow(f"SELECT {_PLACE} WHERE g.actor_id = $1", group_id))


async def list_places_of(tx: Tx, post_uris: Sequence[str]) -> dict[str, Place]:
    """The groups of this node in which those posts stand, by the posts' addresses."""
    records = await tx.fetch(
        f"""SELECT p.uri AS post_uri, {_PLACE} JOIN posts p ON p.group_id = g.actor_id
            WHERE p.uri = ANY($1) AND p.group_state = '' AND a.local""",
        list(post_uris),
    )
    return {
        record["post_uri"]: Place(**{name: record[name] for name in Place.__struct_fields__})
        for record in records
    }


# By how much the number of answers above a post changes with its state, and that number itself: nobody is
# told of answers that wait or were taken out (ACL-04). `was` is the post before, `changed` what came of it.
STANDS_CHANGED: Final = "({state} = '')::integer - (was.group_state = '')::integer"
COUNT_ANSWERS: Final = """UPDATE posts q SET replies_count = GREATEST(q.replies_count + changed.more, 0)
           FROM changed WHERE q.id = changed.in_reply_to_id AND changed.more <> 0
             AND changed.audience IN ('public', 'unlisted')"""


async def put_in_group(
    tx: Tx, group_id: int, post_id: int, *, state: str = "", topic_id: int | None = None
) -> None:
    """The post circulates in the group, or waits to."""
    await tx.execute(
        f"""WITH was AS (
               SELECT id, group_state, in_reply_to_id, audience FROM posts WHERE id = $2 FOR NO KEY UPDATE),
           changed AS (
               UPDATE posts p SET group_id = $1, group_state = $3, topic_id = COALESCE($4, p.topic_id)
               FROM was WHERE p.id = was.id
               RETURNING was.in_reply_to_id, was.audience, {STANDS_CHANGED.format(state="$3")} AS more)
           {COUNT_ANSWERS}""",
        group_id,
        post_id,
        state,
        topic_id,
    )
    # Nobody is told of what they may not read, named in it or not.
    await tx.execute(
        """DELETE FROM notifications n USING posts p
           WHERE n.post_id = $1 AND p.id = n.post_id AND NOT visible_to(p, n.owner_id)""",
        post_id,
    )


async def put_out_of_group(tx: Tx, post_id: int) -> None:
    """The post stands for itself alone."""
    await tx.execute("UPDATE posts SET group_id = NULL, topic_id = NULL WHERE id = $1", post_id)


async def put_let_through(tx: Tx, group_id: int, author_id: int) -> None:
    """One more post of a member circulates."""
    await tx.execute(
        """UPDATE members SET posts_let_through = posts_let_through + 1, last_post_at = $3
           WHERE group_id = $1 AND actor_id = $2""",
        group_id,
        author_id,
        tx.now,
    )


async def is_in_remote_group(tx: Tx, group_id: int, post_id: int, *, named: bool) -> bool:
    """Whether a post may circulate in another node's group: its author named the group, or answers there."""
    found: bool = await tx.fetchval(
        """SELECT EXISTS (SELECT 1 FROM groups WHERE actor_id = $1) AND (
               $3 OR EXISTS (SELECT 1 FROM post_mentions m WHERE m.post_id = $2 AND m.actor_id = $1)
               OR EXISTS (SELECT 1 FROM posts p JOIN posts parent ON parent.id = p.in_reply_to_id
                          WHERE p.id = $2 AND parent.group_id = $1))""",
        group_id,
        post_id,
        named,
    )
    return found


async def put_boosted_in_groups(tx: Tx, boost_ids: Sequence[int]) -> None:
    """What another node's group passes on circulates in it, where its author named the group."""
    await tx.execute(
        """UPDATE posts p SET group_id = b.actor_id
           FROM boosts b JOIN groups g ON g.actor_id = b.actor_id
           JOIN actors a ON a.id = g.actor_id AND NOT a.local
           WHERE b.id = ANY($1) AND p.id = b.post_id AND p.group_id IS NULL
             AND EXISTS (SELECT 1 FROM post_mentions m WHERE m.post_id = p.id AND m.actor_id = b.actor_id)""",
        list(boost_ids),
    )


async def stands_in(tx: Tx, group_id: int, post_id: int) -> bool:
    """Whether the post circulates in the group, or was taken out of it."""
    found: bool = await tx.fetchval(
        "SELECT EXISTS (SELECT 1 FROM posts WHERE id = $2 AND group_id = $1)", group_id, post_id
    )
    return found


async def find_member_at(tx: Tx, post_id: int, host: str) -> int | None:
    """Somebody of this host who belongs to the closed group a post is for."""
    found: int | None = await tx.fetchval(
        """SELECT m.actor_id FROM posts p JOIN members m ON m.group_id = p.group_id AND m.state = 'member'
           JOIN actors a ON a.id = m.actor_id AND NOT a.local AND a.host = $2
           WHERE p.id = $1 AND p.audience = 'group' AND p.group_state = '' LIMIT 1""",
        post_id,
        host,
    )
    return found


class Announced(msgspec.Struct, frozen=True):
    """A conversation that a group of ours passed on: its number for paging, the id of the plain Announce."""

    id: int
    uri: str
    post_id: int
    at: datetime


# What may be read in the group by whoever may read there at all.
_STANDS = """b.actor_id = $1 AND p.group_id = b.actor_id AND p.group_state = ''
    AND p.audience IN ('public', 'unlisted', 'group')"""


async def list_announced(tx: Tx, group_id: int, window: Window) -> list[Announced]:
    """What a group passed on and what still stands in it, newest first."""
    records = await tx.fetch(
        f"""SELECT b.id, b.uri, b.post_id, b.published_at AS at FROM boosts b JOIN posts p ON p.id = b.post_id
            WHERE {_STANDS} AND b.id < $2 ORDER BY b.id DESC LIMIT $3""",
        group_id,
        window.upper,
        window.limit,
    )
    return rows.many(Announced, records)


async def count_announced(tx: Tx, group_id: int) -> int:
    """How many `list_announced` holds in all."""
    found: int = await tx.fetchval(
        f"SELECT count(*) FROM boosts b JOIN posts p ON p.id = b.post_id WHERE {_STANDS}", group_id
    )
    return found


async def find_inside(tx: Tx, group_id: int, host: str) -> int | None:
    """Somebody of this host who belongs to a group and was not put out; through them their house reads."""
    found: int | None = await tx.fetchval(
        """SELECT m.actor_id FROM members m JOIN actors a ON a.id = m.actor_id
           WHERE m.group_id = $1 AND m.state = 'member' AND NOT a.local AND a.host = $2
             AND a.deleted_at IS NULL AND a.suspended_at IS NULL
             AND NOT EXISTS (SELECT 1 FROM group_bans b WHERE b.group_id = $1 AND b.actor_id = m.actor_id
                             AND (b.expires_at IS NULL OR b.expires_at > $3)) LIMIT 1""",
        group_id,
        host,
        tx.now,
    )
    return found


async def list_outside(tx: Tx, uris: Sequence[str]) -> dict[tuple[str, int], Stored]:
    """Posts of other nodes that stand in no group yet, by address and author."""
    records = await tx.fetch(
        """SELECT p.uri, p.author_id, p.id, p.in_reply_to_id, p.in_reply_to_actor_id, above.group_id
           FROM posts p LEFT JOIN posts above ON above.id = p.in_reply_to_id
           WHERE p.uri = ANY($1) AND p.group_id IS NULL AND NOT p.local""",
        list(uris),
    )
    return {
        (row["uri"], row["author_id"]): Stored(
            row["id"], row["in_reply_to_id"], row["in_reply_to_actor_id"], False, row["group_id"]
        )
        for row in records
    }


async def list_named(tx: Tx, post_id: int) -> list[int]:
    """Whom a post names or answers."""
    records = await tx.fetch(
        """SELECT actor_id FROM post_mentions WHERE post_id = $1
           UNION SELECT in_reply_to_actor_id FROM posts WHERE id = $1 AND in_reply_to_actor_id IS NOT NULL""",
        post_id,
    )
    return [record["actor_id"] for record in records]


async def list_listening(
    tx: Tx, group_id: int, post_id: int, levels: Sequence[str], since: datetime
) -> list[int]:
    """Members of this house who want to hear of a post that is not older than `since`.

    Without its author, whom it names and whom it answers, who hear of it anyway; and, of a post with a
    topic, without those who chose others.
    """
    records = await tx.fetch(
        """SELECT m.actor_id FROM members m
           JOIN actors a ON a.id = m.actor_id AND a.local
           JOIN posts p ON p.id = $2 AND p.published_at >= $4
           WHERE m.group_id = $1 AND m.state = 'member' AND m.level = ANY($3)
             AND m.actor_id <> p.author_id AND m.actor_id IS DISTINCT FROM p.in_reply_to_actor_id
             AND NOT EXISTS (SELECT 1 FROM post_mentions n WHERE n.post_id = p.id AND n.actor_id = m.actor_id)
             AND (p.topic_id IS NULL
                  OR EXISTS (SELECT 1 FROM topic_choices c
                             WHERE c.topic_id = p.topic_id AND c.actor_id = m.actor_id)
                  OR NOT EXISTS (SELECT 1 FROM topic_choices c JOIN topics t ON t.id = c.topic_id
                                 WHERE t.group_id = $1 AND c.actor_id = m.actor_id))""",
        group_id,
        post_id,
        list(levels),
        since,
    )
    return [record["actor_id"] for record in records]

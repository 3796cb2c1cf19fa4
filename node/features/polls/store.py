"""All SQL about polls: what is asked, what was chosen, and what must be told to whom.

Who chose what is read only for that person themselves, and to count once.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from node.db import rows
from node.db.database import Tx


class NewPoll(msgspec.Struct, frozen=True, kw_only=True):
    """A poll about to be stored; `votes` goes with `titles`, `voters_count` None: not told."""

    titles: tuple[str, ...]
    votes: tuple[int, ...]
    multiple: bool
    hide_totals: bool
    ends_at: datetime | None
    voters_count: int | None


class Poll(msgspec.Struct, frozen=True, kw_only=True):
    """A poll as one viewer may see it; `own` are the places they chose, `titles` and `votes` by place."""

    post_id: int
    multiple: bool
    hide_totals: bool
    ends_at: datetime | None
    is_over: bool
    voters_count: int | None
    counted_at: datetime
    titles: list[str]
    votes: list[int]
    own: list[int]

    @property
    def shows_totals(self) -> bool:
        """Whether how often each was chosen is told by now."""
        return self.is_over or not self.hide_totals


class Ballot(msgspec.Struct, frozen=True):
    """A poll held for one voter until the transaction ends; `chosen` are their places so far."""

    post_id: int
    multiple: bool
    is_over: bool
    titles: list[str]
    chosen: list[int]


class Ended(msgspec.Struct, frozen=True):
    """A poll that has just ended, whose it is, and how many of our people it concerns."""

    post_id: int
    local: bool
    concerned: int


async def list_polls(tx: Tx, post_ids: Sequence[int], viewer_id: int | None) -> dict[int, Poll]:
    """The polls of these posts, by post; the caller knows that the viewer may see the posts."""
    records = await tx.fetch(
        """SELECT p.post_id, p.multiple, p.hide_totals, p.ends_at, COALESCE(p.ends_at <= $3, false) AS is_over,
                  p.voters_count, p.counted_at,
                  ARRAY(SELECT o.title FROM poll_options o WHERE o.post_id = p.post_id ORDER BY o.place) AS titles,
                  ARRAY(SELECT o.votes FROM poll_options o WHERE o.post_id = p.post_id ORDER BY o.place) AS votes,
                  ARRAY(SELECT v.place FROM poll_votes v WHERE v.post_id = p.post_id AND v.actor_id = $2
                        ORDER BY v.place) AS own
           FROM polls p WHERE p.post_id = ANY($1)""",
        list(post_ids),
        viewer_id,
        tx.now,
    )
    return {record["post_id"]: Poll(**record) for record in records}


async def put_poll(tx: Tx, post_id: int, poll: NewPoll) -> None:
    """Store the poll of a post, or put it in the place of the one before; every vote is then forgotten."""
    await tx.execute("DELETE FROM polls WHERE post_id = $1", post_id)
    await tx.execute(
        """WITH asked AS (
               INSERT INTO polls (post_id, multiple, hide_totals, ends_at, voters_count, counted_at)
               VALUES ($1, $2, $3, $4, $5, $6) RETURNING post_id)
           INSERT INTO poll_options (post_id, place, title, votes)
           SELECT asked.post_id, t.place - 1, t.title, t.votes
           FROM asked, unnest($7::text[], $8::integer[]) WITH ORDINALITY AS t (title, votes, place)""",
        post_id,
        poll.multiple,
        poll.hide_totals,
        poll.ends_at,
        poll.voters_count,
        tx.now,
        list(poll.titles),
        list(poll.votes),
    )


async def put_counts(tx: Tx, post_id: int, poll: NewPoll) -> None:
    """What the author's node says of the same options: how often, how many, until when."""
    await tx.execute(
        """WITH told AS (
               UPDATE polls SET hide_totals = $2, ends_at = $3::timestamptz, voters_count = $4,
                      counted_at = $5::timestamptz,
                      ended_at = CASE WHEN $3::timestamptz > $5::timestamptz THEN NULL ELSE ended_at END
               WHERE post_id = $1)
           UPDATE poll_options o SET votes = t.votes
           FROM unnest($6::integer[]) WITH ORDINALITY AS t (votes, place)
           WHERE o.post_id = $1 AND o.place = t.place - 1""",
        post_id,
        poll.hide_totals,
        poll.ends_at,
        poll.voters_count,
        tx.now,
        list(poll.votes),
    )


async def put_terms(tx: Tx, post_id: int, *, hide_totals: bool, ends_at: datetime | None) -> None:
    """Change until when a poll of ours runs and whether its counts are shown; the votes stay."""
    await tx.execute(
        """UPDATE polls SET hide_totals = $2, ends_at = $3::timestamptz,
               ended_at = CASE WHEN $3::timestamptz > $4::timestamptz THEN NULL ELSE ended_at END
           WHERE post_id = $1""",
        post_id,
        hide_totals,
        ends_at,
        tx.now,
    )


async def delete_poll(tx: Tx, post_id: int) -> None:
    """The post asks nothing any more."""
    await tx.execute("DELETE FROM polls WHERE post_id = $1", post_id)


async def lock_ballot(tx: Tx, post_id: int, voter_id: int) -> Ballot | None:
    """The poll, held so that votes are counted one after the other; None for a post that asks nothing."""
    if await tx.fetchval("SELECT 1 FROM polls WHERE post_id = $1 FOR UPDATE", post_id) is None:
        return None
    return rows.maybe(
        Ballot,
        await tx.fetchrow(
            """SELECT p.post_id, p.multiple, COALESCE(p.ends_at <= $3, false) AS is_over,
                      ARRAY(SELECT o.title FROM poll_options o WHERE o.post_id = p.post_id ORDER BY o.place)
                          AS titles,
                      ARRAY(SELECT v.place FROM poll_votes v WHERE v.post_id = p.post_id AND v.actor_id = $2)
                          AS chosen
               FROM polls p WHERE p.post_id = $1""",
            post_id,
            voter_id,
            tx.now,
        ),
    )


async def put_votes(tx: Tx, ballot: Ballot, voter_id: int, places: Sequence[int], *, ours: bool) -> None:
    """Count what somebody chose. `ours`: the others must hear of it, since this node counts."""
    await tx.execute(
        """WITH cast_now AS (
               INSERT INTO poll_votes (post_id, actor_id, slot, place, created_at)
               SELECT $1, $2, CASE WHEN $4 THEN place ELSE 0 END, place, $5 FROM unnest($3::smallint[]) AS place
               ON CONFLICT DO NOTHING RETURNING place),
           counted AS (
               UPDATE poll_options o SET votes = o.votes + 1 FROM cast_now c
               WHERE o.post_id = $1 AND o.place = c.place)
           UPDATE polls p SET voters_count = p.voters_count + $6, untold = p.untold OR $7
           WHERE p.post_id = $1 AND EXISTS (SELECT 1 FROM cast_now)""",
        ballot.post_id,
        voter_id,
        list(places),
        ballot.multiple,
        tx.now,
        0 if ballot.chosen else 1,
        ours,
    )


async def claim_stale(tx: Tx, post_id: int, before: datetime) -> bool:
    """Take it upon oneself to ask the author's node for new counts; False when others did lately."""
    found = await tx.fetchval(
        """UPDATE polls p SET counted_at = $3 FROM posts o
           WHERE p.post_id = $1 AND o.id = p.post_id AND NOT o.local AND p.counted_at <= $2
             AND (p.ends_at IS NULL OR p.counted_at < p.ends_at) RETURNING 1""",
        post_id,
        before,
        tx.now,
    )
    return found is not None


async def claim_untold(tx: Tx, before: datetime, limit: int) -> list[int]:
    """Polls of ours whose new counts may be told by now; they count as told."""
    records = await tx.fetch(
        """UPDATE polls p SET untold = false, counted_at = $2
           FROM (SELECT post_id FROM polls WHERE untold AND counted_at <= $1
                 ORDER BY counted_at LIMIT $3 FOR UPDATE SKIP LOCKED) AS due
           WHERE p.post_id = due.post_id RETURNING p.post_id""",
        before,
        tx.now,
        limit,
    )
    return [record["post_id"] for record in records]


async def claim_ended(tx: Tx, grace: timedelta, limit: int) -> list[Ended]:
    """Polls that have ended and of whose end nobody was told; others' after a grace for the last counts."""
    records = await tx.fetch(
        """UPDATE polls p SET ended_at = $1, untold = false, counted_at = CASE WHEN due.local THEN $1 ELSE p.counted_at END
           FROM (SELECT p.post_id, o.local, o.author_id FROM polls p JOIN posts o ON o.id = p.post_id
                 WHERE p.ended_at IS NULL AND p.ends_at <= $1 AND (o.local OR p.ends_at <= $2)
                 ORDER BY p.ends_at LIMIT $3 FOR UPDATE OF p SKIP LOCKED) AS due
           WHERE p.post_id = due.post_id
           RETURNING p.post_id, due.local,
                     (SELECT count(DISTINCT v.actor_id) FROM poll_votes v JOIN actors a ON a.id = v.actor_id
                      WHERE v.post_id = p.post_id AND a.local) + due.local::integer AS concerned""",
        tx.now,
        tx.now - grace,
        limit,
    )
    return rows.many(Ended, records)


async def put_end_news(tx: Tx, ended: Ended) -> None:
    """Tell the author, if ours, and our people who voted that a poll has ended; nobody twice."""
    await tx.execute(
        """INSERT INTO notifications (id, owner_id, kind, actor_id, post_id, created_at)
           SELECT n.id, w.owner_id, 'poll', w.author_id, $1, $2
           FROM (SELECT owner_id, author_id, row_number() OVER (ORDER BY owner_id) AS number
                 FROM (SELECT o.author_id AS owner_id, o.author_id FROM posts o WHERE o.id = $1 AND o.local
                       UNION
                       SELECT v.actor_id, o.author_id FROM poll_votes v JOIN posts o ON o.id = v.post_id
                       JOIN actors a ON a.id = v.actor_id
                       WHERE v.post_id = $1 AND a.local AND visible_to(o, v.actor_id)) AS everybody) AS w
           JOIN unnest($3::bigint[]) WITH ORDINALITY AS n (id, number) ON n.number = w.number
           ON CONFLICT DO NOTHING""",
        ended.post_id,
        tx.now,
        [tx.new_id() for _ in range(ended.concerned)],
    )


async def list_remote_voters(tx: Tx, post_id: int) -> list[int]:
    """People elsewhere who voted and may still see the post: they hold a copy of it."""
    records = await tx.fetch(
        """SELECT DISTINCT v.actor_id FROM poll_votes v JOIN actors a ON a.id = v.actor_id
           JOIN posts p ON p.id = v.post_id
           WHERE v.post_id = $1 AND NOT a.local AND visible_to(p, v.actor_id)""",
        post_id,
    )
    return [record["actor_id"] for record in records]

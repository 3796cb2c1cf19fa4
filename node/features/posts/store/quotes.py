"""SQL of quotes: which post quotes which, how its author answered, and the leave our people gave.

`posts.quote_policy` is a list of words: `public` and `followers` may quote at once, `some` are
people named one by one, `nobody` says that none may; a `?` before a word means that the author
is asked first. Empty: the author said nothing.
"""

from collections.abc import Sequence

import msgspec

from node.db import rows
from node.db.database import Tx


class Quote(msgspec.Struct, frozen=True):
    """A post quotes another. `state`: pending, accepted, rejected, revoked."""

    post_id: int
    quoted_uri: str
    quoted_id: int | None
    state: str
    stamp_uri: str


class Stamp(msgspec.Struct, frozen=True):
    """Leave somebody here gave to quote a post of theirs, and whether it still counts."""

    id: int
    post_id: int
    actor_id: int
    quoting_uri: str
    revoked: bool


class Sides(msgspec.Struct, frozen=True):
    """Both ends of a quote: the posts and who wrote them."""

    post_id: int
    post_uri: str
    author_id: int
    author_local: bool
    quoted_id: int | None
    quoted_uri: str
    quoted_author_id: int | None
    state: str
    stamp_uri: str


_QUOTE = "post_id, quoted_uri, quoted_id, state, stamp_uri"
_STAMP = "id, post_id, actor_id, quoting_uri, revoked_at IS NOT NULL AS revoked"
_SIDES = """SELECT q.post_id, p.uri AS post_uri, p.author_id, p.local AS author_local, q.quoted_id, q.quoted_uri,
                   w.author_id AS quoted_author_id, q.state, q.stamp_uri
            FROM quotes q JOIN posts p ON p.id = q.post_id LEFT JOIN posts w ON w.id = q.quoted_id"""


async def put_quote(tx: Tx, quote: Quote) -> None:
    """Store what a post quotes, or how that stands now."""
    await tx.execute(
        f"""INSERT INTO quotes ({_QUOTE}, created_at) VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (post_id) DO UPDATE SET quoted_uri = EXCLUDED.quoted_uri, quoted_id = EXCLUDED.quoted_id,
                state = EXCLUDED.state, stamp_uri = EXCLUDED.stamp_uri""",
        quote.post_id,
        quote.quoted_uri,
        quote.quoted_id,
        quote.state,
        quote.stamp_uri,
        tx.now,
    )


async def find_quote(tx: Tx, post_id: int) -> Quote | None:
    """What a post quotes."""
    return rows.maybe(Quote, await tx.fetchrow(f"SELECT {_QUOTE} FROM quotes WHERE post_id = $1", post_id))


async def find_sides(tx: Tx, post_id: int) -> Sides | None:
    """Both ends of the quote in a post."""
    return rows.maybe(Sides, await tx.fetchrow(f"{_SIDES} WHERE q.post_id = $1", post_id))


async def list_by_stamps(tx: Tx, stamp_uris: Sequence[str]) -> dict[str, Sides]:
    """The quotes that these pieces of leave were given for, by the leave's address."""
    if not stamp_uris:
        return {}
    records = await tx.fetch(f"{_SIDES} WHERE q.stamp_uri = ANY($1) AND q.stamp_uri <> ''", list(stamp_uris))
    return {sides.stamp_uri: sides for sides in rows.many(Sides, records)}


async def put_state(tx: Tx, post_id: int, state: str, stamp_uri: str) -> None:
    """How a quote stands now."""
    await tx.execute(
        "UPDATE quotes SET state = $2, stamp_uri = $3 WHERE post_id = $1", post_id, state, stamp_uri
    )


async def delete_quote(tx: Tx, post_id: int) -> None:
    """An edit took the quote out."""
    await tx.execute("DELETE FROM quotes WHERE post_id = $1", post_id)


async def put_policy(tx: Tx, post_id: int, policy: str) -> None:
    """Who may quote a post from now on."""
    await tx.execute(
        "UPDATE posts SET quote_policy = $2 WHERE id = $1 AND quote_policy <> $2", post_id, policy
    )


async def put_stamp(tx: Tx, post_id: int, actor_id: int, quoting_uri: str) -> Stamp:
    """Give leave, or find what was given before; one that was taken back stays so."""
    return rows.one(
        Stamp,
        await tx.fetchrow(
            f"""INSERT INTO quote_stamps (id, post_id, actor_id, quoting_uri, created_at)
                VALUES ($1, $2, $3, $4, $5)
                ON CONFLICT (post_id, quoting_uri) DO UPDATE SET quoting_uri = EXCLUDED.quoting_uri
                RETURNING {_STAMP}""",
            tx.new_id(),
            post_id,
            actor_id,
            quoting_uri,
            tx.now,
        ),
    )


async def find_stamp(tx: Tx, post_id: int, quoting_uri: str) -> Stamp | None:
    """The leave given to a post to quote one of ours."""
    return rows.maybe(
        Stamp,
        await tx.fetchrow(
            f"SELECT {_STAMP} FROM quote_stamps WHERE post_id = $1 AND quoting_uri = $2", post_id, quoting_uri
        ),
    )


async def find_stamp_by_id(tx: Tx, stamp_id: int) -> Stamp | None:
    """The leave of this number."""
    return rows.maybe(Stamp, await tx.fetchrow(f"SELECT {_STAMP} FROM quote_stamps WHERE id = $1", stamp_id))


async def put_revoked(tx: Tx, stamp_id: int) -> None:
    """Take leave back."""
    await tx.execute(
        "UPDATE quote_stamps SET revoked_at = COALESCE(revoked_at, $2) WHERE id = $1", stamp_id, tx.now
    )


async def list_quoting_ids(tx: Tx, post_id: int, before_id: int, limit: int) -> list[int]:
    """Posts that quote a post with leave, newest first."""
    records = await tx.fetch(
        """SELECT post_id FROM quotes WHERE quoted_id = $1 AND state = 'accepted' AND post_id < $2
           ORDER BY post_id DESC LIMIT $3""",
        post_id,
        before_id,
        limit,
    )
    return [record["post_id"] for record in records]


async def list_local_quoters(tx: Tx, post_id: int) -> Sequence[tuple[int, int]]:
    """(author, quoting post) of our people's posts that quote a post with leave."""
    records = await tx.fetch(
        """SELECT p.author_id, p.id FROM quotes q JOIN posts p ON p.id = q.post_id
           WHERE q.quoted_id = $1 AND q.state = 'accepted' AND p.local ORDER BY p.id LIMIT 200""",
        post_id,
    )
    return [(record["author_id"], record["id"]) for record in records]

"""Who of one host follows whom of another, as digests and lists (FEP-8fcf)."""

from collections.abc import Sequence

import msgspec

from node.db import rows
from node.db.database import Tx

# XOR over the SHA-256 of every follower's id, computed where the ids are.
_DIGEST = "bit_xor(('x' || encode(sha256(convert_to(f.uri, 'UTF8')), 'hex'))::bit(256))"


class Listing(msgspec.Struct, frozen=True):
    """One of ours who is followed from elsewhere: its address, its followers', and their digest in bits."""

    uri: str
    followers_uri: str
    bits: str | None


async def list_listings(tx: Tx, actor_id: int, hosts: Sequence[str]) -> dict[str, Listing]:
    """What we hold of an actor's followers on these hosts, in one look however many they are."""
    records = await tx.fetch(
        f"""SELECT h.host, a.uri, a.followers_uri, d.bits
            FROM actors a CROSS JOIN unnest($2::text[]) AS h (host)
            LEFT JOIN (SELECT f.host, {_DIGEST}::text AS bits FROM follows x JOIN actors f ON f.id = x.follower_id
                       WHERE x.followee_id = $1 AND x.state = 'accepted' AND f.host = ANY($2) AND NOT f.local
                       GROUP BY f.host) d ON d.host = h.host
            WHERE a.id = $1""",
        actor_id,
        list(hosts),
    )
    return {
        record["host"]: Listing(record["uri"], record["followers_uri"], record["bits"]) for record in records
    }


class FollowerAt(msgspec.Struct, frozen=True):
    """A follower's address and the follow's id, for paging."""

    id: int
    uri: str


async def list_followers_at(tx: Tx, actor_id: int, host: str, after: int, limit: int) -> list[FollowerAt]:
    """An actor's followers on one host whose follows are younger than the follow `after`, oldest first."""
    records = await tx.fetch(
        """SELECT x.id, f.uri FROM follows x JOIN actors f ON f.id = x.follower_id
           WHERE x.followee_id = $1 AND x.state = 'accepted' AND f.host = $2 AND NOT f.local AND x.id > $3
           ORDER BY x.id LIMIT $4""",
        actor_id,
        host,
        after,
        limit,
    )
    return rows.many(FollowerAt, records)


async def count_followers_at(tx: Tx, actor_id: int, host: str) -> int:
    """How many followers an actor has on one host."""
    found: int = await tx.fetchval(
        """SELECT count(*) FROM follows x JOIN actors f ON f.id = x.follower_id
           WHERE x.followee_id = $1 AND x.state = 'accepted' AND f.host = $2 AND NOT f.local""",
        actor_id,
        host,
    )
    return found


async def find_differing(tx: Tx, actor_uri: str, followers_uri: str, bits: str) -> int | None:
    """The actor of this address and list, when our people who follow it have another digest than `bits`."""
    found: int | None = await tx.fetchval(
        f"""SELECT a.id FROM actors a
            WHERE a.uri = $1 AND a.followers_uri = $2 AND NOT a.local
              AND COALESCE((SELECT {_DIGEST} FROM follows x JOIN actors f ON f.id = x.follower_id
                            WHERE x.followee_id = a.id AND x.state = 'accepted' AND f.local), 0::bit(256))
                  <> $3::text::bit(256)""",
        actor_uri,
        followers_uri,
        bits,
    )
    return found

"""SQL of neighbours: relays, and who follows the house or is followed by it."""

from datetime import datetime
from typing import Literal

import msgspec

from node.db import rows
from node.db.database import Tx

Form = Literal["public", "actor"]


class Reach(msgspec.Struct, frozen=True):
    """Where public posts go besides: relays that get them, and whether houses follow ours."""

    instance_id: int
    instance_uri: str
    followers_uri: str
    relay_ids: list[int]
    house_ids: list[int]


class Neighbour(msgspec.Struct, frozen=True):
    """Another house's own actor, or a relay, and how we stand: `asked` or `accepted`."""

    actor_id: int
    uri: str
    host: str
    name: str
    state: str
    since: datetime


async def find_reach(tx: Tx, instance_uri: str) -> Reach | None:
    """Who gets public posts of this house besides their authors' followers."""
    record = await tx.fetchrow(
        """SELECT a.id AS instance_id, a.uri AS instance_uri, a.followers_uri,
                  ARRAY(SELECT r.actor_id FROM relays r
                        JOIN follows f ON f.followee_id = r.actor_id AND f.follower_id = a.id
                        WHERE f.state = 'accepted' AND r.form = 'public' ORDER BY 1) AS relay_ids,
                  ARRAY(SELECT f.follower_id FROM follows f
                        WHERE f.followee_id = a.id AND f.state = 'accepted' ORDER BY 1) AS house_ids
           FROM actors a WHERE a.uri = $1""",
        instance_uri,
    )
    return rows.maybe(Reach, record)


async def list_followers(tx: Tx, instance_id: int, limit: int) -> list[Neighbour]:
    """Houses that follow ours, those that wait for an answer first."""
    records = await tx.fetch(
        """SELECT a.id AS actor_id, a.uri, a.host, a.display_name AS name, f.state, f.created_at AS since
           FROM follows f JOIN actors a ON a.id = f.follower_id
           WHERE f.followee_id = $1 AND a.deleted_at IS NULL
           ORDER BY f.state = 'asked' DESC, f.id DESC LIMIT $2""",
        instance_id,
        limit,
    )
    return rows.many(Neighbour, records)


async def list_followed(tx: Tx, instance_id: int, limit: int, *, relays: bool) -> list[Neighbour]:
    """Houses our house follows, or the relays it uses, newest first."""
    records = await tx.fetch(
        """SELECT a.id AS actor_id, a.uri, a.host, a.display_name AS name, f.state, f.created_at AS since
           FROM follows f JOIN actors a ON a.id = f.followee_id
           LEFT JOIN relays r ON r.actor_id = a.id
           WHERE f.follower_id = $1 AND (r.actor_id IS NOT NULL) = $3 AND a.deleted_at IS NULL
           ORDER BY f.id DESC LIMIT $2""",
        instance_id,
        limit,
        relays,
    )
    return rows.many(Neighbour, records)


async def find_relay_form(tx: Tx, actor_id: int) -> Form | None:
    """How we follow this relay; None for who is no relay of ours."""
    found: Form | None = await tx.fetchval("SELECT form FROM relays WHERE actor_id = $1", actor_id)
    return found


async def is_relay_key(tx: Tx, key_id: str) -> bool:
    """Whether a relay that said yes to us signs with this key."""
    found = await tx.fetchval(
        """SELECT 1 FROM relays r JOIN actors a ON a.id = r.actor_id
           JOIN follows f ON f.followee_id = r.actor_id AND f.state = 'accepted'
           JOIN actors o ON o.id = f.follower_id AND o.local
           WHERE $1 IN (a.public_key_id, a.ed25519_key_id) AND $1 <> ''""",
        key_id,
    )
    return found is not None


async def put_relay(tx: Tx, actor_id: int, form: Form) -> None:
    """Note that somebody is a relay, and how it is followed."""
    await tx.execute(
        """INSERT INTO relays (actor_id, form, created_at) VALUES ($1, $2, $3)
           ON CONFLICT (actor_id) DO UPDATE SET form = EXCLUDED.form""",
        actor_id,
        form,
        tx.now,
    )


async def delete_relay(tx: Tx, actor_id: int) -> None:
    """It is no relay of ours any more."""
    await tx.execute("DELETE FROM relays WHERE actor_id = $1", actor_id)

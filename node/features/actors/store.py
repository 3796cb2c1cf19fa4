"""All SQL about actors and their private keys."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from node.db import rows
from node.db.database import Tx

COLUMNS = """id, uri, local, host, kind, username, display_name, summary_html, summary_source, url,
    inbox_uri, shared_inbox_uri, outbox_uri, followers_uri, following_uri, featured_uri,
    avatar_url, avatar_alt, header_url, header_alt, fields, locked, discoverable, indexable,
    also_known_as, moved_to_uri, public_key_id, public_key_pem, ed25519_key_id, ed25519_multibase,
    followers_count, following_count, posts_count, last_post_at, created_at, updated_at,
    fetched_at, suspended_at, deleted_at, handle_host"""


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """A person, group, organisation or service that this node knows: one row of `actors`."""

    id: int
    uri: str
    local: bool
    host: str
    kind: str
    username: str
    display_name: str
    summary_html: str
    summary_source: str
    url: str
    inbox_uri: str
    shared_inbox_uri: str
    outbox_uri: str
    followers_uri: str
    following_uri: str
    featured_uri: str
    avatar_url: str
    avatar_alt: str
    header_url: str
    header_alt: str
    fields: list[dict[str, Any]]
    locked: bool
    discoverable: bool
    indexable: bool
    also_known_as: list[str]
    moved_to_uri: str
    public_key_id: str
    public_key_pem: str
    ed25519_key_id: str
    ed25519_multibase: str
    followers_count: int
    following_count: int
    posts_count: int
    last_post_at: datetime | None
    created_at: datetime
    updated_at: datetime
    fetched_at: datetime | None
    suspended_at: datetime | None
    deleted_at: datetime | None
    handle_host: str = ""

    @property
    def handle(self) -> str:
        """`name@host` as they are called, the same form for ours and others'."""
        return f"{self.username}@{self.handle_host or self.host}"

    @property
    def name(self) -> str:
        """What to call them: their display name, else the user name."""
        return self.display_name or self.username


class Secrets(msgspec.Struct, frozen=True):
    """The sealed private keys of one of our actors (`federation.keys.unseal`)."""

    rsa_sealed: str
    ed25519_sealed: str


async def get_actor(tx: Tx, actor_id: int) -> Actor:
    """The actor. Raises: NodeError `not_found`."""
    return rows.one(Actor, await tx.fetchrow(f"SELECT {COLUMNS} FROM actors WHERE id = $1", actor_id))


async def find_by_uri(tx: Tx, uri: str) -> Actor | None:
    """The actor with this ActivityPub id, if known."""
    return rows.maybe(Actor, await tx.fetchrow(f"SELECT {COLUMNS} FROM actors WHERE uri = $1", uri))


async def find_by_handle(tx: Tx, username: str, host: str) -> Actor | None:
    """The actor called `username@host`, whatever the capitals; people not let in yet are nobody (AUT-12)."""
    return rows.maybe(
        Actor,
        await tx.fetchrow(
            f"""SELECT {COLUMNS} FROM actors
                WHERE lower(username) = lower($1) AND (handle_host = $2 OR host = $2)
                AND NOT EXISTS (SELECT 1 FROM accounts c
                                WHERE c.actor_id = actors.id AND c.state IN ('unconfirmed', 'waiting'))
                -- A handle at another host than the id's was confirmed by that host; it comes first.
                ORDER BY handle_host = $2 AND host <> $2 DESC, handle_host = $2 DESC LIMIT 1""",
            username,
            host,
        ),
    )


async def is_reachable(tx: Tx, actor: Actor) -> bool:
    """Whether others may find this actor: not deleted, not suspended, and, of ours, let in by now (AUT-12)."""
    if actor.deleted_at is not None or actor.suspended_at is not None:
        return False
    if not actor.local:
        return True
    closed = await tx.fetchval(
        "SELECT 1 FROM accounts WHERE actor_id = $1 AND state IN ('unconfirmed', 'waiting')", actor.id
    )
    return closed is None


async def list_by_uris(tx: Tx, uris: Sequence[str]) -> list[Actor]:
    """Those of `uris` that are known, in no order."""
    return rows.many(Actor, await tx.fetch(f"SELECT {COLUMNS} FROM actors WHERE uri = ANY($1)", list(uris)))


Version = tuple[int, tuple[int, int]]  # xmin and ctid: no two states of a row ever share both
_MOST_KEPT: Final = 2000


async def list_actors(tx: Tx, actor_ids: Sequence[int]) -> list[Actor]:
    """The actors in the order of the ids; unknown ids are left out."""
    if not actor_ids:
        return []
    records = await tx.fetch("SELECT id, xmin, ctid FROM actors WHERE id = ANY($1)", list(actor_ids))
    by_id = await list_versions(tx, {record["id"]: (record["xmin"], record["ctid"]) for record in records})
    return [by_id[i] for i in actor_ids if i in by_id]


async def list_versions(tx: Tx, versions: Mapping[int, Version]) -> dict[int, Actor]:
    """The actors by id, whose present versions another statement has just read.

    People shown again and again are not read again: a row kept from before is given only while the
    table still holds that very version of it. The same version is always the same object.
    """
    kept: dict[int, tuple[Version, Actor]] = tx.caches.setdefault("actors", {})
    found = {i: kept[i][1] for i, version in versions.items() if i in kept and kept[i][0] == version}
    missing = [i for i in versions if i not in found]
    if missing:
        if len(kept) + len(missing) > _MOST_KEPT:
            kept.clear()
        records = await tx.fetch(f"SELECT xmin, ctid, {COLUMNS} FROM actors WHERE id = ANY($1)", missing)
        for record in records:
            fields = dict(record)
            version = (fields.pop("xmin"), fields.pop("ctid"))
            kept[fields["id"]] = (version, Actor(**fields))
            found[fields["id"]] = kept[fields["id"]][1]
    return found


async def list_local(tx: Tx, window: rows.Window) -> list[Actor]:
    """Our people that chose to be found, newest first."""
    records = await tx.fetch(
        f"""SELECT {COLUMNS} FROM actors
            WHERE local AND kind = 'Person' AND discoverable AND deleted_at IS NULL AND suspended_at IS NULL
              AND NOT EXISTS (SELECT 1 FROM accounts c
                              WHERE c.actor_id = actors.id AND c.state IN ('unconfirmed', 'waiting'))
              AND id < $1 ORDER BY id DESC LIMIT $2""",
        window.upper,
        window.limit,
    )
    return rows.many(Actor, records)


async def list_matching(tx: Tx, prefix: str, limit: int) -> list[Actor]:
    """Actors whose user name or display name starts with `prefix`, ours first."""
    pattern = prefix.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    records = await tx.fetch(
        f"""SELECT {COLUMNS} FROM actors
            WHERE (lower(username) LIKE $1 OR lower(display_name) LIKE $1)
              AND deleted_at IS NULL AND suspended_at IS NULL AND kind <> 'Application'
              AND NOT EXISTS (SELECT 1 FROM accounts c
                              WHERE c.actor_id = actors.id AND c.state IN ('unconfirmed', 'waiting'))
            ORDER BY local DESC, last_post_at DESC NULLS LAST, id DESC LIMIT $2""",
        pattern,
        limit,
    )
    return rows.many(Actor, records)


async def put_actor(tx: Tx, actor: Actor) -> Actor | None:
    """Store a new actor, or what changed of a known one (same uri).

    Returns None when another actor holds the handle. Counts, suspension and our own times are
    kept; a deleted actor stays deleted.
    """
    record = await tx.fetchrow(
        f"""INSERT INTO actors ({COLUMNS})
            VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22,$23,$24,$25,$26,
                    $27,$28,$29,$30,$31,$32,$33,$34,$35,$36,$37,$38,$39,$40)
            ON CONFLICT (uri) DO UPDATE SET
                kind = EXCLUDED.kind, display_name = EXCLUDED.display_name,
                summary_html = EXCLUDED.summary_html, summary_source = EXCLUDED.summary_source, url = EXCLUDED.url,
                inbox_uri = EXCLUDED.inbox_uri, shared_inbox_uri = EXCLUDED.shared_inbox_uri,
                outbox_uri = EXCLUDED.outbox_uri, followers_uri = EXCLUDED.followers_uri,
                following_uri = EXCLUDED.following_uri, featured_uri = EXCLUDED.featured_uri,
                avatar_url = EXCLUDED.avatar_url, avatar_alt = EXCLUDED.avatar_alt,
                header_url = EXCLUDED.header_url, header_alt = EXCLUDED.header_alt, fields = EXCLUDED.fields,
                locked = EXCLUDED.locked, discoverable = EXCLUDED.discoverable, indexable = EXCLUDED.indexable,
                also_known_as = EXCLUDED.also_known_as, moved_to_uri = EXCLUDED.moved_to_uri,
                public_key_id = EXCLUDED.public_key_id, public_key_pem = EXCLUDED.public_key_pem,
                ed25519_key_id = EXCLUDED.ed25519_key_id, ed25519_multibase = EXCLUDED.ed25519_multibase,
                followers_count = CASE WHEN actors.local THEN actors.followers_count
                                       ELSE EXCLUDED.followers_count END,
                following_count = CASE WHEN actors.local THEN actors.following_count
                                       ELSE EXCLUDED.following_count END,
                updated_at = EXCLUDED.updated_at, fetched_at = EXCLUDED.fetched_at
            WHERE actors.deleted_at IS NULL
            RETURNING {COLUMNS}""",
        *[getattr(actor, field) for field in Actor.__struct_fields__],
    )
    return rows.maybe(Actor, record)


async def find_handle_holder(tx: Tx, username: str, host: str, uri: str) -> int | None:
    """Another actor that has this handle, if one does."""
    found: int | None = await tx.fetchval(
        "SELECT id FROM actors WHERE lower(username) = lower($1) AND host = $2 AND uri <> $3",
        username,
        host,
        uri,
    )
    return found


async def put_secrets(tx: Tx, actor_id: int, rsa_sealed: str, ed25519_sealed: str) -> None:
    """Keep the sealed private keys of one of our actors."""
    await tx.execute(
        "INSERT INTO actor_secrets (actor_id, rsa_sealed, ed25519_sealed, created_at) VALUES ($1,$2,$3,$4)",
        actor_id,
        rsa_sealed,
        ed25519_sealed,
        tx.now,
    )


async def put_new_secrets(tx: Tx, actor_id: int, rsa_sealed: str, ed25519_sealed: str) -> None:
    """Put new private keys in place of those an actor of ours has."""
    await tx.execute(
        "UPDATE actor_secrets SET rsa_sealed = $2, ed25519_sealed = $3, created_at = $4 WHERE actor_id = $1",
        actor_id,
        rsa_sealed,
        ed25519_sealed,
        tx.now,
    )


async def list_local_ids(tx: Tx) -> list[int]:
    """All our own actors that are not deleted, the house's own among them."""
    records = await tx.fetch("SELECT id FROM actors WHERE local AND deleted_at IS NULL ORDER BY id")
    return [record["id"] for record in records]


async def get_secrets(tx: Tx, actor_id: int) -> Secrets:
    """The sealed private keys. Raises: NodeError `not_found`."""
    return rows.one(
        Secrets,
        await tx.fetchrow(
            "SELECT rsa_sealed, ed25519_sealed FROM actor_secrets WHERE actor_id = $1", actor_id
        ),
    )


async def put_deleted(tx: Tx, actor_id: int) -> None:
    """Empty the actor and mark it deleted; posts and relations go by the callers' hands."""
    await tx.execute(
        """UPDATE actors SET deleted_at = $2, display_name = '', summary_html = '', summary_source = '',
               avatar_url = '', avatar_alt = '', header_url = '', header_alt = '', fields = '[]',
               followers_count = 0, following_count = 0, posts_count = 0
           WHERE id = $1 AND deleted_at IS NULL""",
        actor_id,
        tx.now,
    )


async def put_moved(tx: Tx, actor_id: int, target_uri: str) -> None:
    """Remember where an actor moved to."""
    await tx.execute("UPDATE actors SET moved_to_uri = $2 WHERE id = $1", actor_id, target_uri)


async def count_local(tx: Tx) -> dict[str, int]:
    """How many people live here, and how many wrote or looked in lately (NodeInfo's usage)."""
    record = await tx.fetchrow(
        """SELECT count(*) AS total,
                  count(*) FILTER (WHERE c.last_seen_on > ($1::timestamptz)::date - 30) AS active_month,
                  count(*) FILTER (WHERE c.last_seen_on > ($1::timestamptz)::date - 180) AS active_halfyear
           FROM actors a JOIN accounts c ON c.actor_id = a.id
           WHERE a.deleted_at IS NULL AND c.state = 'active'""",
        tx.now,
    )
    return dict(record or {})


async def list_inboxes_knowing(tx: Tx, actor_id: int) -> list[str]:
    """Every inbox that should hear of a change of this actor: followers' and followees' hosts."""
    records = await tx.fetch(
        """SELECT DISTINCT CASE WHEN a.shared_inbox_uri <> '' THEN a.shared_inbox_uri ELSE a.inbox_uri END AS inbox
           FROM actors a
           WHERE NOT a.local AND a.deleted_at IS NULL AND a.id IN (
               SELECT follower_id FROM follows WHERE followee_id = $1
               UNION SELECT followee_id FROM follows WHERE follower_id = $1)""",
        actor_id,
    )
    return [record["inbox"] for record in records]


async def put_displaced(tx: Tx, actor_id: int) -> None:
    """Take the handle from an actor whose host gave it to another id."""
    await tx.execute("UPDATE actors SET username = username || '.' || id WHERE id = $1", actor_id)


async def delete_everything_of(tx: Tx, actor_id: int) -> None:
    """Delete what an actor wrote, did and was related to; the emptied actor row stays as a marker."""
    for statement in (
        """UPDATE posts p SET likes_count = GREATEST(p.likes_count - 1, 0)
           FROM likes l WHERE l.actor_id = $1 AND p.id = l.post_id""",
        """UPDATE posts p SET boosts_count = GREATEST(p.boosts_count - 1, 0)
           FROM boosts b WHERE b.actor_id = $1 AND p.id = b.post_id""",
        """UPDATE posts p SET reactions_count = GREATEST(p.reactions_count - r.number, 0)
           FROM (SELECT post_id, count(*) AS number FROM reactions WHERE actor_id = $1 GROUP BY 1) AS r
           WHERE p.id = r.post_id""",
        """UPDATE posts p SET replies_count = GREATEST(p.replies_count - r.number, 0)
           FROM (SELECT in_reply_to_id, count(*) AS number FROM posts
                 WHERE author_id = $1 AND in_reply_to_id IS NOT NULL AND audience IN ('public', 'unlisted')
                 GROUP BY 1) AS r WHERE p.id = r.in_reply_to_id""",
        """UPDATE actors a SET followers_count = GREATEST(a.followers_count - 1, 0) FROM follows f
           WHERE f.follower_id = $1 AND f.state = 'accepted' AND a.id = f.followee_id AND a.local""",
        """UPDATE actors a SET following_count = GREATEST(a.following_count - 1, 0) FROM follows f
           WHERE f.followee_id = $1 AND f.state = 'accepted' AND a.id = f.follower_id AND a.local""",
        "DELETE FROM posts WHERE author_id = $1",
        "DELETE FROM boosts WHERE actor_id = $1",
        "DELETE FROM likes WHERE actor_id = $1",
        "DELETE FROM reactions WHERE actor_id = $1",
        # What polls counted stays counted, as elsewhere; who chose it is forgotten.
        "DELETE FROM poll_votes WHERE actor_id = $1",
        "DELETE FROM bookmarks WHERE actor_id = $1",
        "DELETE FROM follows WHERE follower_id = $1 OR followee_id = $1",
        "DELETE FROM blocks WHERE actor_id = $1 OR target_id = $1",
        "DELETE FROM mutes WHERE actor_id = $1 OR target_id = $1",
        "DELETE FROM notifications WHERE actor_id = $1 OR owner_id = $1",
        "DELETE FROM media WHERE owner_id = $1",
        "DELETE FROM post_mentions WHERE actor_id = $1",
        "DELETE FROM home_entries WHERE owner_id = $1",
    ):
        await tx.execute(statement, actor_id)


async def find_by_url(tx: Tx, url: str) -> Actor | None:
    """Our actor whose page this is."""
    return rows.maybe(Actor, await tx.fetchrow(f"SELECT {COLUMNS} FROM actors WHERE url = $1 AND local", url))


async def lock_founding(tx: Tx) -> None:
    """Hold the right to make the node's own actor until the transaction ends."""
    await tx.execute("SELECT pg_advisory_xact_lock(772001)")


async def is_host_plain(tx: Tx, host: str, asked_after: datetime) -> bool:
    """Whether a host was asked lately and gives handles of its own name."""
    found = await tx.fetchval(
        "SELECT 1 FROM hosts WHERE host = $1 AND handles_checked_at > $2", host, asked_after
    )
    return found is not None


async def put_host_plain(tx: Tx, host: str) -> None:
    """A host gives handles of its own name."""
    await tx.execute(
        """INSERT INTO hosts (host, first_seen_at, handles_checked_at) VALUES ($1, $2, $2)
           ON CONFLICT (host) DO UPDATE SET handles_checked_at = EXCLUDED.handles_checked_at""",
        host,
        tx.now,
    )


async def put_handle_host(tx: Tx, actor_id: int, handle_host: str) -> None:
    """Remember at which host somebody's handle is; confirmed both ways."""
    await tx.execute("UPDATE actors SET handle_host = $2 WHERE id = $1", actor_id, handle_host)


async def list_unasked(tx: Tx, host: str, limit: int) -> list[int]:
    """Others of a host whose handles nobody asked about, newest first."""
    records = await tx.fetch(
        """SELECT a.id FROM actors a
           WHERE a.host = $1 AND a.handle_host = a.host AND a.deleted_at IS NULL AND NOT a.local
             AND NOT EXISTS (SELECT 1 FROM wants w WHERE w.kind = 'handle' AND w.subject_id = a.id)
           ORDER BY a.id DESC LIMIT $2""",
        host,
        limit,
    )
    return [record["id"] for record in records]

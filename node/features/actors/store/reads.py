"""Actors as rows, and who may be found by which name; nothing here changes anything."""

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


async def get_actor(tx: Tx, actor_id: int) -> Actor:
    """The actor. Raises: NodeError `not_found`."""
    return rows.one(Actor, await tx.fetchrow(f"SELECT {COLUMNS} FROM actors WHERE id = $1", actor_id))


async def find_by_uri(tx: Tx, uri: str) -> Actor | None:
    """The actor with this ActivityPub id, if known."""
    return rows.maybe(Actor, await tx.fetchrow(f"SELECT {COLUMNS} FROM actors WHERE uri = $1", uri))


async def find_by_url(tx: Tx, url: str) -> Actor | None:
    """Our actor whose page this is."""
    return rows.maybe(Actor, await tx.fetchrow(f"SELECT {COLUMNS} FROM actors WHERE url = $1 AND local", url))


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


# A closed group is there for those who belong or were invited, one of a house alone for its people (ACL-08).
_SHOWN = """(a.kind <> 'Group' OR NOT EXISTS (
        SELECT 1 FROM groups g WHERE g.actor_id = a.id AND g.visibility IN ('private', 'local')
          AND NOT (g.visibility = 'local' AND EXISTS (SELECT 1 FROM actors v WHERE v.id = $1::bigint AND v.local))
          AND NOT EXISTS (SELECT 1 FROM members m WHERE m.group_id = a.id AND m.actor_id = $1::bigint
                          AND m.state IN ('member', 'invited'))))"""


async def is_shown(tx: Tx, actor: Actor, viewer_id: int | None) -> bool:
    """Whether somebody (None: a visitor, or another house) may know that this actor exists."""
    if actor.kind != "Group":
        return True
    return await list_shown_ids(tx, [actor.id], viewer_id) == {actor.id}


async def list_shown_ids(tx: Tx, actor_ids: Sequence[int], viewer_id: int | None) -> set[int]:
    """Those of the ids that somebody may know of."""
    records = await tx.fetch(
        f"SELECT a.id FROM actors a WHERE a.id = ANY($2) AND {_SHOWN}", viewer_id, list(actor_ids)
    )
    return {record["id"] for record in records}


async def is_reachable(tx: Tx, actor: Actor, viewer_id: int | None = None) -> bool:
    """Whether somebody may find this actor: not deleted, not suspended, and, of ours, let in by now (AUT-12)."""
    if actor.deleted_at is not None or actor.suspended_at is not None:
        return False
    if not await is_shown(tx, actor, viewer_id):
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


async def list_matching(tx: Tx, prefix: str, limit: int, viewer_id: int | None = None) -> list[Actor]:
    """Actors whose user name or display name starts with `prefix`, ours first."""
    pattern = prefix.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    records = await tx.fetch(
        f"""SELECT {COLUMNS} FROM actors a
            WHERE (lower(username) LIKE $2 OR lower(display_name) LIKE $2) AND {_SHOWN}
              AND deleted_at IS NULL AND suspended_at IS NULL AND kind <> 'Application'
              AND NOT EXISTS (SELECT 1 FROM accounts c
                              WHERE c.actor_id = a.id AND c.state IN ('unconfirmed', 'waiting'))
            ORDER BY local DESC, last_post_at DESC NULLS LAST, id DESC LIMIT $3""",
        viewer_id,
        pattern,
        limit,
    )
    return rows.many(Actor, records)


async def list_local_ids(tx: Tx) -> list[int]:
    """All our own actors that are not deleted, the house's own among them."""
    records = await tx.fetch("SELECT id FROM actors WHERE local AND deleted_at IS NULL ORDER BY id")
    return [record["id"] for record in records]


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

"""Groups as rows: ours, and copies of others'."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from node.db import rows
from node.db.database import Tx

_COLUMNS = """g.actor_id, a.uri, a.local, a.host, a.username, a.display_name, a.followers_uri, g.openness,
    g.visibility, g.question, g.rules, g.languages, g.place, g.posting, g.newcomer_posts, g.slow_mode_s,
    g.log_visibility, g.members_count, g.members_uri, g.moderators_uri, g.checked_at, g.archived_at, g.ends_at,
    g.created_at"""
_STANDING = "a.deleted_at IS NULL AND a.suspended_at IS NULL"


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """What a group is beside its actor: how one gets in, who sees it, who may write.

    `newcomer_posts`: so many first posts of a member wait; `slow_mode_s`: seconds between two posts of one.
    """

    actor_id: int
    uri: str
    local: bool
    host: str
    username: str
    display_name: str
    followers_uri: str
    openness: str = "open"
    visibility: str = "public"
    question: str = ""
    rules: list[str] = []
    languages: list[str] = []
    place: str = ""
    posting: str = "members"
    newcomer_posts: int = 0
    slow_mode_s: int = 0
    log_visibility: str = "members"
    members_count: int = 0
    members_uri: str = ""
    moderators_uri: str = ""
    checked_at: datetime | None = None
    archived_at: datetime | None = None
    ends_at: datetime | None = None
    created_at: datetime

    @property
    def name(self) -> str:
        """What to call it."""
        return self.display_name or self.username

    @property
    def shown_to_strangers(self) -> bool:
        """Whether those who do not belong, here and elsewhere, may know that it exists."""
        return self.visibility in ("public", "unlisted")


async def find_group(tx: Tx, group_id: int) -> Group | None:
    """The group, unless deleted or suspended."""
    record = await tx.fetchrow(
        f"SELECT {_COLUMNS} FROM groups g JOIN actors a ON a.id = g.actor_id WHERE g.actor_id = $1 AND {_STANDING}",
        group_id,
    )
    return rows.maybe(Group, record)


async def get_group(tx: Tx, group_id: int) -> Group:
    """The group. Raises: NodeError `not_found`."""
    record = await tx.fetchrow(
        f"SELECT {_COLUMNS} FROM groups g JOIN actors a ON a.id = g.actor_id WHERE g.actor_id = $1 AND {_STANDING}",
        group_id,
    )
    return rows.one(Group, record)


async def lock_group(tx: Tx, group_id: int) -> Group:
    """The group, held until the transaction ends: one change of who belongs at a time.

    Raises: NodeError `not_found`.
    """
    await tx.execute("SELECT actor_id FROM groups WHERE actor_id = $1 FOR NO KEY UPDATE", group_id)
    return await get_group(tx, group_id)


async def list_groups(tx: Tx, group_ids: Sequence[int]) -> list[Group]:
    """The groups in the order of the ids; deleted and unknown ones are left out."""
    records = await tx.fetch(
        f"""SELECT {_COLUMNS} FROM unnest($1::bigint[]) WITH ORDINALITY AS wanted (id, place)
            JOIN groups g ON g.actor_id = wanted.id JOIN actors a ON a.id = g.actor_id
            WHERE {_STANDING} ORDER BY wanted.place""",
        list(group_ids),
    )
    return rows.many(Group, records)


async def list_groups_of(tx: Tx, actor_id: int) -> list[Group]:
    """The groups somebody belongs to, by name."""
    records = await tx.fetch(
        f"""SELECT {_COLUMNS} FROM members m JOIN groups g ON g.actor_id = m.group_id
            JOIN actors a ON a.id = g.actor_id
            WHERE m.actor_id = $1 AND m.state = 'member' AND {_STANDING}
            ORDER BY lower(COALESCE(NULLIF(a.display_name, ''), a.username)), g.actor_id LIMIT 500""",
        actor_id,
    )
    return rows.many(Group, records)


async def list_public_groups(tx: Tx, limit: int, offset: int = 0) -> list[Group]:
    """Groups of this house that everybody here may find, the largest first."""
    records = await tx.fetch(
        f"""SELECT {_COLUMNS} FROM groups g JOIN actors a ON a.id = g.actor_id
            WHERE g.visibility IN ('public', 'local') AND g.archived_at IS NULL AND a.local AND {_STANDING}
            ORDER BY g.members_count DESC, g.actor_id LIMIT $1 OFFSET $2""",
        limit,
        offset,
    )
    return rows.many(Group, records)


_STORED = (
    "openness", "visibility", "question", "rules", "languages", "place", "posting", "newcomer_posts",
    "slow_mode_s", "log_visibility", "members_uri", "moderators_uri", "archived_at", "ends_at",
)  # fmt: skip


async def put_group(tx: Tx, group: Group) -> None:
    """Store a new group, or what changed of one; its count stays."""
    await tx.execute(
        """INSERT INTO groups (actor_id, created_at, openness, visibility, question, rules, languages, place, posting,
                               newcomer_posts, slow_mode_s, log_visibility, members_uri, moderators_uri, archived_at,
                               ends_at)
           VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16)
           ON CONFLICT (actor_id) DO UPDATE SET openness = EXCLUDED.openness, visibility = EXCLUDED.visibility,
               question = EXCLUDED.question, rules = EXCLUDED.rules, languages = EXCLUDED.languages,
               place = EXCLUDED.place, posting = EXCLUDED.posting, newcomer_posts = EXCLUDED.newcomer_posts,
               slow_mode_s = EXCLUDED.slow_mode_s, log_visibility = EXCLUDED.log_visibility,
               members_uri = EXCLUDED.members_uri, moderators_uri = EXCLUDED.moderators_uri,
               archived_at = EXCLUDED.archived_at, ends_at = EXCLUDED.ends_at""",
        group.actor_id,
        group.created_at,
        *[getattr(group, field) for field in _STORED],
    )


async def put_members_count(tx: Tx, group_id: int) -> None:
    """Set how many belong to one of ours, from the rows. The group is locked by the caller."""
    await tx.execute(
        """UPDATE groups g SET members_count =
               (SELECT count(*) FROM members m WHERE m.group_id = g.actor_id AND m.state = 'member')
           FROM actors a WHERE g.actor_id = $1 AND a.id = g.actor_id AND a.local""",
        group_id,
    )


async def put_told_count(tx: Tx, group_id: int, number: int) -> None:
    """Keep how many belong to a group of others, as its house says."""
    await tx.execute("UPDATE groups SET members_count = $2 WHERE actor_id = $1", group_id, number)


async def list_ending(tx: Tx, limit: int) -> list[int]:
    """Groups of ours whose notice has run out."""
    records = await tx.fetch(
        """SELECT g.actor_id FROM groups g JOIN actors a ON a.id = g.actor_id AND a.local AND a.deleted_at IS NULL
           WHERE g.ends_at <= $1 ORDER BY g.ends_at LIMIT $2""",
        tx.now,
        limit,
    )
    return [record["actor_id"] for record in records]


async def find_account_role(tx: Tx, actor_id: int) -> str:
    """What one of our people is in the house: member, moderator or admin; '' for nobody of ours."""
    found: str | None = await tx.fetchval(
        "SELECT role FROM accounts WHERE actor_id = $1 AND state = 'active'", actor_id
    )
    return found or ""


async def was_shown(tx: Tx, group_id: int) -> bool:
    """Whether everybody could know of a group, deleted by now or not."""
    found = await tx.fetchval(
        "SELECT 1 FROM groups WHERE actor_id = $1 AND visibility IN ('public', 'unlisted')", group_id
    )
    return found is not None

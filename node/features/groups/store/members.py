"""Who belongs to a group, asked to, or was invited."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from node.db import rows
from node.db.database import Tx
from node.db.rows import Window

_COLUMNS = """id, uri, group_id, actor_id, state, role, answer, invited_by, level, digest, joined_at,
    last_post_at, posts_let_through, created_at, form"""


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """How somebody stands to a group. `uri` is of the Join, Follow or Invite (`form`) it came from."""

    id: int
    uri: str
    group_id: int
    actor_id: int
    state: str
    role: str = "member"
    answer: str = ""
    invited_by: int | None = None
    level: str = "mentions"
    digest: bool = False
    joined_at: datetime | None = None
    last_post_at: datetime | None = None
    posts_let_through: int = 0
    created_at: datetime
    form: str = "Follow"


async def find_member(tx: Tx, group_id: int, actor_id: int) -> Member | None:
    """How the two stand, whatever the state."""
    record = await tx.fetchrow(
        f"SELECT {_COLUMNS} FROM members WHERE group_id = $1 AND actor_id = $2", group_id, actor_id
    )
    return rows.maybe(Member, record)


async def find_member_by_uri(tx: Tx, uri: str) -> Member | None:
    """The membership that came from this activity."""
    return rows.maybe(Member, await tx.fetchrow(f"SELECT {_COLUMNS} FROM members WHERE uri = $1", uri))


async def find_member_by_id(tx: Tx, member_id: int) -> Member | None:
    """The membership with this number."""
    return rows.maybe(Member, await tx.fetchrow(f"SELECT {_COLUMNS} FROM members WHERE id = $1", member_id))


async def put_member(tx: Tx, member: Member) -> Member:
    """Store how somebody stands; of a known pair its number, wishes and count of posts are kept."""
    return rows.one(
        Member,
        await tx.fetchrow(
            f"""INSERT INTO members ({_COLUMNS}) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15)
                ON CONFLICT (group_id, actor_id) DO UPDATE SET uri = EXCLUDED.uri, state = EXCLUDED.state,
                    role = EXCLUDED.role, answer = EXCLUDED.answer, invited_by = EXCLUDED.invited_by, form = EXCLUDED.form,
                    joined_at = COALESCE(members.joined_at, EXCLUDED.joined_at)
                RETURNING {_COLUMNS}""",
            *[getattr(member, field) for field in Member.__struct_fields__],
        ),
    )


async def put_role(tx: Tx, member_id: int, role: str) -> None:
    """Give a member another role."""
    await tx.execute("UPDATE members SET role = $2 WHERE id = $1", member_id, role)


async def put_wishes(tx: Tx, member_id: int, level: str | None = None, digest: bool | None = None) -> None:
    """Change what a member wants to hear of; None leaves it."""
    await tx.execute(
        "UPDATE members SET level = COALESCE($2, level), digest = COALESCE($3, digest) WHERE id = $1",
        member_id,
        level,
        digest,
    )


async def delete_member(tx: Tx, group_id: int, actor_id: int) -> Member | None:
    """End whatever stood between the two, and return what it was."""
    record = await tx.fetchrow(
        f"DELETE FROM members WHERE group_id = $1 AND actor_id = $2 RETURNING {_COLUMNS}", group_id, actor_id
    )
    return rows.maybe(Member, record)


async def list_members(tx: Tx, group_id: int, window: Window, *, state: str = "member") -> list[Member]:
    """Those in one state, newest first."""
    order = "ASC" if window.ascending else "DESC"
    records = await tx.fetch(
        f"""SELECT {_COLUMNS} FROM members
            WHERE group_id = $1 AND state = $2 AND id < $3 AND id > $4 ORDER BY id {order} LIMIT $5""",
        group_id,
        state,
        window.upper,
        window.lower,
        window.limit,
    )
    found: list[Member] = window.newest_first(rows.many(Member, records))
    return found


_RANK = "CASE role WHEN 'owner' THEN 0 WHEN 'admin' THEN 1 WHEN 'moderator' THEN 2 ELSE 3 END"


async def list_leading(
    tx: Tx, group_id: int, roles: Sequence[str] = ("owner", "admin", "moderator", "editor")
) -> list[Member]:
    """Those with one of these roles, the highest first."""
    records = await tx.fetch(
        f"""SELECT {_COLUMNS} FROM members
            WHERE group_id = $1 AND state = 'member' AND role <> 'member' AND role = ANY($2)
            ORDER BY {_RANK}, joined_at NULLS LAST, id""",
        group_id,
        list(roles),
    )
    return rows.many(Member, records)


async def list_memberships(tx: Tx, actor_id: int, state: str) -> list[Member]:
    """Where somebody belongs, asked or was invited."""
    records = await tx.fetch(
        f"SELECT {_COLUMNS} FROM members WHERE actor_id = $1 AND state = $2 ORDER BY id DESC LIMIT 500",
        actor_id,
        state,
    )
    return rows.many(Member, records)


async def count_waiting(tx: Tx, group_id: int) -> int:
    """How many asked to join and wait."""
    found: int = await tx.fetchval(
        "SELECT count(*) FROM members WHERE group_id = $1 AND state = 'asked'", group_id
    )
    return found


async def is_host_inside(tx: Tx, group_id: int, host: str) -> bool:
    """Whether somebody of this host belongs to the group or was invited."""
    found = await tx.fetchval(
        """SELECT 1 FROM members m JOIN actors a ON a.id = m.actor_id
           WHERE m.group_id = $1 AND m.state IN ('member', 'invited') AND a.host = $2 AND a.deleted_at IS NULL
             AND NOT EXISTS (SELECT 1 FROM group_bans b WHERE b.group_id = $1 AND b.actor_id = m.actor_id
                             AND (b.expires_at IS NULL OR b.expires_at > $3))
           LIMIT 1""",
        group_id,
        host,
        tx.now,
    )
    return found is not None


async def list_leading_uris(tx: Tx, group_id: int) -> list[str]:
    """The addresses of those who moderate, the highest first."""
    records = await tx.fetch(
        f"""SELECT a.uri FROM members JOIN actors a ON a.id = members.actor_id
            WHERE members.group_id = $1 AND members.state = 'member' AND a.deleted_at IS NULL
              AND members.role IN ('owner', 'admin', 'moderator')
            ORDER BY {_RANK}, members.joined_at NULLS LAST, members.id""",
        group_id,
    )
    return [record["uri"] for record in records]


class Found(msgspec.Struct, frozen=True):
    """How somebody stands to a group, as one query tells."""

    here: bool
    banned: bool
    member: Member | None


async def find_standing(tx: Tx, group_id: int, actor_id: int) -> Found:
    """Whether somebody is one of ours, kept out, and what stands between the two."""
    record = await tx.fetchrow(
        """SELECT a.local AS here, b.id IS NOT NULL AS banned, m.id, m.uri, m.group_id, m.actor_id, m.state, m.role,
                  m.answer, m.invited_by, m.level, m.digest, m.joined_at, m.last_post_at, m.posts_let_through,
                  m.created_at, m.form
           FROM actors a
           LEFT JOIN members m ON m.group_id = $1 AND m.actor_id = a.id
           LEFT JOIN group_bans b ON b.group_id = $1 AND b.actor_id = a.id
                AND (b.expires_at IS NULL OR b.expires_at > $3)
           WHERE a.id = $2 AND a.deleted_at IS NULL""",
        group_id,
        actor_id,
        tx.now,
    )
    if record is None:
        return Found(False, False, None)
    fields = dict(record)
    here, banned = fields.pop("here"), fields.pop("banned")
    return Found(here, banned, Member(**fields) if fields["id"] is not None else None)


class MemberThere(msgspec.Struct, frozen=True):
    """A member as their own house is told of them."""

    uri: str
    actor_uri: str
    role: str


async def list_members_at(tx: Tx, group_id: int, host: str, limit: int) -> list[MemberThere]:
    """The members of one of our groups that live on a host."""
    records = await tx.fetch(
        """SELECT m.uri, a.uri AS actor_uri, m.role FROM members m JOIN actors a ON a.id = m.actor_id
           WHERE m.group_id = $1 AND m.state = 'member' AND a.host = $2 AND a.deleted_at IS NULL
           ORDER BY m.id LIMIT $3""",
        group_id,
        host,
        limit,
    )
    return rows.many(MemberThere, records)

"""Who may do what in a group: one table of roles, one query for how somebody stands.

Every page, handler and service asks here before it acts; nothing else compares roles.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec

from node.db.database import Tx
from node.errors import N_, NodeError
from node.features.groups.store import bans, groups, members
from node.features.groups.store.bans import Ban
from node.features.groups.store.groups import Group
from node.features.groups.store.members import Member

ROLES: Final = ("member", "editor", "moderator", "admin", "owner")
MODERATING: Final = ("moderator", "admin", "owner")

# The lowest role that may; higher ones include it.
MAY: Final[Mapping[str, str]] = {
    "read": "member",
    "edit": "editor",  # pins, topics, shared files and links
    "invite": "member",
    "moderate": "moderator",  # let in, remove, lock, warn, keep out
    "administer": "admin",  # settings, roles below one's own
    "own": "owner",  # hand over, archive, end
}


def rank(role: str) -> int:
    """How high a role is; 0 for a member, -1 for none."""
    return ROLES.index(role) if role in ROLES else -1


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How somebody stands to a group at this moment. `here`: they are one of our people."""

    group: Group
    actor_id: int | None
    here: bool
    member: Member | None
    ban: Ban | None

    @property
    def role(self) -> str:
        """Their role; '' for who does not belong."""
        return self.member.role if self.member is not None and self.member.state == "member" else ""

    def may(self, act: str) -> bool:
        """Whether their role is high enough for one of `MAY`."""
        return self.ban is None and bool(self.role) and rank(self.role) >= rank(MAY[act])

    def may_see(self) -> bool:
        """Whether they may know that the group exists: its page, rules and settings."""
        if self.member is not None and self.member.state in ("member", "invited"):
            return True
        if self.group.visibility == "local":
            return self.here
        return self.group.shown_to_strangers

    def may_read(self) -> bool:
        """Whether they may read what is written in it."""
        return self.may("read") if self.group.visibility == "private" else self.may_see()

    def may_ask(self) -> bool:
        """Whether they may join or ask to, without an invitation."""
        if self.ban is not None or self.group.archived_at is not None or self.role:
            return False
        return self.may_see() and self.group.openness != "invite_only"

    def may_post(self, now: datetime) -> bool:
        """Whether they may write something new at this moment."""
        if not self.may("read") or self.group.archived_at is not None:
            return False
        if self.may("moderate"):
            return True
        return self.group.posting == "members" and self.next_post_at(now) <= now

    def next_post_at(self, now: datetime) -> datetime:
        """When slow mode lets them write again."""
        last = self.member.last_post_at if self.member is not None else None
        if last is None or not self.group.slow_mode_s or self.may("moderate"):
            return now
        return max(now, last + timedelta(seconds=self.group.slow_mode_s))

    def waits(self) -> bool:
        """Whether what they write now waits to be let through."""
        if self.member is None or self.may("moderate"):
            return False
        return self.member.posts_let_through < self.group.newcomer_posts

    def may_edit(self) -> bool:
        """Whether they may pin, order topics, and look after what is shared."""
        return self.may("edit")

    def may_moderate(self) -> bool:
        """Whether they may let in, remove, lock, warn and keep out."""
        return self.may("moderate")

    def may_administer(self) -> bool:
        """Whether they may change settings and roles."""
        return self.may("administer")

    def may_own(self) -> bool:
        """Whether they may hand over, archive or end the group."""
        return self.may("own")


async def standing(tx: Tx, group_id: int, actor_id: int | None) -> Standing:
    """How somebody (None: a visitor) stands to a group. Raises: NodeError `not_found`."""
    return await standing_in(tx, await groups.get_group(tx, group_id), actor_id)


async def standing_in(tx: Tx, group: Group, actor_id: int | None) -> Standing:
    """As `standing`, for a group at hand."""
    if actor_id is None:
        return Standing(group=group, actor_id=None, here=False, member=None, ban=None)
    found = await members.find_standing(tx, group.actor_id, actor_id)
    ban = await bans.find_ban(tx, group.actor_id, actor_id) if found.banned else None
    return Standing(group=group, actor_id=actor_id, here=found.here, member=found.member, ban=ban)


async def require(tx: Tx, group: Group, actor_id: int, act: str) -> Standing:
    """The standing of who may do this. Raises: NodeError `not_found` where they may not even look, `not_allowed`."""
    found = await standing_in(tx, group, actor_id)
    if found.may(act):
        return found
    if not found.may_see():
        raise NodeError("not_found", detail="group")
    raise NodeError(
        "not_allowed", detail=f"needs {MAY[act]}", text=N_("Your role in this group does not cover that.")
    )


async def is_kept_out(tx: Tx, group: Group, actor_id: int) -> bool:
    """Whether a ban holds against somebody."""
    return await bans.find_ban(tx, group.actor_id, actor_id) is not None

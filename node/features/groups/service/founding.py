"""Groups of this house: who may found one, what it says of itself, and how it ends.

The actor carries name, picture and description; the group's row how one gets in and who sees it. Every
change is told to all who follow the group, and written into its log.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from federation import vocab
from node import text
from node.db.database import Tx
from node.errors import N_, NodeError
from node.features.accounts import names
from node.features.actors import burial
from node.features.actors import service as actors
from node.features.actors import translate as actor_words
from node.features.actors.service import Field
from node.features.actors.store import writes
from node.features.actors.store.reads import Actor, get_actor
from node.features.groups.service import belonging, log, rights, telling
from node.features.groups.service.belonging import Asking
from node.features.groups.store import groups, members, topics
from node.features.groups.store.groups import Group
from node.features.house import service as house
from node.runtime import Node
from node.wire.publish import Destinations, publish

OPENNESS: Final = ("open", "moderated", "invite_only")
VISIBILITIES: Final = ("public", "unlisted", "private", "local")
MOST_RULES: Final = 20
MOST_TOPICS: Final = 30
NOTICE: Final = timedelta(days=14)
_FOUNDERS: Final = {
    "members": ("member", "moderator", "admin"),
    "moderators": ("moderator", "admin"),
    "admins": ("admin",),
}


class GroupChange(msgspec.Struct, frozen=True, kw_only=True):
    """What to change of a group; None leaves it. `links` are labelled lines, `topics` in their order."""

    name: str | None = None
    description: str | None = None
    openness: str | None = None
    visibility: str | None = None
    question: str | None = None
    rules: tuple[str, ...] | None = None
    languages: tuple[str, ...] | None = None
    place: str | None = None
    posting: str | None = None
    newcomer_posts: int | None = None
    slow_mode_s: int | None = None
    log_visibility: str | None = None
    links: tuple[Field, ...] | None = None
    topics: tuple[str, ...] | None = None
    avatar_url: str | None = None
    avatar_alt: str | None = None
    header_url: str | None = None
    header_alt: str | None = None


class Founding(GroupChange, frozen=True, kw_only=True):
    """What a new group says of itself."""

    username: str
    name: str | None = ""
    openness: str | None = "open"
    visibility: str | None = "public"


async def may_found(tx: Tx, actor_id: int) -> bool:
    """Whether the house lets somebody found groups."""
    allowed = _FOUNDERS[(await house.get_settings(tx)).founders]
    return await groups.find_account_role(tx, actor_id) in allowed


async def found(tx: Tx, node: Node, founder_id: int, founding: Founding) -> Actor:
    """Found a group whose first owner is the founder.

    Raises: NodeError `not_allowed`, `invalid` with the field at fault, `conflict` for a taken name.
    """
    if not await may_found(tx, founder_id):
        raise NodeError(
            "not_allowed", text=N_("Groups are founded by others in this house. Please ask them.")
        )
    username = names.clean_username(founding.username)
    _check(founding)
    actor = await actors.create_local(
        tx, node, kind="Group", username=username, display_name=(founding.name or "").strip()
    )
    fresh = Group(
        actor_id=actor.id,
        uri=actor.uri,
        local=True,
        host=actor.host,
        username=actor.username,
        display_name=actor.display_name,
        followers_uri=actor.followers_uri,
        members_uri=f"{actor.uri}/members",
        moderators_uri=f"{actor.uri}/moderators",
        created_at=tx.now,
    )
    actor = await _store(tx, node, actor, fresh, founding)
    asking = Asking(*belonging.new_uri(tx, node), "Join", "")
    member = await belonging.admit(tx, fresh, await get_actor(tx, founder_id), asking)
    await members.put_role(tx, member.id, "owner")
    await log.write(tx, actor.id, founder_id, "found")
    return actor


async def change(tx: Tx, node: Node, by_id: int, group_id: int, wanted: GroupChange) -> Group:
    """Change what a group says of itself or how one gets in.

    Raises: NodeError `not_found`, `not_allowed`, `invalid` with the field at fault.
    """
    group = await groups.lock_group(tx, group_id)
    await rights.require(tx, group, by_id, "administer")
    if not group.local:
        raise NodeError("not_allowed", text=N_("This group is looked after in its own house."))
    _check(wanted)
    if wanted.visibility == "local" and group.visibility != "local":
        raise NodeError(
            "invalid",
            field="visibility",
            text=N_("A group that others know cannot be hidden from them again."),
        )
    await _store(tx, node, await get_actor(tx, group_id), group, wanted)
    changed = sorted(name for name in GroupChange.__struct_fields__ if getattr(wanted, name) is not None)
    await log.write(tx, group_id, by_id, "change", fields=changed)
    changed_group = await groups.get_group(tx, group_id)
    await telling.publish_change(tx, node, changed_group)
    return changed_group


async def _store(tx: Tx, node: Node, actor: Actor, group: Group, wanted: GroupChange) -> Actor:
    """Write down both halves of a group: its actor and how it is run."""
    row = {
        name: list(value) if isinstance(value, tuple) else value
        for name in ("openness", "visibility", "question", "rules", "languages", "place", "posting",
                     "newcomer_posts", "slow_mode_s", "log_visibility")
        if (value := getattr(wanted, name)) is not None
    }  # fmt: skip
    group = msgspec.structs.replace(group, **row)
    shown = {
        name: value
        for name in ("avatar_url", "avatar_alt", "header_url", "header_alt")
        if (value := getattr(wanted, name)) is not None
    }
    if wanted.name is not None:
        shown["display_name"] = text.one_line(wanted.name, 80)
    if wanted.description is not None:
        composed = text.compose(wanted.description, tag_url=node.tag_url)
        shown |= {"summary_source": wanted.description, "summary_html": composed.html}
    fields = actor.fields
    if wanted.links is not None:
        fields = [actor_words.field_of(line.name, line.source) for line in wanted.links[: actors.MAX_FIELDS]]
    listed = group.visibility == "public"
    stored = await writes.put_actor(
        tx,
        msgspec.structs.replace(
            actor, **shown, fields=fields, locked=group.openness != "open", discoverable=listed,
            indexable=listed, updated_at=tx.now,
        ),
    )  # fmt: skip
    assert stored is not None
    await groups.put_group(tx, group)
    if wanted.topics is not None:
        names_of = [text.one_line(name, 60) for name in wanted.topics if name.strip()]
        await topics.put_topics(tx, group.actor_id, names_of[:MOST_TOPICS])
    return stored


def _check(wanted: GroupChange) -> None:
    """Raises: NodeError `invalid` with the field at fault."""
    for field, allowed in (
        ("openness", OPENNESS),
        ("visibility", VISIBILITIES),
        ("posting", ("members", "moderators")),
        ("log_visibility", ("public", "members")),
    ):
        if getattr(wanted, field) is not None and getattr(wanted, field) not in allowed:
            raise NodeError("invalid", field=field, text=N_("Please choose one of these."))
    for field, most in (("name", 80), ("question", 300), ("place", 200), ("description", 10_000)):
        if len(getattr(wanted, field) or "") > most:
            raise NodeError("invalid", field=field, text=N_("This text is longer than we can take."))
    if len(wanted.rules or ()) > MOST_RULES or any(len(rule) > 500 for rule in wanted.rules or ()):
        raise NodeError(
            "invalid", field="rules", text=N_("Please write at most 20 rules of 500 characters each.")
        )
    if not 0 <= (wanted.newcomer_posts or 0) <= 20:
        raise NodeError("invalid", field="newcomer_posts", text=N_("Please enter a number from 0 to 20."))
    if not 0 <= (wanted.slow_mode_s or 0) <= 86_400:
        raise NodeError("invalid", field="slow_mode_s", text=N_("Please choose a time of at most a day."))


async def archive(tx: Tx, node: Node, by_id: int, group_id: int, *, archived: bool = True) -> None:
    """Close a group for anything new, or open it again; what was written stays."""
    group = await _owned(tx, by_id, group_id)
    moment = tx.now if archived else None
    await groups.put_group(tx, msgspec.structs.replace(group, archived_at=moment))
    await log.write(tx, group_id, by_id, "archive" if archived else "reopen")
    await telling.publish_change(tx, node, group)


async def give_notice(tx: Tx, node: Node, by_id: int, group_id: int) -> datetime:
    """Announce the end of a group; it is deleted when the time is over. Returns when."""
    group = await _owned(tx, by_id, group_id)
    ends_at = tx.now + NOTICE
    await groups.put_group(tx, msgspec.structs.replace(group, ends_at=ends_at))
    await log.write(tx, group_id, by_id, "give_notice", ends_at=ends_at.isoformat())
    return ends_at


async def take_notice_back(tx: Tx, node: Node, by_id: int, group_id: int) -> None:
    """Let a group live on."""
    group = await _owned(tx, by_id, group_id)
    await groups.put_group(tx, msgspec.structs.replace(group, ends_at=None))
    await log.write(tx, group_id, by_id, "take_notice_back")


async def _owned(tx: Tx, by_id: int, group_id: int) -> Group:
    group = await groups.lock_group(tx, group_id)
    await rights.require(tx, group, by_id, "own")
    if not group.local:
        raise NodeError("not_allowed", text=N_("This group is looked after in its own house."))
    return group


async def sweep_ended(node: Node) -> None:
    """Delete the groups whose notice is over; everybody who followed is told."""
    async with node.db.tx() as tx:
        for group_id in await groups.list_ending(tx, 5):
            actor = await get_actor(tx, group_id)
            group = await groups.get_group(tx, group_id)
            if group.visibility != "local":
                gone = vocab.Delete(
                    id=f"{actor.uri}#delete", actor=actor.uri, object=actor.uri, to=(vocab.PUBLIC,)
                )
                await publish(tx, actor.id, gone, Destinations(followers_of=actor.id))
            await burial.bury(tx, actor.id, actor.uri, "Group")

"""Copies of groups of other houses: what their documents say, as it stands there."""

import msgspec

from federation import vocab
from node import text
from node.db.database import Tx
from node.features.groups.service.founding import OPENNESS
from node.features.groups.store import groups
from node.features.groups.store.groups import Group


async def remember(tx: Tx, actor_id: int, document: vocab.Actor) -> None:
    """Keep what a group's own house says of it; nothing of ours is touched by it."""
    known = await groups.find_group(tx, actor_id)
    if known is not None and known.local:
        return
    openness = document.openness if document.openness in OPENNESS else None
    group = Group(
        actor_id=actor_id,
        uri=document.id,
        local=False,
        host="",
        username=document.preferred_username,
        display_name="",
        followers_uri="",
        openness=openness or ("moderated" if document.manually_approves else "open"),
        visibility=visibility_of(document),
        question=text.one_line(document.join_question or "", 300),
        rules=rules_of(list(document.group_rules)),
        posting="moderators" if document.posting_restricted_to_mods else "members",
        members_uri=document.members or "",
        moderators_uri=document.moderators or next(iter(document.attributed_to), ""),
        created_at=tx.now,
    )
    if known is not None:
        kept = ("languages", "place", "archived_at", "ends_at")
        group = msgspec.structs.replace(group, **{name: getattr(known, name) for name in kept})
    await groups.put_group(tx, group)
    if document.member_count is not None:
        await groups.put_told_count(tx, actor_id, max(0, document.member_count))


def visibility_of(document: vocab.Actor) -> str:
    """Who may read there. What is for members must never be taken for public: our people's posts would be.

    Lemmy has no word of its own for it: there whoever lets people in one by one is closed. Its documents
    are known by how they name who moderates and who may post; a forum of Friendica, which does neither,
    may let people in one by one and be read by everybody.
    """
    lemmys = (
        document.manually_approves
        and document.openness is None
        and document.moderators is None
        and bool(document.attributed_to)
        and "postingRestrictedToMods" in document.raw
    )
    if document.members_only or lemmys:
        return "private"
    return "public" if document.discoverable else "unlisted"


def rules_of(lines: object) -> list[str]:
    """Rules as another house tells them: plain sentences, few and short."""
    listed = lines if isinstance(lines, list) else []
    return [text.plain_text(line)[:500] for line in listed[:20] if isinstance(line, str) and line.strip()]

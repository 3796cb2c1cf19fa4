"""Deeds of those who run a group about posts in it, as they come from other nodes, and their effect.

A moderator sits anywhere: at our group's house we see whether they are one, do it, write it down and
pass it on; of another's group we believe the group's own word, and that only about those it has as
moderators or who live in its house (GRP-02, GRP-03). What our own people do goes through
`group_posts.service`, which uses `do` as well. Called by `inbound` and `group_posts.inbound`.
"""

from typing import Final

from federation import groups, vocab
from node.db.database import Tx
from node.features.groups.service import log
from node.features.groups.service.rights import standing
from node.features.posts import in_groups
from node.features.posts.store import group_acts as store
from node.features.posts.store import in_groups as places
from node.features.posts.store import writes
from node.features.posts.store.group_acts import Subject
from node.wire.incoming import Ended, Ignored, Incoming, Refused
from node.wire.store.arrivals import Known

# Word of the group's log: what a role must allow for it (`groups.service.rights.MAY`).
NEEDS: Final = {
    "remove_post": "moderate", "restore_post": "moderate", "lock": "moderate", "unlock": "moderate",
    "pin": "edit", "unpin": "edit", "approve_post": "moderate",
}  # fmt: skip


def deed_of(activity: vocab.Activity) -> str:
    """The word for what an activity does to a post; '' for something else."""
    undone = activity.object if activity.type == "Undo" else None
    if isinstance(undone, vocab.Activity):
        return {"Lock": "unlock", "Delete": "restore_post"}.get(undone.type, "")
    return {"Lock": "lock", "Delete": "remove_post", "Add": "pin", "Remove": "unpin"}.get(activity.type, "")


def post_of(activity: vocab.Activity) -> str:
    """The address of the post it is about."""
    about = activity.object
    return (about.object_id if isinstance(about, vocab.Activity) else activity.object_id) or ""


async def do(tx: Tx, subject: Subject, deed: str) -> bool:
    """Have its effect; False where nothing changes."""
    removed, post_id = subject.state == "removed", subject.post_id
    match deed:
        case "remove_post" if not removed:
            await store.put_state(tx, post_id, "removed")
        case "restore_post" if removed:
            await store.put_state(tx, post_id, "")
        case "lock" | "unlock" if subject.locked is not (deed == "lock"):
            await store.put_locked(tx, post_id, locked=deed == "lock")
        case "pin" | "unpin" if subject.pinned is not (deed == "pin"):
            await store.put_pinned(tx, subject.group_id, post_id, pinned=deed == "pin")
        case _:
            return False
    return True


async def take_act(tx: Tx, incoming: Incoming, group: Known | None = None) -> Ended:
    """A deed from another node: of a moderator of our group, or announced by `group`."""
    activity = incoming.activity
    deed = deed_of(activity)
    post = await writes.find_by_uri(tx, post_of(activity))
    subject = await store.find_subject(tx, post.id) if post else None
    if subject is None and post is not None and group is None and deed == "remove_post":
        return Refused("not_owner")  # in what stands in no group nobody but its author has a say (ORG-03)
    if subject is None or not deed or (group is not None and subject.group_id != group.id):
        return Ignored("not_in_group") if post else Ignored("post_unknown")
    if group is None and not subject.hosted:
        return Refused("not_in_group")  # the group's house says what was done in it, nobody else
    if deed in ("pin", "unpin") and activity.target_id != subject.featured_uri:
        return Ignored("unknown_target")
    if activity.audience and subject.group_uri not in activity.audience:
        return Refused("not_in_group")
    if not await _may(tx, incoming, subject, deed, group):
        return Refused("not_a_moderator")
    if not await do(tx, subject, deed):
        return Ignored("known_already")
    reason = activity.summary or ""
    await log.write(
        tx, subject.group_id, incoming.sender.id, deed, post_id=subject.post_id,
        target_id=subject.author_id, reason=reason, uri=activity.id or "",
    )  # fmt: skip
    if subject.hosted:
        place = await places.find_place(tx, subject.group_id)
        assert place is not None
        await in_groups.announce(tx, place, in_groups.document_of(incoming))
    return None


async def _may(tx: Tx, incoming: Incoming, subject: Subject, deed: str, group: Known | None) -> bool:
    sender = incoming.sender
    if group is not None and (sender.id == group.id or groups.same_house(sender.uri, group.uri)):
        return True  # those who look after the group's house may do anything in it (Lemmy's admins)
    return (await standing(tx, subject.group_id, sender.id)).may(NEEDS[deed])

"""Deeds of our own people about posts in the groups they run, ours or another house's.

Each asks for the right to it, is written into the group's log with its reason, and is told to the
members' houses. In a group of another house nothing changes here: its house is asked, and what it
announces then has its effect (`group_posts.inbound`). Called by pages and the API.
"""

import msgspec

from federation import strict_json, vocab
from federation.groups import Deed
from node.db.database import Tx
from node.errors import N_, NodeError
from node.features.actors.store.reads import get_actor
from node.features.groups.service import log, rights
from node.features.groups.store import groups
from node.features.posts import group_acts, in_groups, service, translate, views
from node.features.posts.store import group_acts as store
from node.features.posts.store import in_groups as places
from node.features.posts.store.group_acts import Subject
from node.runtime import Node
from node.wire.publish import Destinations, publish


class Looked(msgspec.Struct, frozen=True):
    """A post in a group as those see it who look after the group, and how it stands there."""

    subject: Subject
    post: views.PostView


async def _subject(tx: Tx, by_id: int, post_id: int, deed: str) -> Subject:
    """The post, if `by_id` may do this to it. Raises: NodeError `not_found`, `not_allowed`."""
    subject = await store.find_subject(tx, post_id)
    if subject is None:
        raise NodeError("not_found", detail=f"post {post_id} in no group")
    await rights.require(tx, await groups.get_group(tx, subject.group_id), by_id, group_acts.NEEDS[deed])
    return subject


async def look_at(tx: Tx, by_id: int, post_id: int) -> Looked:
    """A post for who may pin or judge it, also one that waits or was taken out.

    What is hidden from all but its author is read with the author's eyes, without what it quotes.
    Raises: NodeError `not_found`, `not_allowed`.
    """
    subject = await _subject(tx, by_id, post_id, "pin")
    found = await views.list_posts(tx, [post_id], by_id)
    if found:
        return Looked(subject, found[0])
    await rights.require(tx, await groups.get_group(tx, subject.group_id), by_id, "moderate")
    post = await views.get_post(tx, post_id, subject.author_id)
    return Looked(subject, msgspec.structs.replace(post, quote=None))


def _said(subject: Subject, uri: str, by_uri: str, deed: str, reason: str) -> vocab.Activity:
    public = subject.visibility in ("public", "unlisted")
    words = Deed(by_uri, subject.group_uri, subject.followers_uri, public=public)
    match deed:
        case "lock":
            return words.lock(uri, subject.post_uri, reason)
        case "unlock":
            return words.undo(uri, words.lock(f"{uri}/undone", subject.post_uri, ""))
        case "remove_post":
            return words.remove(uri, subject.post_uri, reason)
        case "restore_post":
            return words.undo(uri, words.remove(f"{uri}/undone", subject.post_uri, ""))
        case _:
            return words.pin(uri, subject.post_uri, subject.featured_uri, add=deed == "pin")


async def act(tx: Tx, by_id: int, post_id: int, deed: str, reason: str = "") -> bool:
    """`remove_post`, `restore_post`, `lock`, `unlock`, `pin` or `unpin`; False when it stood so already.

    Raises: NodeError `not_found`, `not_allowed`.
    """
    subject = await _subject(tx, by_id, post_id, deed)
    by = await get_actor(tx, by_id)
    said = _said(subject, f"{by.uri}#deeds/{tx.new_id()}", by.uri, deed, reason.strip())
    if not subject.hosted:
        closed = subject.visibility == "private"
        await publish(tx, by_id, said, Destinations(actors=(subject.group_id,)), proved=closed)
        return True
    if not await group_acts.do(tx, subject, deed):
        return False
    await _log(tx, subject, by_id, deed, reason, said.id or "")
    place = await places.find_place(tx, subject.group_id)
    if place is not None and place.visibility != "local":
        await in_groups.announce(tx, place, await tx.prove(by_id, vocab.write(said)))
    return True


async def _log(tx: Tx, subject: Subject, by_id: int, deed: str, reason: str, uri: str = "") -> None:
    await log.write(
        tx, subject.group_id, by_id, deed, post_id=subject.post_id, target_id=subject.author_id,
        reason=reason, uri=uri,
    )  # fmt: skip


async def _waiting(tx: Tx, by_id: int, post_id: int) -> Subject:
    subject = await _subject(tx, by_id, post_id, "approve_post")
    if not subject.hosted or subject.state != "waiting":
        raise NodeError("conflict", text=N_("Somebody has already looked at this."), detail=subject.state)
    return subject


async def let_through(tx: Tx, node: Node, by_id: int, post_id: int, reason: str = "") -> None:
    """A post that waited begins to circulate, as if it had come now.

    Raises: NodeError `not_found`, `not_allowed`, `conflict`.
    """
    subject = await _waiting(tx, by_id, post_id)
    await store.put_state(tx, post_id, "")
    await _log(tx, subject, by_id, "approve_post", reason)
    await in_groups.tell_named(tx, post_id, subject.author_id)
    place = await places.find_place(tx, subject.group_id)
    assert place is not None
    if subject.author_local:
        post = await views.get_post(tx, post_id, subject.author_id)
        # A post of this house only has no form that could leave it.
        create = translate.create(service.note_of(node, post)) if post.audience != "local" else None
        await in_groups.let_in(tx, node, place, post, create)
        if create is not None:
            await in_groups.spread(tx, post, create, service.whom(post))
        return
    kept = await store.find_create(tx, subject.post_uri)
    # What its author sent is kept for a while only; the post can still be passed on by its address.
    create_document = strict_json.loads_again(kept[0]) if kept and not kept[1] else {}
    entering = in_groups.Entering(post_id, subject.author_id, create_document, subject.answers)
    await in_groups.enter(tx, node, place, entering)


async def turn_away(tx: Tx, by_id: int, post_id: int, reason: str = "") -> None:
    """A post that waited stays out; its author still sees it. Raises: as `let_through`."""
    subject = await _waiting(tx, by_id, post_id)
    await store.put_state(tx, post_id, "removed")
    await _log(tx, subject, by_id, "remove_post", reason)


async def list_waiting(tx: Tx, by_id: int, group_id: int, limit: int = 50) -> list[int]:
    """What waits in a group, oldest first, for those who may let it through. Raises: as `act`."""
    await rights.require(tx, await groups.get_group(tx, group_id), by_id, "moderate")
    return await store.list_waiting(tx, group_id, limit)

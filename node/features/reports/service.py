"""Write a report, pass it on, take care of it, close it.

Reports of members and of other nodes stand side by side. What was reported is copied at that
moment, so that deleting it settles nothing. Another node is told what a member reports only when
they wish it, in the name of the house. Who is reported never learns by whom.
"""

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from node import text
from node.db.database import Tx
from node.errors import N_, NodeError
from node.features.accounts import letters
from node.features.accounts.store import people
from node.features.actors import service as actors
from node.features.actors.store.reads import Actor, get_actor
from node.features.house import service as house
from node.features.notifications.service import notify, withdraw
from node.features.posts import views
from node.features.posts.store import writes
from node.features.reports import store, translate
from node.features.reports.store import Report
from node.runtime import Node
from node.wire.publish import Destinations, publish

CATEGORIES = ("spam", "violation", "legal", "other")
MOST_POSTS = 40
MOST_NOTE_CHARS = 2000
PER_HOST_AN_HOUR = 30


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What a member wants looked at. `rule_ids` count the house's rules from 1."""

    target_id: int
    post_ids: tuple[int, ...] = ()
    category: str = "other"
    rule_ids: tuple[int, ...] = ()
    comment: str = ""
    forward: bool = False


class Arrived(msgspec.Struct, frozen=True, kw_only=True):
    """What another node wants looked at, about one of our people."""

    uri: str
    host: str
    reporter_id: int
    target_id: int
    post_ids: tuple[int, ...]
    comment: str


async def write_report(tx: Tx, node: Node, reporter_id: int, draft: Draft) -> Report:
    """A member reports somebody.

    Raises: NodeError `invalid`, `not_found` for somebody or a post the member cannot see.
    """
    target = await get_actor(tx, draft.target_id)
    if target.id == reporter_id:
        raise NodeError("invalid", field="account_id", text=N_("You cannot report yourself."))
    if draft.category not in CATEGORIES:
        raise NodeError("invalid", field="category", text=N_("Please choose one of these."))
    if len(draft.comment) > translate.MAX_COMMENT_CHARS:
        raise NodeError("invalid", field="comment", text=N_("Please make it a little shorter."))
    posts = await views.list_posts(tx, draft.post_ids[:MOST_POSTS], reporter_id)
    if len(posts) != len(set(draft.post_ids)) or any(post.author.id != target.id for post in posts):
        raise NodeError("not_found", detail="reported post")
    rules = (await house.get_settings(tx)).rules
    report_id = tx.new_id()
    report = Report(
        id=report_id, uri=node.uri(f"/ap/flags/{report_id}"), source_host="", reporter_id=reporter_id,
        target_id=target.id, category=draft.category,
        rules=[rules[number - 1] for number in draft.rule_ids if 0 < number <= len(rules)],
        comment=text.tidy(draft.comment).strip(), forwarded=draft.forward and not target.local,
        created_at=tx.now,
    )  # fmt: skip
    await store.put_report(tx, report, [post.id for post in posts])
    if report.forwarded:
        await _forward(tx, node, report, target, [post.uri for post in posts])
    await _tell_moderators(tx, node, report, target)
    return report


async def _forward(tx: Tx, node: Node, report: Report, target: Actor, post_uris: Sequence[str]) -> None:
    instance = await actors.ensure_instance_actor(tx, node)
    activity = translate.flag(report.uri, instance.uri, target.uri, post_uris, report.comment)
    await publish(tx, instance.id, activity, Destinations(actors=(target.id,)))


async def take_report(tx: Tx, node: Node, arrived: Arrived) -> bool:
    """Another node reports one of our people; False when this report is here already.

    Raises: NodeError `too_many_requests` when its host sent too many within the hour (MOD-07).
    """
    await store.lock_host(tx, arrived.host)
    if await store.count_of_host(tx, arrived.host, tx.now - timedelta(hours=1)) >= PER_HOST_AN_HOUR:
        raise NodeError("too_many_requests", detail=f"reports from {arrived.host}")
    report = Report(
        id=tx.new_id(), uri=arrived.uri, source_host=arrived.host, reporter_id=arrived.reporter_id,
        target_id=arrived.target_id, category="other", rules=[],
        comment=text.plain_text(arrived.comment)[: translate.MAX_COMMENT_CHARS], forwarded=False,
        created_at=tx.now,
    )  # fmt: skip
    if not await store.put_report(tx, report, arrived.post_ids[:MOST_POSTS]):
        return False
    await _tell_moderators(tx, node, report, await get_actor(tx, arrived.target_id))
    return True


async def _tell_moderators(tx: Tx, node: Node, report: Report, target: Actor) -> None:
    """A line under their news, and a letter; the first open report about somebody, not each."""
    if await store.count_about_open(tx, target.id) > 1:
        return
    values = {"who": letters.one_line(target.name), "report_url": f"{node.origin}/manage/reports/{report.id}"}
    for person in await people.list_staff(tx):
        await notify(tx, person.actor_id, "admin.report", target.id)
        try:
            await letters.send_letter(tx, node, letters.to(person), "somebody_reported", values)
        except NodeError:
            continue  # too many letters this hour must not lose a report; their news has it


async def add_note(tx: Tx, report_id: int, moderator_id: int, words: str) -> None:
    """Write something for the other moderators. Raises: NodeError `invalid`, `not_found`."""
    await store.get_report(tx, report_id)
    kept = text.tidy(words).strip()
    if not kept or len(kept) > MOST_NOTE_CHARS:
        raise NodeError("invalid", field="note", text=N_("Please write one or two sentences."))
    await store.put_note(tx, report_id, moderator_id, kept)


async def assign(tx: Tx, report_id: int, moderator_id: int | None) -> None:
    """Take care of a report, or give it back. Raises: NodeError `not_found`."""
    await store.get_report(tx, report_id)
    await store.put_assigned(tx, report_id, moderator_id)


async def close(tx: Tx, report_id: int, moderator_id: int) -> None:
    """Close a report; the member who wrote it is told so. Raises: NodeError `not_found`."""
    report = await store.get_report(tx, report_id)
    if not await store.put_closed(tx, report_id, moderator_id):
        return
    if not await store.count_about_open(tx, report.target_id):
        for person in await people.list_staff(tx):
            await withdraw(tx, person.actor_id, "admin.report", report.target_id)
    if report.reporter_id is not None and not report.source_host:
        await withdraw(tx, report.reporter_id, "report.closed", report.target_id)
        await notify(tx, report.reporter_id, "report.closed", report.target_id)


async def reopen(tx: Tx, report_id: int) -> None:
    """Open a closed report again. Raises: NodeError `not_found`."""
    await store.get_report(tx, report_id)
    await store.put_open(tx, report_id)


async def find_reportable(tx: Tx, uris: Sequence[str]) -> dict[int, list[int]]:
    """Our people among the addresses, and whose posts are: (person, their posts). Others are left out."""
    found: dict[int, list[int]] = {}
    for actor in await store.list_local_people(tx, uris):
        found.setdefault(actor, [])
    for post in (await writes.list_by_uri(tx, uris)).values():
        if post.local:
            found.setdefault(post.author_id, []).append(post.id)
    return found

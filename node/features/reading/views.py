"""Timeline entries with everything a page or an API answer shows of them."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from node.db.database import Tx
from node.features.actors.store.reads import Actor, list_actors, list_versions
from node.features.emoji.store import list_of_people
from node.features.posts.views import PostView, list_posts, list_seen
from node.features.reading.store import Entry, Notification


class EntryView(msgspec.Struct, frozen=True):
    """One place in a timeline; `booster` passed the post on, if anybody did."""

    id: int
    post: PostView
    booster: Actor | None = None
    boosted_at: datetime | None = None
    boost_uri: str = ""
    boost_audience: str = ""


class NotificationView(msgspec.Struct, frozen=True):
    """One notification with the person and, if it is about one, the post.

    `emoji` is what somebody reacted with: (emoji, picture) in order.
    """

    id: int
    kind: str
    created_at: datetime
    actor: Actor
    post: PostView | None
    emoji: tuple[tuple[str, str], ...] = ()


async def list_entries(tx: Tx, entries: Sequence[Entry], viewer_id: int | None) -> list[EntryView]:
    """The entries in order, without those whose post the viewer, for whom they were read, may not see."""
    posts = {p.id: p for p in await list_seen(tx, [e.seen for e in entries if e.seen], viewer_id)}
    boosters = await list_versions(
        tx, {e.booster_id: e.booster_version for e in entries if e.booster_id and e.booster_version}
    )
    return [
        EntryView(
            e.id,
            posts[e.post_id],
            boosters.get(e.booster_id or 0),
            e.boosted_at,
            e.boost_uri,
            e.boost_audience,
        )
        for e in entries
        if e.post_id in posts
    ]


async def list_notifications(
    tx: Tx, notifications: Sequence[Notification], viewer_id: int
) -> list[NotificationView]:
    """The notifications in order, without those whose post is gone or hidden by now."""
    posts = {
        p.id: p for p in await list_posts(tx, [n.post_id for n in notifications if n.post_id], viewer_id)
    }
    actors = {a.id: a for a in await list_actors(tx, list({n.actor_id for n in notifications}))}
    pairs = [(n.actor_id, n.post_id) for n in notifications if n.kind == "reaction" and n.post_id]
    given = await list_of_people(tx, pairs) if pairs else {}
    return [
        NotificationView(
            n.id,
            n.kind,
            n.created_at,
            actors[n.actor_id],
            posts.get(n.post_id or 0),
            tuple(given.get((n.actor_id, n.post_id or 0), ())) if n.kind == "reaction" else (),
        )
        for n in notifications
        if n.actor_id in actors and (n.post_id is None or n.post_id in posts)
    ]

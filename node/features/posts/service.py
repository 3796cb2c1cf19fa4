"""Write, edit and delete posts of our own people.

The author's node owns the post. Effects and what goes out are written in the caller's
transaction; whoever is mentioned must be known before (`meet_mentioned`, which may ask the
network and therefore runs outside).
"""

import asyncio
from collections.abc import Iterable

import msgspec

from federation import vocab
from node import text
from node.db.database import Tx
from node.errors import N_, NodeError
from node.features.accounts import service as accounts
from node.features.actors import lookup
from node.features.actors.store.reads import Actor, find_by_handle, get_actor, is_shown
from node.features.groups.service import rights
from node.features.groups.store import groups
from node.features.media import service as media
from node.features.neighbours import service as neighbours
from node.features.notifications.service import Notice, notify, notify_several
from node.features.polls import service as polls
from node.features.polls.service import PollDraft
from node.features.posts import in_groups, quoting, translate, views
from node.features.posts.store import quotes, writes
from node.features.posts.store.quotes import Sides
from node.features.posts.store.writes import NewPost
from node.features.posts.views import PostView
from node.runtime import Node
from node.wire.publish import Destinations, publish
from node.wire.store import arrivals

MAX_CHARS = 5000
MAX_WARNING_CHARS = 500
MAX_MENTIONS = 20
AUDIENCES = ("public", "unlisted", "followers", "direct", "local")
_WIDTH = {"public": 3, "unlisted": 2, "followers": 1, "direct": 0}


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to say and to whom; `language` is a BCP 47 tag or empty.

    `group_id` puts it into a group, under `title`; an answer goes where what it answers stands.

    `quote_policy` is who may quote it (`quoting.POLICIES`); empty: as the author set for themselves.
    """

    source: str
    audience: str = "public"
    warning: str = ""
    sensitive: bool = False
    language: str = ""
    in_reply_to_id: int | None = None
    group_id: int | None = None
    topic_id: int | None = None
    title: str = ""
    quoted_id: int | None = None
    quote_policy: str = ""
    media_ids: tuple[int, ...] = ()
    poll: PollDraft | None = None
    idempotency_key: str | None = None
    app_id: int | None = None


async def meet_mentioned(node: Node, source: str) -> None:
    """Look up people a text names whom this node does not know yet. Nobody found is no error."""
    handles = text.find_mentions(source)[:MAX_MENTIONS]

    async def meet(handle: str) -> None:
        try:
            await lookup.resolve_handle(node, handle)
        except NodeError:
            return  # stays plain text

    await asyncio.gather(*(meet(handle) for handle in handles if "@" in handle))


async def _mentioned(tx: Tx, node: Node, source: str, author_id: int) -> dict[str, Actor]:
    found: dict[str, Actor] = {}
    for handle in text.find_mentions(source)[:MAX_MENTIONS]:
        name, _, host = handle.partition("@")
        actor = await find_by_handle(tx, name, (host or node.handle_host).lower())
        shown = actor is not None and await is_shown(tx, actor, author_id)
        if actor is not None and shown and actor.deleted_at is None and actor.kind != "Application":
            found[handle] = actor
    return found


async def _group_named(tx: Tx, author_id: int, draft: Draft, mentioned: Iterable[Actor]) -> int | None:
    """The group a new post goes to: the chosen one, else an open one its author belongs to and names in it.

    By naming it write all whose program knows no groups, as on Mastodon.
    """
    if draft.group_id is not None or draft.in_reply_to_id or draft.audience not in ("public", "unlisted"):
        return draft.group_id
    for actor in mentioned:
        group = await groups.find_group(tx, actor.id) if actor.kind == "Group" else None
        if group is not None and group.visibility in ("public", "unlisted"):
            standing = await rights.standing_in(tx, group, author_id)
            if standing.role:
                return actor.id
    return None


def _check(draft: Draft) -> None:
    if draft.audience not in AUDIENCES and draft.audience != "group":
        raise NodeError("invalid", field="audience")
    if not draft.source.strip() and not draft.media_ids:
        raise NodeError(
            "invalid", field="source", text=N_("There is nothing in it yet. Please write something.")
        )
    if len(draft.source) > MAX_CHARS:
        raise NodeError(
            "invalid",
            field="source",
            text=N_("This is longer than the %(most)s characters we can take."),
            values={"most": MAX_CHARS},
        )
    if len(draft.title) > translate.MAX_TITLE_CHARS:
        raise NodeError("invalid", field="title", text=N_("Please make the title shorter."))
    if len(draft.warning) > MAX_WARNING_CHARS:
        raise NodeError("invalid", field="warning", text=N_("Please make the heads-up shorter."))


def _checked(draft: Draft) -> Draft:
    """The draft as it can be written. Raises: NodeError `invalid`, with the field."""
    _check(draft)
    return draft if draft.poll is None else msgspec.structs.replace(draft, poll=polls.check(draft.poll))


def narrowed(wanted: str, parent: str) -> str:
    """An answer never reaches further than what it answers."""
    if parent in ("local", "group"):
        return "direct" if wanted == "direct" else parent
    if wanted == "group":
        return parent  # which group it is, `in_groups` settles
    if wanted == "local":
        # The house is no part of somebody's followers, nor of a message's readers.
        return wanted if parent in ("public", "unlisted") else parent
    return wanted if _WIDTH[wanted] <= _WIDTH[parent] else parent


async def write_post(tx: Tx, node: Node, author_id: int, draft: Draft) -> int:
    """Publish a draft and return the post's id; the same idempotency key gives the same post.

    Raises: NodeError `invalid` (with the field), `not_found` for a parent the author cannot see.
    """
    draft = _checked(draft)
    if draft.idempotency_key:
        await writes.lock_idempotency_key(tx, author_id, draft.idempotency_key)
        existing = await writes.find_by_idempotency_key(tx, author_id, draft.idempotency_key)
        if existing is not None:
            return existing
    author = await get_actor(tx, author_id)
    if author.moved_to_uri:
        raise NodeError(
            "not_allowed",
            text=N_("You moved to another address. To write here, come back first under Settings."),
            detail="moved",
        )
    parent = await views.get_post(tx, draft.in_reply_to_id, author_id) if draft.in_reply_to_id else None
    mentioned = await _mentioned(tx, node, draft.source, author_id)
    quoted = await views.get_post(tx, draft.quoted_id, author_id) if draft.quoted_id else None
    if quoted is not None:
        quoting.check_may_quote(quoted, author_id)
    group_id = await _group_named(tx, author_id, draft, mentioned.values())
    place = await in_groups.place_for(tx, group_id, parent, draft.audience)
    if draft.audience == "group" and place is None:
        raise NodeError("invalid", field="audience")
    post = _in_place(node, _new_post(tx, node, author, draft, mentioned), parent, quoted)
    if place is not None:
        audience = in_groups.audience_in(place, post.audience)
        context = post.context_uri if place.is_public else ""
        title = "" if parent else draft.title.strip()
        post = msgspec.structs.replace(post, audience=audience, context_uri=context, title=title)
    wanted = draft.quote_policy or await accounts.find_quote_policy(tx, author_id)
    post = msgspec.structs.replace(post, quote_policy=quoting.kept_policy(wanted, post.audience))
    stored = await writes.put_post(tx, post)
    if stored is None:
        raise NodeError("conflict", detail="post id taken")
    if draft.media_ids:
        await media.attach(tx, author_id, draft.media_ids, post.id)
    if draft.poll is not None:
        await polls.put_draft(tx, post.id, draft.poll)
    admitted = place is None or await in_groups.admit(tx, place, post.id, draft.topic_id)
    if admitted:
        # Only now the post stands in its group, of which somebody may want to hear nothing.
        await notify_several(tx, [Notice(one, "mention", author_id, post.id) for one in post.mention_ids])
    asks = quoted is not None and await _begin_quote(tx, node, quoted, post)
    if not admitted:
        return post.id
    written = await views.get_post(tx, post.id, author_id)
    if place is not None and place.local:
        create = translate.create(note_of(node, written)) if written.audience != "local" else None
        await in_groups.let_in(tx, node, place, written, create)
    if post.audience != "local":
        await _publish_create(tx, node, written)
        if quoted is not None and asks:
            request = translate.quote_request(note_of(node, written), quoted.author.uri)
            await publish(tx, author_id, request, Destinations(actors=(quoted.author.id,), personal=True))
    return post.id


def _in_place(node: Node, post: NewPost, parent: PostView | None, quoted: PostView | None) -> NewPost:
    """A new post in its thread, no wider than what it answers and quotes; whom it answers is named."""
    audience = post.audience
    for above in (parent, quoted):
        audience = narrowed(audience, above.audience) if above else audience
    if parent is not None:
        # Whom one answers is told of it, named in the text or not.
        named = dict.fromkeys((*post.mention_ids, parent.author.id))
        named.pop(post.author_id, None)
        post = msgspec.structs.replace(post, in_reply_to_uri=parent.uri, mention_ids=tuple(named))
    context = parent.context_uri if parent else translate.context_uri(node, post.id)
    if audience not in ("public", "unlisted"):
        context = ""  # a thread's list shows what everybody may read, and does not tell of anything else
    return msgspec.structs.replace(post, audience=audience, context_uri=context)


async def _begin_quote(tx: Tx, node: Node, quoted: PostView, post: NewPost) -> bool:
    """Store what the new post quotes and tell our people; True when the author must be asked."""
    state = await quoting.begin(tx, node, quoted, post.id, post.uri, post.author_id)
    if state == "accepted" and post.author_id != quoted.author.id:
        await notify(tx, quoted.author.id, "quote", post.author_id, post.id)
    return state == "pending"


def _new_post(tx: Tx, node: Node, author: Actor, draft: Draft, mentioned: dict[str, Actor]) -> NewPost:
    composed = text.compose(
        draft.source,
        mentions={handle: actor.url or actor.uri for handle, actor in mentioned.items()},
        tag_url=node.tag_url,
    )
    post_id = tx.new_id()
    return NewPost(
        id=post_id,
        uri=translate.note_uri(node, post_id),
        url=f"{author.url}/{post_id}",
        author_id=author.id,
        local=True,
        kind="Note" if draft.poll is None else "Question",
        title="",
        html=composed.html,
        source=draft.source,
        warning=draft.warning.strip(),
        sensitive=draft.sensitive or bool(draft.warning.strip()),
        language=draft.language,
        audience=draft.audience,
        in_reply_to_uri="",
        emojis=[],
        published_at=tx.now,
        idempotency_key=draft.idempotency_key,
        app_id=draft.app_id,
        mention_ids=tuple(dict.fromkeys(actor.id for actor in mentioned.values())),
        tags=tuple((tag, tag) for tag in composed.hashtags),
    )


def whom(post: PostView, more: tuple[int, ...] = ()) -> Destinations:
    """Where activities about one of our posts go."""
    people = tuple(dict.fromkeys((*(person.actor_id for person in post.mentions), *more)))
    if post.audience == "direct":
        return Destinations(actors=people, personal=True)
    return Destinations(followers_of=post.author.id, actors=people)


async def _publish_create(tx: Tx, node: Node, post: PostView) -> None:
    note = note_of(node, post)
    reach = await neighbours.reach_of(tx, node) if post.audience == "public" else None
    await in_groups.spread(
        tx, post, translate.create(note), whom(post, tuple(reach.relay_ids) if reach else ())
    )
    if reach is not None:
        await neighbours.spread(tx, reach, post.id, post.uri)


def note_of(node: Node, post: PostView) -> translate.Written:
    """One of our posts as a Note, or a Question, with the addresses of its files."""
    return translate.to_vocab(node, post, [media.url_of(node, picture) for picture in post.media])


async def _reached_besides(tx: Tx, node: Node, post: PostView) -> tuple[int, ...]:
    """Relays and houses that were told of a post, to be told of its change and its end too."""
    reach = await neighbours.reach_of(tx, node) if post.audience == "public" else None
    return (*reach.relay_ids, *reach.house_ids) if reach else ()


async def _own_post(tx: Tx, author_id: int, post_id: int) -> PostView:
    post = await views.get_post(tx, post_id, author_id)
    if post.author.id != author_id:
        raise NodeError("not_allowed", detail="not the author")
    return post


async def edit_post(tx: Tx, node: Node, author_id: int, post_id: int, draft: Draft) -> None:
    """Change one's own post; earlier versions stay readable, the audience stays as it was.

    A poll not in the draft stays as it is; whether a post asks something cannot be changed.
    Raises: NodeError `invalid`, `not_found`, `not_allowed`.
    """
    draft = _checked(msgspec.structs.replace(draft, audience="public"))
    before = await _own_post(tx, author_id, post_id)
    if draft.poll is not None and before.poll is None:
        raise NodeError(
            "invalid",
            field="option",
            text=N_("A post cannot become a poll afterwards. Please write a new one."),
        )
    mentioned = await _mentioned(tx, node, draft.source, author_id)
    await writes.put_revision(tx, post_id)
    post = _new_post(tx, node, before.author, draft, mentioned)
    policy = quoting.kept_policy(draft.quote_policy or before.quote_policy, before.audience)
    post = msgspec.structs.replace(post, id=post_id, kind=before.kind, edited_at=tx.now, quote_policy=policy)
    await writes.put_edit(tx, post)
    if draft.poll is not None:
        await polls.put_draft(tx, post_id, draft.poll)
    await media.replace(tx, author_id, draft.media_ids, post_id)
    known = {person.actor_id for person in before.mentions}
    for actor in mentioned.values():
        if actor.id not in known:
            await notify(tx, actor.id, "mention", author_id, post_id)
    await quoting.tell_quoters(tx, author_id, post_id)
    await publish_edit(tx, node, author_id, post_id)


async def publish_edit(tx: Tx, node: Node, author_id: int, post_id: int) -> None:
    """Send a post of ours anew to everyone who may hold it."""
    after = await views.get_post(tx, post_id, author_id)
    if after.audience != "local":
        note = note_of(node, after)
        uri = f"{after.uri}#updates/{tx.new_id()}"
        # Who once liked or answered may have stopped following: only what everybody may read goes to them.
        open_to_all = after.audience in ("public", "unlisted")
        more = tuple(await writes.list_audience_ids(tx, post_id)) if open_to_all else ()
        more += await _reached_besides(tx, node, after)
        await in_groups.spread(tx, after, translate.update(note, uri, tx.now), whom(after, more))


async def settle_quote(tx: Tx, node: Node, sides: Sides, state: str, stamp_uri: str = "") -> None:
    """The quoted author answered: write it down, and if the quoting post is ours, tell who holds it."""
    await quotes.put_state(tx, sides.post_id, state, stamp_uri or sides.stamp_uri)
    if sides.author_local:
        await publish_edit(tx, node, sides.author_id, sides.post_id)


async def delete_post(tx: Tx, node: Node, author_id: int, post_id: int) -> None:
    """Delete one's own post everywhere. Raises: NodeError `not_found`, `not_allowed`."""
    post = await _own_post(tx, author_id, post_id)
    await retract(tx, node, post)


async def retract(tx: Tx, node: Node, post: PostView) -> None:
    """Delete a local post, whoever decided so, and tell everyone who may hold a copy."""
    more = tuple(await writes.list_audience_ids(tx, post.id)) + await _reached_besides(tx, node, post)
    destinations = whom(post, more)
    await writes.delete_post(tx, post.id)
    await arrivals.put_tombstone(tx, post.uri, post.kind, post.author.uri)
    if post.audience != "local":
        public = (vocab.PUBLIC,) if post.audience in ("public", "unlisted") else ()
        to = public or tuple(person.uri for person in post.mentions) or (post.author.followers_uri,)
        if post.audience == "group" and post.placed is not None:
            to = (post.placed.followers_uri,)
        deleted = translate.delete(post, post.author.uri, tx.now, to)
        await in_groups.spread(tx, post, deleted, destinations)

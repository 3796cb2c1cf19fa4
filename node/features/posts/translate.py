"""Posts between rows and the vocabulary, both ways, pure.

A remote post is cleaned here once, before it is stored. Types other than Note are shown as their
title and text with a link to the original.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape

from federation import addressing, vocab
from federation.addressing import Audience, Kind
from federation.uris import is_http_uri
from node import text
from node.features.polls.translate import as_question
from node.features.posts import quoting
from node.features.posts.store.writes import NewPost
from node.features.posts.views import Picture, PostView
from node.runtime import Node
from node.wire.store.arrivals import Known

MAX_HTML_CHARS = 100_000
MAX_WARNING_CHARS = 500
MAX_TITLE_CHARS = 300
MAX_URI_CHARS = 2000
POST_TYPES = ("Note", "Article", "Page", "Question", "Image", "Document", "Audio", "Video", "Event")


def note_uri(node: Node, post_id: int) -> str:
    """The ActivityPub id of one of our posts."""
    return node.uri(f"/ap/notes/{post_id}")


def _language(thing: vocab.Object) -> str:
    language = thing.language or next(iter(thing.content_map), "")
    return language[:35]


def context_uri(node: Node, post_id: int) -> str:
    """The address of the thread that a post of ours began."""
    return f"{note_uri(node, post_id)}/context"


def _context(thing: vocab.Object) -> str:
    """The thread's own address, where it is one that can be asked (FEP-7888)."""
    found = thing.context or ""
    return found if len(found) <= MAX_URI_CHARS and is_http_uri(found) else ""


def _is_for_members(audience: Audience, known: Mapping[str, Known]) -> bool:
    """Whether what is not public is addressed to all who belong to a group, and to that group."""
    if audience.kind not in (Kind.DIRECT, Kind.FOLLOWERS):
        return False
    groups = [known[uri] for uri in audience.people if uri in known and known[uri].kind == "Group"]
    return any(group.followers_uri in audience.people for group in groups if group.followers_uri)


def titled(html: str, title: str) -> str:
    """A text below its title, for programs that show no titles of short posts."""
    return f"<p><strong>{escape(title)}</strong></p>{html}" if title else html


def without_title(html: str, title: str) -> str:
    """The text alone, where it was sent below its title."""
    return html.removeprefix(titled("", title)) if title else html


def from_vocab(
    thing: vocab.Object, author: Known, known: dict[str, Known], post_id: int, now: datetime, *, wanted: bool
) -> NewPost:
    """A remote post as the row we keep. `known` tells which mentioned actors we hold."""
    assert thing.id is not None
    audience = addressing.read(thing.to, thing.cc, author.followers_uri or None)
    named = [known[uri].id for uri in thing.mentions if uri in known]
    # Which group somebody wrote to is remembered, wherever that is: what it passes on must be meant for it.
    told = dict.fromkeys((*audience.people, *thing.audience))
    addressed = [known[u].id for u in told if u in known and (known[u].local or known[u].kind == "Group")]
    is_note = thing.type == "Note"
    content = thing.content or next(iter(thing.content_map.values()), "") or ""
    is_titled = not is_note or (bool(thing.audience) and not thing.in_reply_to)
    title = text.plain_text(thing.name or "")[:MAX_TITLE_CHARS] if is_titled else ""
    warning = text.plain_text(thing.summary or "") if is_note or thing.type == "Question" else ""
    if not content and not is_note:
        content = thing.summary or ""
    tags = {text.normalise_hashtag(tag): tag.lstrip("#") for tag in thing.hashtags[:50]}
    return NewPost(
        id=post_id,
        uri=thing.id,
        url=thing.url or thing.id,
        author_id=author.id,
        local=False,
        kind=thing.type,
        title=title,
        html=text.clean_html(without_title(content, title)[:MAX_HTML_CHARS]),
        source="",
        warning=warning[:MAX_WARNING_CHARS],
        sensitive=thing.sensitive or bool(warning),
        language=_language(thing),
        audience="group" if _is_for_members(audience, known) else audience.kind.value,
        in_reply_to_uri=thing.in_reply_to or "",
        emojis=[
            {"shortcode": tag.name.strip(":"), "url": tag.icon_url}
            for tag in thing.tags
            if isinstance(tag, vocab.Emoji)
        ][:50],
        published_at=min(thing.published or now, now),
        context_uri=_context(thing),
        edited_at=thing.updated if thing.updated and thing.updated != thing.published else None,
        mention_ids=tuple(dict.fromkeys(named)),
        silent_ids=tuple(i for i in dict.fromkeys(addressed) if i not in named),
        tags=tuple((tag, shown) for tag, shown in tags.items() if tag),
        wanted=wanted,
        quote_policy=quoting.policy_of(thing, author),
    )


def _attachment(node: Node, picture: Picture, url: str) -> vocab.Media:
    focus = (picture.focus_x, picture.focus_y)
    return vocab.Media(
        url=node.uri(url) if url.startswith("/") else url,
        type="Document",
        media_type=picture.mime or None,
        name=picture.alt or None,
        blurhash=picture.blurhash or None,
        width=picture.width or None,
        height=picture.height or None,
        focal_point=focus if focus != (0.0, 0.0) else None,
    )


Written = vocab.Note | vocab.Question


def to_vocab(node: Node, post: PostView, file_urls: Sequence[str]) -> Written:
    """One of our posts as the Note, or Question, we serve and send. `file_urls` go with `post.media`."""
    mentions = [person.uri for person in post.mentions]
    place = post.placed
    audience = Audience(
        kind=Kind(post.audience),
        group=place.uri if place else None,
        members=place.followers_uri if place else None,
    )
    to, cc = addressing.write(audience, post.author.followers_uri, mentions)
    tags: list[vocab.Tag] = [
        vocab.Mention(href=person.uri, name=f"@{person.username}@{person.host}") for person in post.mentions
    ]
    tags += [
        vocab.Hashtag(name=f"#{tag}", href=node.tag_url(text.normalise_hashtag(tag))) for tag in post.tags
    ]
    quote = post.quote if post.quote and post.quote.state in ("pending", "accepted") else None
    if quote is not None and quote.post_id is None:
        quote = None  # what was quoted is gone
    if quote is not None:
        tags.append(vocab.quote_link(quote.uri))
    html = titled(post.html, post.title) + (_spelled_out(quote.uri) if quote else "")
    note = vocab.Note(
        id=post.uri,
        attributed_to=post.author.uri,
        url=post.url,
        published=post.published_at,
        updated=post.edited_at,
        to=to,
        cc=cc,
        audience=(place.uri,) if place else (),
        name=post.title or None,
        in_reply_to=post.in_reply_to_uri or None,
        context=post.context_uri or None,
        summary=post.warning or None,
        sensitive=post.sensitive,
        content=html,
        content_map={post.language: html} if post.language else {},
        source=vocab.Source(content=post.source, media_type="text/markdown"),
        tags=tuple(tags),
        attachments=tuple(_attachment(node, p, url) for p, url in zip(post.media, file_urls, strict=True)),
        direct_message=post.audience == "direct",
        replies=f"{post.uri}/replies",
        likes=f"{post.uri}/likes",
        shares=f"{post.uri}/shares",
        quote=quote.uri if quote else None,
        quote_authorization=quote.stamp_uri or None if quote and quote.state == "accepted" else None,
        can_quote=quoting.can_quote(post.quote_policy, post.author.uri, post.author.followers_uri),
    )
    return note if post.poll is None else as_question(note, post.poll)


def _spelled_out(quoted_uri: str) -> str:
    """The quote as a link, which readers that show quotes hide by its class."""
    address = escape(quoted_uri)
    return f'<p class="quote-inline">RE: <a href="{address}">{address}</a></p>'


def create(note: Written) -> vocab.Create:
    """The activity that says a post was written."""
    return vocab.Create(
        id=f"{note.id}/activity",
        actor=note.attributed_to or "",
        object=note,
        to=note.to,
        cc=note.cc,
        audience=note.audience,
        published=note.published,
    )


def update(note: Written, uri: str, now: datetime) -> vocab.Update:
    """The activity that says a post was edited."""
    return vocab.Update(
        id=uri,
        actor=note.attributed_to or "",
        object=note,
        to=note.to,
        cc=note.cc,
        audience=note.audience,
        published=now,
    )


def delete(post: PostView, actor_uri: str, now: datetime, to: tuple[str, ...]) -> vocab.Delete:
    """The activity that says a post is no more."""
    tombstone = vocab.Tombstone(id=post.uri, former_type=post.kind, deleted=now)
    place = (post.placed.uri,) if post.placed else ()
    return vocab.Delete(
        id=f"{post.uri}#delete", actor=actor_uri, object=tombstone, to=to, cc=place, audience=place
    )


def like(uri: str, actor_uri: str, post_uri: str, author_uri: str) -> vocab.Like:
    """Somebody here likes a post."""
    return vocab.Like(id=uri, actor=actor_uri, object=post_uri, to=(author_uri,))


def announce(
    uri: str,
    actor_uri: str,
    followers_uri: str,
    post_uri: str,
    author_uri: str,
    *,
    audience: str,
    now: datetime,
) -> vocab.Announce:
    """Somebody here passes a post on."""
    to: tuple[str, ...] = (vocab.PUBLIC,)
    cc: tuple[str, ...] = (author_uri, followers_uri)
    if audience == "unlisted":
        to, cc = (followers_uri,), (vocab.PUBLIC, author_uri)
    elif audience == "followers":
        to, cc = (followers_uri,), (author_uri,)
    return vocab.Announce(id=uri, actor=actor_uri, object=post_uri, to=to, cc=cc, published=now)


def undo(undone: vocab.Activity) -> vocab.Undo:
    """Take back what was done, embedded whole."""
    return vocab.Undo(id=f"{undone.id}#undo", actor=undone.actor, object=undone, to=undone.to, cc=undone.cc)


def quote_request(note: Written, author_uri: str) -> vocab.QuoteRequest:
    """Ask the author of what `note` quotes for leave. Spec: FEP-044f."""
    return vocab.QuoteRequest(
        id=f"{note.id}#quote-request",
        actor=note.attributed_to or "",
        object=note.quote,
        instrument=note,
        to=(author_uri,),
    )


def pinned(uri: str, actor_uri: str, featured_uri: str, post_uri: str, *, add: bool) -> vocab.Activity:
    """Put a post on top of a profile, or take it down."""
    kind = vocab.Add if add else vocab.Remove
    return kind(id=uri, actor=actor_uri, object=post_uri, target=featured_uri, to=(vocab.PUBLIC,))

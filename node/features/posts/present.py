"""Posts as pages show them: one card per post, with who may see it said in a sentence.

Everything a card needs is in the loaded `PostView`s and one more query for the people answered;
nothing here asks per post. Called by the pages of posts and of features above.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, cast

import msgspec
from babel.lists import format_list
from markupsafe import Markup

from node import i18n
from node.appkeys import Viewer
from node.db.database import Tx
from node.features.actors.store.reads import Actor, list_actors
from node.features.emoji.present import chip
from node.features.follows.present import page_path, person_line
from node.features.media import service as media
from node.features.polls.present import poll_card
from node.features.posts import quoting
from node.features.posts.store import reads
from node.features.posts.views import Picture as MediaRow
from node.features.posts.views import PostView
from node.i18n import gettext as _
from node.i18n import ngettext
from node.runtime import Node
from node.web.cards import Audience, FileLine, Picture, PostCard, QuoteCard

_KINDS: Mapping[str, Literal["video", "audio", "file"]] = {
    "gifv": "video",
    "video": "video",
    "audio": "audio",
}
_MOST_NAMES = 3


def page_of(post: PostView) -> str:
    """Where a post's page is on this node."""
    return f"{page_path(post.author)}/{post.id}"


async def list_cards(tx: Tx, node: Node, posts: Sequence[PostView], viewer: Viewer | None) -> list[PostCard]:
    """A card for each post, in order."""
    answered = await list_answered(tx, posts)
    return [card(node, post, viewer, answered) for post in posts]


async def list_answered(tx: Tx, posts: Sequence[PostView]) -> dict[int, Actor]:
    """The people whom these posts answer, by id."""
    wanted = {post.in_reply_to_actor_id for post in posts if post.in_reply_to_actor_id is not None}
    return {actor.id: actor for actor in await list_actors(tx, list(wanted))} if wanted else {}


def card(
    node: Node,
    post: PostView,
    viewer: Viewer | None,
    answered: Mapping[int, Actor],
    booster: Actor | None = None,
) -> PostCard:
    """One post for one reader. `answered` holds the people answered; `booster` passed it on."""
    parent = answered.get(post.in_reply_to_actor_id or 0)
    return PostCard(
        id=post.id,
        url=page_of(post),
        author=person_line(node, post.author),
        boosted_by=person_line(node, booster) if booster else None,
        published_at=post.published_at,
        edited_at=post.edited_at,
        language=post.language or None,
        title=post.title,
        warning=post.warning,
        sensitive=post.sensitive,
        html=Markup(post.html),
        pictures=tuple(picture_of(node, file) for file in post.media if file.kind == "image"),
        files=tuple(file_line_of(node, file) for file in post.media if file.kind != "image"),
        quote=quote_card(node, post, viewer),
        audience=cast("Audience", post.audience),
        audience_sentence=audience_sentence(post, viewer),
        # What anyone may read is the usual case; on one's own posts it is always said.
        audience_differs=post.audience != "public"
        or (viewer is not None and viewer.actor_id == post.author.id),
        reply_to=person_line(node, parent) if parent else None,
        reply_to_url=f"{page_path(parent)}/{post.in_reply_to_id}" if parent and post.in_reply_to_id else None,
        reply_count=post.replies_count,
        liked=post.liked,
        boosted=post.boosted,
        bookmarked=post.bookmarked,
        pinned=post.pinned,
        poll=poll_card(post.poll, viewer, post.author.id) if post.poll else None,
        reactions=tuple(chip(node, one) for one in post.reactions),
        can=what_can(post, viewer),
        group_note=group_note(post),
        remote_url=None if post.local else (post.url or post.uri),
    )


def group_note(post: PostView) -> str:
    """How it stands in its group, in words; '' for the usual."""
    if post.group_state == "waiting":
        return _("Waits until somebody who looks after the group has read it.")
    if post.group_state == "removed":
        return _("Taken out of the group. Only you can still read it.")
    return _("Closed: nobody can answer any more.") if post.locked else ""


def looked_after(made: PostCard, post: PostView, group_id: int | None) -> PostCard:
    """The card with a way to what can be done in the group `group_id`, which its reader looks after."""
    if group_id is None or post.placed is None or post.placed.id != group_id:
        return made
    return msgspec.structs.replace(made, can=made.can | {"group"})


def what_can(post: PostView, viewer: Viewer | None) -> frozenset[str]:
    """What the reader may do with it; nothing without an account."""
    if viewer is None:
        return frozenset()
    own = post.author.id == viewer.actor_id
    found = {"reply", "bookmark"}
    if quoting.answer_for(post, viewer.actor_id) != "denied":
        found.add("quote")
    quoted = post.quote.post if post.quote else None
    if quoted is not None and quoted.author.id == viewer.actor_id and not own:
        found.add("unquote")
    if post.audience in ("public", "unlisted", "local") or (own and post.audience == "followers"):
        found.add("boost")
    if not own:
        return frozenset(found | {"like", "mute", "block", "report"})
    if post.audience in ("public", "unlisted"):
        found.add("pin")
    return frozenset(found | {"edit", "delete"})


def quote_card(node: Node, post: PostView, viewer: Viewer | None) -> QuoteCard | None:
    """What a post quotes as this reader may meet it; None when it quotes nothing."""
    quote = post.quote
    if quote is None:
        return None
    state, quoted = quote.shown_state, quote.post
    if state != "accepted" or quoted is None:
        own = viewer is not None and post.author.id == viewer.actor_id
        return QuoteCard(note=_quote_note(state, own=own), link=quote.uri if state == "pending" else "")
    return quoted_card(node, quoted)


def quoted_card(node: Node, quoted: PostView) -> QuoteCard:
    """A post as it stands within one that quotes it."""
    return QuoteCard(
        author=person_line(node, quoted.author),
        url=page_of(quoted),
        published_at=quoted.published_at,
        html=Markup(quoted.html),
        language=quoted.language or None,
        warning=quoted.warning,
        title=quoted.title,
        pictures=len(quoted.media),
        quotes=page_of(quoted) if quoted.quote else "",
    )


def _quote_note(state: str, *, own: bool) -> str:
    """Why a quoted post is not shown."""
    if state == "pending" and own:
        return _("You asked whether you may quote this. Until the answer is yes, it stays a link.")
    notes = {
        "pending": _("Speaks about a post elsewhere:"),
        "rejected": _("The person who wrote the quoted post did not agree to be quoted."),
        "revoked": _("The person who wrote the quoted post took it back from here."),
        "deleted": _("The quoted post was deleted."),
        "blocked_account": _("Quotes somebody you blocked."),
        "muted_account": _("Quotes somebody you wanted to see less of."),
    }
    return notes.get(state) or _("The quoted post is not open to you.")


def audience_sentence(post: PostView, viewer: Viewer | None) -> str:
    """Who can read it, in words."""
    own = viewer is not None and post.author.id == viewer.actor_id
    if post.audience == "public":
        return _("Anyone on the web can read this.")
    if post.audience == "unlisted":
        return _("Anyone can read this, but it stays out of the lists.")
    if post.audience == "local":
        return _("Only people signed in here can read this.")
    if post.audience == "group":
        if post.placed is None:
            return _("Only you can read this.")
        return _("Only the group %(group)s can read this.") % {"group": post.placed.username}
    if post.audience == "followers":
        if own:
            return _("Only people who follow you can read this.")
        return _("Only people who follow %(name)s can read this.") % {"name": post.author.name}
    return _message_sentence(post, viewer)


def _message_sentence(post: PostView, viewer: Viewer | None) -> str:
    others = [
        person.username
        for person in post.mentions
        if (viewer is None or person.actor_id != viewer.actor_id) and person.actor_id != post.author.id
    ]
    if viewer is not None and post.author.id != viewer.actor_id:
        others.insert(0, post.author.name)
    if not others:
        return _("Only you can read this.")
    return _("Only you and %(names)s can read this.") % {"names": joined(others)}


def joined(names: Sequence[str]) -> str:
    """Names as a list in words: `Amina, Jonas and Olena`."""
    return str(format_list(list(names), locale=i18n.locale(i18n.current())))


async def likes_note(tx: Tx, post: PostView) -> str:
    """Who said thanks, by name: a sentence, not a score. '' when nobody did."""
    rows = await reads.list_likers(tx, post.id, (1 << 63) - 1, _MOST_NAMES)
    names = [actor.name for actor in await list_actors(tx, [row["actor_id"] for row in rows])]
    if not names:
        return ""
    more = post.likes_count - len(names)
    if more > 0:
        words = ngettext(
            "%(names)s and %(num)d more say thanks.", "%(names)s and %(num)d more say thanks.", more
        )
        return words % {"names": ", ".join(names), "num": more}
    words = ngettext("%(names)s says thanks.", "%(names)s say thanks.", len(names))
    return words % {"names": joined(names)}


def picture_of(node: Node, file: MediaRow) -> Picture:
    """A picture as pages show it."""
    return Picture(
        url=media.url_of(node, file),
        preview_url=media.preview_url_of(node, file),
        alt=file.alt,
        width=file.width,
        height=file.height,
        blurhash=file.blurhash,
    )


def file_line_of(node: Node, file: MediaRow) -> FileLine:
    """Any other file as pages show it."""
    names = {"video": _("Film"), "gifv": _("Film"), "audio": _("Sound")}
    return FileLine(
        url=media.url_of(node, file),
        name=file.alt or names.get(file.kind, _("File")),
        kind=_KINDS.get(file.kind, "file"),
        mime=file.mime,
        alt=file.alt,
    )

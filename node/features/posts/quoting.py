"""Quotes with consent: who may quote what, and whether a quote that arrived was agreed to.

The quoted author's node owns the answer. A quote is shown as one only when it is of oneself, when
we hold leave given here, or when the author's own host serves the leave (a QuoteAuthorization);
until then it is a link. Asking and answering over the wire is the feature `quotes`. Spec: FEP-044f.
"""

from collections.abc import Mapping
from typing import Final, Literal

from federation import vocab
from node.db.database import Tx
from node.errors import N_, NodeError
from node.features.actors.store.reads import get_actor
from node.features.follows.store import find_follow
from node.features.notifications.service import notify
from node.features.posts.store import quotes, writes
from node.features.posts.store.quotes import Quote
from node.features.posts.views import PostView
from node.runtime import Node
from node.wire.store.arrivals import Known

POLICIES: Final = ("public", "followers", "nobody")
Answer = Literal["automatic", "manual", "denied", "unknown"]


def stamp_uri(node: Node, stamp_id: int) -> str:
    """The address of leave that one of our people gave."""
    return node.uri(f"/ap/quote-authorizations/{stamp_id}")


def policy_of(thing: vocab.Object, author: Known) -> str:
    """Who may quote a post of another node, in the words we keep."""
    said = thing.can_quote
    if said is None:
        return ""

    def words(uris: tuple[str, ...], mark: str) -> list[str]:
        names = {vocab.PUBLIC: "public", author.followers_uri: "followers"}
        found = [names.get(uri, "some") for uri in uris if uri and uri != author.uri]
        return [mark + word for word in dict.fromkeys(found)]

    return " ".join([*words(said.automatic, ""), *words(said.manual, "?")]) or "nobody"


def can_quote(policy: str, author_uri: str, followers_uri: str) -> vocab.CanQuote:
    """What one of our posts says about who may quote it; nothing chosen means nobody."""
    uris = {"public": vocab.PUBLIC, "followers": followers_uri}
    return vocab.CanQuote(automatic=(uris.get(policy, author_uri),))


def kept_policy(wanted: str, audience: str) -> str:
    """The policy a post of ours gets: only what everybody may read can be quoted by others."""
    return wanted if audience in ("public", "unlisted") and wanted in POLICIES else "nobody"


def answer_of(policy: str, audience: str, *, is_local: bool, follows: bool) -> Answer:
    """What somebody else's wish to quote a post meets. `follows`: they follow its author."""
    words = policy.split()
    if audience not in ("public", "unlisted") or "nobody" in words:
        return "denied"
    if "public" in words or ("followers" in words and follows):
        return "automatic"
    if "?public" in words or ("?followers" in words and follows):
        return "manual"
    if not words:
        return "denied" if is_local else "unknown"
    return "unknown" if {"some", "?some"} & set(words) else "denied"


def answer_for(post: PostView, viewer_id: int) -> Answer:
    """What this reader's wish to quote the post meets."""
    if post.author.id == viewer_id:
        return "denied" if post.audience == "direct" else "automatic"
    return answer_of(post.quote_policy, post.audience, is_local=post.local, follows=post.in_quote_circle)


def check_may_quote(quoted: PostView, author_id: int) -> None:
    """Raises: NodeError `not_allowed` when the quoted post's author does not want it quoted."""
    if answer_for(quoted, author_id) == "denied":
        raise NodeError("not_allowed", text=N_("The person who wrote this does not want it to be quoted."))


async def begin(tx: Tx, node: Node, quoted: PostView, post_id: int, post_uri: str, author_id: int) -> str:
    """Store the quote in a new post of ours; `pending` means the author has to be asked."""
    stamp, state = "", "pending"
    if quoted.author.id == author_id:
        state = "accepted"
    elif quoted.local:
        given = await quotes.put_stamp(tx, quoted.id, author_id, post_uri)
        stamp, state = stamp_uri(node, given.id), "accepted"
    await quotes.put_quote(tx, Quote(post_id, quoted.uri, quoted.id, state, stamp))
    return state


async def take_quote(
    tx: Tx, thing: vocab.Object, post_id: int, author: Known, things: Mapping[str, vocab.Thing]
) -> None:
    """Store what a post of another node quotes. `things` holds what was fetched for it."""
    if thing.quote is None or thing.id is None:
        return
    quoted = await writes.find_by_uri(tx, thing.quote)
    if quoted is not None and quoted.id == post_id:
        return  # nothing quotes itself
    stamp = thing.quote_authorization or ""
    before = await quotes.find_quote(tx, post_id)
    held = before is not None and before.state == "accepted" and before.stamp_uri == stamp != ""
    agreed = quoted is not None and (
        quoted.author_id == author.id or held or await _is_agreed(tx, quoted, thing, things)
    )
    if before is not None and before.state in ("rejected", "revoked") and before.stamp_uri == stamp:
        return  # taken back stays taken back
    state = "accepted" if agreed else "pending"
    await quotes.put_quote(tx, Quote(post_id, thing.quote, quoted.id if quoted else None, state, stamp))


async def _is_agreed(
    tx: Tx, quoted: writes.PostRow, thing: vocab.Object, things: Mapping[str, vocab.Thing]
) -> bool:
    """Whether the quoted author gave leave: in our own rows, or as their own host serves it."""
    if quoted.local:
        given = await quotes.find_stamp(tx, quoted.id, thing.id or "")
        return given is not None and not given.revoked
    leave = things.get(thing.quote_authorization or "")
    if not isinstance(leave, vocab.QuoteAuthorization):
        return False
    owner = (await get_actor(tx, quoted.author_id)).uri
    return (
        vocab.same_host(leave.id or "", owner)
        and leave.attributed_to == owner
        and leave.interacting_object == thing.id
        and leave.interaction_target == quoted.uri
    )


async def tell_quoters(tx: Tx, author_id: int, post_id: int) -> None:
    """Tell our people that a post they quote was changed."""
    for quoter_id, quoting_id in await quotes.list_local_quoters(tx, post_id):
        await notify(tx, quoter_id, "quoted_update", author_id, quoting_id)


async def follows_author(tx: Tx, reader_id: int, author_id: int) -> bool:
    """Whether somebody is among an author's followers."""
    follow = await find_follow(tx, reader_id, author_id)
    return follow is not None and follow.state == "accepted"

"""Dialect repairs: what one program says differently, put into the common words.

One function each, which names the software, the version met, where it is described, and the
example that proves it (`tests/wire/<software>/<fixture>.json`). A repair takes a document and
returns it, or a changed copy: the original is never touched, it may be proved or passed on.
Called by `vocab.read` on the top document and on its embedded object. What the tolerant
readers handle anyway (lists for single values, odd dates) is no quirk.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

Document = dict[str, Any]
Repair = Callable[[Document], Document]

# Hearts, stars and thumbs are what Misskey's users press for a plain like.
_PLAIN_LIKES: Final = frozenset({"\u2764", "\u2764\ufe0f", "\u2b50", "\U0001f44d"})


def misskey_reaction(document: Document) -> Document:
    """Misskey and forks (2026.3): `Like` with an emoji in `content` or `_misskey_reaction`.

    Link: FEP-c0e0 "Compatibility". Fixture: `misskey/like_with_reaction`.
    """
    reaction = document.get("_misskey_reaction") or document.get("content")
    if type(reaction) is not str or reaction in _PLAIN_LIKES:
        return document
    shortcode = len(reaction) > 2 and reaction.startswith(":") and reaction.endswith(":")
    if not shortcode and (reaction.isascii() or len(reaction) > 12):
        return document
    return {**document, "type": "EmojiReact", "content": reaction}


def chat_message(document: Document) -> Document:
    """Pleroma, Akkoma (3.15) and Lemmy (0.19): private messages of their own type.

    Link: docs.pleroma.social "ChatMessages". Fixture: `pleroma/chat_message`.
    """
    return {**document, "type": "Note", "directMessage": True}


def bookwyrm_post(document: Document) -> Document:
    """BookWyrm (0.7): book posts as subtypes of Note for those who asked for them.

    Link: docs.joinbookwyrm.com/activitypub.html. Fixture: `bookwyrm/review`.
    """
    return {**document, "type": "Article" if document.get("name") else "Note"}


def mbin_block_expiry(document: Document) -> Document:
    """mbin (1.8): a ban ends at `expires`; Lemmy sends that and `endTime`.

    Link: join-lemmy.org context (`expires` is as:endTime). Fixture: `mbin/block_until`.
    """
    if "endTime" in document or "expires" not in document:
        return document
    return {**document, "endTime": document["expires"]}


REPAIRS: Final[dict[str, Repair]] = {
    "Like": misskey_reaction,
    "ChatMessage": chat_message,
    "Review": bookwyrm_post,
    "Comment": bookwyrm_post,
    "Quotation": bookwyrm_post,
    "GeneratedNote": bookwyrm_post,
    "Block": mbin_block_expiry,
}


def repair(document: Document) -> Document:
    """The document in common words: itself when nothing had to change."""
    inner = document.get("object")
    if type(inner) is dict:
        mended = _repair_one(inner)
        if mended is not inner:
            document = {**document, "object": mended}
    return _repair_one(document)


def _repair_one(document: Document) -> Document:
    name = document.get("type")
    found = REPAIRS.get(name) if type(name) is str else None
    return document if found is None else found(document)

"""The fields every object shares: read from any document, written as every peer can read them.

Owns `object_fields` (document to keyword arguments) and `write_object` (the way back). The
modules of single types add their own fields on top. This is the hot path of the inbox.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from federation.vocab import limits, parts
from federation.vocab.base import Document, Object, Thing, id_of, optional, reads, write_thing, writes
from federation.vocab.parts import Source
from federation.vocab.values import (
    as_list,
    flag,
    integer,
    language,
    language_map,
    media_type,
    one,
    page_url,
    ref,
    refs,
    stamp,
    text,
    when,
)


def _author(value: Any) -> tuple[str, ...]:
    """Authors, people before groups: PeerTube lists a Person and the Group of its channel."""
    if type(value) is str:
        found = ref(value)
        return () if found is None else (found,)
    items = as_list(value)[: limits.AUTHORS]
    groups = [item for item in items if type(item) is dict and item.get("type") == "Group"]
    return refs([item for item in items if item not in groups] + groups, limits.AUTHORS)


def _counted(value: Any) -> tuple[str | None, int | None]:
    """The id and `totalItems` of a likes or shares collection."""
    if type(value) is dict:
        return ref(value), integer(value.get("totalItems"))
    return ref(value), None


def _source(value: Any) -> Source | None:
    if type(value) is not dict:
        return None
    content = text(value.get("content"), limits.CONTENT_CHARS)
    return None if content is None else Source(content=content, media_type=media_type(value.get("mediaType")))


def _quote(get: Callable[[str], Any]) -> str | None:
    for term in ("quote", "_misskey_quote", "quoteUrl", "quoteUri"):
        value = get(term)
        if value is not None:
            found = ref(value)
            if found is not None:
                return found
    return None


def _linked_quote(tags: tuple[parts.Tag, ...]) -> str | None:
    """A quote told by a link among the tags alone, as Threads and Mitra do (FEP-e232)."""
    links = (tag for tag in tags if isinstance(tag, parts.Link))
    return next((link.href for link in links if parts.QUOTE_REL in link.rel), None)


def object_fields(document: Document, name: str, depth: int) -> Document:
    """The keyword arguments every kind of Object shares. Raises: `bad_id`."""
    get = document.get
    identity = id_of(document)
    authors = _author(get("attributedTo"))
    actor = ref(get("actor"))
    fields: Document = {
        "id": identity,
        "type": name,
        "raw": document,
        "name": text(get("name"), limits.NAME_CHARS),
        "summary": text(get("summary"), limits.SUMMARY_CHARS),
        "content": text(get("content"), limits.CONTENT_CHARS),
        # Pleroma writes `actor` on objects, and sometimes nothing else.
        "attributed_to": authors[0] if authors else actor,
        "attributed_to_all": authors or (() if actor is None else (actor,)),
        "actor": actor,
        "to": refs(get("to"), limits.RECIPIENTS),
        "cc": refs(get("cc"), limits.RECIPIENTS),
        "audience": refs(get("audience"), limits.RECIPIENTS),
        "published": when(get("published")),
        "updated": when(get("updated")),
        "in_reply_to": ref(get("inReplyTo")),
        "url": page_url(get("url"), identity),
        "context": ref(get("context")),
        "sensitive": flag(get("sensitive")),
        "quote": _quote(get),
    }
    if tags := get("tag"):
        fields["tags"] = parts.read_tags(tags)
        fields["quote"] = fields["quote"] or _linked_quote(fields["tags"])
    if attachments := get("attachment"):
        fields["attachments"] = parts.read_attachments(attachments)
    _rare_fields(document, fields, depth)
    return fields


_RARE: Final = (
    "contentMap",
    "nameMap",
    "summaryMap",
    "replies",
    "likes",
    "shares",
    "source",
    "image",
    "icon",
    "mediaType",
    "language",
    "inLanguage",
    "conversation",
    "ostatus:conversation",
    "target",
    "directMessage",
    "litepub:directMessage",
    "quoteAuthorization",
    "interactionPolicy",
)


def _rare_fields(document: Document, fields: Document, depth: int) -> None:
    """Fields most documents lack: one look each, and work only where there is something."""
    for term in [term for term in _RARE if term in document]:
        value = document[term]
        match term:
            case _ if value is None:
                continue
            case "contentMap" | "nameMap" | "summaryMap":
                _add_language_map(fields, term.removesuffix("Map"), value)
            case "replies":
                fields["replies"] = _replies(value, depth)
            case "likes" | "shares":
                fields[term], fields[term + "_count"] = _counted(value)
            case "source":
                fields["source"] = _source(value)
            case "image" | "icon":
                fields["image"] = fields.get("image") or parts.read_media(one(value))
            case "mediaType":
                fields["media_type"] = media_type(value)
            case "language" | "inLanguage":
                fields["language"] = language(value) or fields.get("language")
            case "conversation" | "ostatus:conversation":
                fields["conversation"] = text(value, limits.URI_CHARS)
            case "target":
                fields["target"] = ref(value)
            case "quoteAuthorization":
                fields["quote_authorization"] = ref(value)
            case "interactionPolicy":
                fields["can_quote"] = parts.read_can_quote(value)
            case _:
                fields["direct_message"] = flag(value)


def _replies(value: Any, depth: int) -> Thing | str | None:
    """The collection of answers: its id is enough unless items came along."""
    if type(value) is dict:
        first = value.get("first")
        holder = first if type(first) is dict else value
        if not (holder.get("items") or holder.get("orderedItems")):
            return ref(value)
    return optional(value, depth)


def _add_language_map(fields: Document, name: str, value: Any) -> None:
    size = {"content": limits.CONTENT_CHARS, "summary": limits.SUMMARY_CHARS}.get(name, limits.NAME_CHARS)
    found = language_map(value, size)
    if not found:
        return
    fields[name + "_map"] = found
    first = next(iter(found))
    # The plain property wins when both are there and differ (JSN-10).
    if fields[name] is None:
        fields[name] = found[first]
    if name == "content" and fields.get("language") is None:
        fields["language"] = language(first)


@reads("object", "Object")
def read_object(document: Document, name: str, depth: int) -> Thing:
    """An Object of a type nobody else reads. Raises: `bad_id`."""
    return Object(**object_fields(document, name, depth))


def write_counted(uri: str | None, count: int | None) -> Document | str | None:
    """A likes or shares collection as peers read its count."""
    if uri is None or count is None:
        return uri
    return {"id": uri, "type": "Collection", "totalItems": count}


def single_or_list(uris: tuple[str, ...]) -> str | list[str] | None:
    """`audience` and the like: Lemmy needs one text, so a list only where there are several."""
    return None if not uris else uris[0] if len(uris) == 1 else list(uris)


def write_source(source: Source | None) -> Document | None:
    """What the author typed, as JSON; None stays None."""
    if source is None:
        return None
    return parts.trimmed({"content": source.content, "mediaType": source.media_type})


def _content_map(thing: Object) -> dict[str, str] | None:
    """Mastodon takes the language of a post from the key of this map, and from nothing else."""
    if thing.content_map or not (thing.language and thing.content):
        return thing.content_map or None
    return {thing.language: thing.content}


@writes(Object)
def write_object(thing: Object) -> Document:
    """The shared fields of an object, in the form every peer reads.

    Arrays always for `to`, `cc`, `tag`, `attachment`; one author; no null; a quote in four ways.
    """
    document: Document = {
        "id": thing.id,
        "type": thing.type,
        "attributedTo": thing.attributed_to,
        "actor": thing.actor,
        "name": thing.name,
        "nameMap": thing.name_map or None,
        "url": thing.url,
        "published": stamp(thing.published),
        "updated": stamp(thing.updated),
        "inReplyTo": thing.in_reply_to,
        "summary": thing.summary,
        "summaryMap": thing.summary_map or None,
        "content": thing.content,
        "contentMap": _content_map(thing),
        "mediaType": thing.media_type,
        "source": write_source(thing.source),
        "audience": single_or_list(thing.audience),
        "context": thing.context,
        "conversation": thing.conversation,
        "target": thing.target,
        "directMessage": True if thing.direct_message else None,
        "image": parts.write_picture(thing.image),
        "replies": write_thing(thing.replies),
        "likes": write_counted(thing.likes, thing.likes_count),
        "shares": write_counted(thing.shares, thing.shares_count),
    }
    quote: Document = dict.fromkeys(("quote", "quoteUri", "quoteUrl", "_misskey_quote"), thing.quote)
    quote["quoteAuthorization"] = thing.quote_authorization
    quote["interactionPolicy"] = parts.write_can_quote(thing.can_quote)
    return parts.trimmed(document | quote) | {
        "sensitive": thing.sensitive,
        "to": list(thing.to),
        "cc": list(thing.cc),
        "tag": [parts.write_tag(tag) for tag in thing.tags],
        "attachment": parts.write_attachments(thing.attachments, for_group=bool(thing.audience)),
    }

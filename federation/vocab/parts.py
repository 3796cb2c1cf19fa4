"""The small things inside an object: tags, attached files and links, profile lines.

Owns their Structs and how they are read and written. An element that makes no sense is left
out, never an error: one odd tag must not lose the post it hangs on. Called by the readers
and writers of objects, actors and activities.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from federation.vocab import limits
from federation.vocab.values import as_list, integer, media_type, number, one, refs, stamp, text, url, when

Document = dict[str, Any]


class Link(Struct, frozen=True, kw_only=True):
    """A pointer with words: an attached web page, a quote (FEP-e232), one file of a video."""

    href: str
    type: str = "Link"
    name: str | None = None
    media_type: str | None = None
    rel: tuple[str, ...] = ()
    width: int | None = None
    height: int | None = None


class Media(Struct, frozen=True, kw_only=True):
    """A file shown with an object: picture, sound, film, document. Its host may be any host."""

    url: str
    type: str = "Document"
    media_type: str | None = None
    name: str | None = None
    summary: str | None = None
    blurhash: str | None = None
    width: int | None = None
    height: int | None = None
    focal_point: tuple[float, float] | None = None
    size_bytes: int | None = None

    @property
    def alt(self) -> str | None:
        """The words for those who cannot see it: `summary` before `name`, as peers read it."""
        return self.summary or self.name


class Mention(Struct, frozen=True, kw_only=True):
    """Names an actor by id."""

    href: str
    name: str | None = None
    type: str = "Mention"


class Hashtag(Struct, frozen=True, kw_only=True):
    """A topic; `name` always begins with `#`."""

    name: str
    href: str | None = None
    type: str = "Hashtag"


class Emoji(Struct, frozen=True, kw_only=True):
    """A small picture standing for `name`, which always is `:shortcode:`."""

    name: str
    icon_url: str
    id: str | None = None
    media_type: str | None = None
    updated: datetime | None = None
    type: str = "Emoji"


class PropertyValue(Struct, frozen=True, kw_only=True):
    """A labelled line of a profile; `value` is HTML and must be cleaned before it is shown."""

    name: str
    value: str
    type: str = "PropertyValue"


class Source(Struct, frozen=True, kw_only=True):
    """What the author typed. Never rendered when it came from elsewhere."""

    content: str
    media_type: str | None = None


class CanQuote(Struct, frozen=True, kw_only=True):
    """Who may quote something: at once, or after its author was asked (FEP-044f).

    Both list ids of actors and collections, or the public; both empty means nobody.
    """

    automatic: tuple[str, ...] = ()
    manual: tuple[str, ...] = ()


Tag = Mention | Hashtag | Emoji | Link
Attachment = Media | Link | PropertyValue


QUOTE_REL: Final = "https://misskey-hub.net/ns#_misskey_quote"
AS2_MEDIA_TYPE: Final = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'

_MEDIA_TYPES: Final = frozenset({"Document", "Image", "Audio", "Video"})


def _bare(name: Any) -> str:
    """`toot:Emoji`, `sc:PropertyValue` and full IRIs name the same types as the short form."""
    name = one(name)
    if type(name) is not str:
        return ""
    return name.rpartition("#")[2].rpartition(":")[2].rpartition("/")[2]


def read_tags(value: Any) -> tuple[Tag, ...]:
    """Mentions, hashtags, emoji and links of a `tag` property, at most `limits.TAGS`."""
    found: list[Tag] = []
    for item in as_list(value)[: limits.TAGS]:
        if type(item) is not dict:
            continue
        tag = _read_tag(item, item.get("type"))
        if tag is not None:
            found.append(tag)
    return tuple(found)


def _read_tag(item: Document, name: Any) -> Tag | None:
    match name if name in ("Mention", "Hashtag", "Emoji", "Link") else _bare(name):
        case "Mention":
            href = url(item.get("href"))
            name = text(item.get("name"), limits.TAG_NAME_CHARS)
            return None if href is None else Mention(href=href, name=name)
        case "Hashtag":
            word = (text(item.get("name"), limits.TAG_NAME_CHARS) or "").strip().lstrip("#")
            return Hashtag(name="#" + word, href=url(item.get("href"))) if word else None
        case "Emoji":
            return _read_emoji(item)
        case "Link":
            return read_link(item)
    return None


def _read_emoji(item: Document) -> Emoji | None:
    name = (text(item.get("name"), limits.TAG_NAME_CHARS) or "").strip().strip(":")
    icon = read_media(item.get("icon"))
    if not name or icon is None or not name.isprintable() or " " in name or ":" in name:
        return None
    return Emoji(
        name=f":{name}:",
        icon_url=icon.url,
        id=url(item.get("id")),
        media_type=icon.media_type,
        updated=when(item.get("updated")),
    )


def read_link(item: Document) -> Link | None:
    """A Link; None without a safe `href`."""
    href = url(item.get("href")) or url(item.get("url"))
    if href is None:
        return None
    rel = tuple(word for word in as_list(item.get("rel"))[:10] if type(word) is str and len(word) <= 200)
    return Link(
        href=href,
        name=text(item.get("name"), limits.NAME_CHARS),
        media_type=media_type(item.get("mediaType") or item.get("mimeType")),
        rel=rel,
        width=integer(item.get("width")),
        height=integer(item.get("height")),
    )


def read_attachments(value: Any, limit: int = limits.ATTACHMENTS) -> tuple[Attachment, ...]:
    """Files, links and profile lines of an `attachment` property, at most `limit`."""
    found: list[Attachment] = []
    for item in as_list(value)[:limit]:
        if type(item) is not dict:
            continue
        name = _bare(item.get("type"))
        kept: Attachment | None
        if name == "PropertyValue":
            kept = read_property_value(item)
        elif name == "Link":
            kept = read_link(item)
        else:
            kept = read_media(item)
        if kept is not None:
            found.append(kept)
    return tuple(found)


def read_property_value(item: Document) -> PropertyValue | None:
    """A profile line; None without a name."""
    name = text(item.get("name"), limits.FIELD_CHARS)
    value = text(item.get("value"), limits.FIELD_CHARS)
    return None if name is None else PropertyValue(name=name, value=value or "")


def _file(value: Any) -> tuple[str | None, Any]:
    """The address and MIME type of the file in a `url`: a text, a Link, or the best of several."""
    best: tuple[str | None, Any] = (None, None)
    for item in as_list(value)[: limits.LINKS]:
        if type(item) is not dict:
            found, kind = url(item), None
        else:
            found, kind = url(item.get("href")), item.get("mediaType") or item.get("mimeType")
        if found is None:
            continue
        if type(kind) is str and kind.startswith(("image/", "video/", "audio/")):
            return found, kind
        if best[0] is None:
            best = (found, kind)
    return best


def read_media(value: Any) -> Media | None:
    """A file from an Image, Document, Audio, Video, or a bare URL; None without a safe address."""
    value = one(value)
    if type(value) is str:
        found = url(value)
        return None if found is None else Media(url=found, type="Image")
    if type(value) is not dict:
        return None
    address, kind = _file(value.get("url"))
    address = address or url(value.get("href"))
    if address is None:
        return None
    name = _bare(value.get("type"))
    return Media(
        url=address,
        type=name if name in _MEDIA_TYPES else "Document",
        media_type=media_type(value.get("mediaType")) or media_type(kind),
        name=text(value.get("name"), limits.ALT_TEXT_CHARS),
        summary=text(value.get("summary"), limits.ALT_TEXT_CHARS),
        blurhash=text(value.get("blurhash"), 200),
        width=integer(value.get("width")),
        height=integer(value.get("height")),
        focal_point=_focal_point(value.get("focalPoint")),
        size_bytes=integer(value.get("size")),
    )


def _focal_point(value: Any) -> tuple[float, float] | None:
    if type(value) is not list or len(value) != 2:
        return None
    x, y = number(value[0]), number(value[1])
    return None if x is None or y is None else (max(-1.0, min(1.0, x)), max(-1.0, min(1.0, y)))


def read_can_quote(value: Any) -> CanQuote | None:
    """The `canQuote` of an `interactionPolicy`; None when it says nothing. GoToSocial's older names count."""
    policy = one(value)
    rule = one(policy.get("canQuote")) if type(policy) is dict else None
    if type(rule) is not dict:
        return None
    at_once = rule.get("automaticApproval", rule.get("always"))
    asked = rule.get("manualApproval", rule.get("approvalRequired"))
    return CanQuote(automatic=refs(at_once, limits.RECIPIENTS), manual=refs(asked, limits.RECIPIENTS))


def write_can_quote(rule: CanQuote | None) -> Document | None:
    """An `interactionPolicy` that says who may quote; None stays None."""
    if rule is None:
        return None
    said = {"automaticApproval": list(rule.automatic), "manualApproval": list(rule.manual)}
    return {"canQuote": {name: uris for name, uris in said.items() if uris or name == "automaticApproval"}}


def quote_link(quoted: str) -> Link:
    """The tag by which readers without quotes of their own find the quoted thing (FEP-e232)."""
    return Link(href=quoted, name=f"RE: {quoted}", media_type=AS2_MEDIA_TYPE, rel=(QUOTE_REL,))


def trimmed(document: Document) -> Document:
    """The document without what is empty: null is never sent, peers crash on it."""
    return {term: value for term, value in document.items() if value is not None and value != ""}


def write_tag(tag: Tag) -> Document:
    """A tag as peers read it."""
    if isinstance(tag, Emoji):
        icon = trimmed({"type": "Image", "mediaType": tag.media_type, "url": tag.icon_url})
        return trimmed(
            {"type": "Emoji", "id": tag.id, "name": tag.name, "updated": stamp(tag.updated), "icon": icon}
        )
    if isinstance(tag, Link):
        return write_attachment(tag)
    return trimmed({"type": tag.type, "href": tag.href, "name": tag.name})


def write_attachment(item: Attachment) -> Document:
    """An attachment as peers read it: `url` is always one text."""
    if isinstance(item, PropertyValue):
        return {"type": "PropertyValue", "name": item.name, "value": item.value}
    if isinstance(item, Link):
        return trimmed(
            {
                "type": "Link",
                "href": item.href,
                # Gancio reads `mediaType` of every attachment without looking whether it is there.
                "mediaType": item.media_type or "text/html",
                "name": item.name,
                "rel": list(item.rel) or None,
                "width": item.width,
                "height": item.height,
            }
        )
    # Mobilizon asks every attached file for a `name`, be it empty.
    return {"name": "", **write_media(item)}


def write_attachments(items: Iterable[Attachment], *, for_group: bool = False) -> list[Document]:
    """Attachments as a list. Lemmy refuses a whole post for one it does not know, so in a group
    profile lines stay out and films and sounds go as Documents."""
    written = [
        write_attachment(item) for item in items if not (for_group and isinstance(item, PropertyValue))
    ]
    for document in written if for_group else ():
        if document["type"] in ("Audio", "Video"):
            document["type"] = "Document"
    return written


_DEFAULT_MEDIA_TYPES: Final = {"Image": "image/jpeg", "Audio": "audio/mpeg", "Video": "video/mp4"}


def write_media(item: Media) -> Document:
    """A file as peers read it, always with a `mediaType`."""
    return trimmed(
        {
            "type": item.type,
            "mediaType": item.media_type or _DEFAULT_MEDIA_TYPES.get(item.type, "application/octet-stream"),
            "url": item.url,
            "name": item.name,
            "summary": item.summary,
            "blurhash": item.blurhash,
            "width": item.width,
            "height": item.height,
            "focalPoint": None if item.focal_point is None else list(item.focal_point),
            "size": item.size_bytes,
        }
    )


def write_picture(item: Media | None) -> Document | None:
    """An icon or banner; None stays None, to be left out."""
    return None if item is None else write_media(item)

"""Small readers: from any JSON value to the plain Python value the vocabulary keeps.

Owns the reading rules for single values: one | list | object forms, safe URLs, dates,
numbers in texts, language maps. Never raises for any JSON value: what makes no sense is None
or left out, and the caller decides whether the document can live without it.
Spec: AS2 Core §4; interop rules for plain-JSON reading.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Any, Final

from federation.errors import FederationError
from federation.uris import host_of
from federation.vocab import limits

AS: Final = "https://www.w3.org/ns/activitystreams"
PUBLIC: Final = "https://www.w3.org/ns/activitystreams#Public"
_PUBLIC_FORMS: Final = frozenset({PUBLIC, "as:Public", "Public", AS + "/Public"})
# The same characters as `uris` refuses, and no user name before the host (HTM-05).
_UNSAFE: Final = '\x00-\x20\x7f-\xa0\\\\<>"`\u2028\u2029\ud800-\udfff'
_HTTP: Final = re.compile(rf"[hH][tT][tT][pP][sS]?://[^/?#@{_UNSAFE}]+(?:[/?#][^{_UNSAFE}]*)?")
_MAILTO: Final = re.compile(rf"mailto:[^@{_UNSAFE}?]+@[^@{_UNSAFE}?]+", re.IGNORECASE)
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}")
_is_http: Final = _HTTP.fullmatch


def as_list(value: Any) -> list[Any]:
    """None gives nothing, a list its flattened non-null items, anything else itself alone."""
    if value is None:
        return []
    if type(value) is not list:
        return [value]
    found: list[Any] = []
    for item in value:
        if type(item) is list:
            found.extend(inner for inner in item if inner is not None)
        elif item is not None:
            found.append(item)
    return found


def one(value: Any) -> Any:
    """The value itself, or the first non-null one of a list."""
    if type(value) is list:
        return next((item for item in value if item is not None), None)
    return value


def url(value: Any) -> str | None:
    """A text that is a plain http(s) URL without user name, of sane length; else None."""
    if type(value) is str and len(value) <= limits.URI_CHARS and _is_http(value):
        return value
    return None


def contact_url(value: Any) -> str | None:
    """As `url`, and `mailto:` addresses without headers."""
    found = url(value)
    if found is None and type(value) is str and len(value) <= 320 and _MAILTO.fullmatch(value):
        return value
    return found


def ref(value: Any) -> str | None:
    """The id a value stands for: a text, an object's `id` (or a Link's `href`), the first of a list.

    Every spelling of the Public collection gives `PUBLIC`; what is no http(s) URL gives None.
    """
    if type(value) is list:
        value = one(value)
    if type(value) is dict:
        value = value.get("id") or value.get("@id") or value.get("href")
    if type(value) is not str or len(value) > limits.URI_CHARS:
        return None
    if _is_http(value):
        return value
    return PUBLIC if value in _PUBLIC_FORMS else None


def refs(value: Any, limit: int) -> tuple[str, ...]:
    """All distinct ids in a value, in order, at most `limit`."""
    if value is None:
        return ()
    found: dict[str, None] = {}
    for item in value if type(value) is list else (value,):
        uri = item if item == PUBLIC else ref(item)
        if uri is not None:
            found[uri] = None
            if len(found) >= limit:
                break
    return tuple(found)


def text(value: Any, limit: int) -> str | None:
    """A non-empty text cut at `limit` characters; numbers become text, lists give their first."""
    if type(value) is not str:
        if type(value) is list:
            value = one(value)
        if type(value) is int or type(value) is float:
            value = str(value)
        if type(value) is not str:
            return None
    if "\x00" in value:
        value = value.replace("\x00", "")
    return value[:limit] or None


def flag(value: Any, default: bool = False) -> bool:
    """A boolean, also when it came as text."""
    if type(value) is bool:
        return value
    if type(value) is str:
        return {"true": True, "false": False}.get(value.lower(), default)
    return default


def integer(value: Any) -> int | None:
    """A whole number clamped to `limits.COUNT_MAX`, also from text or float; negative gives None."""
    found = number(value)
    if found is None or found < 0:
        return None
    return min(int(found), limits.COUNT_MAX)


def number(value: Any) -> float | None:
    """A finite number, also when it came as text."""
    if type(value) is str:
        try:
            value = float(value) if len(value) < 64 else None
        except ValueError:
            return None
    if type(value) is int:
        return float(value) if -(2**63) <= value < 2**63 else None
    if type(value) is float and math.isfinite(value):
        return value
    return None


def naive_or_aware(value: Any) -> datetime | None:
    """A date and time exactly as written: aware when it has an offset, naive (floating) when not."""
    if type(value) is list:
        value = one(value)
    if type(value) is not str or not 16 <= len(value) <= 64:
        return None
    try:
        return datetime.fromisoformat(value.strip().replace(" ", "T", 1))
    except ValueError:
        return None


def when(value: Any) -> datetime | None:
    """A moment in UTC; without an offset it is taken as UTC. None when it cannot be read.

    Accepts what peers send beyond RFC 3339: `+0000`, missing Z, any number of fraction digits.
    """
    moment = naive_or_aware(value)
    if moment is None:
        return None
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return None


def language_map(value: Any, limit: int) -> dict[str, str]:
    """The texts of a `contentMap`-like object by language tag; bad tags and texts are left out."""
    if type(value) is not dict:
        return {}
    found: dict[str, str] = {}
    for tag, written in value.items():
        if _LANGUAGE.fullmatch(tag):
            kept = text(written, limit)
            if kept is not None:
                found[tag] = kept
                if len(found) >= limits.LANGUAGES:
                    break
    return found


def language(value: Any) -> str | None:
    """A BCP 47 tag from a text or from Lemmy's and PeerTube's `{identifier, name}`; `und` is none."""
    if type(value) is dict:
        value = value.get("identifier")
    if type(value) is str and len(value) <= 50 and value != "und" and _LANGUAGE.fullmatch(value):
        return value
    return None


def media_type(value: Any) -> str | None:
    """A MIME type in lower case without parameters."""
    if type(value) is not str or "/" not in value or len(value) > limits.MEDIA_TYPE_CHARS:
        return None
    return value.partition(";")[0].strip().lower()


def same_host(a: str | None, b: str | None) -> bool:
    """Whether two URLs are served by one host; false when either has none (ORG-09)."""
    if not a or not b:
        return False
    authority = a[: a.find("/", 8) + 1]
    if authority and b.startswith(authority):
        return True
    try:
        return host_of(a) == host_of(b)
    except FederationError:
        return False


def page_url(value: Any, owner_id: str | None) -> str | None:
    """Where a browser goes for a thing: the text/html link, else the first; None off the id's host.

    A foreign `url` could dress a stranger's post as another site's (ORG-06), so it is dropped.
    """
    first: str | None = None
    for item in as_list(value)[: limits.LINKS] if type(value) is not str else (value,):
        found = url(item) if type(item) is str else url(item.get("href")) if type(item) is dict else None
        if found is None:
            continue
        if type(item) is dict and "html" in str(item.get("mediaType") or item.get("mimeType") or ""):
            first = found
            break
        first = first or found
    return first if same_host(owner_id, first) else None


def stamp(moment: datetime | None) -> str | None:
    """A moment as it goes on the wire: UTC with Z, whole seconds unless it has finer ones."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")

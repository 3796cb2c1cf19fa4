"""Events as Mobilizon, Gancio, Friendica and the event bridges really send them.

Owns the Event Struct and its two directions. A time without offset is read in the event's own
zone where it names one, and marked `floating` otherwise. Called through `vocab.read` and
`vocab.write`. Spec: AS2 Vocabulary (Event), FEP-8a8e, Mobilizon's extension.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

from federation.errors import FederationError
from federation.vocab import limits, parts
from federation.vocab.base import Document, Object, reads, write_thing, writes
from federation.vocab.fields import object_fields, write_object
from federation.vocab.objects import Place, place_of
from federation.vocab.parts import Link, Media
from federation.vocab.values import as_list, contact_url, flag, integer, naive_or_aware, one, refs, text

STATUSES: Final = ("CONFIRMED", "TENTATIVE", "CANCELLED")
JOIN_MODES: Final = ("free", "restricted", "invite", "external")


class Event(Object, frozen=True, kw_only=True):
    """Something that happens. Times are aware and keep the event's own offset."""

    type: str = "Event"
    start_time: datetime
    end_time: datetime | None = None
    end_shown: bool = True
    floating: bool = False
    timezone: str | None = None
    status: str = "CONFIRMED"
    join_mode: str = "free"
    external_participation_url: str | None = None
    category: str | None = None
    location: Place | None = None
    online_url: str | None = None
    is_online: bool = False
    participant_count: int | None = None
    capacity: int | None = None
    remaining_capacity: int | None = None
    comments_enabled: bool = True
    draft: bool = False
    contacts: tuple[str, ...] = ()
    uuid: str | None = None


def zone(name: Any) -> tzinfo | None:
    """The zone of an IANA name; None when there is no such zone here."""
    if type(name) is not str or not 0 < len(name) <= 64 or ".." in name:
        return None
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        return None


def _moment(value: Any, local: tzinfo | None) -> tuple[datetime | None, bool]:
    moment = naive_or_aware(value)
    if moment is None or moment.tzinfo is not None:
        return moment, False
    return moment.replace(tzinfo=local or UTC), local is None


def _status(document: Document) -> str:
    for term in ("status", "ical:status", "eventStatus"):
        written = text(one(document.get(term)), 200)
        if written is None:
            continue
        word = written.rpartition("/")[2].rpartition(":")[2].removeprefix("Event").upper()
        if word in ("CANCELLED", "CANCELED"):
            return "CANCELLED"
        if word in ("TENTATIVE", "POSTPONED"):
            return "TENTATIVE"
    return "CONFIRMED"


def _online_url(document: Document, attachments: tuple[parts.Attachment, ...]) -> str | None:
    for item in as_list(document.get("location"))[: limits.LINKS]:
        if type(item) is dict and item.get("type") == "VirtualLocation":
            found = parts.read_link({"href": item.get("url")})
            if found is not None:
                return found.href
    links = (item for item in attachments if isinstance(item, Link))
    return next((link.href for link in links if link.name == "Website"), None)


@reads("object", "Event")
def _read_event(document: Document, name: str, depth: int) -> Event:
    get = document.get
    fields = object_fields(document, name, depth)
    zone_name = text(get("timezone"), 64)
    local = zone(zone_name)
    start, floating = _moment(get("startTime"), local)
    if start is None:
        raise FederationError("bad_event_start")
    end, _ = _moment(get("endTime"), local)
    join_mode = text(get("joinMode"), 50)
    return Event(
        **fields,
        start_time=start,
        end_time=end,
        end_shown=flag(get("displayEndTime"), True),
        floating=floating,
        timezone=zone_name if local is not None else None,
        status=_status(document),
        join_mode=join_mode if join_mode in JOIN_MODES else "free",
        external_participation_url=contact_url(get("externalParticipationUrl")),
        category=text(one(get("category")), limits.SHORT_TEXT_CHARS),
        location=place_of(get("location"), depth),
        online_url=_online_url(document, fields.get("attachments", ())),
        is_online=flag(get("isOnline")),
        participant_count=integer(get("participantCount")),
        capacity=integer(get("maximumAttendeeCapacity")) or None,
        remaining_capacity=integer(get("remainingAttendeeCapacity")),
        comments_enabled=flag(get("commentsEnabled"), True),
        draft=flag(get("draft")),
        contacts=refs(get("contacts"), limits.AUTHORS),
        uuid=text(get("uuid"), 100),
    )


def _offset(moment: datetime | None) -> str | None:
    """Local time with its numeric offset: Mobilizon and Gancio show the event's own hour."""
    return None if moment is None else moment.isoformat(timespec="seconds").replace("+00:00", "Z")


_EVENT_STATUS: Final = {
    "CONFIRMED": "EventScheduled",
    "TENTATIVE": "EventTentative",
    "CANCELLED": "EventCancelled",
}


@writes(Event)
def write_event(event: Event) -> Document:
    """An event all of Mobilizon, Gancio, WordPress and Mastodon read: picture first, one Place."""
    document = write_object(event)
    pictures = [item for item in event.attachments if isinstance(item, Media)]
    others = [item for item in event.attachments if not isinstance(item, Media)]
    if event.online_url is not None and not any(getattr(item, "name", "") == "Website" for item in others):
        # Mobilizon's place for the online address; a second location would crash it.
        others.append(Link(href=event.online_url, name="Website", media_type="text/html"))
    document["attachment"] = parts.write_attachments((*pictures, *others), for_group=bool(event.audience))
    # Mobilizon asks for both names, each one value.
    document.setdefault("actor", event.attributed_to)
    document.setdefault("content", "")
    document |= {
        "startTime": _offset(event.start_time),
        "displayEndTime": event.end_shown,
        "status": event.status,
        "ical:status": event.status,
        "eventStatus": _EVENT_STATUS.get(event.status, "EventScheduled"),
        "joinMode": event.join_mode,
        "isOnline": event.is_online,
        "draft": event.draft,
        "commentsEnabled": event.comments_enabled,
        "repliesModerationOption": "allow_all" if event.comments_enabled else "closed",
        "anonymousParticipationEnabled": False,
    }
    return document | parts.trimmed(
        {
            "endTime": _offset(event.end_time),
            "timezone": event.timezone,
            "inLanguage": event.language,
            "category": event.category,
            "externalParticipationUrl": event.external_participation_url,
            "location": write_thing(event.location),
            "participantCount": event.participant_count,
            "maximumAttendeeCapacity": event.capacity,
            "remainingAttendeeCapacity": event.remaining_capacity,
            "contacts": list(event.contacts) or None,
            "uuid": event.uuid,
        }
    )

"""What somebody did: one Struct per AS2 activity type, named as AS2 names it.

Owns reading and writing of activities. Never judges whether the actor may: handlers do.
Every type shares the fields of Activity; the subclasses exist so that a handler's signature
says what it takes. Called through `vocab.read` and `vocab.write`.
Spec: AS2 Vocabulary §3.1, AP §7; FEP-c0e0 (EmojiReact), FEP-1b12 (Lock, Announce of activities).
"""

from __future__ import annotations

from typing import Final

from federation.errors import FederationError
from federation.vocab import limits, parts
from federation.vocab.base import (
    Activity,
    Document,
    Thing,
    embedded,
    id_of,
    optional,
    reads,
    write_thing,
    writes,
)
from federation.vocab.fields import single_or_list
from federation.vocab.values import as_list, flag, one, ref, refs, stamp, text, when


class Create(Activity, frozen=True, kw_only=True):
    """Something new, embedded."""

    type: str = "Create"


class Update(Activity, frozen=True, kw_only=True):
    """The whole of something, anew: it replaces what was."""

    type: str = "Update"


class Delete(Activity, frozen=True, kw_only=True):
    """Something is gone, by id or as a Tombstone."""

    type: str = "Delete"


class Follow(Activity, frozen=True, kw_only=True):
    """Asks to receive what an actor publishes."""

    type: str = "Follow"


class Accept(Activity, frozen=True, kw_only=True):
    """Yes to a Follow, Join, Invite or Offer."""

    type: str = "Accept"


class TentativeAccept(Activity, frozen=True, kw_only=True):
    """Perhaps, to an invitation."""

    type: str = "TentativeAccept"


class Reject(Activity, frozen=True, kw_only=True):
    """No, or no longer, to what was asked."""

    type: str = "Reject"


class TentativeReject(Activity, frozen=True, kw_only=True):
    """Rather not."""

    type: str = "TentativeReject"


class Undo(Activity, frozen=True, kw_only=True):
    """Takes back an activity of one's own."""

    type: str = "Undo"


class Like(Activity, frozen=True, kw_only=True):
    """Approval."""

    type: str = "Like"


class Dislike(Activity, frozen=True, kw_only=True):
    """A vote against (Lemmy, mbin, PeerTube)."""

    type: str = "Dislike"


class EmojiReact(Activity, frozen=True, kw_only=True):
    """One emoji in answer (FEP-c0e0)."""

    type: str = "EmojiReact"


class Announce(Activity, frozen=True, kw_only=True):
    """A boost, or a group passing on what its members did (FEP-1b12)."""

    type: str = "Announce"


class Block(Activity, frozen=True, kw_only=True):
    """Keeps somebody off; with a target, out of that group or server."""

    type: str = "Block"


class Add(Activity, frozen=True, kw_only=True):
    """Puts something into a collection: a pin, a moderator."""

    type: str = "Add"


class Remove(Activity, frozen=True, kw_only=True):
    """Takes something out of a collection."""

    type: str = "Remove"


class Move(Activity, frozen=True, kw_only=True):
    """An account continues at `target`."""

    type: str = "Move"


class Flag(Activity, frozen=True, kw_only=True):
    """A report about `objects`."""

    type: str = "Flag"


class Join(Activity, frozen=True, kw_only=True):
    """Takes part in an event, or asks to enter a group."""

    type: str = "Join"


class TentativeJoin(Activity, frozen=True, kw_only=True):
    """May take part."""

    type: str = "TentativeJoin"


class Leave(Activity, frozen=True, kw_only=True):
    """Takes part no longer."""

    type: str = "Leave"


class Invite(Activity, frozen=True, kw_only=True):
    """Asks `target` to come to `object`."""

    type: str = "Invite"


class Offer(Activity, frozen=True, kw_only=True):
    """Proposes `object` (FEP-0837)."""

    type: str = "Offer"


class Ignore(Activity, frozen=True, kw_only=True):
    """An answer that there will be none (FEP-8a8e)."""

    type: str = "Ignore"


class Listen(Activity, frozen=True, kw_only=True):
    """Somebody heard something."""

    type: str = "Listen"


class Read(Activity, frozen=True, kw_only=True):
    """Somebody read something."""

    type: str = "Read"


class View(Activity, frozen=True, kw_only=True):
    """Somebody watched something (PeerTube)."""

    type: str = "View"


class Lock(Activity, frozen=True, kw_only=True):
    """Closes a thread to answers."""

    type: str = "Lock"


class QuoteRequest(Activity, frozen=True, kw_only=True):
    """Asks leave to quote `object` in `instrument` (FEP-044f)."""

    type: str = "QuoteRequest"


ACTIVITIES: Final[dict[str, type[Activity]]] = {
    kind.__name__: kind
    for kind in (
        Create,
        Update,
        Delete,
        Follow,
        Accept,
        TentativeAccept,
        Reject,
        TentativeReject,
        Undo,
        Like,
        Dislike,
        EmojiReact,
        Announce,
        Block,
        Add,
        Remove,
        Move,
        Flag,
        Join,
        TentativeJoin,
        Leave,
        Invite,
        Offer,
        Ignore,
        Listen,
        Read,
        View,
        Lock,
        QuoteRequest,
    )
}
# Types we act on nowhere, but which other programs send: readable, so that they end as `ignored`.
_OTHER_ACTIVITIES: Final = ("Activity", "Resolve", "Warn", "LikeRequest", "ReplyRequest", "AnnounceRequest")


def _actor(document: Document) -> str | None:
    """The one actor of an activity; Discourse embeds the whole actor, Prismo a list of one."""
    value = document.get("actor")
    if type(value) is list and len(as_list(value)) != 1:
        return None
    found = ref(value)
    return found if found is not None and found.startswith("http") else None


def _object(document: Document, name: str, depth: int) -> tuple[Thing | str | None, tuple[str, ...]]:
    value = document.get("object")
    if type(value) is list:
        items = as_list(value)
        if name == "Flag":
            ids = refs(items, limits.REPORTED_OBJECTS)
            return (ids[0] if ids else None), ids
        if len(items) > 1:
            # One signature over several objects would be several deeds under one id.
            value = _several_choices(items) if name == "Create" else None
            if value is None:
                raise FederationError("bad_object", "several")
        else:
            value = items[0] if items else None
    found = embedded(value, depth)
    if found is None and value is not None:
        raise FederationError("bad_object")
    identity = found if isinstance(found, str) else found.id if found else None
    return found, () if identity is None else (identity,)


def _several_choices(items: list[object]) -> Document | None:
    """Several votes of one person in one poll, as GoToSocial sends them: one Note with all the names."""
    votes = [item for item in items[: limits.POLL_OPTIONS] if type(item) is dict]
    if len(votes) < len(items) or any(item.get("type") != "Note" or item.get("content") for item in votes):
        return None
    if any(len({ref(item.get(term)) for item in votes}) != 1 for term in ("attributedTo", "inReplyTo")):
        return None
    names = [text(item.get("name"), limits.POLL_OPTION_CHARS) for item in votes]
    return None if None in names or not ref(votes[0].get("inReplyTo")) else {**votes[0], "name": names}


@reads("activity", *ACTIVITIES, *_OTHER_ACTIVITIES)
def _read_activity(document: Document, name: str, depth: int) -> Thing:
    actor = _actor(document)
    if actor is None:
        raise FederationError("bad_actor", "not exactly one")
    found, ids = _object(document, name, depth)
    if found is None and depth == 0 and name in ACTIVITIES:
        raise FederationError("bad_object", "missing")
    get = document.get
    fields: Document = {
        "id": id_of(document),
        "type": name,
        "raw": document,
        "actor": actor,
        "object": found,
        "objects": ids,
        "to": refs(get("to"), limits.RECIPIENTS),
        "cc": refs(get("cc"), limits.RECIPIENTS),
        "audience": refs(get("audience"), limits.RECIPIENTS),
        "published": when(get("published")),
    }
    _rare_fields(document, fields, depth)
    if name == "Flag":
        # The reason of a report comes in either property, from some programs in both.
        reason = fields.get("content") or fields.get("summary")
        fields["content"] = fields["summary"] = reason
    return ACTIVITIES.get(name, Activity)(**fields)


_RARE: Final = (
    "target",
    "origin",
    "result",
    "instrument",
    "updated",
    "endTime",
    "attributedTo",
    "name",
    "summary",
    "content",
    "tag",
    "removeData",
    "participationMessage",
)


def _rare_fields(document: Document, fields: Document, depth: int) -> None:
    for term in [term for term in _RARE if term in document]:
        value = document[term]
        match term:
            case "target" | "origin" | "result" | "instrument":
                fields[term] = optional(value, depth)
            case "updated":
                fields["updated"] = when(value)
            case "endTime":
                fields["end_time"] = when(value)
            case "attributedTo":
                fields["attributed_to"] = ref(value)
            case "name":
                fields["name"] = text(value, limits.NAME_CHARS)
            case "summary" | "content":
                fields[term] = text(value, limits.SUMMARY_CHARS)
            case "tag":
                fields["tags"] = parts.read_tags(value)
            case "removeData":
                fields["remove_data"] = flag(value)
            case _:
                fields["participation_message"] = text(one(value), limits.SUMMARY_CHARS)


@writes(Activity)
def write_activity(activity: Activity) -> Document:
    """An activity in the form every peer reads: id, type, actor, object, and `to`, `cc` as arrays."""
    document = parts.trimmed(
        {
            "id": activity.id,
            "type": activity.type,
            "actor": activity.actor,
            "attributedTo": activity.attributed_to,
            "published": stamp(activity.published),
            "updated": stamp(activity.updated),
            "endTime": stamp(activity.end_time),
            "name": activity.name,
            "summary": activity.summary,
            "content": activity.content,
            "audience": single_or_list(activity.audience),
            "object": write_thing(activity.object),
            "target": write_thing(activity.target),
            "origin": write_thing(activity.origin),
            "result": write_thing(activity.result),
            "instrument": write_thing(activity.instrument),
            "participationMessage": activity.participation_message,
            "removeData": activity.remove_data or None,
        }
    )
    document["to"] = list(activity.to)
    document["cc"] = list(activity.cc)
    if activity.tags:
        document["tag"] = [parts.write_tag(tag) for tag in activity.tags]
    return document


@writes(Flag)
def _write_flag(activity: Flag) -> Document:
    document = write_activity(activity)
    # Mobilizon reads only a list, Lemmy the reason from `summary`, Mastodon from `content`.
    document["object"] = list(activity.objects) or [activity.object_id]
    reason = activity.content or activity.summary
    if reason:
        document["content"] = document["summary"] = reason
    return document

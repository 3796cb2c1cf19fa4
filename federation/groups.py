"""What circulates in a group: what its `Announce` may hold (FEP-1b12), and the words to pass things on.

Owns the form of an announced activity and the rule of what must prove it: the author's own proof, the
author's host, or, for votes and the acts of moderators, the group's word. Fetches nothing and knows no
database; the host application brings proofs and documents (`node.wire.announced`) and asks whether an
act of a moderator may be done. Spec: FEP-1b12, FEP-8b32; the forms of Lemmy, PieFed, mbin and NodeBB.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from msgspec import structs

from federation.errors import FederationError
from federation.uris import same_origin
from federation.vocab import PUBLIC, Activity, Add, Announce, Delete, Lock, Remove, Undo, Verbatim

VOTES: Final = frozenset({"Like", "Dislike", "EmojiReact"})
MODERATING: Final = frozenset({"Lock", "Add", "Remove", "Block"})
PASSED_ON: Final = VOTES | MODERATING | {"Create", "Update", "Delete", "Undo"}
_TAKEN_BACK: Final = VOTES | {"Lock", "Block", "Delete"}


class Basis(StrEnum):
    """What makes an announced activity without its author's proof believable."""

    OBJECT = "object"  # the post itself, asked of its author's host
    GONE = "gone"  # that host says the post is no more
    WORD = "word"  # the group's: it is about its own threads, and nothing of the author's is changed


def is_passed_on(activity: Activity) -> bool:
    """Whether this is an activity in an Announce, rather than somebody's boost of a post."""
    return activity.type == "Announce" and isinstance(activity.object, Activity)


def inner_of(announce: Activity) -> Activity:
    """The activity a group announces, in a form that may be looked at further.

    Raises: `bad_object` for a kind groups do not pass on, an Announce within an Announce among them,
    or one without an id; `id_mismatch` for an id of another host than its actor's.
    """
    inner = announce.object
    if not isinstance(inner, Activity) or inner.id is None or inner.type not in PASSED_ON:
        raise FederationError("bad_object", "nothing a group passes on")
    undone = inner.object
    if inner.type == "Undo" and isinstance(undone, Activity) and undone.type not in _TAKEN_BACK:
        raise FederationError("bad_object", "nothing a group passes on")
    # Else a group could speak as one person under the id of another (GRP-02).
    if not same_origin(inner.id, inner.actor):
        raise FederationError("id_mismatch", "announced activity", status=403)
    return inner


def basis_of(inner: Activity) -> Basis:
    """What is asked for when no proof of its author came along.

    Votes are a number below a thread, and the acts of moderators change the group's own threads only:
    for both a group's word is enough. What somebody wrote, changed or deleted is theirs: their host is
    asked. A Delete with a reason is a moderator's (Lemmy), and takes a post out of the group alone.
    """
    if inner.type in ("Create", "Update"):
        return Basis.OBJECT
    if inner.type == "Delete" and not is_removal(inner):
        return Basis.GONE
    return Basis.WORD


def is_removal(activity: Activity) -> bool:
    """Whether a Delete takes a post out of a group, by those who run it, rather than out of the world.

    Lemmy tells the two apart by the reason, which is there even when it is empty.
    """
    about = activity.object_id or ""
    elsewhere = bool(about) and not same_origin(about, activity.actor)
    return activity.type == "Delete" and ("summary" in activity.raw or elsewhere)


def same_house(uri: str, group_uri: str) -> bool:
    """Whether somebody lives where the group does."""
    return same_origin(uri, group_uri)


def passing_on_id(group_uri: str, inner_id: str) -> str:
    """The id under which a group announces an activity: the same for the same one, so once (GRP-10)."""
    return f"{group_uri}#passed-on/{hashlib.sha256(inner_id.encode()).hexdigest()[:32]}"


def pass_on(
    group_uri: str, followers_uri: str, inner: dict[str, Any], now: datetime, *, public: bool
) -> Announce:
    """A group's Announce of what somebody did, word for word as they sent it, proof and all.

    Not `public`: for the members alone.
    """
    return Announce(
        id=passing_on_id(group_uri, inner["id"]),
        actor=group_uri,
        object=Verbatim(id=inner["id"], type=inner["type"], raw=inner),
        to=(PUBLIC,) if public else (followers_uri,),
        cc=(followers_uri,) if public else (),
        published=now,
    )


def _addressed(act: Activity, group_uri: str, members_uri: str, *, public: bool) -> Activity:
    """Where acts of moderators go: Lemmy wants everybody in `to` and the group in `cc`."""
    return structs.replace(
        act, to=(PUBLIC,) if public else (members_uri,), cc=(group_uri,), audience=(group_uri,)
    )


class Deed:
    """The activities of those who run a group, in the words of Lemmy, which others read too."""

    def __init__(self, actor_uri: str, group_uri: str, members_uri: str, *, public: bool) -> None:
        self._actor = actor_uri
        self._group = group_uri
        self._members = members_uri
        self._public = public

    def _done(self, act: Activity) -> Activity:
        return _addressed(act, self._group, self._members, public=self._public)

    def lock(self, uri: str, post_uri: str, reason: str) -> Activity:
        """Nobody may answer any more."""
        return self._done(Lock(id=uri, actor=self._actor, object=post_uri, summary=reason or None))

    def remove(self, uri: str, post_uri: str, reason: str) -> Activity:
        """Out of the group; a Delete with a reason, be it empty."""
        return self._done(Delete(id=uri, actor=self._actor, object=post_uri, summary=reason or "-"))

    def pin(self, uri: str, post_uri: str, featured_uri: str, *, add: bool) -> Activity:
        """To the top of the group, or down again."""
        kind = Add if add else Remove
        return self._done(kind(id=uri, actor=self._actor, object=post_uri, target=featured_uri))

    def undo(self, uri: str, undone: Activity) -> Activity:
        """Take back a lock or a removal; embedded whole, as Lemmy needs it."""
        return self._done(Undo(id=uri, actor=self._actor, object=undone))

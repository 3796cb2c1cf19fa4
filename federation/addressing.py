"""Who may see it: `to` and `cc` to an Audience, and an Audience back to `to` and `cc`.

Owns the table of audiences every peer agrees on. Never decides access: the host application
stores the Audience and asks it. Called by the translators of posts, both ways.
Spec: AP §5.6 (Public) and the addressing practice of Mastodon, Pleroma, Misskey and Lemmy.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from msgspec import Struct

from federation.errors import FederationError
from federation.vocab.values import PUBLIC, ref


class Kind(StrEnum):
    """From everyone to nobody outside."""

    PUBLIC = "public"
    UNLISTED = "unlisted"
    FOLLOWERS = "followers"
    DIRECT = "direct"
    LOCAL = "local"
    GROUP = "group"  # the members of a closed group, wherever they are


class Audience(Struct, frozen=True, kw_only=True):
    """`people` are all other ids addressed, actors or collections, in order.

    `followers` tells whether the author's followers are addressed besides the kind.
    `group` is the group a thread is written into (FEP-1b12); it stands first in `to`. `members` is the
    collection of those who belong to it, which alone is addressed where it is closed.
    """

    kind: Kind
    people: tuple[str, ...] = ()
    followers: bool = False
    group: str | None = None
    members: str | None = None

    @property
    def is_public(self) -> bool:
        """Whether anyone may read it, listed or not."""
        return self.kind in (Kind.PUBLIC, Kind.UNLISTED)


PUBLIC_AUDIENCE: Final = Audience(kind=Kind.PUBLIC, followers=True)


def _ids(values: Iterable[str]) -> list[str]:
    """Known forms of ids, once each, in order; every spelling of Public becomes one."""
    found = [value if value == PUBLIC else ref(value) for value in values]
    return list(dict.fromkeys([uri for uri in found if uri is not None]))


def read(to: Iterable[str], cc: Iterable[str], actor_followers_uri: str | None) -> Audience:
    """The audience a received object names.

    Public in `to` is public, in `cc` unlisted; the author's own followers collection in either
    is followers only; the rest is direct. An unknown followers address never widens it.
    """
    first, second = _ids(to), _ids(cc)
    everyone = dict.fromkeys((*first, *second))
    followers = actor_followers_uri is not None and actor_followers_uri in everyone
    people = tuple(uri for uri in everyone if uri not in (PUBLIC, actor_followers_uri))
    if PUBLIC in first:
        kind = Kind.PUBLIC
    elif PUBLIC in second:
        kind = Kind.UNLISTED
    else:
        kind = Kind.FOLLOWERS if followers else Kind.DIRECT
    return Audience(kind=kind, people=people, followers=followers)


def write(
    audience: Audience, followers_uri: str | None, mentions: Iterable[str] = ()
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """`to` and `cc` for an audience; `mentions` join the people already in it.

    Raises: `local_audience`: what stays here has no addresses; `bad_audience` when followers
    are meant and there is no collection to name, or members and no group.
    """
    if audience.kind is Kind.LOCAL:
        raise FederationError("local_audience")
    if audience.kind is Kind.GROUP and not (audience.group and audience.members):
        raise FederationError("bad_audience", "no group")
    if audience.kind in (Kind.UNLISTED, Kind.FOLLOWERS) and followers_uri is None:
        raise FederationError("bad_audience", "no followers collection")
    followers = [] if followers_uri is None else [followers_uri]
    people = [uri for uri in _ids((*audience.people, *mentions)) if uri not in (PUBLIC, followers_uri)]
    match audience.kind:
        case Kind.PUBLIC:
            to, cc = [PUBLIC], [*followers, *people]
        case Kind.UNLISTED:
            to, cc = followers, [PUBLIC, *people]
        case Kind.FOLLOWERS:
            # Mastodon looks for the collection in `to` only.
            to, cc = [*followers, *people], []
        case Kind.GROUP:
            to, cc = [uri for uri in (audience.members,) if uri], people
        case _:
            to, cc = people, []
    if audience.group is not None:
        # Lemmy takes the first id that is a group as the place of the thread.
        to = [audience.group, *(uri for uri in to if uri != audience.group)]
        cc = [uri for uri in cc if uri != audience.group]
    return tuple(to), tuple(cc)

"""The table of audiences, read from what peers send and written as they need it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from federation import addressing
from federation.addressing import Audience, Kind
from federation.errors import FederationError
from federation.vocab import PUBLIC

F = "https://peer.example/users/bob/followers"
A = "https://node.example/ap/users/1"
B = "https://node.example/ap/users/2"
OTHER = "https://other.example/users/c/followers"


class Received(Struct, frozen=True):
    name: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    kind: Kind
    people: tuple[str, ...] = ()
    followers: bool = False


RECEIVED = [
    Received("public", (PUBLIC,), (F, A), Kind.PUBLIC, (A,), True),
    Received("as:Public", ("as:Public",), (F,), Kind.PUBLIC, (), True),
    Received("bare Public", ("Public",), (), Kind.PUBLIC),
    Received("public beside people", (A, PUBLIC), (), Kind.PUBLIC, (A,)),
    Received("public in both", (PUBLIC,), (PUBLIC,), Kind.PUBLIC),
    Received("unlisted", (F,), (PUBLIC, A), Kind.UNLISTED, (A,), True),
    Received("unlisted, other spelling", (F,), ("as:Public",), Kind.UNLISTED, (), True),
    Received("followers", (F, A), (), Kind.FOLLOWERS, (A,), True),
    Received("followers in cc", (A,), (F,), Kind.FOLLOWERS, (A,), True),
    Received("direct", (A, B), (), Kind.DIRECT, (A, B)),
    Received("direct with a copy", (A,), (B, A), Kind.DIRECT, (A, B)),
    Received("somebody else's followers widen nothing", (OTHER,), (), Kind.DIRECT, (OTHER,)),
    Received("nobody", (), (), Kind.DIRECT),
    Received("nonsense", ("", "urn:x", "public", "https://"), (), Kind.DIRECT),
]


@pytest.mark.parametrize("case", RECEIVED, ids=lambda case: case.name)
def test_a_received_audience_is_read(case: Received) -> None:
    found = addressing.read(case.to, case.cc, F)
    assert found == Audience(kind=case.kind, people=case.people, followers=case.followers)
    assert found.is_public == (case.kind in (Kind.PUBLIC, Kind.UNLISTED))


def test_without_a_known_followers_address_a_post_is_direct() -> None:
    assert addressing.read((F,), (), None) == Audience(kind=Kind.DIRECT, people=(F,))


class Written(Struct, frozen=True):
    name: str
    audience: Audience
    to: tuple[str, ...]
    cc: tuple[str, ...]


WRITTEN = [
    Written("public", Audience(kind=Kind.PUBLIC), (PUBLIC,), (F, A)),
    Written("unlisted", Audience(kind=Kind.UNLISTED), (F,), (PUBLIC, A)),
    Written("followers", Audience(kind=Kind.FOLLOWERS), (F, A), ()),
    Written("direct", Audience(kind=Kind.DIRECT), (A,), ()),
    Written("direct to more", Audience(kind=Kind.DIRECT, people=(B, A)), (B, A), ()),
    Written("group thread", Audience(kind=Kind.PUBLIC, group=B), (B, PUBLIC), (F, A)),
    Written("group mentioned too", Audience(kind=Kind.PUBLIC, group=A), (A, PUBLIC), (F,)),
]


@pytest.mark.parametrize("case", WRITTEN, ids=lambda case: case.name)
def test_an_audience_is_written_as_peers_read_it(case: Written) -> None:
    assert addressing.write(case.audience, F, (A,)) == (case.to, case.cc)


def test_what_stays_here_is_never_addressed() -> None:
    with pytest.raises(FederationError) as caught:
        addressing.write(Audience(kind=Kind.LOCAL), F)
    assert caught.value.code == "local_audience"


@pytest.mark.parametrize("kind", [Kind.UNLISTED, Kind.FOLLOWERS])
def test_followers_need_a_collection_to_name(kind: Kind) -> None:
    with pytest.raises(FederationError) as caught:
        addressing.write(Audience(kind=kind), None)
    assert caught.value.code == "bad_audience"


@given(
    st.sampled_from([Kind.PUBLIC, Kind.UNLISTED, Kind.FOLLOWERS, Kind.DIRECT]),
    st.lists(st.sampled_from([A, B, OTHER, F, PUBLIC]), max_size=5),
)
def test_what_is_written_reads_back_to_the_same_kind(kind: Kind, mentions: list[str]) -> None:
    to, cc = addressing.write(Audience(kind=kind), F, mentions)
    found = addressing.read(to, cc, F)
    assert found.kind is kind
    assert set(found.people) == set(mentions) - {PUBLIC, F}
    assert len({*to, *cc}) == len(to) + len(cc), "nobody is named twice"

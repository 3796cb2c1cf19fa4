"""What may be believed of what came embedded, and what is fetched instead."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import Struct

from federation import gather, vocab
from federation.budget import FetchBudget
from federation.errors import FederationError
from federation.gather import Missing

E = "https://evil.test/u/e"
E2 = "https://evil.test/u/f"
V = "https://victim.test/u/v"
N = "https://evil.test/n/1"
VN = "https://victim.test/n/1"
G = "https://evil.test/g/1"


def person(uri: str, kind: str = "Person") -> dict[str, Any]:
    return {"id": uri, "type": kind, "preferredUsername": "x", "inbox": uri + "/inbox"}


def note(uri: str | None = N, author: Any = E, **fields: Any) -> dict[str, Any]:
    written = {"type": "Note", "attributedTo": author, "content": "from the network"} | fields
    return written | ({"id": uri} if uri else {})


class Peer:
    """A resolver over documents in memory; it notes what was fetched."""

    def __init__(
        self, *documents: dict[str, Any], known: tuple[str, ...] = (), stored: tuple[vocab.Activity, ...] = ()
    ) -> None:
        self.documents = {document["id"]: document for document in documents}
        self.holds = set(known)
        self.stored = {activity.id: activity for activity in stored}
        self.fetched: list[str] = []

    async def known(self, uri: str) -> bool:
        return uri in self.holds

    async def activity(self, uri: str) -> vocab.Activity | None:
        return self.stored.get(uri)

    async def fetch(self, uri: str, budget: FetchBudget) -> vocab.Thing:
        budget.spend()
        self.fetched.append(uri)
        if uri not in self.documents:
            raise FederationError("not_found")
        return vocab.read(self.documents[uri])


def activity(kind: str, thing: Any, actor: str = E, **fields: Any) -> vocab.Activity:
    document = {"id": "https://evil.test/a/1", "type": kind, "actor": actor, "object": thing} | fields
    read = vocab.read(document)
    assert isinstance(read, vocab.Activity)
    return read


async def run(
    what: vocab.Activity, *needs: str, peer: Peer | None = None, count: int = 20
) -> gather.Gathered:
    return await gather.gather(what, needs, peer or Peer(), FetchBudget(count, 5))


class Forged(Struct, frozen=True):
    name: str
    activity: vocab.Activity


FORGED = [
    Forged("ORG-05 somebody else's name", activity("Create", note(author=V))),
    Forged("ORG-05 the object's actor", activity("Create", note(author=None, actor=V))),
    Forged("ORG-05 two authors", activity("Create", note(author=[E, V]))),
    Forged("ORG-05 a neighbour", activity("Create", note(author=E2))),
    Forged("ORG-05 a neighbour as second author", activity("Create", note(author=[E, E2]))),
    Forged("ORG-05 no author", activity("Create", note(author=None))),
    Forged(
        "ORG-05 a channel of another host", activity("Create", note(author=[E, {"type": "Group", "id": V}]))
    ),
    Forged("ORG-02 somebody else's post", activity("Update", note(VN, V))),
    Forged("ORG-02 somebody else's id", activity("Update", note(VN, E))),
    Forged("ORG-02 somebody else's id alone", activity("Update", VN)),
    Forged("ORG-09 hosts that look alike", activity("Create", note("https://evil.test.victim.test/n/1", E))),
    Forged("ORG-09 another port", activity("Create", note("https://evil.test:8443/n/1", E))),
    Forged("ORG-09 another scheme", activity("Create", note("http://evil.test/n/1", E))),
    Forged("SIG-20 somebody else's account", activity("Update", person(V))),
    Forged("SIG-20 a neighbour's account", activity("Update", person(E2))),
    Forged("id-less with another author", activity("Create", note(None, V))),
]


@pytest.mark.parametrize("case", FORGED, ids=lambda case: case.name)
async def test_a_forged_object_is_refused_and_nothing_is_fetched(case: Forged) -> None:
    peer = Peer(note(VN, V), person(V), person(E2))
    with pytest.raises(FederationError) as caught:
        await run(case.activity, "object", peer=peer)
    assert (caught.value.code, caught.value.status) == ("not_owner", 403)
    assert peer.fetched == []


async def test_org_08_a_collection_smuggles_nothing_in() -> None:
    smuggled = {"type": "Collection", "items": [note(VN, V)]}
    with pytest.raises(FederationError) as caught:
        await run(activity("Create", smuggled), "object")
    assert caught.value.code == "bad_object"
    with pytest.raises(FederationError):
        await run(activity("Like", smuggled), "object")


async def test_the_actors_own_post_is_believed_as_it_came() -> None:
    peer = Peer()
    found = await run(activity("Create", note(content="as sent")), "object", peer=peer)
    assert isinstance(found.activity.object, vocab.Note) and found.activity.object.content == "as sent"
    assert peer.fetched == [] and found.on_behalf_of is None


async def test_a_post_for_a_group_of_the_same_host_names_the_group() -> None:
    found = await run(activity("Create", note(author=G, actor=E)), "object")
    assert found.on_behalf_of == G
    assert (await run(activity("Create", note()))).on_behalf_of is None


async def test_a_video_of_a_channel_is_fetched_from_its_host() -> None:
    authors = [{"type": "Person", "id": E}, {"type": "Group", "id": G}]
    peer = Peer(note(author=authors, type="Video", name="true"))
    found = await run(
        activity("Create", note(author=authors, type="Video", name="sent")), "object", peer=peer
    )
    assert isinstance(found.activity.object, vocab.Video) and found.activity.object.name == "true"
    assert peer.fetched == [N]


async def test_an_account_update_takes_only_what_its_own_host_serves() -> None:
    peer = Peer(person(E) | {"name": "true"})
    found = await run(activity("Update", person(E) | {"name": "sent"}), "object", peer=peer)
    assert isinstance(found.activity.object, vocab.Actor) and found.activity.object.name == "true"


async def test_a_moderator_may_update_a_group_of_the_same_host() -> None:
    peer = Peer(person(G, "Group") | {"name": "true"})
    found = await run(activity("Update", person(G, "Group")), peer=peer)
    assert isinstance(found.activity.object, vocab.Actor) and found.activity.object.name == "true"


async def test_an_embedded_copy_of_a_foreign_post_is_only_an_id() -> None:
    peer = Peer(note(VN, V))
    found = await run(activity("Like", note(VN, V, content="forged")), "object", peer=peer)
    assert found.activity.object == VN and peer.fetched == [VN]
    fetched = found.thing(VN)
    assert isinstance(fetched, vocab.Note) and fetched.content == "from the network"


async def test_what_is_known_is_not_fetched() -> None:
    peer = Peer(known=(E, VN))
    found = await run(activity("Like", VN), "actor", "object", peer=peer)
    assert peer.fetched == [] and found.things == {}


async def test_an_unknown_actor_is_fetched_and_must_be_one() -> None:
    found = await run(activity("Like", VN), "actor", peer=Peer(person(E)))
    assert found.actor() is not None and found.actor(V) is None
    with pytest.raises(FederationError) as caught:
        await run(activity("Like", VN), "actor", peer=Peer(note(E)))
    assert caught.value.code == "bad_actor"


async def test_a_missing_parent_or_friend_does_not_lose_the_post() -> None:
    post = note(inReplyTo=VN, quote=VN + "2", tag=[{"type": "Mention", "href": V}])
    found = await run(activity("Create", post), "object", "in_reply_to", "quote", "mentions")
    assert found.missing == (
        Missing("in_reply_to", VN, "not_found"),
        Missing("quote", VN + "2", "not_found"),
        Missing("mentions", V, "not_found"),
    )


async def test_res_07_mentions_do_not_make_us_fetch_the_world() -> None:
    many = [{"type": "Mention", "href": f"https://victim.test/u/{number}"} for number in range(200)]
    peer = Peer()
    found = await run(activity("Create", note(tag=many)), "mentions", peer=peer, count=5)
    assert len(peer.fetched) == 5 and len(found.missing) == gather.MAX_MENTIONS
    assert {missing.code for missing in found.missing} == {"not_found", "budget_spent"}


async def test_the_target_becomes_an_id_unless_it_is_the_actors_own() -> None:
    wall = {"type": "Collection", "id": "https://victim.test/wall", "attributedTo": V}
    assert (await run(activity("Add", N, target=wall))).activity.target == "https://victim.test/wall"


async def test_org_21_the_target_of_a_move_is_fetched_anew_even_when_known() -> None:
    found = await run(activity("Move", E, target=V), "target", peer=Peer(person(V), known=(V,)))
    assert isinstance(found.thing(V), vocab.Actor)


async def test_a_delete_fetches_nothing_and_keeps_a_tombstone_of_the_same_host() -> None:
    peer = Peer()
    tombstone = {"type": "Tombstone", "id": N}
    found = await run(activity("Delete", tombstone), "object", peer=peer)
    assert isinstance(found.activity.object, vocab.Tombstone)
    forged = await run(activity("Delete", tombstone | {"id": VN}), "object", peer=peer)
    assert forged.activity.object == VN and peer.fetched == []


async def test_an_answer_to_a_bare_id_becomes_an_answer_to_our_activity() -> None:
    ours = vocab.Follow(id="https://node.example/f/1", actor="https://node.example/u/1", object=E)
    peer = Peer(stored=(ours,))
    bare = await gather.with_known_object(activity("Accept", ours.id), peer)
    assert bare.object == ours
    claim = {"id": ours.id, "type": "Follow", "actor": V, "object": E}
    assert (await gather.with_known_object(activity("Accept", claim), peer)).object == ours
    unknown = activity("Accept", "https://node.example/f/2")
    assert await gather.with_known_object(unknown, peer) is unknown
    like = activity("Like", ours.id)
    assert await gather.with_known_object(like, peer) is like


async def test_an_answer_keeps_its_claim_for_the_handler_to_compare() -> None:
    claim = {
        "id": "https://node.example/f/2",
        "type": "Follow",
        "actor": "https://node.example/u/1",
        "object": E,
    }
    found = await run(activity("Accept", claim))
    assert isinstance(found.activity.object, vocab.Follow)

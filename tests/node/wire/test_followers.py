"""Two hosts' ideas of who follows whom are compared by a digest and mended (FEP-8fcf, REL-33)."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from federation import followers
from federation.followers import Claim
from federation.keys import Signer
from node.features.actors import lookup
from node.features.actors.store.reads import Actor
from node.features.follows import serve
from node.features.follows import service as follows
from node.features.follows.store import find_follow
from tests.federation.peers import key
from tests.node.features.readers import write
from tests.node.wire.strangers import Inboxes, Stranger, get_activity, known_as, post, run
from tests.rig import Rig, RigNode


def test_the_digest_is_the_xor_of_the_digests_of_all_ids() -> None:
    people = ["https://peer.example/users/bob", "https://peer.example/users/carol"]
    assert followers.digest_of(people) == "00a15b5661e6d6c889185f000e07d7592d4f0e8ee5057fb02f1f993ceeabf91f"


def test_the_digest_does_not_depend_on_order_and_is_zero_for_nobody() -> None:
    assert followers.digest_of(["https://a.test/1", "https://a.test/2"]) == followers.digest_of(
        ["https://a.test/2", "https://a.test/1", "https://a.test/1"]
    )
    assert followers.digest_of([]) == "0" * 64


ACTOR = "https://peer.test/u/1"
GOOD = Claim(f"{ACTOR}/followers", "ab" * 32, f"{ACTOR}/sync")
HEADERS: dict[str, tuple[str, Claim | None]] = {
    "as written": (followers.write(GOOD), GOOD),
    "another order, no spaces": (
        f'url="{GOOD.url}",digest="{GOOD.digest.upper()}",collectionId="{GOOD.collection}"',
        GOOD,
    ),
    "list elsewhere": (followers.write(Claim(GOOD.collection, GOOD.digest, "https://evil.test/s")), None),
    "of another": (followers.write(Claim("https://evil.test/f", GOOD.digest, GOOD.url)), None),
    "no digest": (f'collectionId="{GOOD.collection}", url="{GOOD.url}"', None),
    "short digest": (followers.write(Claim(GOOD.collection, "ab", GOOD.url)), None),
    "twice": (followers.write(GOOD) + ', digest="' + "cd" * 32 + '"', None),
    "nonsense": ("; drop table", None),
    "endless": ('a="' + "x" * 5000 + '"', None),
}


@pytest.mark.parametrize(("header", "claim"), HEADERS.values(), ids=HEADERS)
def test_a_header_is_read_or_is_none(header: str, claim: Claim | None) -> None:
    assert followers.read(header, ACTOR) == claim


async def link(rig: Rig, here: RigNode, follower: Actor, whom: Actor) -> int:
    known = await lookup.resolve_uri(here.node, whom.uri)
    async with here.db.tx() as tx:
        await follows.follow(tx, here.node, follower.id, known.id)
    await rig.settle()
    return known.id


async def test_a_follow_that_only_one_node_knows_of_ends_with_the_next_post_for_followers(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    """Amina and Jonas follow Olena; her house forgets Jonas (restored from an older copy)."""
    olena = await lernwerk.person("olena")
    amina, jonas = await lindenhof.person("amina"), await lindenhof.person("jonas")
    there = await link(rig, lindenhof, amina, olena)
    await link(rig, lindenhof, jonas, olena)
    async with lernwerk.db.tx() as tx:
        await tx.execute(
            "DELETE FROM follows WHERE follower_id = (SELECT id FROM actors WHERE uri = $1)", jonas.uri
        )
    rig.clock.advance(minutes=1)
    await write(lernwerk, olena, "for my followers", audience="followers")
    await rig.settle()
    async with lindenhof.db.read() as tx:
        assert await find_follow(tx, amina.id, there) is not None
        assert await find_follow(tx, jonas.id, there) is None
        count = await tx.fetchval("SELECT following_count FROM actors WHERE id = $1", jonas.id)
    assert count == 0


async def test_a_follow_that_the_follower_knows_nothing_of_is_taken_back(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    olena = await lernwerk.person("olena")
    amina, jonas = await lindenhof.person("amina"), await lindenhof.person("jonas")
    await link(rig, lindenhof, amina, olena)
    await link(rig, lindenhof, jonas, olena)
    async with lindenhof.db.tx() as tx:
        await tx.execute("DELETE FROM follows WHERE follower_id = $1", jonas.id)
    rig.clock.advance(minutes=1)
    await write(lernwerk, olena, "for my followers", audience="followers")
    await rig.settle()
    async with lernwerk.db.read() as tx:
        names = [
            row["username"]
            for row in await tx.fetch(
                "SELECT a.username FROM follows f JOIN actors a ON a.id = f.follower_id WHERE f.followee_id = $1",
                olena.id,
            )
        ]
    assert names == ["amina"]


async def test_only_what_is_for_followers_alone_carries_the_header(
    lindenhof: RigNode, amina: Actor, vera: Stranger
) -> None:
    Inboxes(vera.peer, "/u/vera/inbox")
    await known_as(lindenhof, vera)
    await vera.send(lindenhof, vera.does("Follow", amina.uri))
    await run(lindenhof)
    vera.peer.headers.clear()
    for audience in ("public", "followers"):
        await write(lindenhof, amina, audience, audience=audience)
    await run(lindenhof)
    sent = [headers.get("collection-synchronization") for headers in vera.peer.headers]
    claim = Claim(
        amina.followers_uri, followers.digest_of([vera.uri]), f"{amina.uri}/followers_synchronization"
    )
    assert sent == [None, followers.write(claim)]
    signature = vera.peer.headers[1]["signature"]
    assert "collection-synchronization" in signature


async def test_the_list_is_given_to_the_host_it_is_about_and_to_nobody_else(
    lindenhof: RigNode, amina: Actor, vera: Stranger, eve: Stranger
) -> None:
    path = f"{amina.uri.removeprefix(lindenhof.origin)}/followers_synchronization"
    for who in (vera, eve):
        Inboxes(who.peer, f"/u/{who.name}/inbox")
        await known_as(lindenhof, who)
    await vera.send(lindenhof, vera.does("Follow", amina.uri))
    await run(lindenhof)
    assert (await get_activity(lindenhof, path)).status == 404
    answers = {}
    for who in (vera, eve):
        found = await get_activity(lindenhof, path, Signer(f"{who.uri}#main-key", key(who.name)))
        answers[who.name] = orjson.loads(found.body)["orderedItems"]
    assert answers == {"vera": [vera.uri], "eve": []}


async def test_a_long_list_is_read_page_by_page_and_the_digest_is_over_all_of_it(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Olena has five followers at Lindenhof and her house gives two a page; it forgot the last of them."""
    monkeypatch.setattr(serve, "PAGE", 2)
    olena = await lernwerk.person("olena")
    people = [await lindenhof.person(f"person{number}") for number in range(6)]
    for one in people:
        there = await link(rig, lindenhof, one, olena)
    async with lernwerk.db.tx() as tx:
        await tx.execute(
            "DELETE FROM follows WHERE follower_id = (SELECT id FROM actors WHERE uri = $1)", people[-1].uri
        )
    rig.clock.advance(minutes=1)
    await write(lernwerk, olena, "for my followers", audience="followers")
    await rig.settle()
    async with lindenhof.db.read() as tx:
        standing = [await find_follow(tx, one.id, there) is not None for one in people]
    assert standing == [True] * 5 + [False]


async def test_pages_of_the_list_hold_each_follower_once_and_are_for_that_host_alone(
    lindenhof: RigNode, amina: Actor, vera: Stranger, eve: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "PAGE", 2)
    people = [Stranger(vera.peer, f"vera{number}") for number in range(4)]
    for who in (*people, eve):
        Inboxes(who.peer, f"/u/{who.name}/inbox")
        await known_as(lindenhof, who)
        await who.send(lindenhof, who.does("Follow", amina.uri))
        await run(lindenhof)
    path = f"{amina.uri.removeprefix(lindenhof.origin)}/followers_synchronization"
    signer = Signer(f"{people[0].uri}#main-key", key(people[0].name))
    top = orjson.loads((await get_activity(lindenhof, path, signer)).body)
    assert top["totalItems"] == 4 and "orderedItems" not in top
    onward, seen = top["first"], []
    while onward:
        page = orjson.loads(
            (await get_activity(lindenhof, onward.removeprefix(lindenhof.origin), signer)).body
        )
        assert page["partOf"] == top["id"]
        seen += page["orderedItems"]
        onward = page.get("next")
    assert sorted(seen) == sorted(one.uri for one in people)
    first = top["first"].removeprefix(lindenhof.origin)
    assert (await get_activity(lindenhof, first)).status == 404
    other = await get_activity(lindenhof, first, Signer(f"{eve.uri}#main-key", key(eve.name)))
    assert orjson.loads(other.body)["orderedItems"] == [eve.uri]


@pytest.mark.parametrize("trap", ["wrong digest", "part", "gone", "endless"])
async def test_nothing_ends_for_a_list_that_is_wrong_partial_or_not_there(
    lindenhof: RigNode, follower: Actor, vera: Stranger, trap: str
) -> None:
    """REL-33: only a whole list with the announced digest counts."""
    path = "/u/vera/sync"
    nobody: dict[str, Any] = {"id": vera.peer.uri(path), "type": "OrderedCollection", "orderedItems": []}
    if trap == "wrong digest":
        nobody["orderedItems"] = [lindenhof.node.uri("/ap/users/1")]
    elif trap == "part":
        nobody |= {"first": vera.peer.uri("/missing")}
        del nobody["orderedItems"]
    elif trap == "endless":
        nobody |= {"type": "OrderedCollectionPage", "next": vera.peer.uri(path)}
    if trap != "gone":
        vera.peer.documents[path] = nobody
    claim = Claim(f"{vera.uri}/followers", "0" * 64, vera.peer.uri(path))
    request = vera.sign(lindenhof, vera.does("Create", vera.note()))
    headers = (*request.headers, (followers.HEADER, followers.write(claim)))
    assert (await post(lindenhof, request.__class__("POST", "/inbox", headers, request.body))).status == 202
    await run(lindenhof)
    assert [path for _, path in vera.peer.requests if path == "/u/vera/sync"]
    async with lindenhof.db.read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM follows WHERE follower_id = $1", follower.id) == 1


async def test_a_header_of_somebody_else_about_a_list_changes_nothing(
    lindenhof: RigNode, follower: Actor, vera: Stranger, eve: Stranger
) -> None:
    claim = Claim(f"{vera.uri}/followers", "0" * 64, vera.peer.uri("/u/vera/sync"))
    request = eve.sign(lindenhof, eve.does("Create", eve.note()))
    headers = (*request.headers, (followers.HEADER, followers.write(claim)))
    await post(lindenhof, request.__class__("POST", "/inbox", headers, request.body))
    await run(lindenhof)
    async with lindenhof.db.read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM wants WHERE kind = 'followers'") == 0

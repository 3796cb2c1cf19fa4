"""What real servers do in several steps, seen when they ran: each persona behaves so against a living node.

A row of `SEQUENCES` is one observation and its test; docs/interoperability.md shows them. A persona is a peer on
loopback with a key of its own; what it asks it asks by HTTP, as its program does.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from federation.keys import Signer
from node.features.actors.store.reads import Actor
from node.features.follows import service as follows
from tests.federation.peers import AP, Peer, key
from tests.node.features.readers import write
from tests.node.wire.conftest import amina, peers  # noqa: F401  (the same people as on the wire)
from tests.node.wire.strangers import PUBLIC, Inboxes, Stranger, get_activity, known_as, outcome, post, run
from tests.personas.sequences import SEQUENCES
from tests.rig import Rig, RigNode


@pytest.fixture
async def peer(peers: list[Peer]) -> Peer:  # noqa: F811
    return peers[0]


@pytest.fixture
async def asking() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(headers={"Accept": AP}) as session:
        yield session


async def ask_to_follow(node: RigNode, who: Actor, whom: Stranger) -> str:
    """One of ours asks; the address of the Follow."""
    there = await known_as(node, whom)
    async with node.db.tx() as tx:
        await follows.follow(tx, node.node, who.id, there.id)
        uri: str = await tx.fetchval("SELECT uri FROM follows WHERE follower_id = $1", who.id)
    return uri


async def state_of(node: RigNode, who: Actor) -> list[str]:
    async with node.db.read() as tx:
        return [
            row["state"] for row in await tx.fetch("SELECT state FROM follows WHERE follower_id = $1", who.id)
        ]


def needs_signature(peer: Peer, path: str, status: int = 401) -> list[str]:
    """From now on this document is for signed questions only; who asked without is noted."""
    document, turned_away = peer.documents[path], []

    async def show(request: web.Request) -> web.Response:
        if "Signature" not in request.headers:
            turned_away.append(request.path)
            return web.Response(status=status)
        return web.Response(body=json.dumps(document).encode(), content_type=AP)

    peer.handlers[path] = show
    return turned_away


class Gotosocial(Stranger):
    """No shared inbox; the actor for signed questions only, but its key under a path of its own for everybody."""

    def __init__(self, peer: Peer, name: str) -> None:
        super().__init__(peer, name)
        shown = peer.documents[f"/u/{name}"]
        key_path = f"/u/{name}/main-key"
        shown["publicKey"]["id"] = peer.uri(key_path)
        open_part = {
            field: shown[field] for field in ("@context", "id", "type", "preferredUsername", "publicKey")
        }
        peer.documents[key_path] = open_part
        self.signer = Signer(peer.uri(key_path), key(name))
        self.turned_away = needs_signature(peer, f"/u/{name}")
        self.types: list[str] = []
        self.door = Inboxes(peer, f"/u/{name}/inbox")
        take = peer.handlers[f"/u/{name}/inbox"]

        async def only_activities(request: web.Request) -> web.StreamResponse:
            self.types.append(request.headers["Content-Type"])
            known = (
                "application/activity+json",
                'application/ld+json; profile="https://www.w3.org/ns/activitystreams"',
            )
            return (
                await take(request) if request.headers["Content-Type"] in known else web.Response(status=406)
            )

        peer.handlers[f"/u/{name}/inbox"] = only_activities


async def test_gotosocial_shows_its_people_to_signed_questions_only(
    lindenhof: RigNode, amina: Actor, peer: Peer  # noqa: F811
) -> None:  # fmt: skip
    gus = Gotosocial(peer, "gus")
    follow = gus.does("Follow", amina.uri)
    assert await gus.send(lindenhof, follow) == 202
    await run(lindenhof)
    assert await outcome(lindenhof, follow) == ("done", "")
    assert len(gus.door.of_type("Accept")) == 1 and gus.turned_away == []
    assert set(gus.types) <= {
        "application/activity+json",
        'application/ld+json; profile="https://www.w3.org/ns/activitystreams"',
    }


async def test_gotosocial_reads_us_at_first_contact(
    lindenhof: RigNode, amina: Actor, peer: Peer, asking: aiohttp.ClientSession  # noqa: F811
) -> None:  # fmt: skip
    gus = Gotosocial(peer, "gus")
    await known_as(lindenhof, gus)
    path = amina.uri.removeprefix(lindenhof.origin)
    shown = json.loads((await get_activity(lindenhof, path, gus.signer)).body)
    for name in ("featured", "followers", "following", "outbox"):
        found = await get_activity(lindenhof, shown[name].removeprefix(lindenhof.origin), gus.signer)
        assert found.status == 200, name
    handle = f"acct:amina@{lindenhof.host}"
    for known in (f"/.well-known/webfinger?resource={handle}", "/.well-known/nodeinfo", "/api/v1/instance"):
        async with asking.get(lindenhof.origin + known, headers={"Accept": "*/*"}) as answer:
            assert answer.status == 200, known
    async with asking.get(f"{lindenhof.origin}/robots.txt") as answer:
        assert answer.status in (200, 404)


async def test_gotosocial_keeps_only_answers_that_mention_by_tag(
    rig: Rig, lindenhof: RigNode, amina: Actor, peer: Peer  # noqa: F811
) -> None:  # fmt: skip
    """Nobody follows anybody: cc alone would be dropped in silence, so what we answer carries the Mention."""
    gus = Gotosocial(peer, "gus")
    note = gus.note(to=[amina.uri, PUBLIC], tag=[{"type": "Mention", "href": amina.uri}])
    await gus.send(lindenhof, gus.does("Create", note))
    await run(lindenhof)
    async with lindenhof.db.read() as tx:
        asked = await tx.fetchval("SELECT id FROM posts WHERE uri = $1", note["id"])
    rig.clock.advance(seconds=5)
    await write(lindenhof, amina, f"@{gus.handle} Gern!", in_reply_to_id=asked)
    await run(lindenhof)
    (answer,) = gus.door.of_type("Create")
    said = answer["object"]
    assert {"type": "Mention", "href": gus.uri}.items() <= said["tag"][0].items()
    assert answer["id"] and said["attributedTo"] == amina.uri and gus.uri in (*said["to"], *said["cc"])


async def test_mastodon_asks_who_we_are_before_it_accepts(
    lindenhof: RigNode, amina: Actor, peer: Peer, asking: aiohttp.ClientSession  # noqa: F811
) -> None:  # fmt: skip
    """Actor, key, WebFinger and back: only when all name one another is a Follow accepted."""
    mia = Stranger(peer, "mia")
    seen: list[str] = []

    async def look(url: str) -> dict[str, Any]:
        async with asking.get(url) as answer:
            assert answer.status == 200, url
            found: dict[str, Any] = await answer.json(content_type=None)
            return found

    async def take(request: web.Request) -> web.Response:
        follow = json.loads(await request.read())
        actor = await look(follow["actor"])
        key = await look(actor["publicKey"]["id"].partition("#")[0])
        host = actor["id"].split("/")[2]
        finger = await look(
            f"{lindenhof.origin}/.well-known/webfinger?resource=acct:{actor['preferredUsername']}@{host}"
        )
        links = {link["href"] for link in finger["links"] if link["rel"] == "self" and link["type"] == AP}
        assert key["publicKey"]["owner"] == actor["id"] and links == {actor["id"]}
        assert finger["subject"] == f"acct:{actor['preferredUsername']}@{host}"
        seen.append(follow["id"])
        return web.Response(status=202)

    peer.handlers["/u/mia/inbox"] = take
    uri = await ask_to_follow(lindenhof, amina, mia)
    await run(lindenhof)
    assert seen == [uri]
    await mia.send(
        lindenhof, mia.does("Accept", {"type": "Follow", "id": uri, "actor": amina.uri, "object": mia.uri})
    )
    await run(lindenhof)
    assert await state_of(lindenhof, amina) == ["accepted"]


async def test_mastodon_tells_every_inbox_of_an_end_and_more_than_once(
    rig: Rig, lindenhof: RigNode, amina: Actor, peer: Peer  # noqa: F811
) -> None:  # fmt: skip
    """The same Delete at the shared inbox and at each person's, of somebody known and of somebody never heard of."""
    mia, nobody = Stranger(peer, "mia"), Stranger(peer, "nobody")
    note = mia.note(to=[amina.uri, PUBLIC], tag=[{"type": "Mention", "href": amina.uri}])
    await mia.send(lindenhof, mia.does("Create", note))
    await run(lindenhof)
    for path in ("/u/mia", "/u/nobody"):
        peer.handlers[path] = _gone
    asked = len(peer.requests)
    for who in (mia, nobody):
        end = who.does("Delete", who.uri, id=f"{who.uri}#delete", to=[PUBLIC])
        for door in ("/inbox", f"{amina.uri.removeprefix(lindenhof.origin)}/inbox", "/inbox"):
            assert await who.send(lindenhof, end, target=door) == 202
        await run(lindenhof)
    async with lindenhof.db.read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM posts WHERE NOT local") == 0
        assert await tx.fetchval("SELECT deleted_at IS NOT NULL FROM actors WHERE uri = $1", mia.uri)
        assert await tx.fetchval("SELECT count(*) FROM actors WHERE uri = $1", nobody.uri) == 0
    assert len(peer.requests) - asked <= 2


async def _gone(_: web.Request) -> web.Response:
    return web.Response(status=410)


async def test_friendica_delivers_to_both_doors_and_again(
    lindenhof: RigNode, amina: Actor, peer: Peer  # noqa: F811
) -> None:  # fmt: skip
    fred = Stranger(peer, "fred")
    note = fred.note(to=[amina.uri, PUBLIC], tag=[{"type": "Mention", "href": amina.uri}])
    create = fred.does("Create", note)
    again = {**create, "id": fred.new_id("a")}
    for activity in (create, create, again):
        for door in ("/inbox", f"{amina.uri.removeprefix(lindenhof.origin)}/inbox"):
            assert await fred.send(lindenhof, activity, target=door) == 202
    await run(lindenhof)
    async with lindenhof.db.read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM posts WHERE uri = $1", note["id"]) == 1
        assert await tx.fetchval("SELECT count(*) FROM notifications") == 1


async def test_takahe_accepts_before_it_has_answered(
    lindenhof: RigNode, amina: Actor, peer: Peer  # noqa: F811
) -> None:  # fmt: skip
    """Its Accept is here while our own Follow is still on its way."""
    tara = Stranger(peer, "tara")
    statuses: list[int] = []

    async def take(request: web.Request) -> web.Response:
        follow = json.loads(await request.read())
        statuses.append(await tara.send(lindenhof, tara.does("Accept", follow["id"])))
        return web.Response(status=202)

    peer.handlers["/u/tara/inbox"] = take
    await ask_to_follow(lindenhof, amina, tara)
    await run(lindenhof)
    assert statuses == [202] and await state_of(lindenhof, amina) == ["accepted"]


async def test_fedify_accepts_with_us_embedded_whole(
    lindenhof: RigNode, amina: Actor, peer: Peer  # noqa: F811
) -> None:  # fmt: skip
    frieda = Stranger(peer, "frieda")
    uri = await ask_to_follow(lindenhof, amina, frieda)
    whole = json.loads((await get_activity(lindenhof, amina.uri.removeprefix(lindenhof.origin))).body)
    follow = {"type": "Follow", "id": uri, "actor": whole, "object": frieda.uri}
    accept = frieda.does("Accept", follow)
    assert await frieda.send(lindenhof, accept) == 202
    await run(lindenhof)
    assert await state_of(lindenhof, amina) == ["accepted"]


async def test_fedify_knocks_again_with_another_signature_after_any_no(
    lindenhof: RigNode, amina: Actor, peer: Peer  # noqa: F811
) -> None:  # fmt: skip
    """One logical delivery can come twice."""
    frieda = Stranger(peer, "frieda")
    create = frieda.does("Create", frieda.note(to=[amina.uri], tag=[{"type": "Mention", "href": amina.uri}]))
    for scheme in ("rfc9421", "cavage"):
        assert (await post(lindenhof, frieda.sign(lindenhof, create, scheme=scheme))).status == 202
    await run(lindenhof)
    async with lindenhof.db.read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM posts") == 1


async def test_piefed_and_snac_answer_a_second_follow_only_after_an_undo(
    rig: Rig, lindenhof: RigNode, amina: Actor, peer: Peer  # noqa: F811
) -> None:  # fmt: skip
    pia = Stranger(peer, "pia")
    door = Inboxes(peer, "/u/pia/inbox")
    await ask_to_follow(lindenhof, amina, pia)
    await run(lindenhof)
    there = await known_as(lindenhof, pia)
    rig.clock.advance(minutes=1)
    async with lindenhof.db.tx() as tx:
        await follows.unfollow(tx, lindenhof.node, amina.id, there.id)
    rig.clock.advance(minutes=1)
    await ask_to_follow(lindenhof, amina, pia)
    await run(lindenhof)
    assert [document["type"] for _, document in door.received] == ["Follow", "Undo", "Follow"]
    assert len(set(door.ids)) == 3


async def test_piefed_and_snac_say_yes_to_signatures_they_cannot_read(
    lindenhof: RigNode, amina: Actor, peer: Peer  # noqa: F811
) -> None:  # fmt: skip
    """What they cannot read they drop in silence, so a host we do not know gets the old form first."""
    pia = Stranger(peer, "pia")
    door = Inboxes(peer, "/u/pia/inbox")
    await ask_to_follow(lindenhof, amina, pia)
    peer.headers.clear()
    await run(lindenhof)
    assert len(door.received) == 1
    assert "signature" in peer.headers[0] and "signature-input" not in peer.headers[0]


async def test_gancio_breaks_over_the_new_signatures(
    rig: Rig, lindenhof: RigNode, amina: Actor, peer: Peer  # noqa: F811
) -> None:  # fmt: skip
    """A host that took RFC 9421 and now answers 500 to it gets the same in the old form."""
    gino = Stranger(peer, "gino")
    door = Inboxes(peer, "/u/gino/inbox")
    take = peer.handlers["/u/gino/inbox"]

    async def old_form_only(request: web.Request) -> web.StreamResponse:
        return web.Response(status=500) if "Signature-Input" in request.headers else await take(request)

    await ask_to_follow(lindenhof, amina, gino)
    await run(lindenhof)
    there = await known_as(lindenhof, gino)
    peer.handlers["/u/gino/inbox"] = old_form_only
    rig.clock.advance(minutes=1)
    async with lindenhof.db.tx() as tx:
        assert await tx.execute("UPDATE hosts SET scheme = 'rfc9421'") == "UPDATE 1"
        await follows.unfollow(tx, lindenhof.node, amina.id, there.id)
    for _ in range(6):
        await run(lindenhof)
        rig.clock.advance(hours=3)
        await lindenhof.sweep()
    assert len(door.of_type("Undo")) == 1


async def test_bovine_shows_nothing_without_a_signature_whose_key_is_open(
    lindenhof: RigNode, amina: Actor, peer: Peer, asking: aiohttp.ClientSession  # noqa: F811
) -> None:  # fmt: skip
    """It checks our question by fetching our key, unsigned: the house's own actor, open to everybody."""
    bob = Stranger(peer, "bob")
    document, keys = peer.documents["/u/bob"], []

    async def show(request: web.Request) -> web.Response:
        signature = request.headers.get("Signature", "")
        if 'keyId="' not in signature:
            return web.Response(status=401)
        key_id = signature.partition('keyId="')[2].partition('"')[0]
        async with asking.get(key_id.partition("#")[0]) as answer:
            found = await answer.json(content_type=None)
            keys.append((answer.status, found["publicKey"]["id"] == key_id))
        return web.Response(body=json.dumps(document).encode(), content_type=AP)

    peer.handlers["/u/bob"] = show
    assert (await known_as(lindenhof, bob)).uri == bob.uri
    assert keys and set(keys) == {(200, True)}


class Community(Stranger):
    """A Lemmy community: what members do it announces whole, to everybody who follows it."""

    def __init__(self, peer: Peer) -> None:
        super().__init__(peer, "seeds", type="Group")

    def announces(self, activity: dict[str, Any]) -> dict[str, Any]:
        inner = {name: value for name, value in activity.items() if name != "@context"}
        return self.does("Announce", inner, to=[PUBLIC], cc=[f"{self.uri}/followers"])


@pytest.mark.parametrize("order", ["as done", "backwards", "twice"])
async def test_lemmy_announces_what_members_did_in_any_order(
    rig: Rig, lindenhof: RigNode, amina: Actor, peers: list[Peer], order: str  # noqa: F811
) -> None:  # fmt: skip
    """A page, an answer to it, and a vote: what is kept stands there once, and nothing breaks."""
    seeds, lea = Community(peers[0]), Stranger(peers[1], "lea")
    uri = await ask_to_follow(lindenhof, amina, seeds)
    await seeds.send(lindenhof, seeds.does("Accept", uri))
    page = lea.note(type="Page", name="Kartoffeln", to=[seeds.uri, PUBLIC], audience=seeds.uri)
    answer = lea.note(inReplyTo=page["id"], to=[PUBLIC], cc=[seeds.uri], audience=seeds.uri)
    for thing in (page, answer):
        peers[1].documents[thing["id"].removeprefix(peers[1].origin)] = thing
    acts = [
        lea.does("Create", page),
        lea.does("Create", answer),
        lea.does("Like", page["id"], audience=seeds.uri),
    ]
    for act in acts:
        peers[1].documents[act["id"].removeprefix(peers[1].origin)] = act
    told = [seeds.announces(act) for act in acts]
    told = {"as done": told, "backwards": told[::-1], "twice": told * 2}[order]
    for announce in told:
        rig.clock.advance(milliseconds=7)
        assert await seeds.send(lindenhof, announce, now=rig.clock.now()) == 202
    await run(lindenhof)
    async with lindenhof.db.read() as tx:
        kept = [row["uri"] for row in await tx.fetch("SELECT uri FROM posts ORDER BY id")]
        bad = await tx.fetchval("SELECT count(*) FROM inbox_items WHERE state IN ('failed', 'new')")
    assert len(kept) == len(set(kept)) and set(kept) <= {page["id"], answer["id"]}
    assert bad == 0


async def test_mobilizon_names_collections_that_only_members_may_read(
    lindenhof: RigNode, amina: Actor, peer: Peer  # noqa: F811
) -> None:  # fmt: skip
    """A group whose `members` and more are closed is known and followed all the same, and none of them is asked for."""
    more = {
        name: peer.uri(f"/u/bikers/{name}")
        for name in ("members", "resources", "events", "posts", "discussions")
    }
    bikers = Stranger(peer, "bikers", type="Group", openness="moderated", **more)
    door = Inboxes(peer, "/u/bikers/inbox")
    await ask_to_follow(lindenhof, amina, bikers)
    await run(lindenhof)
    assert [document["type"] for _, document in door.received] == ["Join"]
    assert [
        path for _, path in peer.requests if path.startswith("/u/bikers/") and path != "/u/bikers/inbox"
    ] == []


LOGINS = (
    ("toot", "GET", "/api/v1/instance", None),
    ("toot", "POST", "/api/v1/apps", {"client_name": "toot", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob"}),
    ("Mastodon.py", "GET", "/.well-known/oauth-authorization-server", None),
    ("Mastodon.py", "GET", "/api/v1/instance/", None),
    ("Mastodon.py", "GET", "/api/v2/instance/", None),
    ("megalodon", "GET", "/.well-known/nodeinfo", None),
    (
        "masto",
        "POST",
        "/api/v1/apps",
        {"clientName": "x", "client_name": "masto", "redirect_uris": "http://x.example/"},
    ),
)


@pytest.mark.parametrize(
    ("program", "method", "path", "body"), LOGINS, ids=[f"{row[0]} {row[2]}" for row in LOGINS]
)
async def test_programs_begin_as_they_were_seen_to(
    lindenhof: RigNode, asking: aiohttp.ClientSession, program: str, method: str, path: str, body: Any
) -> None:
    """Slashes at the end, JSON where a form would do."""
    async with asking.request(
        method, lindenhof.origin + path, json=body, headers={"Accept": "*/*"}
    ) as answer:
        assert answer.status == 200, (program, await answer.text())
        found = await answer.json(content_type=None)
    if path.startswith("/api/v1/instance"):
        assert found["uri"] and found["urls"] is not None
    if path == "/api/v1/apps":
        assert found["client_id"] and found["client_secret"]


def test_every_observation_has_its_test() -> None:
    here = {name for name in globals() if name.startswith("test_")} - {"test_every_observation_has_its_test"}
    assert {test for *_, test in SEQUENCES} == here

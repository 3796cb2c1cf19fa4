"""What stands around the fuzzed inbox: polls of both sides, a post that may be quoted, a house that relays, a new home.

Sets the scene and makes the seeds that need it. Judges nothing and sends nothing by itself.
"""

from __future__ import annotations

import copy
from random import Random
from typing import Any

import msgspec
from aiohttp import web

from federation import followers
from federation.followers import Claim
from node.features.actors.store.reads import Actor
from node.features.neighbours import service as neighbours
from node.features.polls.service import PollDraft
from node.features.posts import service as posts
from node.features.posts.service import Draft
from tests.federation.peers import AP, key
from tests.fuzz.mutate import Mutator
from tests.node.wire.strangers import CONTEXT, PUBLIC, Stranger, known_as
from tests.rig import RigNode

ANSWERS = ("ja", "nein", "vielleicht")


class Scene(msgspec.Struct, kw_only=True):
    """Addresses and people the seeds speak of."""

    person: str
    posts: tuple[str, ...]  # ours: a poll, one of several answers, a quoting one
    house: Stranger  # a machine: the other house's own actor, and a relay of ours
    asked: str  # our Follow of it
    poll: dict[str, Any]  # the stranger's


class Machine(Stranger):
    """A house's own actor."""

    def __init__(self, who: Stranger) -> None:
        door = {"sharedInbox": who.peer.uri("/inbox")}
        # A name of its own each round: the last one may have said that it is no more.
        super().__init__(who.peer, f"house-{who.name}", type="Application", endpoints=door)


async def set_up(node: RigNode, amina: Actor, who: Stranger, form: str) -> Scene:
    """Our side of the scene, new for each round; `form` is how the relay is asked: `public` or `actor`."""
    house = Machine(who)
    there = await known_as(node, house)
    async with node.db.tx() as tx:
        await neighbours.choose_policy(tx, "open")
        await neighbours.add_relay(tx, node.node, there.id, "actor" if form == "actor" else "public")
        asked: str = await tx.fetchval("SELECT uri FROM follows WHERE followee_id = $1", there.id)
        made = [
            await posts.write_post(tx, node.node, amina.id, draft)
            for draft in (
                Draft(source="Wann?", poll=PollDraft(titles=ANSWERS, open_s=86_400)),
                Draft(source="Was?", poll=PollDraft(titles=ANSWERS, open_s=86_400, multiple=True)),
                Draft(source="Nur für Freunde", audience="followers"),
            )
        ]
    poll = question(who)
    who.peer.documents[poll["id"].removeprefix(who.peer.origin)] = poll
    uris = tuple(f"{node.origin}/ap/notes/{one}" for one in made)
    return Scene(person=amina.uri, posts=uris, house=house, asked=asked, poll=poll)


def question(who: Stranger, **more: Any) -> dict[str, Any]:
    """A poll of theirs, as Mastodon writes it."""
    options = [
        {"type": "Note", "name": name, "replies": {"type": "Collection", "totalItems": n}}
        for n, name in enumerate(ANSWERS)
    ]
    more = {"type": "Question", "oneOf": options, "endTime": "2026-12-23T10:15:00Z", "votersCount": 3} | more
    return who.note("<p>Wann?</p>", **more)


def seeds_of(scene: Scene, who: Stranger, theirs: str) -> list[dict[str, Any]]:
    """One of everything; and each once more with lists where single values were."""
    made = [
        *_votes(scene, who), *_quotes(scene, who, theirs), *_reactions(scene, who, theirs),
        *_reports(scene, who, theirs), *_moves(scene, who), *_keys(who),
    ]  # fmt: skip
    return [*made, *(listed(one) for one in made)]


def _votes(scene: Scene, who: Stranger) -> list[dict[str, Any]]:
    votes = [
        who.does("Create", _vote(who, poll, name, scene.person), to=scene.person)
        for poll in (*scene.posts, scene.poll["id"])
        for name in (ANSWERS[0], ANSWERS[2])
    ]
    later = {"updated": "2026-11-23T10:30:00Z"}
    closed = {**scene.poll, **later, "closed": "2026-11-23T10:29:00Z", "endTime": "2026-11-23T10:29:00Z"}
    many = {**scene.poll, **later, "anyOf": scene.poll["oneOf"]}
    del many["oneOf"]
    fewer = {**scene.poll, **later, "oneOf": scene.poll["oneOf"][:1], "votersCount": 0}
    return [
        *votes, who.does("Create", scene.poll), *(who.does("Update", poll) for poll in (closed, many, fewer)),
        who.does("Update", {**votes[0]["object"], "name": ANSWERS[1]}), who.does("Delete", votes[0]["object"]["id"]),
        who.does("Delete", {"id": scene.poll["id"], "type": "Tombstone"}), who.does("Undo", votes[0]),
    ]  # fmt: skip


def _vote(who: Stranger, poll: str, name: str, author: str) -> dict[str, Any]:
    return {
        "id": who.new_id("votes"), "type": "Note", "name": name, "attributedTo": who.uri, "inReplyTo": poll, "to": author,
    }  # fmt: skip


def _quotes(scene: Scene, who: Stranger, theirs: str) -> list[dict[str, Any]]:
    made = []
    for quoted in (scene.posts[0], scene.posts[2], theirs):
        note = who.note("<p>RE</p>", quote=quoted, quoteUri=quoted)
        stamp = {
            "id": who.peer.uri(f"/stamps/{who.name}"), "type": "QuoteAuthorization", "attributedTo": who.uri,
            "interactingObject": note["id"], "interactionTarget": quoted,
        }  # fmt: skip
        who.peer.documents[f"/stamps/{who.name}"] = stamp
        wish = who.does("QuoteRequest", quoted, instrument=note)
        made += [
            wish, who.does("QuoteRequest", quoted, instrument=note["id"]), who.does("Undo", wish),
            who.does("Create", {**note, "quoteAuthorization": stamp["id"]}), who.does("Delete", stamp),
            who.does("Accept", {**wish, "actor": scene.person, "instrument": scene.posts[1]}, result=stamp["id"]),
            who.does("Reject", {**wish, "actor": scene.person, "instrument": scene.posts[1]}),
        ]  # fmt: skip
    return made


def _reactions(scene: Scene, who: Stranger, theirs: str) -> list[dict[str, Any]]:
    icon = {"type": "Image", "mediaType": "image/png", "url": who.peer.uri("/b.png")}
    emoji = {"type": "Emoji", "id": who.peer.uri("/e/b"), "name": ":blume:", "icon": icon}
    made = [
        who.does(kind, post, content=content, tag=[emoji])
        for kind in ("EmojiReact", "Like")
        for post in (scene.posts[0], theirs)
        for content in ("🌻", ":blume:", "blume", "👨‍👩‍👧‍👦🏳️‍🌈", "")
    ]
    return [
        *made,
        *(who.does("Undo", one) for one in made[::2]),
        *(who.does("Undo", one["id"]) for one in made[::3]),
    ]


def _reports(scene: Scene, who: Stranger, theirs: str) -> list[dict[str, Any]]:
    things: tuple[Any, ...] = (
        [scene.person, *scene.posts], scene.posts[0], [{"type": "Note", "id": scene.posts[1]}, scene.person, theirs],
        {"type": "Person", "id": scene.person}, [], [scene.person] * 30, {"type": "Collection", "items": [scene.person]},
    )  # fmt: skip
    return [
        who.does("Flag", thing, content="<script>alert(1)</script> <b>schlimm</b>", to=[scene.person])
        for thing in things
    ]


def _moves(scene: Scene, who: Stranger) -> list[dict[str, Any]]:
    made = []
    for kind in ("Person", "Group"):
        path = f"/u/{who.name}-{kind.lower()}"
        home = who.peer.person(path, key("home"), type=kind, alsoKnownAs=[who.uri])
        made += [
            who.does("Move", who.uri, target=home),
            who.does("Move", {"id": who.uri, "type": kind}, target={"id": home}),
        ]
    made += [who.does("Move", who.uri, target=scene.person), who.does("Move", scene.person, target=who.uri)]
    return made


def _keys(who: Stranger) -> list[dict[str, Any]]:
    """The stranger's profile, their keys said in every way keys are said."""
    shown = who.peer.documents[f"/u/{who.name}"]
    one = shown["publicKey"]
    multi = {
        "id": f"{who.uri}#ed", "type": "Multikey", "controller": who.uri,
        "publicKeyMultibase": "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2",
    }  # fmt: skip
    ways: tuple[dict[str, Any], ...] = (
        {"publicKey": [one, {**one, "id": f"{who.uri}#second"}]}, {"publicKey": [one["id"], one]}, {"publicKey": one["id"]},
        {"assertionMethod": multi}, {"assertionMethod": [multi, multi["id"], one]}, {"publicKey": [one, multi]},
        {"type": ["Person", "Organization"], "endpoints": [{"sharedInbox": who.peer.uri("/inbox")}]},
        {"preferredUsername": [who.name], "name": {"de": "Eva"}, "inbox": [shown["inbox"]]},
        {"followers": {"type": "Collection", "id": f"{who.uri}/followers"}, "alsoKnownAs": who.uri},
        {"icon": [{"type": "Image", "url": [{"type": "Link", "href": who.peer.uri("/i.png")}]}]},
    )  # fmt: skip
    return [who.does("Update", {"@context": CONTEXT, **shown, **way}) for way in ways]


def listed(activity: dict[str, Any]) -> dict[str, Any]:
    """The same with lists of one where single values stood, as JSON-LD may write it."""
    made = copy.deepcopy(activity)
    inner = made.get("object")
    for one in (made, inner) if isinstance(inner, dict) else (made,):
        for name in (
            "type",
            "object",
            "attributedTo",
            "to",
            "inReplyTo",
            "content",
            "name",
            "quote",
            "target",
            "instrument",
        ):
            if name in one and not isinstance(one[name], list):
                one[name] = [one[name]]
    return made


def machine_seeds(scene: Scene, who: Stranger, theirs: str) -> list[dict[str, Any]]:
    """What a house that follows houses, or a relay, sends."""
    house = scene.house
    note = who.note()
    who.peer.documents[note["id"].removeprefix(who.peer.origin)] = note
    ours = scene.asked.partition("/ap/")[0] + "/actor"
    follow = house.does("Follow", ours)
    made = [
        follow, house.does("Follow", PUBLIC), house.does("Undo", follow), house.does("Accept", scene.asked),
        house.does("Reject", scene.asked), house.does("Announce", note["id"]), house.does("Announce", note),
        house.does("Announce", who.does("Create", note)), house.does("Announce", [note["id"], theirs]),
        house.does("Announce", scene.posts[0]), house.does("Undo", house.does("Announce", note["id"])),
        who.does("Create", note), house.does("Delete", note["id"]), house.does("Flag", [scene.person], content="x"),
        house.does("Update", who.peer.documents[f"/u/{house.name}"]),
        house.does("Move", house.uri, target=who.uri),
    ]  # fmt: skip
    return [*made, *(listed(one) for one in made)]


def claim(who: Stranger, mutator: Mutator) -> tuple[str, str]:
    """A Collection-Synchronization header: right, wrong, or broken; and now and then the list it names."""
    random: Random = mutator.random
    path = f"/u/{who.name}/sync"
    if random.random() < 0.5:
        things: list[Any] = [mutator.value() for _ in range(random.randrange(4))]
        shown = {"id": who.peer.uri(path), "type": "OrderedCollection", "orderedItems": things}
        body = mutator.body(mutator.document(shown))

        async def serve(_: web.Request) -> web.Response:
            return web.Response(body=body, content_type=AP)

        who.peer.handlers[path] = serve
    digest = random.choice(("0" * 64, "f" * 64, "ab" * 32, followers.digest_of([who.uri])))
    value = followers.write(Claim(f"{who.uri}/followers", digest, who.peer.uri(path)))
    if random.random() < 0.4:
        at = random.randrange(len(value))
        value = value[:at] + random.choice(('"', ",", "\\", "x" * 5000, "=", "é", "%00")) + value[at + 1 :]
    return (followers.HEADER, value)

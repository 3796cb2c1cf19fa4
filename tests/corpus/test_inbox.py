"""Real documents of other projects at the door of a living node: each ends in the state it should.

A document is moved to a peer of ours: the address of its author's house becomes the peer's, everything else stays as
it was sent, and somebody here follows the author. Posts and profiles come in a Create or Update of their author.
What the author of another house cannot prove, what we do not know and what is no activity is told apart by `ENDS`.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlsplit

from federation import vocab
from federation.keys import Signer
from node.features.actors import lookup
from tests.corpus.files import READ_AS, load, needed
from tests.corpus.outcomes import ENDS
from tests.federation.peers import Peer, key
from tests.node.wire.strangers import CONTEXT, Stranger, faults, outcome, post, run
from tests.rig import RigNode


class Mover(Stranger):
    """The author of a document, moved to our peer with their own address there."""

    def __init__(self, peer: Peer, path: str, document: dict[str, Any]) -> None:
        self.peer, self.name, self._count = peer, "author", 0
        kinds = {"Group", "Application", "Service", "Organization"} & {document.get("type")}
        more = {"type": kinds.pop()} if kinds else {}
        more["preferredUsername"] = re.sub(r"\W", "", path.rstrip("/").rpartition("/")[2]) or "author"
        self.uri = peer.person(path, key("author"), followers=peer.uri(f"{path}/followers"), **more)
        self.signer = Signer(f"{self.uri}#main-key", key("author"))


def author_of(document: dict[str, Any]) -> str:
    """The address of whoever says it; '' when nobody does."""
    thing = vocab.read(document)
    match thing:
        case vocab.Activity():
            return thing.actor
        case vocab.Actor():
            return thing.id or ""
        case vocab.Object():
            return thing.attributed_to or ""
    return ""


def moved(document: dict[str, Any], house: str, peer: Peer) -> dict[str, Any]:
    """The same document from our peer's address."""
    text = json.dumps(document, ensure_ascii=False)
    for scheme in ("https", "http"):
        for end in ('"', "/", "?", "#"):
            text = text.replace(f"{scheme}://{house}{end}", f"{peer.origin}{end}")
    found: dict[str, Any] = json.loads(text)
    return found


def delivered(document: dict[str, Any], who: Mover, peer: Peer) -> dict[str, Any]:
    """The document as something a person of another house says."""
    thing = vocab.read(document)
    if isinstance(thing, vocab.Activity):
        inner = document.get("object")
        while isinstance(inner, dict) and str(inner.get("id", "")).startswith(peer.origin):
            # An activity may be a fragment of its post's address (WordPress): the post is what is served there.
            peer.documents[urlsplit(inner["id"]).path] = {"@context": CONTEXT, **inner}
            inner = inner.get("object")
        return document
    path = urlsplit(thing.id or "").path
    envelope = {"@context": CONTEXT, "id": peer.uri("/wrapped"), "actor": who.uri}
    envelope |= {name: document[name] for name in ("to", "cc") if name in document}
    if isinstance(thing, vocab.Actor):
        mine = peer.documents[path]
        peer.documents[path] = {**document, **{name: mine[name] for name in ("id", "inbox", "publicKey")}}
        return {**envelope, "type": "Update", "object": document}
    peer.documents[path] = document
    return {**envelope, "type": "Create", "object": document}


async def ended(node: RigNode, peer: Peer, name: str) -> str:
    """How a document of the corpus ends: `400 code` at the door, or the state and its code."""
    document = load(name)
    nobody = Stranger(peer, "nobody")
    if READ_AS[name].startswith("!") or not author_of(document):
        answer = await post(node, nobody.sign(node, document))
        return f"{answer.status} {json.loads(answer.body)['error']}"
    parts = urlsplit(author_of(document))
    document = moved(document, parts.netloc, peer)
    who = Mover(peer, parts.path or "/author", document)
    there = await lookup.resolve_uri(node.node, who.uri)
    async with node.db.tx() as tx:
        member = await tx.fetchval("SELECT id FROM actors WHERE username = 'amina' AND local")
        await tx.execute(
            """INSERT INTO follows (id, uri, follower_id, followee_id, state, created_at)
               VALUES ($1, $2, $3, $4, 'accepted', $5) ON CONFLICT DO NOTHING""",
            tx.new_id(), f"{node.origin}/f/{there.id}", member, there.id, tx.now,
        )  # fmt: skip
    said = delivered(document, who, peer)
    if "id" not in said:
        said["id"] = peer.uri("/without-id")
    answer = await post(node, who.sign(node, said))
    if answer.status != 202:
        return f"{answer.status} {json.loads(answer.body)['error']}"
    await run(node)
    state, code = await outcome(node, said)
    if (state, said["type"]) == ("done", "Create"):
        async with node.db.read() as tx:
            if not await tx.fetchval("SELECT count(*) FROM posts WHERE uri = $1", said["object"]["id"]):
                return "done, and nothing is kept"
    return f"{state} {code}".strip()


@needed
async def test_every_real_document_ends_as_it_should(lindenhof: RigNode) -> None:
    await lindenhof.person("amina")
    found = {}
    for name in READ_AS:
        peer = Peer("localhost")
        await peer.start()
        try:
            found[name] = await ended(lindenhof, peer, name)
        finally:
            await peer.stop()
    assert found == ENDS
    # The group somebody is invited to lives where nobody can be asked just now: that is tried again.
    assert await faults(lindenhof) == [("Invite", "new", "unreachable")]

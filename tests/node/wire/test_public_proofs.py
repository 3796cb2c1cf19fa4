"""What is for everybody carries its author's proof, so that whoever hands it on is believed."""

from __future__ import annotations

from typing import Any

import pytest

from federation import proofs, strict_json
from federation.keys import PublicKey
from node.features.actors import lookup
from node.features.actors import service as actors
from node.features.actors.store.reads import Actor
from node.features.follows import service as follows
from node.features.posts import reactions
from node.features.posts import service as posts
from node.features.posts.service import Draft
from tests.node.wire.strangers import Stranger, known_as, outcome, post, run
from tests.rig import Rig, RigNode


async def said(node: RigNode) -> list[dict[str, Any]]:
    async with node.db.read() as tx:
        rows = await tx.fetch("SELECT body FROM activities ORDER BY id")
    return [strict_json.loads(bytes(row["body"])) for row in rows]


def holds(document: dict[str, Any], author: Actor, node: RigNode) -> bool:
    claim = proofs.read(document, node.node.clock.now())
    key = PublicKey(id=author.ed25519_key_id, owner=author.uri, multibase=author.ed25519_multibase)
    return claim is not None and claim.proved_by(key)


async def test_every_public_activity_is_proved_and_nothing_else(
    rig: Rig, lindenhof: RigNode, amina: Actor, eve: Stranger
) -> None:
    there = await known_as(lindenhof, eve)
    async with lindenhof.db.tx() as tx:
        node = lindenhof.node
        for audience in ("public", "unlisted", "followers"):
            await posts.write_post(tx, node, amina.id, Draft(source=audience, audience=audience))
        boosted = await posts.write_post(tx, node, amina.id, Draft(source="noch einmal"))
        await reactions.boost(tx, node, amina.id, boosted)
        await actors.update_profile(tx, node, amina.id, actors.ProfileChange(display_name="Amina"))
        await follows.follow(tx, node, amina.id, there.id)
        rig.clock.advance(minutes=2)
        await posts.delete_post(tx, node, amina.id, boosted)
    kinds = set()
    for document in await said(lindenhof):
        public = "https://www.w3.org/ns/activitystreams#Public" in document.get("to", []) + document.get(
            "cc", []
        )
        assert ("proof" in document) == public
        if public:
            kinds.add(document["type"])
            assert holds(document, amina, lindenhof)
            assert not holds({**document, "actor": "https://b.example/"}, amina, lindenhof)
    assert kinds == {"Create", "Announce", "Update", "Delete"}


@pytest.mark.parametrize("changed", [False, True])
async def test_a_proved_activity_that_somebody_hands_on_needs_no_fetch(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode, eve: Stranger, changed: bool
) -> None:
    amina, olena = await lindenhof.person("amina"), await lernwerk.person("olena")
    far = await lookup.resolve_handle(lernwerk.node, f"@amina@{lindenhof.host}")
    async with lernwerk.db.tx() as tx:
        await follows.follow(tx, lernwerk.node, olena.id, far.id)
    await rig.settle()
    async with lindenhof.db.tx() as tx:
        await posts.write_post(tx, lindenhof.node, amina.id, Draft(source="Für alle"))
        body = await tx.fetchval("SELECT body FROM activities WHERE type = 'Create'")
        await tx.execute("DELETE FROM deliveries")
    if changed:
        body = body.replace("Für alle".encode(), "Für euch".encode())
    assert (await post(lernwerk, eve.sign(lernwerk, body))).status == 202
    async with lernwerk.db.read() as tx:
        assert await tx.fetchval("SELECT refetch FROM inbox_items ORDER BY id DESC LIMIT 1") is changed
    await run(lernwerk)
    assert await outcome(lernwerk, strict_json.loads(body)["id"]) == ("done", "")
    async with lernwerk.db.read() as tx:  # the forwarded copy counts only where its proof holds
        assert await tx.fetchval("SELECT html FROM posts") == "<p>Für alle</p>"

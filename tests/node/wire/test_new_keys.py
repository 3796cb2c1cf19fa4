"""Keys that are exchanged: everything goes on with the new ones, and others learn them by themselves."""

from __future__ import annotations

import pytest

from federation import proofs, strict_json
from federation.keys import PublicKey
from node.features.actors import lookup, rotation
from node.features.actors.store.reads import Actor
from node.features.follows import service as follows
from node.wire import signers
from tests.federation.peers import Peer
from tests.node.wire.strangers import Inboxes, run
from tests.node.wire.test_deliveries import followed_by, write
from tests.rig import Rig, RigNode


async def exchange(node: RigNode, actor_id: int) -> Actor:
    fresh = await rotation.make_keys()
    async with node.db.tx() as tx:
        return await rotation.rotate(tx, node.node, actor_id, fresh)


@pytest.fixture
async def pair(rig: Rig, lindenhof: RigNode, lernwerk: RigNode) -> tuple[Actor, Actor]:
    """Amina, and Olena elsewhere who follows her."""
    amina, olena = await lindenhof.person("amina"), await lernwerk.person("olena")
    near = await lookup.resolve_handle(lernwerk.node, f"@amina@{lindenhof.host}")
    async with lernwerk.db.tx() as tx:
        await follows.follow(tx, lernwerk.node, olena.id, near.id)
    await rig.settle()
    return amina, olena


async def test_what_waited_and_what_follows_arrives_under_the_new_keys(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode, pair: tuple[Actor, Actor]
) -> None:
    amina, _ = pair
    await write(lindenhof, amina, "vorher")
    await rig.settle()
    await write(lindenhof, amina, "wartet noch")
    rig.clock.advance(minutes=1)
    await exchange(lindenhof, amina.id)
    await (
        lernwerk.node.valkey.flushdb()
    )  # the interval of key fetches is Valkey's, and its clock cannot be set
    await rig.settle()
    rig.clock.advance(minutes=1)
    await write(lindenhof, amina, "nachher")
    await rig.settle()
    async with lindenhof.db.read() as tx:
        states = {row["state"] for row in await tx.fetch("SELECT state FROM deliveries")}
        new = await tx.fetchrow(
            "SELECT public_key_pem, ed25519_multibase FROM actors WHERE id = $1", amina.id
        )
    assert states == {"delivered"}
    async with lernwerk.db.read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM posts") == 3
        kept = await tx.fetchrow(
            "SELECT public_key_pem, ed25519_multibase FROM actors WHERE uri = $1", amina.uri
        )
    assert tuple(kept) == tuple(new) and new["public_key_pem"] != amina.public_key_pem


async def test_another_process_notices_that_keys_were_exchanged(
    rig: Rig, lindenhof: RigNode, amina: Actor, peers: list[Peer]
) -> None:
    door = Inboxes(peers[0], "/inbox")
    await followed_by(lindenhof, amina, peers[0], "f1")
    await write(lindenhof, amina, "vorher")
    await run(lindenhof)
    old = lindenhof.node.caches["signers"][amina.id]
    rig.clock.advance(minutes=1)
    changed = await exchange(lindenhof, amina.id)
    lindenhof.node.caches["signers"][amina.id] = old  # as the memory of a process that was not told
    await write(lindenhof, amina, "nachher")
    await run(lindenhof)
    key = PublicKey(id=changed.ed25519_key_id, owner=changed.uri, multibase=changed.ed25519_multibase)
    proved = [proofs.read(document, rig.clock.now()) for _, document in door.received]
    assert [claim is not None and claim.proved_by(key) for claim in proved] == [False, True, True]
    assert lindenhof.node.caches["signers"][amina.id] != old


async def test_the_house_itself_fetches_with_its_new_key(rig: Rig, lindenhof: RigNode) -> None:
    async with lindenhof.db.read() as tx:
        house = await tx.fetchval("SELECT id FROM actors WHERE local AND kind = 'Application'")
    before = await signers.signers_of(lindenhof.node, house)
    rig.clock.advance(minutes=1)
    await exchange(lindenhof, house)
    signer = await signers.fetch_signer(lindenhof.node, house)()
    assert signer.private_key != before.rsa.private_key


async def test_two_fresh_houses_learn_each_others_keys_without_a_loop(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    amina, olena = await lindenhof.person("amina"), await lernwerk.person("olena")
    post = await write(lindenhof, amina, "nur für Freunde", audience="followers")
    note = post.removesuffix("/activity")
    reply = await lernwerk.node.fetcher.ask(note)  # signed by a house that is not known here yet
    assert reply.status == 404
    far = await lookup.resolve_handle(lindenhof.node, f"@olena@{lernwerk.host}")
    assert far.uri == olena.uri
    async with lindenhof.db.read() as tx:
        keys = [row["key_id"] for row in await tx.fetch("SELECT key_id FROM public_keys")]
    assert keys == [f"{lernwerk.origin}/actor#main-key"]
    assert strict_json.loads((await lernwerk.node.fetcher.ask(amina.uri)).body)["id"] == amina.uri

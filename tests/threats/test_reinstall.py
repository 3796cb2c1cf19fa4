"""Keys that are lost: a node that cannot prove who it is says so and does not start as somebody else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from node.app import close_node, open_node
from node.config import ConfigError
from node.features.actors import lookup, rotation
from node.features.actors.store import reads
from node.features.follows import service as follows
from node.keyring import open_keyring
from tests.node.features.readers import write
from tests.rig import Rig, RigNode


@pytest.fixture
async def key_file(lindenhof: RigNode) -> Path:
    """Lindenhof's key file, exchanged for another."""
    await lindenhof.person("amina")
    path = lindenhof.node.config.key_file
    path.unlink()
    open_keyring(path)  # what a start without the file makes
    return path


async def test_rel_24_a_node_without_its_keys_refuses_to_start_and_says_what_to_do(
    lindenhof: RigNode, key_file: Path
) -> None:
    with pytest.raises(ConfigError) as refused:
        await open_node(lindenhof.node.config)
    assert str(key_file) in str(refused.value) and "backup" in str(refused.value)
    assert "rotate-keys --everyone" in str(refused.value)


async def test_rel_24_with_new_keys_for_everybody_others_believe_us_again(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    amina, olena = await lindenhof.person("amina"), await lernwerk.person("olena")
    near = await lookup.resolve_handle(lernwerk.node, f"@amina@{lindenhof.host}")
    async with lernwerk.db.tx() as tx:
        await follows.follow(tx, lernwerk.node, olena.id, near.id)
    await rig.settle()
    lindenhof.node.config.key_file.write_bytes(os.urandom(32))
    rig.clock.advance(hours=1)
    opened = await open_node(lindenhof.node.config, clock=rig.clock, keys_lost=True)
    async with opened.db.read() as tx:
        everybody = await reads.list_local_ids(tx)
    for actor_id in everybody:
        fresh = await rotation.make_keys()
        async with opened.db.tx() as tx:
            await rotation.rotate(tx, opened, actor_id, fresh)
    await close_node(opened)
    lindenhof.node.keyring = open_keyring(lindenhof.node.config.key_file)
    lindenhof.node.caches.pop("signers")
    # the interval of key fetches is Valkey's, and its clock cannot be set
    await lernwerk.node.valkey.flushdb()
    await write(lindenhof, amina, "under a new key")
    await lindenhof.sweep()
    await rig.settle()
    async with lernwerk.db.read() as tx:
        assert await tx.fetchval("SELECT html FROM posts") == "<p>under a new key</p>"
        kept = await tx.fetchval("SELECT public_key_pem FROM actors WHERE uri = $1", amina.uri)
    assert kept != near.public_key_pem
    await close_node(await open_node(lindenhof.node.config, clock=rig.clock))

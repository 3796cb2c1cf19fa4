"""`allmende node house` and `allmende node relay`, on the databases of two running nodes."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner, Result

from node.cli.main import cli
from node.features.neighbours import service
from tests.federation.peers import Peer, key
from tests.rig import Rig, RigNode


async def command(node: RigNode, *words: str) -> Result:
    """What somebody at a terminal of that node sees."""
    config = node.node.config
    settings = {
        "ALLMENDE__NODE__ORIGIN": config.node.origin,
        "ALLMENDE__NODE__LAB": "true",
        "ALLMENDE__DATABASE__URL": config.database.url,
        "ALLMENDE__VALKEY__URL": config.valkey.url,
    }
    given = ["node", *words, "--data-dir", str(config.data_dir)]
    return await asyncio.to_thread(lambda: CliRunner().invoke(cli, given, env=settings))


async def rows(node: RigNode, what: str) -> list[list[str]]:
    """The lines of a list below its heading, without rules, in columns."""
    answer = await command(node, what, "list")
    assert answer.exit_code == 0, answer.output
    return [re.split(r"\s{2,}", line.strip()) for line in answer.output.splitlines()[1:] if line.strip(" -─")]


async def later(rig: Rig, node: RigNode) -> None:
    """What a worker of that node does next; a terminal goes by the clock on the wall, the rig by its own."""
    behind = (datetime.now(UTC) - rig.clock.now()).total_seconds()
    rig.clock.advance(seconds=max(behind, 0) + 60)
    await node.sweep()
    await rig.settle()


async def policy(node: RigNode, wanted: service.NeighbourPolicy) -> None:
    async with node.db.tx() as tx:
        await service.choose_policy(tx, wanted)


async def test_houses_follow_are_answered_and_leave_from_the_terminal(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    await policy(lernwerk, "approval")
    asked = await command(lindenhof, "house", "follow", lernwerk.host)
    assert (asked.exit_code, asked.output) == (0, "Asked; the answer comes from the other side.\n")
    await later(rig, lindenhof)
    ((how, host, state, number),) = await rows(lernwerk, "house")
    assert (how, host, state) == ("follows us", lindenhof.host, "asked")
    answered = await command(lernwerk, "house", "answer", number, "--yes")
    assert (answered.exit_code, answered.output) == (0, "It may follow.\n")
    await later(rig, lernwerk)
    ((how, host, state, number),) = await rows(lindenhof, "house")
    assert (how, host, state) == ("we follow", lernwerk.host, "accepted")
    left = await command(lindenhof, "house", "leave", number)
    assert (left.exit_code, left.output) == (0, "Done.\n")
    await later(rig, lindenhof)
    assert await rows(lindenhof, "house") == await rows(lernwerk, "house") == []


async def test_a_house_that_is_not_wanted_is_told_so(rig: Rig, lindenhof: RigNode, lernwerk: RigNode) -> None:
    await policy(lernwerk, "approval")
    await command(lindenhof, "house", "follow", lernwerk.host)
    await later(rig, lindenhof)
    ((*_, number),) = await rows(lernwerk, "house")
    answered = await command(lernwerk, "house", "answer", number, "--no")
    assert (answered.exit_code, answered.output) == (0, "It does not follow.\n")
    await later(rig, lernwerk)
    assert await rows(lindenhof, "house") == []


@pytest.mark.parametrize(
    "words", [("house", "answer", "99"), ("house", "leave", "99"), ("relay", "remove", "99")]
)
async def test_a_number_that_is_in_no_list_ends_with_an_error(
    lindenhof: RigNode, words: tuple[str, ...]
) -> None:
    answer = await command(lindenhof, *words)
    assert answer.exit_code != 0
    assert "Done" not in answer.output


async def test_relays_are_added_listed_and_removed_from_the_terminal(rig: Rig, lindenhof: RigNode) -> None:
    peer = Peer("localhost")
    await peer.start()
    peer.person("/actor", key("relay"), type="Application", preferredUsername="relay")
    try:
        added = await command(lindenhof, "relay", "add", peer.uri("/inbox"))
        assert (added.exit_code, added.output) == (0, "Asked; the answer comes from the other side.\n")
        ((host, state, number),) = await rows(lindenhof, "relay")
        assert (host, state) == (peer.origin.rpartition("/")[2], "asked")
        removed = await command(lindenhof, "relay", "remove", number)
        assert (removed.exit_code, removed.output) == (0, "Done.\n")
        assert await rows(lindenhof, "relay") == []
    finally:
        await peer.stop()

"""The test suite of socialweb.coop, run as a tool over people of ours: what it asks of an actor holds.

It brings 200 MB along, so it runs only when asked for: `allmende dev test -m foreign`.
"""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from node.features.posts import service as posts
from node.features.posts.service import Draft
from tests.interop.peer import install, node_program
from tests.rig import RigNode

pytestmark = pytest.mark.foreign


async def judged(url: str) -> list[dict[str, Any]]:
    """What the suite says about an actor, a line for each of its tests."""
    folder = await install(Path(__file__).with_name("judges"))
    child = await asyncio.create_subprocess_exec(
        str(node_program()), "node_modules/activitypub-testing/src/cli.js", "test", "actor", url,
        cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(120):
        said, _ = await child.communicate()
    return [json.loads(line) for line in said.decode().splitlines() if line.startswith("{")]


async def test_a_person_stands_before_the_judges_of_socialweb_coop(house: RigNode) -> None:
    anna = await house.person("anna")
    async with house.db.tx() as tx:
        await posts.write_post(tx, house.node, anna.id, Draft(source="For everybody."))
    verdicts = await judged(anna.uri)
    assert len(verdicts) > 5
    outcomes = {one["test"]["slug"]: one["result"]["outcome"] for one in verdicts}
    assert set(outcomes.values()) == {"passed", "inapplicable"}, outcomes
    assert list(outcomes.values()).count("passed") >= 6

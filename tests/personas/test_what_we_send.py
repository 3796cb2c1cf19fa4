"""Everything a living node says and serves is shown to every program, as strictly as each of them reads."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.docs import interop, tour
from tests.personas.readers import PERSONAS
from tests.personas.takes import TAKES, name_of, verdicts
from tests.rig import Rig


def public(document: dict[str, Any]) -> dict[str, Any]:
    """The document as the same node would send it from a public address: no port, no plain http."""
    text = re.sub(r"localhost:(\d+)", r"house-\1.example", json.dumps(document)).replace(
        "http://house", "https://house"
    )
    found: dict[str, Any] = json.loads(text)
    return found


async def test_every_document_we_send_is_read_by_everybody_or_is_not_for_them(rig: Rig) -> None:
    said = await tour.take(rig)
    found = {name_of(document): verdicts(public(document)) for document in said.values()}
    assert set(found) == set(said)
    assert interop.read_sent() == {
        name: {program: word for program, word in words.items() if word} for name, words in found.items()
    }


@pytest.mark.parametrize("program", TAKES)
def test_a_program_that_takes_things_also_chokes_on_things(program: str) -> None:
    assert program in PERSONAS

"""A disk that is full: clear words, nothing half written, and all goes on when there is room again (REL-15).

"Full" is a limit on the size of files, set on running processes from outside: no write past it succeeds.
"""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import aiohttp
import pytest
from PIL import Image

from tests.faults.houses import House


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with House(tmp_path) as made:
        yield made


def _picture() -> bytes:
    file = io.BytesIO()
    Image.frombytes("RGB", (300, 200), Random(1).randbytes(180_000)).save(file, "PNG")
    return file.getvalue()


async def _upload(house: House) -> int:
    form = aiohttp.FormData()
    form.add_field("file", _picture(), filename="bild.png", content_type="image/png")
    async with house.session.post(f"{house.origin}/api/v2/media", data=form) as answer:
        return answer.status


def _files(house: House) -> list[Path]:
    return [path for path in (house.lab.data_dir / "media").rglob("*") if path.is_file()]


async def test_rel_15_no_room_for_files_is_said_and_leaves_nothing_behind(house: House) -> None:
    assert await _upload(house) in (200, 202)
    before = sorted(_files(house))
    house.limit_files("web 1", 40_000)
    assert await _upload(house) == 503
    assert sorted(_files(house)) == before
    async with house.session.get(f"{house.origin}/@alice") as page:
        assert page.status == 200  # the house can still be read
    assert await house.write("Kein Bild heute") == 200
    house.limit_files("web 1", None)
    assert await _upload(house) in (200, 202)
    assert len(_files(house)) > len(before)
    await house.check_ledger()


async def test_rel_15_a_database_without_room_loses_nothing_it_promised(house: House) -> None:
    """PostgreSQL cannot write on: what was acknowledged stays, what is refused says 503, and it heals by itself."""
    for n in range(5):
        assert await house.write(f"Eintrag {n}") == 200
        await house.mention()
    house.limit_files("postgres", 0)
    for n in range(6):
        await house.write(f"Kein Platz {n}")
        await house.mention()
    assert set(house.refused) <= {0, 503}
    house.limit_files("postgres", None)
    await house.until(house.serves, "no pages are served")
    for n in range(5):
        await house.until_written(f"Wieder Platz {n}")
        await house.mention()
    await house.check_ledger()

"""The folder of files, the cache of others' files, and the sharing of fetches."""

import asyncio
import io
import os
import stat
import time
from pathlib import Path

import pytest

from node.errors import NodeError
from node.features.media.cache import DiskCache
from node.features.media.files import SHARDS, LocalFiles, Scratch, copy_capped
from node.features.media.flights import Flights

AGES_S = 1e10


@pytest.fixture
def files(tmp_path: Path) -> LocalFiles:
    return LocalFiles(tmp_path / "media", Scratch(tmp_path / "media" / "incoming"))


async def test_what_is_put_is_found_again_until_deleted(files: LocalFiles) -> None:
    key = await files.put(b"content", "png")
    assert (await files.fetch(key)).read_bytes() == b"content"
    assert await files.exists(key)
    assert await files.delete(key)
    assert not await files.delete(key)
    assert not await files.exists(key)
    with pytest.raises(NodeError) as caught:
        await files.fetch(key)
    assert caught.value.code == "not_found"


async def test_the_same_content_gets_another_key_each_time(files: LocalFiles) -> None:
    """MED-08: keys are random, not hashes of what could be guessed."""
    keys = {await files.put(b"same", "png") for _ in range(20)}
    assert len(keys) == 20
    assert all(len(key) == 44 for key in keys)


async def test_files_are_closed_to_other_users_of_the_machine(files: LocalFiles) -> None:
    path = files.path(await files.put(b"content", "png"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_a_staged_file_is_taken_over_and_the_scratch_is_clean(
    files: LocalFiles, tmp_path: Path
) -> None:
    with Scratch(tmp_path / "media" / "incoming").file() as (path, file):
        file.write(b"film")
        file.flush()
        key = await files.put(path, "mp4")
    assert (await files.fetch(key)).read_bytes() == b"film"
    assert list((tmp_path / "media" / "incoming").iterdir()) == []


async def test_an_upload_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConnectionError), Scratch(tmp_path / "media" / "incoming").file() as (_, file):
        file.write(b"half")
        raise ConnectionError
    assert list((tmp_path / "media" / "incoming").iterdir()) == []


@pytest.mark.parametrize("key", ["", "../../etc/passwd", "a" * 40 + ".svg", "/etc/passwd", "a\0b"])
async def test_nothing_outside_the_folder_has_a_path(files: LocalFiles, key: str) -> None:
    """MED-06."""
    with pytest.raises(NodeError):
        files.path(key)


async def test_a_suffix_nobody_knows_is_a_fault_of_ours(files: LocalFiles) -> None:
    with pytest.raises(ValueError, match="svg"):
        await files.put(b"<svg/>", "svg")


async def test_shards_list_every_key_older_than_a_moment(files: LocalFiles) -> None:
    keys = {await files.put(bytes([number]), "gif") for number in range(40)}
    found = [key for shard in range(SHARDS) for key in await files.list_keys(shard, before=time.time() + 5)]
    assert sorted(found) == sorted(keys)
    assert [key for shard in range(SHARDS) for key in await files.list_keys(shard, before=0)] == []


async def test_a_copy_stops_at_its_cap() -> None:
    target = io.BytesIO()
    assert copy_capped(io.BytesIO(b"x" * 100), target, 100) == 100
    with pytest.raises(NodeError) as caught:
        copy_capped(io.BytesIO(b"x" * 101), io.BytesIO(), 100)
    assert caught.value.code == "too_large"


async def test_the_cache_throws_out_what_was_not_used_longest(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path / "cache", 10_000, AGES_S)
    for number in range(4):
        path = await cache.put(f"{number:064x}", bytes(900))
        os.utime(path, (1_000_000 + number, 1_000_000))
    assert await cache.find(f"{0:064x}") is not None  # used now, so the oldest is number 1
    small = DiskCache(tmp_path / "cache", 2_000, AGES_S)
    assert await small.sweep() == 2
    assert [await small.find(f"{number:064x}") is not None for number in range(4)] == [
        True,
        False,
        False,
        True,
    ]


async def test_the_cache_forgets_what_is_too_old_however_often_it_is_used(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path / "cache", 10_000, 3_600.0)
    old, young = await cache.put(f"{1:064x}", b"old"), await cache.put(f"{2:064x}", b"young")
    now = time.time()
    os.utime(old, (now, now - 3_700))
    os.utime(young, (now, now - 3_500))
    assert await cache.find(f"{1:064x}") is None, "asked for, it is fetched anew"
    assert await cache.find(f"{2:064x}") == young
    assert await cache.sweep() == 1
    assert (old.exists(), young.exists()) == (False, True)


async def test_the_cache_bounds_itself_while_it_is_filled(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path / "cache", 10_000, AGES_S)
    for number in range(200):
        await cache.put(f"{number:064x}", bytes(500))
    kept = sum(path.stat().st_size for path in (tmp_path / "cache").rglob("*") if path.is_file())
    assert kept <= 11_500


async def test_all_who_ask_meanwhile_share_one_fetch(tmp_path: Path) -> None:
    flights, started, go = Flights(at_once=2), 0, asyncio.Event()

    async def fetch() -> Path | None:
        nonlocal started
        started += 1
        await go.wait()
        return tmp_path

    asked = [asyncio.create_task(flights.get("one", fetch)) for _ in range(5)]
    await asyncio.sleep(0)
    asked[0].cancel()
    go.set()
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert started == 1
    assert found[1:] == [tmp_path] * 4


async def test_a_failed_fetch_is_not_tried_again_at_once() -> None:
    flights, tries = Flights(at_once=2), 0

    async def fetch() -> Path | None:
        nonlocal tries
        tries += 1
        return None

    assert await flights.get("one", fetch) is None
    assert await flights.get("one", fetch) is None
    assert tries == 1

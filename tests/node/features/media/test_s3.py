"""Files in a bucket: a real store on loopback, the same promises as a folder keeps."""

import asyncio
import io
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from node.cli import checks
from node.config import Config
from node.errors import NodeError
from node.features.media import jobs, service
from node.features.media.cache import DiskCache
from node.features.media.files import Scratch
from node.features.media.s3 import Bucket, S3Files
from node.features.media.sigv4 import Credentials, Wish
from node.features.media.storage import MediaStorage, storage_of
from tests.interop.peer import install, node_program
from tests.node.features.media import samples
from tests.rig import Rig

SOURCE = Path(__file__).parents[3] / "interop" / "s3"
KEY = Credentials("S3RVER", "S3RVER", "us-east-1")


@pytest.fixture
async def bucket() -> AsyncIterator[str]:
    """The address of an empty bucket in a store we did not write."""
    folder = await install(SOURCE)
    process = await asyncio.create_subprocess_exec(
        str(node_program()), "store.mjs",
        cwd=folder, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None and process.stdin is not None
    async with asyncio.timeout(60):
        line = await process.stdout.readline()
    yield f"{json.loads(line)['origin']}/house"
    process.stdin.close()
    await process.wait()


def files_in(url: str, folder: Path) -> S3Files:
    """One machine's view of the bucket."""
    return S3Files(Bucket(url, KEY), Scratch(folder / "incoming"), DiskCache(folder / "copies", 10**8, 1e10))


async def test_a_bucket_keeps_what_a_folder_keeps(bucket: str, tmp_path: Path) -> None:
    files = files_in(bucket, tmp_path)
    key = await files.put(b"content", "png")
    film = tmp_path / "film"
    film.write_bytes(bytes(300_000))
    long = await files.put(film, "mp4")
    assert not film.exists(), "what was handed over is used up"
    assert (await files.fetch(key)).read_bytes() == b"content"
    assert (await files.fetch(long)).stat().st_size == 300_000
    assert await files.exists(key)
    listed = [found for shard in {int(key[:2], 16), int(long[:2], 16)}
              for found in await files.list_keys(shard, before=time.time() + 60)]  # fmt: skip
    assert sorted(listed) == sorted([key, long])
    assert await files.list_keys(int(key[:2], 16), before=0) == []
    assert await files.delete(key)
    assert not await files.exists(key)
    with pytest.raises(NodeError, match="not_found"):
        await files.fetch(key)
    assert list((tmp_path / "incoming").iterdir()) == []


LISTING = """<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>house</Name>{entries}
<IsTruncated>{more}</IsTruncated><NextContinuationToken>a+b/=</NextContinuationToken></ListBucketResult>"""
ENTRY = "<Contents><Key>files/{key}</Key><LastModified>2026-11-23T10:15:00.000Z</LastModified></Contents>"


async def test_a_shard_with_many_files_is_listed_to_its_end(tmp_path: Path) -> None:
    keys = [f"ab{number:038x}.gif" for number in range(5)]

    async def answer(request: web.Request) -> web.Response:
        first = "continuation-token" not in request.query
        assert first or request.query["continuation-token"] == "a+b/="
        entries = "".join(
            ENTRY.format(key=key) for key in (keys[:3] if first else [*keys[3:], "ab/stray.txt"])
        )
        return web.Response(text=LISTING.format(entries=entries, more=str(first).lower()))

    app = web.Application()
    app.router.add_get("/house", answer)
    async with TestServer(app, host="127.0.0.1") as server:
        files = files_in(f"http://127.0.0.1:{server.port}/house", tmp_path)
        assert await files.list_keys(0xAB, before=time.time() + 10**8) == keys
        assert await files.list_keys(0xAB, before=0) == []


async def test_two_machines_see_one_store_and_what_one_deletes_the_other_shows_no_more(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = files_in(bucket, tmp_path / "here"), files_in(bucket, tmp_path / "there")
    key = await here.put(b"content", "png")
    assert (await there.fetch(key)).read_bytes() == b"content"
    assert await here.delete(key)
    monkeypatch.setattr("node.features.media.s3._TRUST_COPY_S", 0.0)  # a minute later
    with pytest.raises(NodeError, match="not_found"):
        await there.fetch(key)


async def test_many_who_look_at_once_cause_one_fetch(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await files_in(bucket, tmp_path / "here").put(bytes(100_000), "webm")
    there, asked = files_in(bucket, tmp_path / "there"), []
    really = S3Files._insist

    async def count(self: S3Files, session: Any, wish: Wish, body: Any) -> aiohttp.ClientResponse:
        asked.append(wish.method)
        return await really(self, session, wish, body)

    monkeypatch.setattr(S3Files, "_insist", count)
    found = await asyncio.gather(*(there.fetch(key) for _ in range(10)))
    assert len(set(found)) == 1 and asked == ["GET"]


async def test_a_store_that_is_away_is_said_to_be_away(tmp_path: Path, closed_port: int) -> None:
    files = files_in(f"http://127.0.0.1:{closed_port}/house", tmp_path)
    for attempt in (
        files.put(b"x", "png"),
        files.exists("ab" * 20 + ".png"),
        files.fetch("ab" * 20 + ".png"),
    ):
        with pytest.raises(NodeError, match="unavailable"):
            await attempt
    assert not await files.delete("ab" * 20 + ".png"), "the sweep will try again"
    assert list((tmp_path / "incoming").iterdir()) == []


@pytest.mark.parametrize("key", ["", "../../etc/passwd", "a" * 40 + ".svg", "a\0b"])
async def test_med_06_only_keys_of_ours_are_asked_for(tmp_path: Path, closed_port: int, key: str) -> None:
    with pytest.raises(NodeError, match="not_found"):
        await files_in(f"http://127.0.0.1:{closed_port}/house", tmp_path).fetch(key)


async def test_a_house_with_a_bucket_takes_shows_and_forgets_a_picture(rig: Rig, bucket: str) -> None:
    house = await rig.node_of("lindenhof")
    config = with_bucket(house.node.config, bucket)
    house.node.caches["media"] = MediaStorage(config)
    amina = await house.person("amina")
    picture = samples.file_of(samples.noise(80, 60), "PNG")
    kept = await service.accept_upload(house.node, amina.id, io.BytesIO(picture), alt="Noise")
    async with aiohttp.ClientSession() as visitor:
        async with visitor.get(house.origin + service.url_of(house.node, kept)) as answer:
            assert (answer.status, answer.content_type) == (200, "image/png")
            assert len(await answer.read()) > 1_000
        async with visitor.get(
            house.origin + service.url_of(house.node, kept), headers={"Range": "bytes=0-3"}
        ) as part:
            assert (part.status, await part.read()) == (206, b"\x89PNG")
    assert await storage_of(house.node).files.exists(kept.file_key)
    rig.clock.advance(hours=25)
    await jobs.remove_unused(house.node)
    await jobs.remove_leftovers(house.node)
    assert not await storage_of(house.node).files.exists(kept.file_key)


async def test_the_doctor_puts_a_file_into_the_bucket_and_takes_it_out_again(rig: Rig, bucket: str) -> None:
    house = await rig.node_of("lindenhof")
    config = with_bucket(house.node.config, bucket)
    (found,) = await checks.check_bucket(config)
    assert (found.state, found.mend) == ("good", "")
    files = MediaStorage(config).files
    kept = [key for shard in range(256) for key in await files.list_keys(shard, before=time.time() + 60)]
    assert kept == []


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"s3_endpoint": "http://127.0.0.1:1"}, "cannot be used"),
        ({"s3_access_key": "SOMEBODY"}, "cannot be used"),
        ({"s3_secret_key_file": "missing"}, "s3_secret_key_file"),
    ],
)
async def test_the_doctor_says_what_is_wrong_with_a_bucket(
    rig: Rig, bucket: str, change: dict[str, str], word: str
) -> None:
    house = await rig.node_of("lindenhof")
    config = with_bucket(house.node.config, bucket)
    config = msgspec.structs.replace(config, media=msgspec.structs.replace(config.media, **change))
    (found,) = await checks.check_bucket(config)
    assert found.state == "broken" and word in f"{found.what} {found.mend}"
    assert KEY.secret_key not in found.mend


async def test_the_doctor_says_nothing_of_a_bucket_where_files_lie_in_a_folder(rig: Rig) -> None:
    house = await rig.node_of("lindenhof")
    assert await checks.check_bucket(house.node.config) == []


def with_bucket(config: Config, url: str) -> Config:
    """The same settings with the files in a bucket."""
    secret = config.data_dir / "s3.secret"
    secret.write_text(f"{KEY.secret_key}\n", "utf-8")
    endpoint, _, name = url.rpartition("/")
    media = msgspec.structs.replace(
        config.media, storage="s3", s3_endpoint=endpoint, s3_bucket=name, s3_access_key=KEY.access_key,
        s3_secret_key_file="s3.secret",
    )  # fmt: skip
    return msgspec.structs.replace(config, media=media)

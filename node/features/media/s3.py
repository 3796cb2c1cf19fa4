"""Files in a bucket of S3-compatible storage, with copies on this disk while they are looked at.

The second implementation of `files.MediaFiles`. Visitors never see the bucket: whatever is shown
is fetched once, kept in the same cache as others' pictures, and served by us with our own headers
and in parts. Asks only the endpoint of the settings, which may well be inside our own network, so
the guarded client for strangers' addresses is not for it. Never called inside a transaction.
"""

import asyncio
import hashlib
import logging
import os
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from weakref import WeakValueDictionary
from xml.etree import ElementTree

import aiohttp
import msgspec
from yarl import URL

from node.errors import N_, NodeError
from node.features.media import files, kinds, sigv4
from node.features.media.cache import DiskCache

log = logging.getLogger("node.media")

_FOLDER: Final = "files"
_TIMEOUT: Final = aiohttp.ClientTimeout(total=300.0, connect=10.0, sock_read=30.0)
_TRIES: Final = 3
_CHUNK_BYTES: Final = 256 * 1024
_PAGE: Final = 1_000
_LIST_MAX_BYTES: Final = 8 * 1024 * 1024
_TRUST_COPY_S: Final = 60.0
_REMEMBERED: Final = 10_000

_AWAY = N_("Our store for files does not answer at the moment. Please try again later.")


class Bucket(msgspec.Struct, frozen=True):
    """Where the files lie: `url` is the endpoint with the bucket's name, without a slash at its end."""

    url: str
    credentials: sigv4.Credentials


class S3Files:
    """`MediaFiles` in a bucket; `scratch` and `cache` are on this disk and may be lost."""

    def __init__(self, bucket: Bucket, scratch: files.Scratch, cache: DiskCache) -> None:
        self._bucket = bucket
        self._scratch = scratch
        self._cache = cache
        # What was seen in the bucket and when: a file deleted on another machine must not live on in a copy here.
        self._seen: OrderedDict[str, float] = OrderedDict()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def put(self, source: bytes | Path, suffix: str) -> str:
        """Keep the content under a fresh key; a Path is used up."""
        key = files.new_key(suffix)
        headers = {"content-type": kinds.BY_SUFFIX[suffix].mime}
        path = source if isinstance(source, Path) else await asyncio.to_thread(self._scratch.write, source)
        try:
            digest = await asyncio.to_thread(_sha256, path)
            headers["content-length"] = str(path.stat().st_size)
            wish = sigv4.Wish("PUT", self._url(key), (), headers, digest)
            async with self._asked(wish, body=path) as answer:
                _check(answer, (200, 201, 204))
        finally:
            await asyncio.to_thread(path.unlink, missing_ok=True)
        return key

    async def fetch(self, key: str) -> Path:
        """A copy of the content on this disk. Raises: `not_found`, `unavailable`."""
        if kinds.kind_of_key(key) is None:
            raise NodeError("not_found", detail="media key")
        lock = self._turns.setdefault(key, asyncio.Lock())
        async with lock:  # who asks meanwhile is served from the copy
            copy = await self._cache.find(key)
            if copy is not None and await self._is_still_there(key):
                return copy
            return await self._copy(key)

    async def _copy(self, key: str) -> Path:
        with self._scratch.file() as (path, file):
            async with self._asked(sigv4.Wish("GET", self._url(key))) as answer:
                _check(answer, (200,))
                async for chunk in answer.content.iter_chunked(_CHUNK_BYTES):
                    await asyncio.to_thread(file.write, chunk)
            file.flush()
            self._saw(key)
            return await self._cache.take(key, path)

    async def _is_still_there(self, key: str) -> bool:
        if time.monotonic() - self._seen.get(key, -_TRUST_COPY_S) < _TRUST_COPY_S:
            return True
        try:
            return await self.exists(key)
        except NodeError:
            return True  # nobody answers: what we have is better than nothing

    def _saw(self, key: str) -> None:
        self._seen[key] = time.monotonic()
        self._seen.move_to_end(key)
        while len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)

    async def exists(self, key: str) -> bool:
        """Whether something is kept under `key`. Raises: `unavailable`."""
        async with self._asked(sigv4.Wish("HEAD", self._url(key))) as answer:
            if answer.status == 404:
                return False
            _check(answer, (200,))
        self._saw(key)
        return True

    async def delete(self, key: str) -> bool:
        """Remove it, also our copy; False when the store refuses (the next sweep tries again)."""
        self._seen.pop(key, None)
        await self._cache.drop(key)
        try:
            async with self._asked(sigv4.Wish("DELETE", self._url(key))) as answer:
                _check(answer, (200, 202, 204, 404))
        except NodeError:
            return False
        return True

    async def list_keys(self, shard: int, *, before: float) -> list[str]:
        """Keys of one shard put before a moment (seconds since 1970). Raises: `unavailable`."""
        found: list[str] = []
        folder = f"{_FOLDER}/{shard % files.SHARDS:02x}"
        query = [("list-type", "2"), ("prefix", folder), ("max-keys", str(_PAGE))]
        token = ""
        while True:
            pairs = [*query, ("continuation-token", token)] if token else query
            async with self._asked(sigv4.Wish("GET", self._bucket.url, pairs)) as answer:
                _check(answer, (200,))
                page = _Page.read(await answer.content.read(_LIST_MAX_BYTES))
            found += [key for key, put_at in page.entries if put_at < before and kinds.kind_of_key(key)]
            token = page.next
            if not token:
                return found

    def _url(self, key: str) -> str:
        return f"{self._bucket.url}/{_FOLDER}/{key}"

    @asynccontextmanager
    async def _asked(
        self, wish: sigv4.Wish, body: Path | None = None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer to a wish, asked again when the store fails. Raises: `unavailable`.

        A connection for each: files come seldom, and their copies are kept here.
        """
        async with aiohttp.ClientSession(timeout=_TIMEOUT, auto_decompress=False) as session:
            answer = await self._insist(session, wish, body)
            async with answer:
                yield answer

    async def _insist(
        self, session: aiohttp.ClientSession, wish: sigv4.Wish, body: Path | None
    ) -> aiohttp.ClientResponse:
        url = wish.url + (f"?{sigv4.query_text(wish.query)}" if wish.query else "")
        for attempt in range(1, _TRIES + 1):
            headers = sigv4.sign(wish, self._bucket.credentials, datetime.now(UTC))
            file = body.open("rb") if body else None
            try:
                answer = await session.request(
                    wish.method,
                    URL(url, encoded=True),
                    headers=headers,
                    data=file,
                    allow_redirects=False,
                )
                if answer.status < 500 or attempt == _TRIES:
                    return answer
                answer.close()
                why = str(answer.status)
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                why = type(error).__name__
            finally:
                if file:
                    file.close()
            log.warning("media store failed", extra={"why": why, "attempt": attempt})
            if attempt < _TRIES:
                await asyncio.sleep(0.2 * attempt)
        raise NodeError("unavailable", text=_AWAY, detail=f"media store {why}")


def _check(answer: aiohttp.ClientResponse, wanted: Iterable[int]) -> None:
    """Raises: `not_found`, `unavailable`."""
    if answer.status in wanted:
        return
    if answer.status == 404:
        raise NodeError("not_found", detail="media file")
    log.warning("media store refused", extra={"why": str(answer.status)})
    raise NodeError("unavailable", text=_AWAY, detail=f"media store {answer.status}")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _Page(msgspec.Struct, frozen=True):
    """One page of a listing: keys and when they were put; `next` is "" on the last."""

    entries: tuple[tuple[str, float], ...]
    next: str

    @classmethod
    def read(cls, body: bytes) -> "_Page":
        """Raises: `unavailable` for what is no listing."""
        try:
            root = ElementTree.fromstring(body)
        except ElementTree.ParseError:
            raise NodeError("unavailable", text=_AWAY, detail="media store listing") from None
        texts = {child.tag.rpartition("}")[2]: child.text or "" for child in root}
        entries = []
        for child in root:
            if child.tag.rpartition("}")[2] != "Contents":
                continue
            entry = {part.tag.rpartition("}")[2]: part.text or "" for part in child}
            put_at = datetime.fromisoformat(entry["LastModified"]).timestamp()
            entries.append((os.path.basename(entry["Key"]), put_at))
        more = texts.get("IsTruncated") == "true"
        return cls(tuple(entries), texts.get("NextContinuationToken", "") if more else "")

"""Where uploaded files lie: the port `MediaFiles` and its usual implementation, a folder.

A key is 160 random bits and a suffix, so whoever has not been shown it cannot guess it; that is
what protects files of posts that are not public, together with removal when the post goes
(MED-08). Keys never contain anything a person typed (MED-01, MED-06). Called by `service`,
`pages` and `jobs`; never decides who may upload.
"""

import asyncio
import contextlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from node.errors import NodeError
from node.features.media import kinds

SHARDS = 256
_COPY_BYTES = 1024 * 1024


class MediaFiles(Protocol):
    """A place for files; another implementation may keep them elsewhere than on this disk."""

    async def put(self, source: bytes | Path, suffix: str) -> str:
        """Keep the content under a fresh key ending in `suffix`; a Path is taken over, not copied."""

    async def fetch(self, key: str) -> Path:
        """A file on this disk with the content, to be read at once. Raises: `not_found`, `unavailable`."""

    async def exists(self, key: str) -> bool:
        """Whether something is kept under `key`."""

    async def delete(self, key: str) -> bool:
        """Remove it; False when nothing was there."""

    async def list_keys(self, shard: int, *, before: float) -> list[str]:
        """Keys of one of `SHARDS` parts, put before a moment (seconds since 1970)."""


def new_key(suffix: str) -> str:
    """A key nobody can guess. Raises: ValueError for a suffix no kind has."""
    if suffix not in kinds.BY_SUFFIX:
        raise ValueError(f"no kind has the suffix {suffix}")
    return f"{secrets.token_hex(20)}.{suffix}"


class Scratch:
    """A folder for files that are still on their way; nothing in it is worth keeping."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextlib.contextmanager
    def file(self) -> Iterator[tuple[Path, BinaryIO]]:
        """A temporary file, gone afterwards unless it was moved away."""
        descriptor, name = tempfile.mkstemp(dir=self._folder)
        with os.fdopen(descriptor, "w+b") as file:
            try:
                yield Path(name), file
            finally:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(name)

    def write(self, content: bytes) -> Path:
        """A temporary file with this content, safe on the disk; the caller moves or removes it."""
        with self.file() as (path, file):
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            kept = path.with_suffix(".whole")
            os.replace(path, kept)
            return kept

    async def clear(self, *, before: float) -> int:
        """Remove what interrupted uploads left behind; how many files that was."""
        return await asyncio.to_thread(self._clear, before)

    def _clear(self, before: float) -> int:
        gone = 0
        for leftover in self._folder.iterdir():
            with contextlib.suppress(OSError):
                if leftover.stat().st_mtime < before:
                    leftover.unlink()
                    gone += 1
        return gone


class LocalFiles:
    """Files below `root`, spread over folders named after a key's first two characters.

    `scratch` has to be on the same disk, so that a finished file is moved and not copied.
    """

    def __init__(self, root: Path, scratch: Scratch) -> None:
        self._root = root
        self._scratch = scratch

    def path(self, key: str) -> Path:
        """The file behind `key`. Raises: `not_found` for anything that is not a key."""
        if kinds.kind_of_key(key) is None:
            raise NodeError("not_found", detail="media key")
        return self._root / "files" / key[:2] / key

    async def put(self, source: bytes | Path, suffix: str) -> str:
        """Keep the content under a fresh key; readers see all of it or nothing."""
        key = new_key(suffix)
        await asyncio.to_thread(self._put, self.path(key), source)
        return key

    def _put(self, target: Path, source: bytes | Path) -> None:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if isinstance(source, bytes):
            source = self._scratch.write(source)
        os.chmod(source, 0o600)
        os.replace(source, target)

    async def fetch(self, key: str) -> Path:
        """The file itself. Raises: `not_found`."""
        if not await self.exists(key):
            raise NodeError("not_found", detail="media file")
        return self.path(key)

    async def exists(self, key: str) -> bool:
        """Whether something is kept under `key`."""
        return await asyncio.to_thread(self.path(key).is_file)

    async def delete(self, key: str) -> bool:
        """Remove it; False when nothing was there or the disk refuses (the next sweep tries again)."""
        try:
            await asyncio.to_thread(self.path(key).unlink)
        except OSError:
            return False
        return True

    async def list_keys(self, shard: int, *, before: float) -> list[str]:
        """Keys of one shard whose files are older than `before` (seconds since 1970)."""
        return await asyncio.to_thread(self._list, self._root / "files" / f"{shard % SHARDS:02x}", before)

    def _list(self, folder: Path, before: float) -> list[str]:
        try:
            with os.scandir(folder) as entries:
                return [
                    entry.name
                    for entry in entries
                    if kinds.kind_of_key(entry.name) and entry.stat(follow_symlinks=False).st_mtime < before
                ]
        except FileNotFoundError:
            return []


def copy_capped(source: BinaryIO, target: BinaryIO, max_bytes: int) -> int:
    """Copy at most `max_bytes`; the number of bytes copied. Raises: `too_large`."""
    total = 0
    while chunk := source.read(_COPY_BYTES):
        total += len(chunk)
        if total > max_bytes:
            raise NodeError("too_large", field="file", detail=f"more than {max_bytes} bytes")
        target.write(chunk)
    target.flush()
    return total


def free_bytes(folder: Path) -> int:
    """Room left on the disk that holds `folder`."""
    return shutil.disk_usage(folder).free

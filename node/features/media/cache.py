"""Copies on our disk of files that lie elsewhere: found by name, thrown out by last use and by age.

Owns a folder and its size. Names are hashes of signed addresses or keys of our own store, so
nothing of a peer's URL becomes a path. Never fetches and never judges content; `proxy` and `s3` do.
"""

import asyncio
import contextlib
import os
import shutil
import tempfile
import time
from pathlib import Path

# Reading time is kept by ourselves (many disks are mounted without it), this seldom.
_TOUCH_S = 3600.0


class DiskCache:
    """Files of at most `max_bytes` together, none older than `max_age_s`; a little more between two sweeps."""

    def __init__(self, root: Path, max_bytes: int, max_age_s: float) -> None:
        self._root = root
        self._max_bytes = max_bytes
        self._max_age_s = max_age_s
        self._written_bytes = 0
        root.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _path(self, name: str) -> Path:
        return self._root / name[:2] / name

    async def find(self, name: str) -> Path | None:
        """The file kept under `name`, which counts as used now; None too when it is too old."""
        return await asyncio.to_thread(self._find, self._path(name))

    def _find(self, path: Path) -> Path | None:
        try:
            info = path.stat()
        except FileNotFoundError:
            return None
        if time.time() - info.st_mtime > self._max_age_s:
            return None
        if time.time() - info.st_atime > _TOUCH_S:
            # The modification time stays: browsers ask by it whether their copy is still good.
            with contextlib.suppress(OSError):
                os.utime(path, (time.time(), info.st_mtime))
        return path

    async def put(self, name: str, content: bytes) -> Path:
        """Keep a file; throws out others when much was written since the last sweep."""
        path = await asyncio.to_thread(self._put, self._path(name), content)
        await self._wrote(len(content))
        return path

    async def take(self, name: str, source: Path) -> Path:
        """Keep a file that is on this machine already; it is moved here."""
        path = self._path(name)
        size = source.stat().st_size
        await asyncio.to_thread(self._take, path, source)
        await self._wrote(size)
        return path

    def _take(self, path: Path, source: Path) -> None:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        descriptor, fresh = tempfile.mkstemp(dir=path.parent)
        os.close(descriptor)
        shutil.move(source, fresh)
        os.replace(fresh, path)

    async def drop(self, name: str) -> None:
        """Forget one file."""
        await asyncio.to_thread(self._path(name).unlink, missing_ok=True)

    async def _wrote(self, size: int) -> None:
        self._written_bytes += size
        if self._written_bytes > self._max_bytes // 10:
            await self.sweep()

    def _put(self, path: Path, content: bytes) -> Path:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        descriptor, fresh = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.replace(fresh, path)
        return path

    async def sweep(self) -> int:
        """Remove what is too old, then the longest unused until the rest fits; how many went."""
        self._written_bytes = 0
        return await asyncio.to_thread(self._sweep)

    def _sweep(self) -> int:
        found = []
        gone = 0
        oldest = time.time() - self._max_age_s
        for folder, _, names in os.walk(self._root):
            for name in names:
                path = os.path.join(folder, name)
                with contextlib.suppress(OSError):
                    info = os.stat(path)
                    if info.st_mtime < oldest:
                        os.unlink(path)
                        gone += 1
                    else:
                        found.append((info.st_atime, info.st_size, path))
        excess = sum(size for _, size, _ in found) - self._max_bytes
        for _, size, path in sorted(found):
            if excess <= 0:
                break
            with contextlib.suppress(OSError):
                os.unlink(path)
                gone += 1
            excess -= size
        return gone

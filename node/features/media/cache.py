"""Copies of other hosts' files on our disk: found by name, thrown out by last use.

Owns a folder and its size. Names are hashes of signed addresses, so nothing of a peer's URL
becomes a path. Never fetches and never judges content; `proxy` does.
"""

import asyncio
import contextlib
import os
import tempfile
import time
from pathlib import Path

# Reading time is kept by ourselves (many disks are mounted without it), this seldom.
_TOUCH_S = 3600.0


class DiskCache:
    """Files of at most `max_bytes` together; a little more between two sweeps."""

    def __init__(self, root: Path, max_bytes: int) -> None:
        self._root = root
        self._max_bytes = max_bytes
        self._written_bytes = 0
        root.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _path(self, name: str) -> Path:
        return self._root / name[:2] / name

    async def find(self, name: str) -> Path | None:
        """The file kept under `name`, which counts as used now."""
        return await asyncio.to_thread(self._find, self._path(name))

    def _find(self, path: Path) -> Path | None:
        try:
            info = path.stat()
        except FileNotFoundError:
            return None
        if time.time() - info.st_atime > _TOUCH_S:
            # The modification time stays: browsers ask by it whether their copy is still good.
            with contextlib.suppress(OSError):
                os.utime(path, (time.time(), info.st_mtime))
        return path

    async def put(self, name: str, content: bytes) -> Path:
        """Keep a file; throws out others when much was written since the last sweep."""
        path = await asyncio.to_thread(self._put, self._path(name), content)
        self._written_bytes += len(content)
        if self._written_bytes > self._max_bytes // 10:
            await self.sweep()
        return path

    def _put(self, path: Path, content: bytes) -> Path:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        descriptor, fresh = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.replace(fresh, path)
        return path

    async def sweep(self) -> int:
        """Remove the longest unused files until the rest fits; how many went."""
        self._written_bytes = 0
        return await asyncio.to_thread(self._sweep)

    def _sweep(self) -> int:
        found = []
        for folder, _, names in os.walk(self._root):
            for name in names:
                path = os.path.join(folder, name)
                with contextlib.suppress(FileNotFoundError):
                    info = os.stat(path)
                    found.append((info.st_atime, info.st_size, path))
        excess = sum(size for _, size, _ in found) - self._max_bytes
        gone = 0
        for _, size, path in sorted(found):
            if excess <= 0:
                break
            with contextlib.suppress(OSError):
                os.unlink(path)
                gone += 1
            excess -= size
        return gone

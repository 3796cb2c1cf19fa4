"""Other people's code for signatures, each in a process of its own: Misskey's (npm) and apsig (PyPI).

Put into the user's cache once; where it cannot be had, the tests that need it are skipped and say so.
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

from tests.interop.peer import install, node_program

_PACKAGE = "apsig==0.6.0"
_INSTALL_S = 180.0
_APSIG = """
import json, sys
sys.path.insert(0, sys.argv[1])
from apsig.draft.sign import Signer
from apsig.draft.verify import Verifier
from apsig.proof.sign import ProofSigner
from apsig.proof.verify import ProofVerifier
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
wish = json.load(sys.stdin)
said = {}
if "url" in wish:
    body = wish["body"].encode()
    made = Verifier(wish["publicPem"], wish["method"], wish["url"], wish["headers"], body)
    said["keyId"] = made.verify()
    key = load_pem_private_key(wish["privatePem"].encode(), None)
    plain = {"Content-Type": wish["headers"]["Content-Type"]}
    said["signed"] = Signer(plain, key, wish["method"], wish["url"], wish["keyId"], body).sign()
else:
    public = load_pem_public_key(wish["publicPem"].encode())
    said["method"] = ProofVerifier(public).verify(wish["document"])
    key = load_pem_private_key(wish["privatePem"].encode(), None)
    said["document"] = ProofSigner(key).sign(wish["bare"], wish["options"])
print(json.dumps(said))
"""


async def _said(argv: list[str], wish: dict[str, Any] | None, **more: Any) -> tuple[int, bytes, bytes]:
    child = await asyncio.create_subprocess_exec(
        *argv,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        **more,
    )
    try:
        async with asyncio.timeout(_INSTALL_S):
            out, wrong = await child.communicate(json.dumps(wish).encode())
    except TimeoutError:
        child.kill()
        await child.wait()
        return 1, b"", b"it took too long"
    return child.returncode or 0, out, wrong


async def misskey(wish: dict[str, Any]) -> dict[str, Any]:
    """What the code of Misskey makes of a signed request, and its own signature of the same."""
    folder = await install(Path(__file__).with_name("misskey_signatures"))
    code, out, wrong = await _said([str(node_program()), "judge.mjs"], wish, cwd=folder)
    assert code == 0, wrong.decode(errors="replace")
    found: dict[str, Any] = json.loads(out)
    return found


async def _apsig_folder() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "allmende"
    folder = cache / f"{_PACKAGE.replace('==', '-')}-{sys.version_info.major}{sys.version_info.minor}"
    if folder.is_dir():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=cache))
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--disable-pip-version-check",
        "--target",
        str(draft),
        _PACKAGE,
    ]
    code, _, wrong = await _said(pip, None)
    if code:
        shutil.rmtree(draft)
        pytest.skip(f"apsig cannot be had: {wrong.decode(errors='replace')[-300:]}")
    try:
        draft.rename(folder)
    except OSError:  # another test process was first
        shutil.rmtree(draft)
    return folder


async def apsig(wish: dict[str, Any]) -> dict[str, Any]:
    """What apsig makes of a signed request (`url`) or a document with a proof, and its own of the same."""
    code, out, wrong = await _said([sys.executable, "-c", _APSIG, str(await _apsig_folder())], wish)
    assert code == 0, wrong.decode(errors="replace")
    found: dict[str, Any] = json.loads(out)
    return found

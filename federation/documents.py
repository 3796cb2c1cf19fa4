"""Documents of strangers as the plain JSON we read, once it is sure that JSON-LD readers agree.

Nearly all are so already and go through untouched. The others are compacted by a process of
their own, which is killed when it takes too long; a few at a time, so that nobody can keep the
machine busy with them. Never fetches, never stores. Called by `inbox` and `fetch`, and by the
host application for bodies it kept.
Spec: JSON-LD 1.1; threats M1 to M3, JSN-06, RES-15.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any, Final

from federation import compacting, jsonld, strict_json
from federation.errors import FederationError

_PROGRAM: Final = Path(__file__).with_name("compactor.py")
_DEADLINE_S: Final = 5.0
_AT_ONCE: Final = 2
_WAITING: Final = 16
_ANSWER_MAX_BYTES: Final = 4 * 1024 * 1024


class Documents:
    """Reads documents; one for each event loop. Needs no closing."""

    def __init__(self, deadline_s: float = _DEADLINE_S) -> None:
        self._deadline_s = deadline_s
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._asking = 0

    async def plain(self, document: dict[str, Any]) -> dict[str, Any]:
        """The document in short form: itself in nearly every case.

        Raises: `jsonld_forbidden`, `context_redefines`, `jsonld_too_big`, `jsonld_disagrees`,
        `jsonld_failed`, which all mean status 400; `jsonld_busy` (503) when too many wait.
        """
        renamed = jsonld.check(document)
        if not jsonld.needs_processor(document, renamed):
            return document
        return compacting.merged(document, await self._compacted(document))

    async def _compacted(self, document: dict[str, Any]) -> dict[str, Any]:
        question = strict_json.dumps(compacting.question_for(document))
        if self._asking >= _WAITING:
            raise FederationError("jsonld_busy", permanent=False, status=503)
        self._asking += 1
        try:
            async with self._turns:
                answer = await self._ask(question)
        finally:
            self._asking -= 1
        try:
            found = strict_json.loads(answer)
        except FederationError:
            raise FederationError("jsonld_failed", "stopped") from None
        compacted = found.get("compacted")
        if type(compacted) is not dict:
            raise FederationError("jsonld_failed", str(found.get("failed"))[:100])
        return compacted

    async def _ask(self, question: bytes) -> bytes:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-I", str(_PROGRAM),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            env={"LC_ALL": "C.UTF-8"}, cwd="/", close_fds=True, limit=_ANSWER_MAX_BYTES,
        )  # fmt: skip
        try:
            async with asyncio.timeout(self._deadline_s):
                answer, _ = await child.communicate(question)
        except TimeoutError:
            answer = b""
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
        return answer

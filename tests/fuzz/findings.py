"""What fuzzing found: each fault once, with the input that showed it, kept in a file."""

from __future__ import annotations

import base64
import json
import logging
import re
import traceback
from pathlib import Path
from typing import Any


class Findings:
    """Faults by what they have in common; the first input of each is kept."""

    def __init__(self, path: Path | None) -> None:
        self.found: dict[str, int] = {}
        self._path = path

    def add(self, what: str, detail: str = "", body: bytes = b"") -> None:
        """Note a fault; `what` is the same for faults that are one."""
        times = self.found[what] = self.found.get(what, 0) + 1
        if times == 1 and self._path is not None:
            record = {
                "what": what,
                "detail": detail[-4000:],
                "body": base64.b64encode(body[:500_000]).decode(),
            }
            with self._path.open("a") as file:
                file.write(json.dumps(record) + "\n")
        if times == 1:
            print(f"FOUND {what!a}\n      {detail[-1200:]!a}", flush=True)


class Ear(logging.Handler):
    """Hears what the program itself calls an error, and what a database refused."""

    def __init__(self, findings: Findings) -> None:
        super().__init__(logging.WARNING)
        self.findings = findings

    def emit(self, record: logging.LogRecord) -> None:
        words = record.getMessage()
        if record.levelno < logging.ERROR and "database said no" not in words:
            return
        detail: Any = record.__dict__
        what = f"log: {record.name}: {re.sub(r'[0-9]+', 'N', words)[:120]}"
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            what += f": {type(error).__name__} at {_where(error)}"
            detail = "".join(traceback.format_exception(error))
        elif "database said no" in words:
            what += f": {getattr(record, 'sqlstate', '')} {getattr(record, 'constraint', '')}"
        self.findings.add(what, str(detail))


def _where(error: BaseException) -> str:
    """The last place of ours an error passed."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if re.search(r"/(?:node|federation|moderation)/", f.filename)]
    last = (ours or frames)[-1]
    return f"{Path(last.filename).name}:{last.lineno}"

"""Log lines: readable on a terminal, one JSON object each for collectors.

Owns format and level of the root logger. Never adds bodies, query strings or secrets; callers pass fields
with `extra=`. Called once at the start of every process.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import msgspec

from node.config import Config

# Set by the web middleware and the job wrapper; printed on every line written meanwhile.
REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# Line ends, terminal codes, marks that turn the direction of writing, and halves of letters.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_NOISY = ("asyncio", "arq", "aiohttp.access", "PIL")


class _Fields(logging.Formatter):
    def __init__(self, process: str) -> None:
        super().__init__()
        self.process = process

    def fields(self, record: logging.LogRecord) -> dict[str, Any]:
        """The extra fields of one line."""
        extra = {key: value for key, value in vars(record).items() if key not in _STANDARD}
        request_id = REQUEST_ID.get()
        return {**extra, **({"request": request_id} if request_id else {})}


class TextFormatter(_Fields):
    """`12:00:01 info  web  node.wire  message  key=value`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, and the traceback below it where there is one."""
        moment = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        fields = "".join(f"  {key}={value}" for key, value in self.fields(record).items())
        message = one_line(f"{record.getMessage()}{fields}")
        line = f"{moment} {record.levelname.lower():7} {self.process:10} {record.name}: {message}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class JsonFormatter(_Fields):
    """One JSON object per line; times in UTC."""

    def format(self, record: logging.LogRecord) -> str:
        """The line; values JSON does not know are written as text."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "process": self.process,
            "logger": record.name,
            "message": record.getMessage(),
            **self.fields(record),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        try:
            return one_line(msgspec.json.encode(line, enc_hook=str).decode())
        except UnicodeEncodeError:  # half a letter somewhere, which is no UTF-8
            return json.dumps(line, default=str)


def one_line(words: str) -> str:
    """The words with everything escaped that would begin a line or move a terminal: others wrote some of them."""
    return _CONTROLS.sub(_escaped, words)


def _escaped(found: re.Match[str]) -> str:
    return "\\n" if found[0] == "\n" else f"\\u{ord(found[0]):04x}"


def without_traceback(record: logging.LogRecord) -> bool:
    """A filter: what is no HTTP at all is its sender's to mend and costs us one line, no traceback (RES-19)."""
    # Only who serves knows aiohttp; the others stay small.
    from aiohttp.http_exceptions import HttpProcessingError

    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, HttpProcessingError):
        record.msg, record.args = "not HTTP: %s", (type(error).__name__,)
        record.exc_info, record.exc_text = None, None
        record.levelno, record.levelname = logging.INFO, "INFO"
    return True


def configure(config: Config, process: str) -> None:
    """Write this process's log to stderr as the settings say; `process` names it, such as `web 1`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(process) if config.log.format == "json" else TextFormatter(process))
    level = getattr(logging, config.log.level.upper())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    logging.getLogger("aiohttp.server").addFilter(without_traceback)

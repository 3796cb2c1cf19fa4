"""Dialect repairs: what one program says differently, put into the common words.

One function each, which names the software, the version met, where it is described, and the
example that proves it (`tests/wire/<software>/<fixture>.json`). A repair takes the document
and returns it, or a changed copy: the original is never touched, it may be proved or passed on.
Called by `vocab.read` on the top document and on one embedded level.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Document = dict[str, Any]
Repair = Callable[[Document], Document]


def repair(document: Document) -> Document:
    return document

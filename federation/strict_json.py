"""JSON as peers may send it to us: one meaning or a refusal.

Owns the reading of bodies from outside. Where readers differ (duplicate keys, NaN, huge
numbers, lone surrogates) two programs can see two documents in one body; here such a body is
an error. Called by `inbox` and `fetch` on raw bytes, before anything looks at a field.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final, NoReturn, cast

import orjson

from federation.errors import FederationError

MAX_DEPTH: Final = 32
_INT_MAX: Final = 2**63 - 1
_SUSPECT_ESCAPE: Final = re.compile(rb"\\u(?:0000|[dD][89abAB])")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise FederationError("json_duplicate_key")
    return found


def _int(text: str) -> int:
    if len(text) > 20:
        raise FederationError("json_number", "integer")
    number = int(text)
    if not -_INT_MAX - 1 <= number <= _INT_MAX:
        raise FederationError("json_number", "integer")
    return number


def _float(text: str) -> float:
    number = float(text) if len(text) <= 400 else float("inf")
    if number in (float("inf"), float("-inf")):
        raise FederationError("json_number", "float")
    return number


def _constant(text: str) -> NoReturn:
    raise FederationError("json_number", text)


_decode: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_int, parse_float=_float, parse_constant=_constant
).decode


def _check_depth(document: dict[str, Any], max_depth: int) -> None:
    level: list[Any] = [document]
    for _ in range(max_depth):
        level = [
            value
            for container in level
            for value in (container.values() if type(container) is dict else container)
            if type(value) is dict or type(value) is list
        ]
        if not level:
            return
    raise FederationError("json_too_deep")


def _check_text(text: str) -> None:
    if "\x00" in text:
        raise FederationError("json_bad_text", "NUL")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise FederationError("json_bad_text", "surrogate") from None


def _check_texts(document: dict[str, Any]) -> None:
    pending: list[Any] = [document]
    while pending:
        value = pending.pop()
        if type(value) is str:
            _check_text(value)
        elif type(value) is dict:
            pending.extend(value)
            pending.extend(value.values())
        elif type(value) is list:
            pending.extend(value)


def loads(body: bytes, *, max_depth: int = MAX_DEPTH) -> dict[str, Any]:
    """Reads a body whose top is an object.

    Raises: `bad_json`, `json_duplicate_key`, `json_number` (NaN, Infinity, beyond 64 bits or
    a double), `json_too_deep` (more than `max_depth` containers), `json_bad_text`.
    """
    try:
        document = _decode(body.decode("utf-8"))
    except RecursionError:
        raise FederationError("json_too_deep") from None
    except ValueError:
        raise FederationError("bad_json") from None
    if type(document) is not dict:
        raise FederationError("bad_json", "top is not an object")
    # Fewer opening brackets than the limit cannot nest past it: the usual body skips the walk.
    if body.count(b"{") + body.count(b"[") > max_depth:
        _check_depth(document, max_depth)
    if _SUSPECT_ESCAPE.search(body):
        _check_texts(document)
    return cast("dict[str, Any]", document)


def loads_again(body: bytes) -> dict[str, Any]:
    """A body that `loads` took before and that was kept since: read without asking all that again.

    Raises: `bad_json` for anything else than an object.
    """
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise FederationError("bad_json") from None
    if type(document) is not dict:
        raise FederationError("bad_json", "top is not an object")
    return cast("dict[str, Any]", document)


def dumps(document: Any) -> bytes:
    """Compact UTF-8 JSON, keys in the order given.

    Raises: `bad_json` for what JSON cannot say.
    """
    try:
        return orjson.dumps(document)
    except TypeError as error:
        raise FederationError("bad_json", type(error).__name__) from None

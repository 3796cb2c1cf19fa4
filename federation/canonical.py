"""JSON Canonicalization Scheme: one sequence of bytes for one document.

Owns RFC 8785 for what `strict_json.loads` returns: keys by UTF-16 code units, numbers as
ECMAScript prints them. Pure; only `proofs` uses it.
"""

from __future__ import annotations

import json
from typing import Any, Final

from federation.errors import FederationError

_quote: Final = json.JSONEncoder(ensure_ascii=False).encode
_SAFE_INTEGER: Final = 2**53


def _number(value: float) -> str:
    """A double as ECMAScript's Number::toString writes it. Spec: RFC 8785 §3.2.2.3."""
    if value != value or value in (float("inf"), float("-inf")):
        raise FederationError("json_number", "not finite")
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    # Python's shortest repr has the digits ECMAScript wants; only their layout differs.
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = "" if fraction == "0" else fraction
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    return sign + _layout(digits, point)


def _layout(digits: str, point: int) -> str:
    """Digits with the decimal point after `point` of them."""
    count = len(digits)
    if count <= point <= 21:
        return digits + "0" * (point - count)
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"0.{'0' * -point}{digits}"
    exponent = f"e{'+' if point > 0 else '-'}{abs(point - 1)}"
    return (digits if count == 1 else f"{digits[0]}.{digits[1:]}") + exponent


def _utf16(key: str) -> bytes:
    return key.encode("utf-16-be")


def _write(value: Any) -> str:
    if isinstance(value, str):
        return _quote(value)
    if value is None or value is True or value is False:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        # JSON numbers are doubles to everyone else; so they are here.
        return str(value) if -_SAFE_INTEGER <= value <= _SAFE_INTEGER else _number(float(value))
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, dict):
        return (
            "{" + ",".join([f"{_quote(key)}:{_write(value[key])}" for key in sorted(value, key=_utf16)]) + "}"
        )
    if isinstance(value, list | tuple):
        return "[" + ",".join([_write(entry) for entry in value]) + "]"
    raise FederationError("bad_json", type(value).__name__)


def canonicalize(value: Any) -> bytes:
    """The canonical UTF-8 form. Spec: RFC 8785. Raises: `bad_json`, `json_number`, `json_bad_text`."""
    try:
        return _write(value).encode()
    except UnicodeEncodeError:
        raise FederationError("json_bad_text", "surrogate") from None

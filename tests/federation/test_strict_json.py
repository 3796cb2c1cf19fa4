"""Bodies from strangers have one meaning or none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation import strict_json
from federation.errors import FederationError

REFUSED = {
    "JSN-01 NUL": (b'{"a":"b\\u0000"}', "json_bad_text"),
    "JSN-01 NUL in a key": (b'{"a\\u0000":1}', "json_bad_text"),
    "JSN-01 lone surrogate": (b'{"a":["\\ud800"]}', "json_bad_text"),
    "JSN-01 reversed surrogates": (b'{"a":"\\udc00\\ud800"}', "json_bad_text"),
    "JSN-02 depth 33": (b'{"a":' * 33 + b"1" + b"}" * 33, "json_too_deep"),
    "JSN-02 depth 1000": (b'{"a":' + b"[" * 1000 + b"]" * 1000 + b"}", "json_too_deep"),
    "JSN-02 depth 100000": (b'{"a":' + b"[" * 100_000, "json_too_deep"),
    "JSN-04 actor twice": (b'{"actor":"E","actor":"V"}', "json_duplicate_key"),
    "JSN-04 nested, escaped": (b'{"o":{"id":1,"\\u0069d":2}}', "json_duplicate_key"),
    "M10 NaN": (b'{"a":NaN}', "json_number"),
    "M10 Infinity": (b'{"a":-Infinity}', "json_number"),
    "M10 huge float": (b'{"a":1e400}', "json_number"),
    "M10 5000 digits": (b'{"a":' + b"9" * 5000 + b"}", "json_number"),
    "M10 beyond 64 bits": (b'{"a":9223372036854775808}', "json_number"),
    "JSN-08 UTF-16": ('{"a":1}'.encode("utf-16"), "bad_json"),
    "JSN-08 latin1": ('{"a":"ä"}'.encode("latin-1"), "bad_json"),
    "JSN-08 BOM": (b"\xef\xbb\xbf{}", "bad_json"),
    "JSN-08 trailing": (b"{} {}", "bad_json"),
    "JSN-08 empty": (b"", "bad_json"),
    "JSN-08 raw NUL": (b'{"a":"\0"}', "bad_json"),
    "JSN-05 list": (b"[]", "bad_json"),
    "JSN-05 string": (b'"x"', "bad_json"),
    "JSN-05 null": (b"null", "bad_json"),
}


@pytest.mark.parametrize(("body", "code"), REFUSED.values(), ids=REFUSED)
def test_a_body_that_two_readers_could_read_differently_is_refused(body: bytes, code: str) -> None:
    with pytest.raises(FederationError) as refusal:
        strict_json.loads(body)
    assert refusal.value.code == code
    assert refusal.value.status == 400


def test_the_deepest_allowed_body_is_read() -> None:
    assert strict_json.loads(b'{"a":' * 32 + b"1" + b"}" * 32)
    assert len(strict_json.loads(b'{"a":[' + b"[]," * 1000 + b"[]]}")["a"]) == 1001


def test_escaped_emoji_and_escaped_backslashes_are_fine() -> None:
    assert strict_json.loads(b'{"a":"\\ud83d\\ude00 \\\\u0000"}') == {"a": "😀 \\u0000"}


TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)))
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from("abc"), VALUES))
def test_what_is_written_reads_back(document: dict[str, Any]) -> None:
    assert strict_json.loads(strict_json.dumps(document)) == document
    assert strict_json.loads(json.dumps(document).encode()) == document


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        assert isinstance(strict_json.loads(body), dict)
    except FederationError as refusal:
        assert refusal.status == 400


def test_what_json_cannot_say_is_refused_when_writing() -> None:
    with pytest.raises(FederationError):
        strict_json.dumps({"a": object()})

"""Signing for S3-compatible storage, against the worked examples that Amazon publishes for it."""

import hashlib
from datetime import UTC, datetime

import msgspec
import pytest

from node.features.media import sigv4

# The example key of Amazon's documentation; it opens nothing.
EXAMPLE = sigv4.Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1")
MOMENT = datetime(2013, 5, 24, tzinfo=UTC)
HOST = "https://examplebucket.s3.amazonaws.com"


class Case(msgspec.Struct, frozen=True):
    name: str
    wish: sigv4.Wish
    signature: str


CASES = [
    Case(
        "get an object",
        sigv4.Wish("GET", f"{HOST}/test.txt", headers={"Range": "bytes=0-9"}),
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    ),
    Case(
        "put an object",
        sigv4.Wish(
            "PUT",
            f"{HOST}/test%24file.text",
            headers={"Date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"},
            body_sha256=hashlib.sha256(b"Welcome to Amazon S3.").hexdigest(),
        ),
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
    ),
    Case(
        "a query without a value",
        sigv4.Wish("GET", f"{HOST}/", (("lifecycle", ""),)),
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    ),
    Case(
        "list objects",
        sigv4.Wish("GET", f"{HOST}/", (("prefix", "J"), ("max-keys", "2"))),
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_request_is_signed_as_amazon_signs_it(case: Case) -> None:
    headers = sigv4.sign(case.wish, EXAMPLE, MOMENT)
    assert headers["authorization"].endswith(f"Signature={case.signature}")
    assert "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request" in headers["authorization"]


def test_a_query_is_written_in_one_way_only() -> None:
    assert sigv4.query_text((("b", "a b/ü"), ("a", "~-_."))) == "a=~-_.&b=a%20b%2F%C3%BC"


def test_the_secret_is_not_shown_where_credentials_are_printed() -> None:
    assert EXAMPLE.secret_key not in repr(EXAMPLE) + str(EXAMPLE)

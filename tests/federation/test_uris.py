"""Addresses: one canonical form, and comparisons that fail closed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation import uris
from federation.errors import FederationError

CANONICAL = {
    "MOD-02 upper case": ("EVIL.test", "evil.test"),
    "MOD-02 trailing dot": ("evil.test.", "evil.test"),
    "MOD-02 ideographic stop": ("evil。test", "evil.test"),
    "MOD-02 default port": ("evil.test:443", "evil.test"),
    "MOD-02 odd port stays": ("evil.test:8443", "evil.test:8443"),
    "IDN-01 cyrillic becomes punycode": ("аррӏе.com", "xn--80ak6aa92e.com"),
    "IDN-01 punycode stays": ("XN--80AK6AA92E.com", "xn--80ak6aa92e.com"),
    "IDN-02 fullwidth digits": ("１２７.0.0.1", "127.0.0.1"),
    "M6 IPv6": ("[0:0::0:1]:8000", "[::1]:8000"),
    "umlaut": ("Bücher.example", "xn--bcher-kva.example"),
}

REFUSED_HOSTS = {
    "IDN-02 percent": "evil%2etest", "IDN-02 space": "evil .test", "IDN-02 NUL": "evil\0.test",
    "IDN-02 soft hyphen": "ev\u00adil.test", "IDN-02 zero width": "ev\u200bil.test", "IDN-02 slash": "evil.test/x",
    "IDN-02 at": "a@evil.test", "IDN-02 newline": "evil.test\n", "IDN-02 two dots": "evil..test",
    "IDN-02 empty": "", "SSRF-05 packed": "2130706433", "SSRF-05 hex": "0x7f.1", "SSRF-05 short": "127.1",
    "SSRF-05 octal": "0177.0.0.1", "broken punycode": "xn--zzzzzzzz99.test", "port zero": "evil.test:0",
    "long": "a" * 254, "long label": "a" * 64 + ".test", "zone": "[fe80::1%eth0]",
}  # fmt: skip

REFUSED_URIS = {
    "ORG-09 empty": "", "ORG-09 urn": "urn:x", "ORG-09 acct": "acct:v@victim.test", "ORG-09 path": "/n/1",
    "ORG-09 no host": "https:///n/1", "ORG-09 user": "https://victim.test@evil.test/n",
    "SSRF-15 password": "https://user:pw@victim.test/u/v", "SSRF-08 file": "file:///etc/passwd",
    "SSRF-08 data": "data:application/json,{}", "SSRF-08 gopher": "gopher://h/", "backslash": "https://a.test\\b/",
    "SSRF-16 newline": "https://a.test/\r\nSET", "space": "https://a.test/a b", "quote": 'https://a.test/"',
    "long": "https://a.test/" + "a" * 3000, "number": 5, "none": None, "list": ["https://a.test/"],
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), CANONICAL.values(), ids=CANONICAL)
def test_a_host_has_one_spelling(text: str, expected: str) -> None:
    assert uris.canonical_host(text) == expected
    assert uris.canonical_host(expected) == expected


@pytest.mark.parametrize("text", REFUSED_HOSTS.values(), ids=REFUSED_HOSTS)
def test_a_host_without_one_meaning_is_refused(text: str) -> None:
    with pytest.raises(FederationError) as refusal:
        uris.canonical_host(text)
    assert refusal.value.code == "bad_host"


@pytest.mark.parametrize("text", REFUSED_URIS.values(), ids=REFUSED_URIS)
def test_what_is_no_plain_url_has_no_origin(text: object) -> None:
    assert not uris.is_http_uri(text)
    assert not uris.same_origin(text, text)  # type: ignore[arg-type]  # what strangers send has any type
    with pytest.raises(FederationError) as refusal:
        uris.origin_of(text)  # type: ignore[arg-type]
    assert refusal.value.code == "bad_uri"


def test_origins_compare_by_scheme_host_and_port() -> None:
    assert uris.origin_of("HTTPS://A.test:443/x?y#z") == "https://a.test"
    assert uris.same_origin("https://a.test/1", "https://A.test.:443/2")
    assert not uris.same_origin("https://a.test/1", "http://a.test/1")
    assert not uris.same_origin("https://a.test/1", "https://a.test:8443/1")
    assert not uris.same_origin("https://a.test/1", "https://nota.test/1")


def test_a_laboratory_port_is_part_of_the_host() -> None:
    assert uris.host_of("http://localhost:8001/u") == "localhost:8001"
    assert uris.bare_host("localhost:8001") == "localhost"


def test_the_target_keeps_its_spelling() -> None:
    assert uris.parse("https://a.test/u/%61/../b?x=%20#f").target == "/u/%61/../b?x=%20"
    assert uris.parse("https://a.test").target == "/"


@given(st.text(max_size=80))
def test_any_text_is_a_host_or_a_refusal(text: str) -> None:
    try:
        host = uris.canonical_host(text)
    except FederationError as refusal:
        assert refusal.code == "bad_host"
    else:
        assert host.isascii() and host == host.lower()
        assert uris.canonical_host(host) == host

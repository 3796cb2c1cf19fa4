"""Where a person is sent after signing in: a path of ours, or home (ORD-01)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.web.sessions import safe_next


@pytest.mark.parametrize(
    "address",
    [
        "//evil.test",
        "/%2Fevil.test",
        "/%252Fevil.test",
        "/web//evil.test",
        "/web/%2Fevil.test",
        "/\\evil.test",
        "/%5Cevil.test",
        "\\\\evil.test",
        "https:evil.test",
        "https://evil.test",
        "javascript:alert(1)",
        "evil.test",
        "",
        "/\tevil",
        "/\nSet-Cookie: a=b",
        "/%0d%0aSet-Cookie: a=b",
        "/" + "a" * 2001,
        " /home",
    ],
)
def test_ord_01_whatever_may_lead_elsewhere_leads_home(address):
    assert safe_next(address) == "/"


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/notifications",
        "/@bob@peer.example/12",
        "/search?q=a%20b&x=//y",
        "/oauth/authorize?redirect_uri=https%3A%2F%2Fapp.example%2Fback&scope=read+write",
        "/tags/caf%C3%A9",
    ],
)
def test_a_path_of_ours_is_kept(address):
    assert safe_next(address) == address


@given(st.text(max_size=40))
def test_whatever_is_kept_is_a_path_and_never_a_host(address):
    kept = safe_next(address, "/home")
    assert kept.startswith("/")
    assert not kept.startswith(("//", "/\\"))
    assert all(" " <= letter != "\x7f" for letter in kept)

"""The address actually dialled is judged, in whatever form it is written."""

from __future__ import annotations

import pytest

from federation.client import Ask, Client
from federation.errors import FederationError
from federation.reach import ClientPolicy
from tests.federation.peers import ORIGIN, Names

INTERNAL = [
    # SSRF-02: every special range of IPv4
    "0.0.0.1", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254", "172.16.0.1",
    "172.31.255.255", "192.0.0.8", "192.0.0.170", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1",
    "198.19.255.255", "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
    # SSRF-03
    "0.0.0.0", "::",
    # SSRF-04: IPv6 forms that reach IPv4 or the inside
    "::1", "::ffff:127.0.0.1", "::ffff:7f00:1", "::127.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b:1::7f00:1", "2002:7f00:1::", "2001:0:7f00:1::", "2001:db8::1", "fc00::1", "fd12::1", "fe80::1",
    "fec0::1", "ff02::1", "3fff::1", "5f00::1", "100::1", "::ffff:10.0.0.1", "64:ff9b::a00:1",
]  # fmt: skip
PUBLIC = [
    "1.1.1.1",
    "172.15.0.1",
    "172.32.0.1",
    "100.63.0.1",
    "198.17.0.1",
    "2606:4700::1111",
    "64:ff9b::101:101",
]


@pytest.mark.parametrize("ip", INTERNAL)
def test_ssrf_02_to_04_an_inner_address_is_never_dialled(ip: str) -> None:
    assert not ClientPolicy().admits(ip, 443)
    assert not ClientPolicy(allow_http=True).admits(ip, 80)


@pytest.mark.parametrize("ip", INTERNAL)
async def test_ssrf_02_to_04_a_name_that_resolves_inside_is_refused_at_the_socket(ip: str) -> None:
    client = Client(ClientPolicy(), origin=ORIGIN, resolver=Names({"evil.test": ip}))
    try:
        with pytest.raises(FederationError) as refusal:
            await client.get(Ask("https://evil.test/u/e", "*/*"))
        assert refusal.value.code == "address_refused"
    finally:
        await client.close()


@pytest.mark.parametrize("ip", PUBLIC)
def test_the_public_internet_is_open_on_443_only(ip: str) -> None:
    assert ClientPolicy().admits(ip, 443)
    assert ClientPolicy(allow_http=True).admits(ip, 80)
    for port in (80, 22, 25, 5432, 6379, 8443):
        assert not ClientPolicy().admits(ip, port)


def test_a_laboratory_names_its_exceptions_exactly() -> None:
    policy = ClientPolicy(allow_http=True, allowed_addresses=(("127.0.0.1", 8001), ("::1", None)))
    assert policy.admits("127.0.0.1", 8001)
    assert not policy.admits("127.0.0.1", 8002)
    assert not policy.admits("127.0.0.2", 8001)
    assert policy.admits("::1", 9)
    assert not policy.admits("not an address", 443)


LITERALS = {
    "SSRF-01 valkey": ("http://127.0.0.1:6379/", "scheme_refused"),
    "SSRF-01 metadata": ("https://169.254.169.254/latest/meta-data/", "address_refused"),
    "SSRF-04 mapped": ("https://[::ffff:127.0.0.1]/", "address_refused"),
    "SSRF-05 packed": ("https://2130706433/", "bad_uri"),
    "SSRF-05 hex": ("https://0x7f.1/", "bad_uri"),
    "SSRF-05 short": ("https://127.1/", "bad_uri"),
    "SSRF-05 octal": ("https://0177.0.0.1/", "bad_uri"),
    "SSRF-05 fullwidth": ("https://１２７.0.0.1/", "address_refused"),
    "SSRF-08 http": ("http://evil.test/", "scheme_refused"),
    "SSRF-08 file": ("file:///etc/passwd", "bad_uri"),
    "SSRF-15 password": ("https://user:pw@victim.test/", "bad_uri"),
    "SSRF-16 valkey": ("https://evil.test:6379/", "port_refused"),
    "SSRF-16 mail": ("https://evil.test:25/", "port_refused"),
    "SSRF-16 postgres": ("https://evil.test:5432/", "port_refused"),
}


@pytest.mark.parametrize(("url", "code"), LITERALS.values(), ids=LITERALS)
async def test_a_url_that_points_inside_is_refused_without_a_connection(url: str, code: str) -> None:
    names = Names({})
    client = Client(ClientPolicy(), origin=ORIGIN, resolver=names)
    try:
        for call in (client.get(Ask(url, "*/*")), client.post(url, b"{}", {})):
            with pytest.raises(FederationError) as refusal:
                await call
            assert refusal.value.code == code
        assert names.asked == []
    finally:
        await client.close()

"""Outgoing HTTP against hostile peers on loopback: bytes, time, redirects, secrets."""

from __future__ import annotations

import asyncio
import gzip
import time
import zlib
from collections.abc import Callable

import pytest
from aiohttp import web

from federation.client import Ask, Client, FetchBudget, Limits, NetworkForbidden, forbid_network, wire_url
from federation.errors import FederationError
from federation.reach import ClientPolicy
from tests.federation.peers import Handler, Rig

SMALL = Limits(max_bytes=100_000, seconds=5)


def reply(**options: object) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(**options)  # type: ignore[arg-type]

    return handler


def redirect(to: str | Callable[[], str], status: int = 302) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, headers={"Location": to if isinstance(to, str) else to()})

    return handler


async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(2000):
        await response.write(b"x" * 10_000)
    return response


async def huge_announced(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1000000000000"})
    await response.prepare(request)
    await response.write(b"x")
    return response


async def drip(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(100):
        await response.write(b"x")
        await asyncio.sleep(0.05)
    return response


async def silent(request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(3)
    return web.Response()


BOMB = gzip.compress(b"\0" * 50_000_000)
ZIPPED = {"Content-Encoding": "gzip"}
COSTLY: dict[str, tuple[Handler, str]] = {
    "RES-01 endless": (endless, "too_large"),
    "RES-01 announced": (huge_announced, "too_large"),
    "RES-02 bomb": (reply(body=BOMB, headers=ZIPPED), "too_large"),
    "RES-02 many members": (reply(body=gzip.compress(b"") * 4000, headers=ZIPPED), "bad_encoding"),
    "RES-02 second member": (reply(body=gzip.compress(b"a") * 2, headers=ZIPPED), "bad_encoding"),
    "RES-02 brotli": (reply(body=b"x", headers={"Content-Encoding": "br"}), "bad_encoding"),
    "RES-02 zstd": (reply(body=b"x", headers={"Content-Encoding": "zstd"}), "bad_encoding"),
    "RES-02 twice": (reply(body=b"x", headers={"Content-Encoding": "gzip, gzip"}), "bad_encoding"),
    "JSN-08 gzip label, no gzip": (reply(body=b"plain", headers=ZIPPED), "bad_encoding"),
    "RES-02 cut short": (reply(body=gzip.compress(b"a" * 5000)[:-9], headers=ZIPPED), "bad_encoding"),
}


@pytest.mark.parametrize(("handler", "code"), COSTLY.values(), ids=COSTLY)
async def test_an_answer_that_costs_too_much_is_cut(rig: Rig, handler: Handler, code: str) -> None:
    evil = rig.peers["evil.test"]
    evil.handlers["/x"] = handler
    with pytest.raises(FederationError) as refusal:
        await rig.client.get(Ask(evil.uri("/x"), "*/*", limits=SMALL))
    assert refusal.value.code == code


@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress])
async def test_an_honest_compressed_answer_is_read(rig: Rig, compress: Callable[[bytes], bytes]) -> None:
    evil = rig.peers["evil.test"]
    name = "gzip" if compress is gzip.compress else "deflate"
    evil.handlers["/x"] = reply(body=compress(b"a" * 99_999), headers={"Content-Encoding": name})
    answer = await rig.client.get(Ask(evil.uri("/x"), "*/*", limits=SMALL))
    assert answer.body == b"a" * 99_999


@pytest.mark.parametrize("handler", [drip, silent], ids=["RES-03 drip", "RES-03 silence"])
async def test_a_slow_answer_ends_at_the_total_deadline(rig: Rig, handler: Handler) -> None:
    evil = rig.peers["evil.test"]
    evil.handlers["/x"] = handler
    started = time.monotonic()
    with pytest.raises(FederationError) as refusal:
        await rig.client.get(Ask(evil.uri("/x"), "*/*", limits=Limits(seconds=0.3)))
    assert refusal.value.code == "timed_out" and not refusal.value.permanent
    assert time.monotonic() - started < 2
    with pytest.raises(FederationError) as refusal:
        await rig.client.post(evil.uri("/x"), b"{}", {}, seconds=0.2)
    assert refusal.value.code == "timed_out"


async def test_res_04_redirects_are_few_and_never_come_back(rig: Rig) -> None:
    evil = rig.peers["evil.test"]
    evil.handlers |= {"/self": redirect("/self"), "/a": redirect("/b"), "/b": redirect("/a")}
    evil.handlers |= {f"/{step}": redirect(f"/{step + 1}") for step in range(100)}
    for path in ("/self", "/a", "/0"):
        evil.requests.clear()
        with pytest.raises(FederationError) as refusal:
            await rig.client.get(Ask(evil.uri(path), "*/*"))
        assert refusal.value.code == "redirect_refused"
        assert len(evil.requests) <= 4


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_an_honest_redirect_is_followed_and_signed_anew(rig: Rig, status: int) -> None:
    evil, victim = rig.peers["evil.test"], rig.peers["victim.test"]
    evil.handlers["/x"] = redirect(victim.uri("/y"), status)
    victim.handlers["/y"] = reply(text="here")
    signed_for: list[str] = []

    def sign(url: str) -> dict[str, str]:
        signed_for.append(url)
        return {"Signature": f"for {url}"}

    answer = await rig.client.get(Ask(evil.uri("/x"), "*/*", sign=sign))
    assert answer.url == victim.uri("/y") and answer.body == b"here"
    assert signed_for == [evil.uri("/x"), victim.uri("/y")]
    # M7: the signature made for one host must not travel to the next.
    assert victim.headers[0]["signature"] == f"for {victim.uri('/y')}"


INSIDE = {
    "SSRF-07 private": ("http://10.0.0.1/", "address_refused"),
    "SSRF-07 loopback port": ("http://127.0.0.1:6379/", "port_refused"),
    "SSRF-07 metadata": ("http://169.254.169.254/latest", "address_refused"),
    "SSRF-08 file": ("file:///etc/passwd", "redirect_refused"),
    "SSRF-08 data": ("data:text/plain,x", "redirect_refused"),
    "SSRF-08 gopher": ("gopher://127.0.0.1/", "redirect_refused"),
    "SSRF-08 unix": ("unix:/run/x", "redirect_refused"),
    "SSRF-15 password": ("http://u:p@victim.test/", "redirect_refused"),
    "no location": ("", "redirect_refused"),
}


@pytest.mark.parametrize(("target", "code"), INSIDE.values(), ids=INSIDE)
async def test_a_redirect_inside_is_stopped_at_the_hop(rig: Rig, target: str, code: str) -> None:
    evil, victim = rig.peers["evil.test"], rig.peers["victim.test"]
    evil.handlers["/x"] = redirect(lambda: victim.uri("/hop"))
    victim.handlers["/hop"] = redirect(target)
    with pytest.raises(FederationError) as refusal:
        await rig.client.get(Ask(evil.uri("/x"), "*/*"))
    assert refusal.value.code == code
    assert rig.requests == 2


async def test_every_hop_asks_whether_its_host_is_admitted(rig: Rig) -> None:
    evil, victim = rig.peers["evil.test"], rig.peers["victim.test"]
    evil.handlers["/x"] = redirect(victim.uri("/y"))

    async def admit(host: str) -> None:
        if host.startswith("victim"):
            raise FederationError("host_refused")

    with pytest.raises(FederationError) as refusal:
        await rig.client.get(Ask(evil.uri("/x"), "*/*", admit=admit))
    assert refusal.value.code == "host_refused" and victim.requests == []


async def test_a_post_is_never_redirected(rig: Rig) -> None:
    evil, victim = rig.peers["evil.test"], rig.peers["victim.test"]
    evil.handlers["/inbox"] = redirect(victim.uri("/inbox"), 307)
    answer = await rig.client.post(evil.uri("/inbox"), b"{}", {})
    assert answer.status == 307 and victim.requests == []


async def test_no_cookie_is_kept_and_the_caller_is_named(rig: Rig) -> None:
    evil = rig.peers["evil.test"]
    evil.handlers["/x"] = reply(headers={"Set-Cookie": "track=1"})
    for _ in range(2):
        await rig.client.get(Ask(evil.uri("/x"), "*/*"))
    assert "cookie" not in evil.headers[1]
    assert evil.headers[1]["user-agent"].endswith("(+https://local.test)")


async def test_a_request_inside_a_transaction_raises(rig: Rig) -> None:
    evil = rig.peers["evil.test"]
    with forbid_network():
        with pytest.raises(NetworkForbidden):
            await rig.client.get(Ask(evil.uri("/x"), "*/*"))
        with pytest.raises(NetworkForbidden):
            await rig.client.post(evil.uri("/x"), b"", {})
        with pytest.raises(NetworkForbidden):
            await asyncio.create_task(rig.client.get(Ask(evil.uri("/x"), "*/*")))
    assert (await rig.client.get(Ask(evil.uri("/x"), "*/*"))).status == 404
    assert len(evil.requests) == 1


async def test_a_budget_counts_every_hop_and_every_second(rig: Rig) -> None:
    evil = rig.peers["evil.test"]
    evil.handlers |= {"/x": redirect("/y"), "/y": reply(), "/slow": silent}
    budget = FetchBudget(3, 60)
    await rig.client.get(Ask(evil.uri("/x"), "*/*", budget=budget))
    with pytest.raises(FederationError) as refusal:
        await rig.client.get(Ask(evil.uri("/x"), "*/*", budget=budget))
    assert refusal.value.code == "budget_spent" and len(evil.requests) == 3
    with pytest.raises(FederationError) as refusal:
        await rig.client.get(Ask(evil.uri("/slow"), "*/*", budget=FetchBudget(3, 0.2)))
    assert refusal.value.code == "timed_out"
    spent = FetchBudget(3, 0.0)
    with pytest.raises(FederationError) as refusal:
        spent.spend()
    assert refusal.value.code == "budget_spent"


async def test_a_host_that_is_not_there_is_a_passing_fault(rig: Rig) -> None:
    evil = rig.peers["evil.test"]
    await evil.stop()
    await evil.start()  # another port now: the old one is closed
    with pytest.raises(FederationError) as refusal:
        await rig.client.get(Ask(f"http://evil.test:{rig.client.policy.allowed_addresses[0][1]}/", "*/*"))
    assert refusal.value.code == "unreachable" and not refusal.value.permanent


async def test_a_connection_that_breaks_is_a_passing_fault(rig: Rig) -> None:
    async def hang_up(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    evil = rig.peers["evil.test"]
    evil.handlers["/x"] = hang_up
    with pytest.raises(FederationError) as refusal:
        await rig.client.get(Ask(evil.uri("/x"), "*/*"))
    assert refusal.value.code == "unreachable"


def test_ssrf_16_nothing_can_break_out_of_the_request_line() -> None:
    assert wire_url("https://a.test/%0d%0aSET?q=é#f") == "https://a.test/%0d%0aSET?q=%C3%A9"
    with pytest.raises(FederationError):
        wire_url("https://a.test/\r\nSET")


async def test_the_system_resolver_names_the_loopback() -> None:
    client = Client(ClientPolicy(allow_http=True), origin="https://local.test")
    try:
        with pytest.raises(FederationError) as refusal:
            await client.get(Ask("http://localhost/", "*/*"))
        assert refusal.value.code == "address_refused"
    finally:
        await client.close()

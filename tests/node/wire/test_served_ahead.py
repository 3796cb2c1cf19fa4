"""Kept public answers go out ahead of the application, just as the application would give them."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import pytest

from node.copies import copies_of
from node.features.actors import served
from node.features.actors.store.reads import Actor
from tests.rig import RigNode

ANEW = ("date", "x-request-id")


@pytest.fixture
async def amina(lindenhof: RigNode) -> Actor:
    return await lindenhof.person("amina")


def addresses(node: RigNode, actor: Actor) -> tuple[str, str]:
    """The two answers that are kept about a person."""
    return urlsplit(actor.uri).path, f"/.well-known/webfinger?resource=acct:{actor.username}@{node.host}"


def request(node: RigNode, target: str, *lines: str, method: str = "GET", version: str = "1.1") -> bytes:
    """A request as it goes over the wire; without a Host line of its own it gets the node's."""
    host = () if any(line.startswith("Host:") for line in lines) else (f"Host: {node.host}",)
    return "\r\n".join([f"{method} {target} HTTP/{version}", *host, *lines, "", ""]).encode()


async def ask(node: RigNode, *sent: bytes) -> list[tuple[str, dict[str, str], bytes]]:
    """Status line, headers and body of each answer on one connection, all asked at once."""
    port = urlsplit(node.origin).port
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"".join(sent))
        answers = []
        for one in sent:
            lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
            size = 0 if one.startswith(b"HEAD") or " 304 " in lines[0] else int(headers["content-length"])
            answers.append((lines[0], headers, await reader.readexactly(size)))
        return answers
    finally:
        writer.close()


async def ready(node: RigNode, actor: Actor) -> None:
    """Both answers have been given by the application once."""
    for target in addresses(node, actor):
        await ask(node, request(node, target))
        kept = served.find(node.node, target)
        assert kept is not None
        assert kept.head


class Away(Exception):
    """The application was asked."""


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """From the moment it is told to, the application gives none of these answers any more."""
    return monkeypatch


def _silence(patched: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise Away

    patched.setattr(served, "answer", away)


async def test_what_goes_out_ahead_is_what_the_application_said(
    lindenhof: RigNode, amina: Actor, alone: pytest.MonkeyPatch
) -> None:
    for target in addresses(lindenhof, amina):
        [first] = await ask(lindenhof, request(lindenhof, target))
        with alone.context() as patched:
            _silence(patched)
            both = await ask(lindenhof, request(lindenhof, target), request(lindenhof, target))
        for status, headers, body in both:
            assert (status, body) == (first[0], first[2])
            assert {n: t for n, t in headers.items() if n not in ANEW} == {
                n: t for n, t in first[1].items() if n not in ANEW
            }
            assert headers.keys() == first[1].keys()
        assert len({headers["x-request-id"] for _, headers, _ in both}) == 2
        assert first[1]["cache-control"] == "public, max-age=180"


UNUSUAL = {
    "head alone": ("HEAD", "1.1", (), "200"),
    "an old program": ("GET", "1.0", (), "200"),
    "a last request": ("GET", "1.1", ("Connection: close",), "200"),
    "a number of its own": ("GET", "1.1", ("X-Request-Id: abcdefgh12",), "200"),
    "a body": ("GET", "1.1", ("Content-Length: 0",), "200"),
    "another house": ("GET", "1.1", ("Host: evil.example",), "421"),
    "has it already": ("GET", "1.1", ("If-None-Match: *",), "304"),
}


@pytest.mark.parametrize("case", UNUSUAL)
async def test_whatever_is_unusual_is_the_applications(lindenhof: RigNode, amina: Actor, case: str) -> None:
    method, version, lines, status = UNUSUAL[case]
    await ready(lindenhof, amina)
    for target in addresses(lindenhof, amina):
        [(line, headers, _)] = await ask(
            lindenhof, request(lindenhof, target, *lines, method=method, version=version)
        )
        assert line.split()[1] == status
        if case == "a number of its own":
            assert headers["x-request-id"] == "abcdefgh12"
        if case in ("an old program", "a last request"):
            assert headers.get("connection", "close") == "close"


async def test_a_browser_is_sent_to_the_page(lindenhof: RigNode, amina: Actor) -> None:
    await ready(lindenhof, amina)
    document, _ = addresses(lindenhof, amina)
    [(line, headers, _)] = await ask(lindenhof, request(lindenhof, document, "Accept: Text/HTML"))
    assert (line.split()[1], headers["vary"]) == ("302", "accept")


async def test_a_signed_request_is_given_the_same_and_a_cache_in_front_may_keep_it(
    lindenhof: RigNode, amina: Actor
) -> None:
    document, _ = addresses(lindenhof, amina)
    await ready(lindenhof, amina)
    plain, signed = await ask(
        lindenhof, request(lindenhof, document), request(lindenhof, document, "Signature: x")
    )
    assert plain[2] == signed[2]
    assert (plain[1]["vary"], plain[1]["cache-control"]) == ("accept", "public, max-age=180")


async def test_what_is_forgotten_does_not_go_out_ahead(lindenhof: RigNode, amina: Actor) -> None:
    await ready(lindenhof, amina)
    copies = copies_of(lindenhof.node)
    assert copies is not None
    async with lindenhof.db.tx() as tx:
        await tx.execute("UPDATE actors SET suspended_at = $2 WHERE id = $1", amina.id, tx.now)
        tx.tell_changed(amina.id)
    for target in addresses(lindenhof, amina):
        [(line, _, _)] = await ask(lindenhof, request(lindenhof, target))
        assert line.split()[1] == "404"


async def test_copies_under_endless_spellings_are_not_kept(lindenhof: RigNode, amina: Actor) -> None:
    document, _ = addresses(lindenhof, amina)
    for target in (f"{document}?1", document.replace("users", "%75sers")):
        [(line, _, _)] = await ask(lindenhof, request(lindenhof, target))
        assert line.split()[1] == "200"
        assert served.find(lindenhof.node, target) is None

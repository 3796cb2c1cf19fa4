"""Serving our own files and, by signed addresses only, those of others."""

import asyncio
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from node.errors import NodeError
from node.features.media import pages, proxy
from node.features.media.kinds import JPEG, Kind
from node.features.media.storage import storage_of
from tests.node.features.media import samples
from tests.node.features.media.conftest import Peer

Browser = TestClient[web.Request, web.Application]


def assert_harmless(headers: Any) -> None:
    """CSP-02, MED-02: whatever the bytes are, a browser treats them as a file."""
    assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "activity" not in headers["Content-Type"]
    assert "html" not in headers["Content-Type"]
    assert "svg" not in headers["Content-Type"]


async def test_a_file_of_ours_is_served_with_a_fixed_type(browser: Browser, node: Any) -> None:
    content = samples.telling_jpeg()
    key = await storage_of(node).files.put(content, "jpg")
    answer = await browser.get(f"/media/files/{key}", headers={"Accept": "application/activity+json"})
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert "immutable" in answer.headers["Cache-Control"]
    assert await answer.read() == content
    assert_harmless(answer.headers)


async def test_a_polyglot_is_served_as_the_picture_it_was_kept_as(browser: Browser, node: Any) -> None:
    """MED-02."""
    key = await storage_of(node).files.put(b"\xff\xd8\xff" + samples.HTML + samples.ACTOR, "jpg")
    answer = await browser.get(f"/media/files/{key}")
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert_harmless(answer.headers)


async def test_a_film_can_be_read_in_parts(browser: Browser, node: Any) -> None:
    content = samples.telling_mp4()
    key = await storage_of(node).files.put(content, "mp4")
    answer = await browser.get(f"/media/files/{key}", headers={"Range": "bytes=10-19"})
    assert answer.status == 206
    assert answer.headers["Content-Range"] == f"bytes 10-19/{len(content)}"
    assert await answer.read() == content[10:20]
    assert_harmless(answer.headers)


@pytest.mark.parametrize(
    "path",
    [
        f"/media/files/{'0' * 40}.png",
        f"/media/files/{'0' * 40}.svg",
        "/media/files/..%2f..%2fallmende.toml",
        "/media/files/1",
        "/media/proxy?url=http://127.0.0.1:6379/",
        "/media/proxy/x/aHR0cDovLzEyNy4wLjAuMS8",
        f"/media/proxy/{'A' * 24}/aHR0cDovLzEyNy4wLjAuMS8",
    ],
)
async def test_what_is_not_there_or_not_signed_is_not_found(browser: Browser, peer: Peer, path: str) -> None:
    """MED-06, MED-08, SSRF-14: zero connects."""
    answer = await browser.get(path)
    assert answer.status == 404
    assert peer.asked == []


async def test_a_remote_picture_is_fetched_once_and_then_kept(
    browser: Browser, node: Any, peer: Peer
) -> None:
    path = proxy.url_for(node, f"{peer.url}/photo.jpg", "avatar")
    answers = await asyncio.gather(*(browser.get(path) for _ in range(4)))
    assert [answer.status for answer in answers] == [200] * 4
    assert await answers[0].read() == peer.files["/photo.jpg"][1]
    assert_harmless(answers[0].headers)
    assert (await browser.get(path)).status == 200
    assert peer.asked == ["/photo.jpg"]


async def test_a_wrong_type_of_the_peer_does_not_matter_but_its_bytes_do(
    browser: Browser, node: Any, peer: Peer
) -> None:
    answer = await browser.get(proxy.url_for(node, f"{peer.url}/lying.png"))
    assert answer.headers["Content-Type"] == "image/png"
    assert_harmless(answer.headers)


@pytest.mark.parametrize(
    "name", ["page.png", "drawing.svg", "actor.json", "large.png", "gone.png", "film.mp4"]
)
async def test_what_is_no_fitting_picture_is_not_found_and_not_asked_again(
    browser: Browser, node: Any, peer: Peer, name: str
) -> None:
    """MED-02, SSRF-14: no HTML, SVG or actor document through our address, and nothing over the cap."""
    path = proxy.url_for(node, f"{peer.url}/{name}", "picture")
    assert (await browser.get(path)).status == 404
    assert (await browser.get(path)).status == 404
    assert peer.asked == [f"/{name}"]


async def test_a_film_needs_an_address_for_films(browser: Browser, node: Any, peer: Peer) -> None:
    film = f"{peer.url}/film.mp4"
    answer = await browser.get(proxy.url_for(node, film, "media"))
    assert (answer.status, answer.headers["Content-Type"]) == (200, "video/mp4")
    assert (await browser.get(proxy.url_for(node, film, "avatar"))).status == 404


@pytest.mark.parametrize(
    "target", ["http://10.0.0.1/x.png", "http://[::1]/x.png", "http://169.254.169.254/latest"]
)
async def test_an_address_inside_is_never_dialled(
    browser: Browser, node: Any, peer: Peer, target: str
) -> None:
    """SSRF-14: neither at once nor behind a redirect."""
    assert (await browser.get(proxy.url_for(node, target))).status == 404
    peer.redirects["/hop.png"] = target
    assert (await browser.get(proxy.url_for(node, f"{peer.url}/hop.png"))).status == 404


async def test_another_port_of_this_machine_is_never_dialled(
    browser: Browser, node: Any, closed_port: int
) -> None:
    """SSRF-14."""
    knocks: list[object] = []
    listener = await asyncio.start_server(lambda *streams: knocks.append(streams), "127.0.0.1", closed_port)
    async with listener:
        answer = await browser.get(proxy.url_for(node, f"http://127.0.0.1:{closed_port}/x.png"))
    assert answer.status == 404
    assert knocks == []


async def test_nothing_is_fetched_from_a_refused_host(browser: Browser, node: Any, peer: Peer) -> None:
    node.directory.refused.add(peer.url.removeprefix("http://"))
    assert (await browser.get(proxy.url_for(node, f"{peer.url}/photo.jpg"))).status == 404
    assert peer.asked == []


async def test_a_changed_address_is_not_ours_any_more(node: Any) -> None:
    """SSRF-14: one character of the payload or the signature, or another node's key."""
    key = proxy.signing_key(node)
    _, _, _, signature, payload = proxy.url_for(node, "https://peer.example/a.png").split("/")
    assert proxy.read_address(key, signature, payload) == ("https://peer.example/a.png", "picture")
    for wrong in (
        (key, signature, payload[:-1]),
        (key, signature[::-1], payload),
        (b"other", signature, payload),
    ):
        with pytest.raises(NodeError):
            proxy.read_address(*wrong)


@pytest.mark.parametrize(
    ("remote_url", "shown"),
    [
        ("", ""),
        ("/media/files/abc.png", "/media/files/abc.png"),
        ("https://house.example/media/files/abc.png", "/media/files/abc.png"),
        ("https://house.example/sign-out", ""),
        ("javascript:alert(1)", ""),
        ("data:image/png;base64,AA", ""),
        ("//peer.example/a.png", ""),
        ("file:///etc/passwd", ""),
    ],
)
def test_only_web_addresses_and_our_own_paths_are_shown(node: Any, remote_url: str, shown: str) -> None:
    assert proxy.url_for(node, remote_url) == shown


def test_a_kind_that_cannot_be_shown_would_be_downloaded(tmp_path: Any) -> None:
    odd = Kind("bin", "application/octet-stream", "other")  # type: ignore[arg-type]
    assert pages._answer(tmp_path, odd).headers["Content-Disposition"] == "attachment"
    assert pages._answer(tmp_path, JPEG).headers["Content-Disposition"] == "inline"

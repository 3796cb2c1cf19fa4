"""A large picture over HTTP: in through the client API, out through the address it got."""

import io

import aiohttp

from tests.node.features.api_client import ApiClient
from tests.node.features.media import samples


async def test_a_camera_photo_goes_in_and_its_files_come_out_harmless(alice: ApiClient) -> None:
    """MED-02, MED-10, CSP-02; the photo is far larger than an ordinary request may be."""
    exif = samples.telling_jpeg(2400, 2200)
    photo = exif + bytes(6_000_000)  # cameras append things after the picture's end
    form = aiohttp.FormData()
    form.add_field("file", io.BytesIO(photo), filename="../../evil.svg", content_type="image/svg+xml")
    media = await alice.ok("POST", "/api/v2/media", data=form)
    async with aiohttp.ClientSession() as visitor, visitor.get(media["url"]) as answer:
        assert (answer.status, answer.headers["Content-Type"]) == (200, "image/jpeg")
        assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Set-Cookie" not in answer.headers
        content = await answer.read()
    assert len(content) < 6_000_000
    assert samples.GPS_MAKER.encode() not in content
    assert "evil" not in media["url"]


async def test_a_browser_that_has_a_file_does_not_get_it_again(alice: ApiClient) -> None:
    form = aiohttp.FormData()
    form.add_field("file", io.BytesIO(samples.telling_jpeg()), filename="x.jpg")
    media = await alice.ok("POST", "/api/v2/media", data=form)
    async with aiohttp.ClientSession() as visitor:
        async with visitor.get(media["url"]) as got:
            tag = got.headers["ETag"]
        async with visitor.get(media["url"], headers={"If-None-Match": tag}) as again:
            assert again.status == 304

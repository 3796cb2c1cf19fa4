"""Files through the client API: upload, describe, hang on a post."""

import io
from typing import Any

import aiohttp

from tests.node.features import api_client as shapes
from tests.node.features.api_client import ApiClient, check
from tests.node.features.media import samples


def _form(content: bytes, **words: str) -> aiohttp.FormData:
    form = aiohttp.FormData()
    form.add_field("file", io.BytesIO(content), filename="x.bin", content_type="application/octet-stream")
    for name, value in words.items():
        form.add_field(name, value)
    return form


async def _upload(client: ApiClient, **words: str) -> Any:
    picture = samples.file_of(samples.noise(800, 400), "PNG")
    return await client.ok("POST", "/api/v2/media", data=_form(picture, **words))


async def test_a_picture_is_taken_described_and_shown(alice: ApiClient, bob: ApiClient) -> None:
    media = await _upload(alice, description="A loaf", focus="0.5,-0.25")
    check(media, shapes.MEDIA)
    assert (media["type"], media["description"]) == ("image", "A loaf")
    assert media["meta"]["original"] == {"width": 800, "height": 400, "size": "800x400", "aspect": 2.0}
    assert media["meta"]["focus"] == {"x": 0.5, "y": -0.25}
    assert await alice.get(f"/api/v1/media/{media['id']}") == media
    changed = await alice.ok("PUT", f"/api/v1/media/{media['id']}", json={"description": "Two loaves"})
    assert (changed["description"], changed["meta"]["focus"]) == ("Two loaves", {"x": 0.5, "y": -0.25})
    post = await alice.write("", media_ids=[media["id"]])
    check(post, shapes.STATUS)
    [shown] = (await bob.get(f"/api/v1/statuses/{post['id']}"))["media_attachments"]
    assert shown == changed
    for address in (shown["url"], shown["preview_url"]):
        assert (await bob.call("GET", address)).status == 200
    assert (await alice.call("GET", f"/api/v1/media/{media['id']}")).status == 404  # it hangs on a post now


async def test_words_of_a_shown_picture_change_with_the_post(alice: ApiClient) -> None:
    media = await _upload(alice)
    post = await alice.write("Look", media_ids=[media["id"]])
    words = [{"id": media["id"], "description": "A loaf"}]
    edited = await alice.ok(
        "PUT", f"/api/v1/statuses/{post['id']}", json={"status": "Look", "media_attributes": words}
    )
    assert [one["description"] for one in edited["media_attachments"]] == ["A loaf"]
    bare = await alice.ok(
        "PUT", f"/api/v1/statuses/{post['id']}", json={"status": "No look", "media_ids": []}
    )
    assert bare["media_attachments"] == []


REFUSED: dict[str, tuple[bytes, dict[str, str], str]] = {
    "a program": (samples.HTML, {}, "Validation failed"),
    "a drawing": (samples.SVG, {}, "SVG"),
    "nothing in it": (b"", {}, "Validation failed"),
    "half a picture": (samples.file_of(samples.noise(50, 50), "PNG")[:200], {}, "Validation failed"),
    "words too long": (samples.file_of(samples.noise(5, 5), "PNG"), {"description": "x" * 1501}, "too long"),
    "no focus": (samples.file_of(samples.noise(5, 5), "PNG"), {"focus": "left"}, "Focus"),
}


async def test_what_we_do_not_take_is_422(alice: ApiClient) -> None:
    for name, (content, words, said) in REFUSED.items():
        answer = await alice.call("POST", "/api/v2/media", data=_form(content, **words))
        assert (answer.status, said in answer.body["error"]) == (422, True), (name, answer.body)


async def test_a_file_must_come_along(alice: ApiClient) -> None:
    for sent in ({"json": {}}, {"data": {"file": "text"}}, {"data": {}}):
        answer = await alice.call("POST", "/api/v2/media", **sent)
        assert (answer.status, answer.body["error"]) == (422, "Validation failed: File can't be blank")


async def test_other_peoples_files_are_404(alice: ApiClient, bob: ApiClient) -> None:
    """MED-07"""
    media = await _upload(alice)
    for method, path, sent in (
        ("GET", f"/api/v1/media/{media['id']}", {}),
        ("PUT", f"/api/v1/media/{media['id']}", {"description": "mine"}),
        ("POST", "/api/v1/statuses", {"status": "x", "media_ids": [media["id"]]}),
    ):
        answer = await bob.call(method, path, json=sent)
        assert (answer.status, answer.body) == (404, {"error": "Record not found"}), (method, path)


async def test_too_many_files_on_a_post_are_refused(alice: ApiClient) -> None:
    ids = [(await _upload(alice))["id"] for _ in range(2)]
    answer = await alice.call(
        "POST", "/api/v1/statuses", json={"status": "x", "media_ids": [*ids, *map(str, range(1, 9))]}
    )
    assert answer.status == 422
    assert "error" in answer.body


async def test_an_upload_larger_than_allowed_is_refused(alice: ApiClient) -> None:
    answer = await alice.call("POST", "/api/v2/media", data=_form(b"\x89PNG\r\n\x1a\n" + bytes(44_000_000)))
    assert answer.status in (413, 422)
    assert "error" in answer.body

"""Forms are read within limits, errors stand beside their fields, what was typed is kept."""

from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Annotated, Literal

import aiohttp
import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from node.appkeys import NODE
from node.config import Config
from node.errors import NodeError
from node.web.forms import Form, read_form
from node.web.posted import UploadedFile

Post = Callable[..., Awaitable[object]]


class Write(msgspec.Struct, kw_only=True):
    """A form with a bit of everything."""

    text: Annotated[str, msgspec.Meta(max_length=20)]
    audience: Literal["public", "local"] = "public"
    seats: Annotated[int, msgspec.Meta(ge=1, le=40)] = 1
    name: Annotated[str, msgspec.Meta(min_length=2, extra={"error": "Please give it a longer name."})] = (
        "name"
    )
    agreed: bool = False
    tags: list[str] = []
    password: str = ""
    picture: UploadedFile | None = None


@pytest.fixture
async def post(tmp_path: object) -> object:
    """Send a form to a handler that reads it; gives the Form or the NodeError."""
    seen: list[object] = []

    async def handle(request: web.Request) -> web.Response:
        try:
            form = await read_form(request, Write, max_bytes=5000)
            for files in form.files.values():
                for upload in files:
                    seen.append(upload.file.read())
                    upload.file.close()
            seen.append(form)
        except NodeError as error:
            seen.append(error)
        return web.Response()

    app = web.Application()
    app[NODE] = SimpleNamespace(config=Config.for_data_dir(tmp_path))  # type: ignore[call-overload,arg-type]
    app.router.add_post("/", handle)
    client = TestClient(TestServer(app))
    await client.start_server()

    async def send(**request: object) -> object:
        async with client.post("/", **request) as answer:  # type: ignore[arg-type]
            assert answer.status == 200
        return seen[-1]

    yield send
    await client.close()


async def test_a_whole_form_becomes_its_struct(post: Post) -> None:
    form = await post(data=[("text", " Hi\r\nyou \x00"), ("agreed", "on"), ("tags", "a"), ("tags", "b"), ("seats", "7"),
                            ("password", "  secret \r\n")])  # fmt: skip
    assert isinstance(form, Form)
    assert form.ok
    assert form.values == Write(
        text="Hi\nyou", agreed=True, tags=["a", "b"], seats=7, password="  secret \r\n"
    )


class Wrong(msgspec.Struct, frozen=True):
    """One field filled in wrongly and what is said of it."""

    field: str
    value: str
    said: str


WRONG = [
    Wrong("text", "", "Please fill this in."),
    Wrong("text", "x" * 21, "Please use at most 20 characters; there are 21 now."),
    Wrong("audience", "everyone", "Please choose one of these."),
    Wrong("seats", "many", "Please write a whole number."),
    Wrong("seats", "41", "Please write a number of at most 40."),
    Wrong("seats", "0", "Please write a number of at least 1."),
    Wrong("name", "x", "Please give it a longer name."),
]


@pytest.mark.parametrize("case", WRONG, ids=lambda case: f"{case.field}={case.value[:10]}")
async def test_an_error_is_said_in_the_fields_own_words_and_what_was_typed_is_kept(
    post: Post, case: Wrong
) -> None:
    typed = {"text": "Hello", "name": "Name", case.field: case.value}
    form = await post(data=typed)
    assert isinstance(form, Form)
    assert not form.ok
    assert form.errors == {case.field: case.said}
    assert form.text("name") == typed["name"]
    assert form.text(case.field) == case.value


async def test_a_password_is_never_kept_for_showing(post: Post) -> None:
    form = await post(data={"text": "", "password": "hunter2hunter2"})
    assert isinstance(form, Form)
    assert "hunter2hunter2" not in repr(form.typed)
    assert "hunter2" not in repr(Form(Write(text="", password="hunter2")).typed)


async def test_a_form_without_a_needed_field_has_no_values(post: Post) -> None:
    form = await post(data={"name": "Name"})
    assert isinstance(form, Form)
    with pytest.raises(NodeError, match="invalid"):
        _ = form.values


async def test_a_file_comes_at_its_start_with_its_size(post: Post) -> None:
    data = aiohttp.FormData({"text": "x"})
    data.add_field("picture", b"\x89PNG" * 100, filename="../../x.png", content_type="image/png")
    form = await post(data=data)
    assert isinstance(form, Form)
    picture = form.values.picture
    assert picture is not None
    assert (picture.size_bytes, picture.mime) == (400, "image/png")


async def test_an_empty_file_field_is_no_file(post: Post) -> None:
    data = aiohttp.FormData({"text": "x"})
    data.add_field("picture", b"", filename="", content_type="application/octet-stream")
    form = await post(data=data)
    assert isinstance(form, Form)
    assert form.ok
    assert form.values.picture is None


class Refused(msgspec.Struct, frozen=True):
    """A body that is refused as a whole."""

    id: str
    body: bytes
    content_type: str
    code: str


REFUSED = [
    Refused("too long", b"text=" + b"x" * 6000, "application/x-www-form-urlencoded", "too_large"),
    Refused("AUT-10 text/plain", b'{"text": "x"}', "text/plain", "bad_request"),
    Refused("AUT-10 json", b'{"text": "x"}', "application/json", "bad_request"),
    Refused("bad UTF-8", b"text=%ff%fe", "application/x-www-form-urlencoded", "bad_request"),
    Refused("too many fields", b"a=1&" * 1000, "application/x-www-form-urlencoded", "bad_request"),
    Refused("multipart without boundary", b"x", "multipart/form-data", "bad_request"),
    Refused("multipart cut off", b"--b\r\nnonsense", "multipart/form-data; boundary=b", "bad_request"),
    Refused(
        "file too long",
        b'--b\r\nContent-Disposition: form-data; name="picture"; filename="x"\r\n\r\n'
        + b"x" * 5500
        + b"\r\n--b--\r\n",
        "multipart/form-data; boundary=b",
        "too_large",
    ),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.id)
async def test_a_body_that_is_no_form_of_ours_is_refused(post: Post, case: Refused) -> None:
    async def pieces() -> object:  # without Content-Length, so that reading itself must stop
        for start in range(0, len(case.body), 500):
            yield case.body[start : start + 500]

    error = await post(data=pieces(), headers={"Content-Type": case.content_type})
    assert isinstance(error, NodeError)
    assert error.code == case.code


def test_a_services_no_stands_at_its_field() -> None:
    form = Form(Write(text="x"))
    form.refuse(NodeError("invalid", field="text", text="At most %(n)s.", values={"n": 3}))
    form.refuse(NodeError("wrong_password"))
    assert form.error("text") == "At most 3."
    assert form.error("") == "That address and password do not fit together."

"""Writing, reading and marking posts in a browser without scripts."""

import re

import aiohttp
import pytest

from node.features.posts import views
from tests.node.features.accounts.browser import Browser
from tests.node.features.media.samples import telling_jpeg as jpeg
from tests.node.features.readers import follow, signed_in, write


@pytest.fixture
async def amina(lindenhof):
    """A member's browser."""
    async with signed_in(lindenhof, "amina") as browser:
        yield browser


@pytest.fixture
async def jonas(lindenhof):
    """Another member's."""
    async with signed_in(lindenhof, "jonas") as browser:
        yield browser


@pytest.fixture
async def visitor(lindenhof):
    """Somebody without an account."""
    async with Browser(lindenhof.origin) as browser:
        yield browser


async def send(browser, **fields):
    """Fill in the form that is open and send it."""
    return await browser.post("/write", **({"step": "send"} | browser.hidden() | fields))


async def test_a_post_is_written_and_read_by_a_visitor(amina, visitor):
    await amina.get("/write")
    await send(amina, source="Bread in the yard on #Saturday", audience="public")
    assert (amina.status, amina.location.startswith("/@amina/")) == (303, True)
    await visitor.get(amina.location)
    assert visitor.status == 200
    assert "Bread in the yard" in visitor.text
    assert 'rel="alternate" type="application/activity+json"' in visitor.page
    assert "/write" not in visitor.page


async def test_sending_the_same_form_twice_publishes_once(amina):
    await amina.get("/write")
    once = amina.hidden()
    await amina.post("/write", step="send", source="Only once", audience="public", **once)
    first = amina.location
    await amina.post("/write", step="send", source="Only once", audience="public", **once)
    assert amina.location == first


async def test_an_empty_post_is_refused_beside_its_field(amina):
    await amina.get("/write")
    await send(amina, source="   ", audience="followers", warning="Long")
    assert amina.status == 422
    assert 'id="source-error"' in amina.page
    assert 'value="Long"' in amina.page
    assert re.search(r'value="followers" checked', amina.page)


async def test_a_text_beyond_the_limit_is_kept(amina):
    await amina.get("/write")
    await send(amina, source="x" * 5001, audience="public")
    assert amina.status == 422
    assert "x" * 5001 in amina.page


async def test_a_message_to_nobody_is_refused(amina):
    await amina.get("/write?audience=direct")
    await send(amina, source="Who reads this?", audience="direct")
    assert amina.status == 422
    assert "at least one person" in amina.text


async def test_the_preview_shows_the_post_and_publishes_nothing(amina, visitor):
    await amina.get("/write")
    await send(amina, source="**bold** words", audience="public", step="preview")
    assert amina.status == 200
    assert "<strong>bold</strong>" in amina.page
    await visitor.get("/house-news")
    assert "words" not in visitor.text


async def test_what_people_type_never_becomes_markup(amina, visitor):
    await amina.get("/write")
    await send(
        amina, source="<script>alert(1)</script>", warning='"><img src=x onerror=y>', audience="public"
    )
    await visitor.get(amina.location)
    assert "<script>alert" not in visitor.page
    assert "<img src=x" not in visitor.page


async def test_a_picture_is_described_in_a_second_step_and_asked_for_once(amina, visitor):
    await amina.get("/write")
    form = aiohttp.FormData()
    for name, value in amina.hidden().items():
        form.add_field(name, value)
    form.add_field("step", "send")
    form.add_field("source", "Look")
    form.add_field("audience", "public")
    form.add_field("files", jpeg(), filename="bread.jpg", content_type="image/jpeg")
    await amina.post("/write", form=form)
    assert amina.status == 200
    assert "Please describe" in amina.text
    assert "Look" in amina.page
    await send(amina, source="Look", audience="public", alt="A loaf of bread")
    assert amina.status == 303
    await visitor.get(amina.location)
    assert 'alt="A loaf of bread"' in visitor.page


async def test_whoever_does_not_describe_a_picture_can_send_it_all_the_same(amina):
    await amina.get("/write")
    form = aiohttp.FormData()
    for name, value in amina.hidden().items():
        form.add_field(name, value)
    form.add_field("step", "add")
    form.add_field("audience", "public")
    form.add_field("files", jpeg(), filename="bread.jpg", content_type="image/jpeg")
    await amina.post("/write", form=form)
    await send(amina, source="", audience="public", alt="")
    assert amina.status == 303


async def test_a_file_that_is_no_picture_is_refused_and_the_text_kept(amina):
    await amina.get("/write")
    form = aiohttp.FormData()
    form.add_field("step", "send")
    form.add_field("source", "My text stays")
    form.add_field("files", b"MZ not a picture", filename="x.jpg", content_type="image/jpeg")
    await amina.post("/write", form=form)
    assert amina.status == 422
    assert 'id="files-error"' in amina.page
    assert "My text stays" in amina.page


async def test_somebody_elses_file_cannot_be_put_into_the_form(amina, jonas):
    form = aiohttp.FormData()
    form.add_field("step", "add")
    form.add_field("files", jpeg(), filename="bread.jpg", content_type="image/jpeg")
    await jonas.get("/write")
    await jonas.post("/write", form=form)
    media_id = jonas.hidden()["media_id"]
    await amina.get("/write")
    await send(amina, source="Mine", audience="public", media_id=media_id, alt="x")
    assert amina.status in (404, 422)


# What is answered, what must not be offered for the answer, and what becomes of a forged choice of it.
WIDER = [
    ("direct", "local followers unlisted public", "direct"),
    ("followers", "local unlisted public", "followers"),
    ("unlisted", "public", "unlisted"),
    ("local", "followers unlisted public", "local"),
]


async def test_an_answer_never_reaches_a_wider_circle(lindenhof, amina, jonas):
    await follow(lindenhof, amina.me, jonas.me)
    for parent, wider, becomes in WIDER:
        post_id = await write(lindenhof, jonas.me, "@amina hello", audience=parent)
        for name in wider.split():
            await amina.get(f"/write?reply={post_id}")
            assert f'name="audience" value="{name}"' not in amina.page, (parent, name)
            await send(amina, source=f"@jonas {name}", audience=name)
            assert amina.status == 303
        async with lindenhof.db.read() as tx:
            thread = await views.list_thread(tx, post_id, jonas.me.id)
        assert {answer.audience for answer in thread.descendants} == {becomes}


async def test_an_answer_names_everyone_who_takes_part(lindenhof, amina, jonas):
    olena = await lindenhof.person("olena")
    post_id = await write(lindenhof, jonas.me, "@olena @amina who bakes?")
    await amina.get(f"/write?reply={post_id}")
    assert "@jonas @olena " in amina.page
    assert olena.username in amina.text


async def test_an_edited_post_keeps_its_earlier_versions(lindenhof, amina, visitor):
    post_id = await write(lindenhof, amina.me, "Frist words", language="en")
    await amina.get(f"/posts/{post_id}/edit")
    assert "Frist words" in amina.page
    await amina.post(f"/posts/{post_id}/edit", step="send", source="First words", language="en")
    assert amina.status == 303
    await visitor.get(f"/posts/{post_id}/history")
    assert "Frist words" in visitor.text
    assert "First words" in visitor.text


async def test_deleting_asks_first(lindenhof, amina, visitor):
    post_id = await write(lindenhof, amina.me, "A mistake")
    await amina.get(f"/posts/{post_id}/delete")
    assert "A mistake" in amina.text
    await visitor.get(f"/@amina/{post_id}")
    assert visitor.status == 200
    await amina.post(f"/posts/{post_id}/delete")
    assert amina.location == "/@amina"
    await visitor.get(f"/@amina/{post_id}")
    assert visitor.status == 410
    assert "This was deleted." in visitor.text


async def test_other_peoples_posts_cannot_be_changed(lindenhof, amina, jonas):
    post_id = await write(lindenhof, jonas.me, "Mine")
    for what in ("edit", "delete"):
        await amina.get(f"/posts/{post_id}/{what}")
        assert amina.status == 404
        await amina.get("/write")
        await amina.post(f"/posts/{post_id}/{what}", step="send", source="Taken over")
        assert amina.status == 404
    async with lindenhof.db.read() as tx:
        assert (await views.get_post(tx, post_id, None)).source == "Mine"


async def test_marks_are_set_and_taken_back(lindenhof, amina, jonas):
    post_id = await write(lindenhof, jonas.me, "Bread")
    await amina.get("/house-news")
    for mark, field in (("like", "liked"), ("boost", "boosted"), ("bookmark", "bookmarked")):
        for done, on in ((mark, True), (f"un{mark}", False)):
            await amina.post(f"/posts/{post_id}/{done}", next="/house-news#here")
            assert amina.location == "/house-news#here"
            async with lindenhof.db.read() as tx:
                assert getattr(await views.get_post(tx, post_id, amina.me.id), field) is on


async def test_a_form_leads_only_to_our_own_pages(lindenhof, amina, jonas):  # ORD-01
    post_id = await write(lindenhof, jonas.me, "Bread")
    await amina.get("/house-news")
    for away in ("//evil.test", "https://evil.test/", "/\\evil.test", "/%2Fevil.test", "javascript:x"):
        await amina.post(f"/posts/{post_id}/like", next=away)
        assert (amina.status, amina.location) == (303, f"/posts/{post_id}")


async def test_a_mark_without_the_forms_token_is_refused(lindenhof, amina, jonas):  # AUT-10
    post_id = await write(lindenhof, jonas.me, "Bread")
    amina.token = ""
    await amina.post(f"/posts/{post_id}/like")
    assert amina.status == 403


async def test_what_was_not_written_for_everyone_looks_missing_to_visitors(lindenhof, amina, visitor):
    await lindenhof.person("jonas")
    for audience in ("local", "followers", "direct"):
        post_id = await write(lindenhof, amina.me, "@jonas a secret", audience=audience)
        for path in (f"/@amina/{post_id}", f"/posts/{post_id}/history", f"/posts/{post_id}"):
            await visitor.get(path)
            assert visitor.status == 404
            assert "secret" not in visitor.text


async def test_who_can_read_it_is_said_in_a_sentence(lindenhof, amina, jonas):
    post_id = await write(lindenhof, jonas.me, "@amina the key", audience="direct")
    await amina.get(f"/@jonas/{post_id}")
    assert "Only you and jonas can read this." in amina.text


async def test_the_numbers_before_sending_are_the_true_ones(lindenhof, amina, jonas):
    await follow(lindenhof, jonas.me, amina.me)
    await amina.get("/write")
    assert "1 person, here or elsewhere." in amina.text
    assert "2 people who can sign in here" in amina.text
    assert "Send to 1 person" in amina.text


async def test_a_post_under_a_wrong_name_moves_to_its_own(lindenhof, amina, visitor):
    post_id = await write(lindenhof, amina.me, "Here")
    await visitor.get(f"/@nobody/{post_id}")
    assert (visitor.status, visitor.location) == (301, f"/@amina/{post_id}")


async def test_an_impossible_number_is_simply_not_there(visitor):
    for path in (
        "/@amina/99999999999999999999",
        "/posts/99999999999999999999",
        "/posts/1/history",
        "/posts/0",
    ):
        await visitor.get(path)
        assert visitor.status == 404


async def test_programs_that_ask_for_the_note_are_sent_to_it(lindenhof, amina, visitor):
    post_id = await write(lindenhof, amina.me, "Here")
    await visitor.get(f"/@amina/{post_id}", headers={"Accept": "application/activity+json"})
    assert visitor.status == 302
    assert visitor.location.endswith(f"/ap/notes/{post_id}")

"""Settings: what a person says of themselves, and where they are signed in."""

import io

import aiohttp
import pytest
from PIL import Image

from node.features.actors.store import reads as actors
from node.features.settings.pages import browser_of
from tests.node.features.accounts.browser import Browser
from tests.node.features.accounts.mailbox import letters_to, secret_in


@pytest.fixture
async def amina(lindenhof):
    """A member, signed in."""
    await lindenhof.person("amina")
    async with Browser(lindenhof.origin) as opened:
        yield await opened.sign_in("amina")


async def actor_of(node):
    async with node.db.read() as tx:
        return await actors.find_by_handle(tx, "amina", node.handle_host)


def picture(size=(300, 200)):
    file = io.BytesIO()
    Image.new("RGB", size, "teal").save(file, "PNG")
    return file.getvalue()


def profile_form(**fields):
    form = aiohttp.FormData()
    for name, value in fields.items():
        if isinstance(value, bytes):
            form.add_field(name, value, filename=f"{name}.png", content_type="image/png")
        else:
            form.add_field(name, value)
    return form


async def test_a_profile_with_picture_banner_and_lines_is_saved(amina, node):
    await amina.get("/settings/profile")
    form = profile_form(
        display_name="Amina D.",
        text="I repair *bikes*.",
        avatar=picture(),
        avatar_alt="A woman with a wrench",
        header=picture((900, 300)),
        label_1="Languages",
        value_1="Turkish, German",
        label_3="Page",
        value_3="https://amina.example",
    )
    await amina.post("/settings/profile", form=form)
    assert amina.location == "/settings/profile?done=1", amina.text
    actor = await actor_of(node)
    assert (actor.display_name, actor.avatar_alt) == ("Amina D.", "A woman with a wrench")
    assert actor.avatar_url.startswith("/media/files/")
    assert actor.header_url.startswith("/media/files/")
    assert [field["name"] for field in actor.fields] == ["Languages", "Page"]
    await amina.get("/settings/profile?done=1")
    assert "Turkish, German" in amina.page
    await amina.post("/settings/profile", form=profile_form(display_name="Amina", no_avatar="1"))
    actor = await actor_of(node)
    assert (actor.avatar_url, actor.header_url != "") == ("", True)
    assert actor.fields == []


async def test_a_file_that_is_no_picture_is_refused_beside_its_field_and_words_are_kept(amina, node):
    await amina.get("/settings/profile")
    await amina.post("/settings/profile", form=profile_form(display_name="Amina D.", avatar=b"not a picture"))
    assert amina.status == 422
    assert 'id="avatar-error"' in amina.page
    assert 'value="Amina D."' in amina.page
    assert (await actor_of(node)).display_name == ""


async def test_what_is_too_long_is_said_in_its_own_field(amina):
    await amina.get("/settings/profile")
    await amina.post("/settings/profile", form=profile_form(display_name="A" * 61))
    assert amina.status == 422
    assert 'id="display_name-error"' in amina.page


async def test_who_follows_and_finds_somebody_is_their_choice(amina, node):
    await amina.get("/settings/privacy")
    await amina.post(
        "/settings/privacy", locked="1", indexable="1", default_audience="followers", default_language="tr"
    )
    assert amina.location == "/settings/privacy?done=1"
    actor = await actor_of(node)
    assert (actor.locked, actor.discoverable, actor.indexable) == (True, False, True)
    await amina.get("/settings/privacy")
    assert 'value="followers" checked' in amina.page
    await amina.post("/settings/privacy", default_audience="everybody")
    assert amina.status == 422


async def test_language_and_time_zone_are_kept_when_known(amina, node):
    await amina.get("/settings/account")
    await amina.post("/settings/account/language", locale="en", time_zone="Europe/Istanbul")
    async with node.db.read() as tx:
        row = await tx.fetchrow("SELECT locale, time_zone FROM accounts")
    assert (row["locale"], row["time_zone"]) == ("en", "Europe/Istanbul")
    await amina.get("/settings/account")
    assert 'value="Europe/Istanbul"' in amina.page
    await amina.post("/settings/account/language", locale="xx", time_zone="Mars/Base")
    assert amina.status == 422
    assert 'id="time_zone-error"' in amina.page
    assert 'value="Mars/Base"' in amina.page
    await amina.post("/settings/account/language", locale="xx", time_zone="")
    async with node.db.read() as tx:
        row = await tx.fetchrow("SELECT locale, time_zone FROM accounts")
    assert (row["locale"], row["time_zone"]) == ("", "")


async def test_a_new_password_needs_the_old_one_and_signs_out_everywhere_else(amina, lindenhof):
    async with Browser(lindenhof.origin) as other:
        await other.sign_in("amina")
        await amina.get("/settings/account")
        await amina.post("/settings/account/password", old_password="guess", password="a whole new sentence")
        assert amina.status == 422
        assert 'id="old_password-error"' in amina.page
        assert "a whole new sentence" not in amina.page
        await amina.post(
            "/settings/account/password",
            old_password="correct horse battery",
            password="a whole new sentence",
        )
        assert amina.location == "/settings/account?done=password"
        assert (await amina.get("/settings")).status == 200
        assert (await other.get("/settings")).status == 303


async def test_a_new_address_needs_the_password_and_a_link(amina, node):
    await amina.get("/settings/account")
    await amina.post("/settings/account/email", email="new@example.org", email_password="guess")
    assert amina.status == 422
    await amina.post(
        "/settings/account/email", email="new@example.org", email_password="correct horse battery"
    )
    assert amina.location == "/settings/account?done=email"
    secret = secret_in((await letters_to(node, "new@example.org"))[-1], "/confirm/")
    await amina.get(f"/confirm/{secret}")
    await amina.post(f"/confirm/{secret}")
    await amina.get("/settings/account")
    assert "We write to new@example.org." in amina.text


async def test_a_person_sees_their_sign_ins_and_ends_them(amina, lindenhof):
    async with Browser(lindenhof.origin) as other:
        await other.sign_in("amina")
        await amina.get("/settings/sessions")
        assert amina.page.count('/end"') == 2
        await amina.post("/settings/sessions/end-others")
        assert (await other.get("/settings")).status == 303
        await amina.post("/settings/sessions/1/end")
        assert amina.status == 404
        assert (await amina.get("/settings")).status == 200


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox · Linux"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) AppleWebKit/605 Version/18.0 Safari/604.1",
            "Safari · iPhone",
        ),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537 Chrome/140.0 Safari/537 Edg/140.0", "Edge · Windows"),
        ("curl/8", ""),
        ("", ""),
    ],
)
def test_a_browser_is_called_by_its_name(agent, words):
    assert browser_of(agent) == words

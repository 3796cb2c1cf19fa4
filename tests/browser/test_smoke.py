"""What a person does on the first evening, in a real browser on a phone, with scripts and without.

Two nodes: sign in, follow somebody elsewhere, write, see the answer come back, say thanks.
"""

import pytest

from tests.browser.conftest import Person

pytestmark = pytest.mark.browser


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def scripts(request) -> bool:
    """Whether the browser runs scripts."""
    return bool(request.param)


async def test_two_people_on_two_nodes_meet_and_talk(rig, lindenhof, lernwerk, chromium, scripts):
    await lindenhof.person("amina")
    await lernwerk.person("olena")
    amina = await Person.at(chromium, lindenhof.origin, scripts=scripts)
    olena = await Person.at(chromium, lernwerk.origin, scripts=scripts, scheme="dark")
    await amina.sign_in("amina")
    await olena.sign_in("olena")

    # Olena finds Amina by her handle and follows her.
    await olena.go("/search")
    await olena.page.fill("#q", f"@amina@{lindenhof.host}")
    await olena.page.press("#q", "Enter")
    await olena.page.get_by_role("button", name="Follow", exact=True).click()
    await rig.settle()

    # Amina writes; it reaches Olena.
    await amina.go("/")
    await amina.page.get_by_role("link", name="Write something").click()
    await amina.page.fill("#source", "Bread in the yard on Saturday. #bread")
    await amina.page.get_by_text("Everyone who follows me").click()
    await amina.page.get_by_role("button", name="Send to 1 person").click()
    await amina.page.wait_for_url(lambda url: "/@amina/" in url)
    assert await amina.reads("Only people who follow you can read this.")
    await rig.settle()
    await olena.go("/")
    assert await olena.reads("Bread in the yard on Saturday.")

    # Olena says thanks and answers; both come back.
    await olena.page.get_by_role("button", name="Thanks").click()
    await olena.page.locator("[aria-pressed=true]").wait_for()
    await olena.page.get_by_role("link", name="Answer", exact=True).first.click()
    assert (await olena.page.input_value("#source")).startswith(f"@amina@{lindenhof.host}")
    await olena.page.locator("#source").focus()
    if not scripts:
        await olena.page.keyboard.press("Control+End")
    await olena.page.keyboard.type("I bring the butter.")
    await olena.page.locator("button.send").click()
    await olena.page.wait_for_url(lambda url: "/@amina@" in url)
    await rig.settle()
    await amina.go("/notifications")
    assert await amina.reads("I bring the butter.")
    assert await amina.reads("says thanks for your post.")
    assert amina.troubles == []
    assert olena.troubles == []
    await amina.context.close()
    await olena.context.close()


async def test_every_place_of_a_member_is_whole_on_a_phone(rig, lindenhof, chromium, scripts):
    await lindenhof.person("amina")
    amina = await Person.at(chromium, lindenhof.origin, scripts=scripts)
    for path in ("/", "/house-news", "/world", "/about", "/search?q=x", "/sign-in"):
        await amina.go(path)
    await amina.sign_in("amina")
    for path in (
        "/", "/house-news", "/world", "/messages", "/notifications", "/bookmarks", "/write", "/search", "/@amina",
        "/@amina/followers", "/@amina/following", "/requests", "/settings", "/settings/hidden",
    ):  # fmt: skip
        await amina.go(path)
    assert amina.troubles == []
    await amina.context.close()


async def test_the_keyboard_reaches_the_content_first(lindenhof, chromium):
    visitor = await Person.at(chromium, lindenhof.origin, scripts=True)
    await visitor.go("/")
    await visitor.page.keyboard.press("Tab")
    assert await visitor.page.evaluate("document.activeElement.getAttribute('href')") == "#main"
    await visitor.page.keyboard.press("Enter")
    assert await visitor.page.evaluate("document.activeElement.id") == "main"
    await visitor.context.close()


async def test_the_button_says_where_the_post_goes(lindenhof, chromium):
    await lindenhof.person("amina")
    amina = await Person.at(chromium, lindenhof.origin, scripts=False)
    await amina.sign_in("amina")
    await amina.go("/write")
    button = amina.page.locator("button.send")
    for choice, said in (
        ("Only these people", "Send as a message"),
        ("Everyone in this house", "Show to 1 person here"),
        ("Public, but quiet", "Publish quietly"),
    ):
        await amina.page.get_by_text(choice, exact=True).click()
        assert (await button.inner_text()).strip() == said
    await amina.context.close()

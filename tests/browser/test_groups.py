"""A group's first day on phones: founded by one, joined by another, whose first words wait and are let through."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Person

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
async def test_a_group_is_founded_joined_written_in_and_looked_after(lindenhof, chromium, scripts):
    await lindenhof.person("amina")
    await lindenhof.person("olena")
    amina = await Person.at(chromium, lindenhof.origin, scripts=scripts)
    olena = await Person.at(chromium, lindenhof.origin, scripts=scripts)
    await amina.sign_in("amina")
    await olena.sign_in("olena")

    await amina.go("/groups/new")
    await amina.page.fill("[name=name]", "Open Workshop")
    await amina.page.fill("[name=username]", "workshop")
    await amina.page.get_by_role("button", name="Found the group").click()
    await amina.page.wait_for_url("**/@workshop")
    await amina.page.get_by_role("link", name="Settings", exact=True).first.click()
    await amina.page.wait_for_url("**/settings")
    more = amina.page.locator("details:has([name=newcomer_posts])")
    if await more.count() and not await amina.page.locator("[name=newcomer_posts]").is_visible():
        await more.locator("summary").click()
    await amina.page.fill("[name=newcomer_posts]", "1")
    await amina.page.get_by_role("button", name="Save").click()
    await amina.page.wait_for_url("**/settings?done=1")

    await olena.go("/@workshop")
    await olena.page.locator("main").get_by_role("button", name="Join").click()
    await olena.page.locator("main").get_by_role("link", name="Write here").first.click()
    await olena.page.wait_for_url("**/write?**")
    await olena.looks_whole()
    await olena.page.fill("[name=source]", "May I come in?")
    await olena.page.locator("main form button.button:not(.quiet)").last.click()
    await olena.page.wait_for_url(lambda url: "/write" not in url)
    assert await olena.reads("Waits until somebody who looks after the group has read it.")

    await amina.go("/@workshop")
    assert await amina.reads("One post waits to be let through.")
    assert not await amina.reads("May I come in?")
    await amina.page.locator("main .notice").get_by_role("link", name="Read").click()
    await amina.page.wait_for_url("**/waiting")
    await amina.looks_whole()
    await amina.page.get_by_role("button", name="Let it through").click()
    await amina.page.wait_for_url("**/waiting?done=accept")

    await olena.go("/@workshop")
    assert await olena.reads("May I come in?")
    assert amina.troubles == []
    assert olena.troubles == []
    await amina.context.close()
    await olena.context.close()

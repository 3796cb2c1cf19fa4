"""Every page there is, on a phone: for all eyes and hands, in both directions, whole and small enough.

The rules are WCAG 2.0 to 2.2, A and AA, and axe's best practice, judged in light and in dark, left to right and
right to left. The sizes are what an old phone on a bad line still opens.
"""

from __future__ import annotations

import zlib

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

from tests.browser.conftest import Person
from tests.browser.places import Place, live_in, places

pytestmark = pytest.mark.browser

HTML_BYTES = 20_000  # compressed; pages for visitors 12,000
VISITOR_BYTES = 12_000
NODES = 900
LOOKS = [("light", "ltr"), ("light", "rtl"), ("dark", "ltr"), ("dark", "rtl")]
RULES = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "rules": {"color-contrast-enhanced": {"enabled": True}},
}


async def _faults(page: Page) -> list[str]:
    found = await Axe().run(page, options=RULES)
    return [
        f"{fault['id']} {node['target']}" for fault in found.response["violations"] for node in fault["nodes"]
    ]


async def _judged(person: Person, place: Place) -> list[str]:
    answer = await person.page.goto(person.origin + place.path)
    assert answer is not None
    faults = []
    if answer.status != 200 and not (place.says_no and answer.status in (404, 410)):
        faults.append(f"status {answer.status}")
    size = len(zlib.compress(await answer.body(), 6))
    if size > (HTML_BYTES if place.signed_in else VISITOR_BYTES):
        faults.append(f"{size} bytes")
    nodes = await person.page.evaluate("document.querySelectorAll('*').length")
    if nodes > NODES:
        faults.append(f"{nodes} nodes")
    for scheme, direction in LOOKS:
        await person.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        await person.page.evaluate("way => { document.documentElement.dir = way }", direction)
        width = await person.page.evaluate("document.documentElement.scrollWidth")
        if width > 390:
            faults.append(f"{scheme} {direction}: {width} wide")
        faults += [f"{scheme} {direction}: {fault}" for fault in await _faults(person.page)]
    return [f"{place.path}: {fault}" for fault in faults]


@pytest.mark.parametrize("signed_in", [False, True], ids=["as a visitor", "as who looks after the house"])
async def test_every_page_can_be_used_by_everybody(lindenhof, chromium, signed_in):
    names = await live_in(lindenhof)
    person = await Person.at(chromium, lindenhof.origin, scripts=True)
    if signed_in:
        await person.sign_in("amina")
    wrong = []
    for place in places(names):
        if place.signed_in == signed_in:
            wrong += await _judged(person, place)
    await person.context.close()
    assert wrong == []


async def test_a_form_that_was_filled_in_wrongly_can_be_used_by_everybody(lindenhof, chromium):
    person = await Person.at(chromium, lindenhof.origin, scripts=True)
    await person.go("/register")
    await person.page.eval_on_selector_all("form", "forms => forms.forEach(form => form.noValidate = true)")
    await person.page.locator("main form button[type=submit], main form button:not([type])").last.click()
    await person.page.wait_for_load_state()
    assert await person.page.locator("[aria-invalid=true]").count() > 0
    assert await _faults(person.page) == []
    await person.context.close()

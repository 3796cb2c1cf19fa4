"""A real browser for the smoke test: Chromium as the machine has it, skipped where it has none."""

import shutil
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    """The browser, started for one test."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: install the package chromium to run the browser test")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        yield browser
        await browser.close()


class Person:
    """Somebody at a browser, on a phone, with or without scripts; remembers what went wrong."""

    def __init__(self, context: BrowserContext, page: Page, origin: str) -> None:
        self.context = context
        self.page = page
        self.origin = origin
        self.troubles: list[str] = []
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.troubles.append(str(error)))

    def _note(self, message) -> None:  # type: ignore[no-untyped-def]
        if message.type == "error":
            self.troubles.append(message.text)

    @classmethod
    async def at(cls, chromium: Browser, origin: str, *, scripts: bool, scheme: str = "light") -> "Person":
        """A fresh browser window on this node."""
        context = await chromium.new_context(
            viewport={"width": 390, "height": 844},
            java_script_enabled=scripts,
            color_scheme="dark" if scheme == "dark" else "light",
            locale="en",
        )
        return cls(context, await context.new_page(), origin)

    async def go(self, path: str) -> None:
        """Open a page; it must be there and must not be wider than the screen."""
        answer = await self.page.goto(self.origin + path)
        assert answer is not None
        assert answer.status == 200, f"{path}: {answer.status}"
        await self.looks_whole()

    async def looks_whole(self) -> None:
        """One heading, one main part, nothing cut off at the side."""
        assert await self.page.locator("h1").count() == 1
        assert await self.page.locator("main").count() == 1
        width = await self.page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, f"{self.page.url} is {width} wide"

    async def sign_in(self, username: str, password: str = "correct horse battery") -> None:
        """By the form, as everybody does."""
        await self.go("/sign-in")
        await self.page.fill("[name=login]", username)
        await self.page.fill("[name=password]", password)
        await self.page.press("[name=password]", "Enter")
        await self.page.wait_for_url(lambda url: "sign-in" not in url)

    async def reads(self, words: str) -> bool:
        """Whether the words stand in the page's main part."""
        return words in await self.page.locator("main").inner_text()

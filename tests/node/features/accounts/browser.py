"""A browser without scripts: cookies, forms with their hidden fields, redirects followed by hand."""

import re
from html import unescape

import aiohttp


def filled(path):
    """A route's path with something in each of its places."""
    path = re.sub(r"\{[a-z_]+:([a-z-]+)(?:\|[^}]*)\}", r"\1", path)
    words = {"queue": "inbox", "handle": "amina", "tag": "word"}
    return re.sub(r"\{([a-z_]+)(?::[^{}]*)?\}", lambda found: words.get(found[1], "1"), path)


class Browser:
    """One person's browser on one node."""

    def __init__(self, origin):
        self.origin = origin
        self.session = aiohttp.ClientSession(origin, cookie_jar=aiohttp.CookieJar(unsafe=True))
        self.status = 0
        self.page = ""
        self.location = ""
        self.headers = {}
        self.token = ""
        self.body = b""

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.session.close()

    async def get(self, path, **kwargs):
        """Open a page; redirects are not followed."""
        async with self.session.get(path, allow_redirects=False, **kwargs) as answer:
            return await self._keep(answer)

    async def post(self, path, *, form=None, **fields):
        """Send a form with the token of the last page that had one, as a browser would."""
        given = {"csrf": self.token} if self.token else {}
        headers = {"Origin": self.origin, "Sec-Fetch-Site": "same-origin"}
        data = form if form is not None else given | fields
        if form is not None and self.token:
            form.add_field("csrf", self.token)
        async with self.session.post(path, data=data, allow_redirects=False, headers=headers) as answer:
            return await self._keep(answer)

    async def _keep(self, answer):
        self.status, self.location, self.headers = (
            answer.status,
            answer.headers.get("Location", ""),
            answer.headers,
        )
        body = await answer.read()
        self.body = body
        self.page = body.decode("utf-8", "replace")
        found = re.search(r'name="csrf" value="([^"]+)"', self.page)
        self.token = found[1] if found else self.token
        return self

    @property
    def text(self):
        """What a person reads."""
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", self.page)).split())

    def hidden(self):
        """The hidden fields of the page's last form."""
        found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', self.page)
        return {name: unescape(value) for name, value in found if name != "csrf"}

    async def sign_in(self, username, password="correct horse battery"):
        """Sign in; must work."""
        await self.get("/sign-in")
        await self.post("/sign-in", login=username, password=password, next="/settings")
        assert (self.status, self.location) == (303, "/settings"), self.text
        return self

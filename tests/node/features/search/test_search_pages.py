"""Finding people, and the way from and to other houses, in a browser without scripts."""

import pytest

from federation.client import ClientPolicy
from node.errors import NodeError
from node.features.search import elsewhere
from tests.node.features.accounts.browser import Browser
from tests.node.features.readers import signed_in, write

SUBSCRIBE = "http://ostatus.org/schema/1.0/subscribe"


@pytest.fixture
async def amina(lindenhof):
    """A member's browser."""
    async with signed_in(lindenhof, "amina") as browser:
        yield browser


@pytest.fixture
async def visitor(lindenhof):
    """Somebody without an account."""
    async with Browser(lindenhof.origin) as browser:
        yield browser


async def test_somebody_elsewhere_is_found_by_handle_and_followed(rig, lindenhof, lernwerk, amina):
    olena = await lernwerk.person("olena")
    await amina.get("/search", params={"q": f"@olena@{lernwerk.host}"})
    assert f"/@olena@{lernwerk.host}" in amina.page
    form = amina.page.split('action="/people/')[1].split("/follow")[0]
    await amina.post(f"/people/{form}/follow", next="/search")
    await rig.settle()
    await amina.get("/search", params={"q": f"@olena@{lernwerk.host}"})
    assert "You follow them" in amina.text
    assert olena.username in amina.text


async def test_a_pasted_address_of_a_post_is_found(rig, lernwerk, amina):
    olena = await lernwerk.person("olena")
    post_id = await write(lernwerk, olena, "Mending on Tuesday")
    await amina.get("/search", params={"q": f"{lernwerk.origin}/ap/notes/{post_id}"})
    assert "Mending on Tuesday" in amina.text


async def test_what_was_asked_for_is_never_markup(visitor):  # HTM-07
    await visitor.get("/search", params={"q": '"><svg onload=alert(1)>'})
    assert visitor.status == 200
    assert "<svg onload" not in visitor.page
    assert "Nothing was found" in visitor.text


async def test_a_visitor_is_told_that_members_can_look_further(visitor):
    await visitor.get("/search", params={"q": "@nobody@nowhere.example"})
    assert "Sign in, and we ask for it elsewhere." in visitor.text


async def test_only_addresses_of_pages_are_taken_from_other_houses(amina):  # ORD-02
    for address in ("javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//evil.test", ""):
        await amina.get("/authorize_interaction", params={"uri": address})
        assert amina.status in (400, 404), address


async def test_coming_back_from_elsewhere_leads_to_the_persons_page_and_does_nothing_more(lindenhof, amina):
    jonas = await lindenhof.person("jonas")
    for address in (jonas.uri, f"acct:jonas@{lindenhof.host}", f"@jonas@{lindenhof.host}"):
        await amina.get("/authorize_interaction", params={"uri": address})
        assert (amina.status, amina.location) == (303, "/@jonas")


async def test_a_visitor_is_shown_the_way_to_their_own_house(rig, lindenhof, lernwerk, visitor):
    jonas = await lindenhof.person("jonas")
    await lernwerk.person("olena")
    await visitor.get("/from-my-house", params={"uri": jonas.uri})
    assert "Follow jonas from your own house" in visitor.text
    await visitor.post("/from-my-house", uri=jonas.uri, handle=f"@olena@{lernwerk.host}")
    assert visitor.status == 200
    assert f"Go to {lernwerk.host}" in visitor.text
    assert f'href="{lernwerk.origin}/authorize_interaction?uri=http%3A%2F%2F' in visitor.page


async def test_a_handle_that_is_none_is_said_beside_the_field(lindenhof, visitor):
    jonas = await lindenhof.person("jonas")
    for handle in ("jonas", "not a handle", "@x@127.0.0.1/path?x=", "a@b@c", ""):
        await visitor.post("/from-my-house", uri=jonas.uri, handle=handle)
        assert visitor.status == 422, handle
        assert 'id="handle-error"' in visitor.page


async def test_only_our_own_things_are_handed_on(visitor):
    await visitor.get("/from-my-house", params={"uri": "https://evil.test/"})
    assert visitor.status == 404


class StandIn:
    """A node whose client answers one WebFinger document."""

    def __init__(self, template, *, lab=False):
        self.client = self.directory = self
        self.policy = ClientPolicy(allow_http=lab)
        self.body = b'{"links":[{"rel":"%s","template":"%s"}]}' % (SUBSCRIBE.encode(), template.encode())
        self.status = 200

    async def get(self, _ask):
        return self


@pytest.mark.parametrize(
    "template",
    [
        "javascript:alert('{uri}')",
        "data:text/html,{uri}",
        "http://peer.example/x?uri={uri}",
        "//peer.example/{uri}",
        "https://peer.example/no-place-for-it",
        "https:///{uri}",
        "https://good.example@evil.test/{uri}",
        "",
    ],
)
async def test_a_way_that_is_not_plain_https_is_no_way(template):  # ORD-02
    with pytest.raises(NodeError) as refusal:
        await elsewhere.find_way(StandIn(template), "olena@peer.example", "https://ours.example/@jonas")
    assert refusal.value.field == "handle"


async def test_the_address_is_quoted_into_the_template():
    way = await elsewhere.find_way(
        StandIn("https://peer.example/i?uri={uri}"), "olena@peer.example", "https://ours.example/@j?a=b&c=d"
    )
    assert way.url == "https://peer.example/i?uri=https%3A%2F%2Fours.example%2F%40j%3Fa%3Db%26c%3Dd"
    assert way.host == "peer.example"
